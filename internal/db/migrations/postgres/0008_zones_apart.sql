-- One index has a reader's deliveries of a day and keeps an edition from going to a
-- reader twice; another one has the batches of an edition.
DROP INDEX deliveries_subscriber;

DROP INDEX deliveries_batch;

ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey, ADD PRIMARY KEY (day, subscriber_id, edition_id);

CREATE INDEX deliveries_batch ON deliveries (edition_id, batch_id);

-- homed tells of what zone, local time and hours all live subscriptions of a digest
-- are known to be in the right cohorts, '' for none.
ALTER TABLE digests ADD COLUMN homed TEXT NOT NULL DEFAULT '';
