-- How a reader wants mails: '' for HTML with its text, 'text' for the text alone.
ALTER TABLE subscribers ADD COLUMN format TEXT NOT NULL DEFAULT '';

-- A change of address that a reader asked for, until it is done, stopped or too
-- old; another one of the same reader takes its place. agreed_at is when the old
-- address agreed to it and confirmed_at when the new one confirmed it, 0 for not
-- yet.
CREATE TABLE address_changes (
  subscriber_id BIGINT PRIMARY KEY REFERENCES subscribers (id),
  id            BIGINT NOT NULL,
  old_address   TEXT NOT NULL,
  new_address   TEXT NOT NULL,
  asked_at      BIGINT NOT NULL,
  agreed_at     BIGINT NOT NULL DEFAULT 0,
  confirmed_at  BIGINT NOT NULL DEFAULT 0
);

-- How many mails an address got because somebody asked for them in its name.
-- folded is a salted hash of the address without what its mailbox overlooks, such
-- as a plus-tag. sent_at has the times of the last mails with commas between them,
-- asked_at is when somebody last asked, allowed or not.
CREATE TABLE mail_caps (
  folded   TEXT NOT NULL,
  kind     TEXT NOT NULL,
  sent_at  TEXT NOT NULL DEFAULT '',
  asked_at BIGINT NOT NULL,
  PRIMARY KEY (folded, kind)
);

CREATE INDEX mail_caps_asked ON mail_caps (asked_at);

-- Forms that were sent, until they would be too old anyway, and the hash of the
-- address for which.
CREATE TABLE used_forms (
  id      TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  until   BIGINT NOT NULL
);

CREATE INDEX used_forms_until ON used_forms (until);

-- How many sign-ups caused a confirmation, by spans of ten minutes since 1970.
CREATE TABLE signup_spans (
  span  BIGINT PRIMARY KEY,
  asked BIGINT NOT NULL
);

-- While opened_at is not 0 confirmations wait until an operator releases or drops
-- them. ceiling is how many sign-ups in an hour open it. It stays closed until
-- calm_until.
CREATE TABLE signup_breaker (
  id         INTEGER PRIMARY KEY,
  opened_at  BIGINT NOT NULL DEFAULT 0,
  reason     TEXT NOT NULL DEFAULT '',
  calm_until BIGINT NOT NULL DEFAULT 0,
  ceiling    BIGINT NOT NULL DEFAULT 0
);

INSERT INTO signup_breaker (id) VALUES (1);

-- asked_at is when a mail was asked for that waited before it was queued, 0 for
-- one that did not.
ALTER TABLE system_mails ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;

CREATE INDEX system_mails_confirm ON system_mails (created_at) WHERE kind = 'confirm';

CREATE INDEX system_mails_held ON system_mails (subscriber_id, id) WHERE state = 'held';

INSERT INTO counters (name, value) VALUES ('address_change', 0);

-- When an address was last signed up or brought in, and the site whose page had
-- the form, '' for our own. Who has not confirmed for long after that is forgotten.
ALTER TABLE subscribers ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN asked_on TEXT NOT NULL DEFAULT '';

UPDATE subscribers SET asked_at = coalesce((SELECT max(c.at) FROM consents c
    WHERE c.subscriber_id = subscribers.id AND c.event IN ('signed-up', 'added', 'imported')), created_at)
  WHERE state = 'pending';

CREATE INDEX subscribers_pending ON subscribers (asked_at) WHERE state = 'pending';

-- Systems of the newsroom that are told what becomes of readers. events has the
-- kinds that each wants with commas around them. failures counts the tries that
-- failed since the last that did not, failing_since is when the first of them was;
-- until wait_until nothing is tried. told counts what was taken.
CREATE TABLE outgoing_webhooks (
  slug          TEXT PRIMARY KEY,
  events        TEXT NOT NULL,
  failures      BIGINT NOT NULL DEFAULT 0,
  failing_since BIGINT NOT NULL DEFAULT 0,
  wait_until    BIGINT NOT NULL DEFAULT 0,
  told          BIGINT NOT NULL DEFAULT 0,
  told_at       BIGINT NOT NULL DEFAULT 0,
  last_error    TEXT NOT NULL DEFAULT ''
);

-- What they are still to be told, written with the change that it tells of, whose
-- entry in consents has the same time. queued_at is later where an operator had it
-- told again. next_try_at is 0 once it was given up. body is JSON, '' once its
-- reader was erased.
CREATE TABLE outbox (
  subscriber_id BIGINT NOT NULL,
  hook          TEXT NOT NULL,
  at            BIGINT NOT NULL,
  event         TEXT NOT NULL,
  body          TEXT NOT NULL,
  queued_at     BIGINT NOT NULL,
  attempts      BIGINT NOT NULL DEFAULT 0,
  next_try_at   BIGINT NOT NULL,
  lease_until   BIGINT NOT NULL DEFAULT 0,
  answer        TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (subscriber_id, hook, at)
);

CREATE INDEX outbox_due ON outbox (hook, next_try_at) WHERE next_try_at > 0;

CREATE INDEX outbox_given_up ON outbox (hook, queued_at) WHERE next_try_at = 0;

-- How readers left digests by links of theirs, for a month: what a burst of it is
-- noticed by, and what undoes one that the reader did not mean. paused_until is
-- the pause that ended with it. links is how many different links of the mail
-- were opened within seconds of it, and machine whether who sent it says that it
-- is one. again_at is when the reader left once more what had ended, 0 for not.
CREATE TABLE leavings (
  subscriber_id BIGINT NOT NULL,
  digest_id     BIGINT NOT NULL,
  at            BIGINT NOT NULL,
  origin        TEXT NOT NULL,
  paused_until  BIGINT NOT NULL DEFAULT 0,
  links         INTEGER NOT NULL DEFAULT 0,
  machine       INTEGER NOT NULL DEFAULT 0,
  again_at      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (subscriber_id, digest_id, at)
);

CREATE INDEX leavings_at ON leavings (at);

-- When an edition was paused because so many of its readers left; it is not for
-- that a second time.
ALTER TABLE editions ADD COLUMN burst_at BIGINT NOT NULL DEFAULT 0;

-- Slots that a mail was planned with and composed without: there was no room, or
-- no story was left to stand beside. slots has their slugs with commas between
-- them.
CREATE TABLE slots_left_out (
  edition_id   BIGINT NOT NULL REFERENCES editions (id),
  selection_id BIGINT NOT NULL,
  composed_at  BIGINT NOT NULL,
  slots        TEXT NOT NULL,
  PRIMARY KEY (edition_id, selection_id, composed_at)
);

-- When an alert was last found to be so, 0 where that does not matter: several
-- processes look at themes, and one whose files are sound must not end what is
-- wrong elsewhere.
ALTER TABLE alerts ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
