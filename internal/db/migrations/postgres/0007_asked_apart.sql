-- What somebody asked for in the name of a reader who has left, until the reader
-- confirms, leaves once more or a month has passed: the reader's own row stays as
-- it was. topics is as in subscriptions, digests has ids with commas around them,
-- and hours has the hours of digests by their ids, as in "1=06:30 2=". asked_on is
-- as in subscribers.
CREATE TABLE asked_apart (
  subscriber_id BIGINT PRIMARY KEY REFERENCES subscribers (id),
  asked_at      BIGINT NOT NULL,
  asked_on      TEXT NOT NULL,
  name          TEXT NOT NULL,
  language      TEXT NOT NULL,
  timezone      TEXT NOT NULL,
  format        TEXT NOT NULL,
  attributes    TEXT NOT NULL,
  topics        TEXT NOT NULL,
  digests       TEXT NOT NULL,
  hours         TEXT NOT NULL
);

CREATE INDEX asked_apart_asked ON asked_apart (asked_at);

-- By whom an address was given up for another: '' for its reader, 'api' for
-- another system of the newsroom, which may take that back.
ALTER TABLE erasures ADD COLUMN given_up_by TEXT NOT NULL DEFAULT '';

-- Which events of which outgoing webhook the configuration of a running process
-- has, and when one last said so, by the clock of the database. What none has
-- said for an hour is told no more.
CREATE TABLE outgoing_webhook_events (
  slug     TEXT NOT NULL,
  event    TEXT NOT NULL,
  named_at BIGINT NOT NULL,
  PRIMARY KEY (slug, event)
);

INSERT INTO outgoing_webhook_events (slug, event, named_at)
  SELECT w.slug, e.event, 0 FROM outgoing_webhooks w
  JOIN (SELECT 'confirmed' AS event UNION ALL SELECT 'changed' UNION ALL SELECT 'unsubscribed' UNION ALL SELECT 'suppressed' UNION ALL SELECT 'erased') e
    ON w.events LIKE '%,' || e.event || ',%';

-- The oldest of what waits, which is asked for again and again.
CREATE INDEX outbox_waiting ON outbox (hook, at) WHERE next_try_at > 0;
