-- The readers of a zone lie scattered among all, so that in the order of readers
-- each zone of a digest touched every page of the day's deliveries. In that of
-- batches, which have the neighbours of one zone, it adds at the end. An edition
-- still goes to a reader once: the unique index says it.
CREATE TABLE deliveries_by_batch (
  day           INTEGER NOT NULL,
  edition_id    BIGINT NOT NULL,
  subscriber_id BIGINT NOT NULL,
  run_id        BIGINT NOT NULL,
  selection_id  BIGINT NOT NULL,
  batch_id      BIGINT NOT NULL,
  state         TEXT NOT NULL DEFAULT 'pending',
  reason        TEXT NOT NULL DEFAULT '',
  attempts      INTEGER NOT NULL DEFAULT 0,
  next_try_at   BIGINT NOT NULL DEFAULT 0,
  changed_at    BIGINT NOT NULL,
  PRIMARY KEY (day, edition_id, batch_id, subscriber_id)
) WITHOUT ROWID;

INSERT INTO deliveries_by_batch (day, edition_id, subscriber_id, run_id, selection_id, batch_id, state, reason, attempts, next_try_at, changed_at)
  SELECT day, edition_id, subscriber_id, run_id, selection_id, batch_id, state, reason, attempts, next_try_at, changed_at
  FROM deliveries ORDER BY day, edition_id, batch_id, subscriber_id;

DROP TABLE deliveries;

ALTER TABLE deliveries_by_batch RENAME TO deliveries;

CREATE UNIQUE INDEX deliveries_subscriber ON deliveries (day, subscriber_id, edition_id);

CREATE INDEX deliveries_retry ON deliveries (next_try_at) WHERE next_try_at > 0;

-- The days of which there are deliveries: who looks for those of a reader looks at
-- each.
CREATE INDEX editions_kept ON editions (day) WHERE archived_at = 0;

-- It has all that planning reads of a subscription: those of a cohort lie together
-- here, and scattered among all in the table.
DROP INDEX subscriptions_cohort;

CREATE INDEX subscriptions_cohort
  ON subscriptions (cohort_id, subscriber_id, digest_id, topics, former_topics, joined_seq, joined_runs, paused_until) WHERE state = 'active';

-- homed tells of what zone, local time and hours all live subscriptions of a digest
-- are known to be in the right cohorts, '' for none.
ALTER TABLE digests ADD COLUMN homed TEXT NOT NULL DEFAULT '';
