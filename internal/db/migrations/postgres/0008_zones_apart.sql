-- One index has a reader's deliveries of a day and keeps an edition from going to a
-- reader twice; another one has the batches of an edition.
DROP INDEX deliveries_subscriber;

DROP INDEX deliveries_batch;

ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey, ADD PRIMARY KEY (day, subscriber_id, edition_id);

CREATE INDEX deliveries_batch ON deliveries (edition_id, batch_id);

-- The days of which there are deliveries: who looks for those of a reader looks at
-- each.
CREATE INDEX editions_kept ON editions (day) WHERE archived_at = 0;

-- homed tells of what zone, local time and hours all live subscriptions of a digest
-- are known to be in the right cohorts, '' for none.
ALTER TABLE digests ADD COLUMN homed TEXT NOT NULL DEFAULT '';
