-- Urgent editions go before all others. The deliveries of an archived edition
-- are gone, and its totals speak for them.
ALTER TABLE editions ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE editions ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;

CREATE INDEX editions_sending ON editions (id) WHERE state = 'sending';

CREATE INDEX editions_paused ON editions (id) WHERE state = 'paused';

CREATE TABLE edition_states (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  n          BIGINT NOT NULL,
  PRIMARY KEY (edition_id, state, reason)
);

CREATE TABLE edition_answers (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  relay      TEXT NOT NULL,
  class      TEXT NOT NULL,
  n          BIGINT NOT NULL,
  PRIMARY KEY (edition_id, relay, class)
);

-- A worker asks for the oldest ready batch of one edition after the other.
DROP INDEX batches_open;

CREATE INDEX batches_open ON batches (edition_id, ready_at, id) WHERE done_at = 0;

-- next_at is when the next message may go, in microseconds since 1970.
CREATE TABLE rates (
  name    TEXT PRIMARY KEY,
  next_at BIGINT NOT NULL
);

-- Mailbox providers that are not sent to for a while, because they refuse us.
CREATE TABLE provider_pauses (
  provider     TEXT PRIMARY KEY,
  reason       TEXT NOT NULL,
  paused_at    BIGINT NOT NULL,
  paused_until BIGINT NOT NULL
);

-- hard_bounced_at is when the first of the hard bounces since the last success
-- came, soft_bounces counts the soft ones since then. admitted_at is when the
-- warming-up of the sending domain reached the reader.
ALTER TABLE subscribers ADD COLUMN hard_bounced_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN soft_bounces INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN admitted_at BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX subscribers_bounced ON subscribers (id) WHERE hard_bounced_at + soft_bounces > 0;

-- What the warming-up of the sending domain came to for a group of recipient
-- domains: on the day of the last admission the ceiling had grown so many steps,
-- the last one on risen_day, used of it were the mails a day of the readers
-- admitted until then, and some readers were waiting. reason says why the ceiling
-- did not grow that day. The row "*" has the last day whose admission is complete.
CREATE TABLE ramp_groups (
  name      TEXT PRIMARY KEY,
  day       INTEGER NOT NULL,
  steps     INTEGER NOT NULL,
  risen_day INTEGER NOT NULL DEFAULT 0,
  ceiling   BIGINT NOT NULL,
  used      BIGINT NOT NULL,
  waiting   BIGINT NOT NULL DEFAULT 0,
  reason    TEXT NOT NULL DEFAULT ''
);
