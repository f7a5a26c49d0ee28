-- One index has a reader's deliveries of a day and keeps an edition from going to a
-- reader twice; another one has the batches of an edition.
DROP INDEX deliveries_subscriber;

DROP INDEX deliveries_batch;

ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey, ADD PRIMARY KEY (day, subscriber_id, edition_id);

CREATE INDEX deliveries_batch ON deliveries (edition_id, batch_id);
