-- Times are UTC milliseconds since 1970, 0 for "none". Rows of the large
-- tables have no NULLs, so that an update never makes them longer.

CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES
  ('partition', 0), ('topic', 0), ('source', 0), ('article', 0), ('article_seq', 0),
  ('subscriber', 0), ('cohort', 0), ('digest', 0), ('edition', 0), ('run', 0), ('batch', 0), ('system_mail', 0), ('content', 0);

CREATE TABLE topics (
  id          BIGINT PRIMARY KEY,
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  position    INTEGER NOT NULL DEFAULT 0,
  retired_at  BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sources (
  id            BIGINT PRIMARY KEY,
  slug          TEXT NOT NULL UNIQUE,
  kind          TEXT NOT NULL,
  url           TEXT NOT NULL,
  name          TEXT NOT NULL DEFAULT '',
  etag          TEXT NOT NULL DEFAULT '',
  last_modified TEXT NOT NULL DEFAULT '',
  next_fetch_at BIGINT NOT NULL DEFAULT 0,
  fetched_at    BIGINT NOT NULL DEFAULT 0,
  ok_at         BIGINT NOT NULL DEFAULT 0,
  failures      INTEGER NOT NULL DEFAULT 0,
  last_error    TEXT NOT NULL DEFAULT '',
  retired_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE articles (
  id           BIGINT PRIMARY KEY,
  source_id    BIGINT NOT NULL DEFAULT 0,
  guid         TEXT NOT NULL DEFAULT '',
  url          TEXT NOT NULL DEFAULT '',
  source_name  TEXT NOT NULL DEFAULT '',
  priority     INTEGER NOT NULL DEFAULT 0,
  published_at BIGINT NOT NULL,
  arrived_at   BIGINT NOT NULL,
  pinned_until BIGINT NOT NULL DEFAULT 0,
  held_at      BIGINT NOT NULL DEFAULT 0,
  withdrawn_at BIGINT NOT NULL DEFAULT 0,
  version      INTEGER NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX articles_url ON articles (url) WHERE url <> '';

CREATE UNIQUE INDEX articles_guid ON articles (source_id, guid) WHERE guid <> '';

CREATE INDEX articles_arrived ON articles (arrived_at);

-- What readers see of an article, one row a version: a message that is tried
-- again is composed from the version that its first try had.
CREATE TABLE article_versions (
  article_id BIGINT NOT NULL REFERENCES articles (id),
  version    INTEGER NOT NULL,
  from_at    BIGINT NOT NULL,
  url        TEXT NOT NULL DEFAULT '',
  title      TEXT NOT NULL,
  summary    TEXT NOT NULL DEFAULT '',
  body       TEXT NOT NULL DEFAULT '',
  author     TEXT NOT NULL DEFAULT '',
  image_url  TEXT NOT NULL DEFAULT '',
  image_alt  TEXT NOT NULL DEFAULT '',
  language   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (article_id, version)
);

-- seq is the number by which windows are cut. It follows the order of commits,
-- and an article that becomes eligible late gets a new one.
CREATE TABLE article_topics (
  article_id BIGINT NOT NULL REFERENCES articles (id),
  topic_id   BIGINT NOT NULL REFERENCES topics (id),
  seq        BIGINT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (article_id, topic_id)
);

CREATE INDEX article_topics_seq ON article_topics (seq);

CREATE TABLE digests (
  id         BIGINT PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  retired_at BIGINT NOT NULL DEFAULT 0
);

-- next_due_at 0 means that the planner has yet to compute it. last_seq is the
-- last cut-off, -1 before the first run; runs counts the cohort's runs.
CREATE TABLE cohorts (
  id          BIGINT PRIMARY KEY,
  digest_id   BIGINT NOT NULL REFERENCES digests (id),
  zone        TEXT NOT NULL,
  rule        TEXT NOT NULL DEFAULT '',
  next_slot   TEXT NOT NULL DEFAULT '',
  next_due_at BIGINT NOT NULL DEFAULT 0,
  last_seq    BIGINT NOT NULL DEFAULT -1,
  runs        BIGINT NOT NULL DEFAULT 0,
  UNIQUE (digest_id, zone, rule)
);

CREATE INDEX cohorts_due ON cohorts (next_due_at);

CREATE TABLE subscribers (
  id              BIGINT PRIMARY KEY,
  address         TEXT NOT NULL UNIQUE,
  name            TEXT NOT NULL DEFAULT '',
  state           TEXT NOT NULL,
  language        TEXT NOT NULL DEFAULT '',
  timezone        TEXT NOT NULL DEFAULT '',
  created_at      BIGINT NOT NULL,
  confirmed_at    BIGINT NOT NULL DEFAULT 0,
  ended_at        BIGINT NOT NULL DEFAULT 0,
  suppressed_at   BIGINT NOT NULL DEFAULT 0
);

-- topics is '*' or the ids of the chosen topics in the reader's order, with a
-- comma before, between and after them. former_topics says what was chosen
-- before, as "120:,3,7, 180:*": the first choice up to the window that began at
-- number 120, the second up to the one at 180, topics since.
-- The window of the cohort's run number joined_runs begins at joined_seq for a
-- subscription that moved to the cohort or was left out for too few stories.
-- No other window begins earlier than at joined_seq, -1 for none.
CREATE TABLE subscriptions (
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id),
  digest_id     BIGINT NOT NULL REFERENCES digests (id),
  cohort_id     BIGINT NOT NULL REFERENCES cohorts (id),
  state         TEXT NOT NULL,
  topics        TEXT NOT NULL,
  former_topics TEXT NOT NULL DEFAULT '',
  joined_seq    BIGINT NOT NULL DEFAULT -1,
  joined_runs   BIGINT NOT NULL DEFAULT 0,
  created_at    BIGINT NOT NULL,
  ended_at      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (subscriber_id, digest_id)
);

CREATE INDEX subscriptions_cohort ON subscriptions (cohort_id, subscriber_id) WHERE state = 'active';

-- Append only: what was agreed to or ended, when, from where, on which text.
CREATE TABLE consents (
  subscriber_id BIGINT NOT NULL,
  at            BIGINT NOT NULL,
  event         TEXT NOT NULL,
  origin        TEXT NOT NULL,
  client        TEXT NOT NULL DEFAULT '',
  text_hash     TEXT NOT NULL DEFAULT '',
  detail        TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (subscriber_id, at, event)
);

CREATE TABLE consent_texts (
  hash       TEXT PRIMARY KEY,
  language   TEXT NOT NULL,
  text       TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE suppressions (
  address    TEXT PRIMARY KEY,
  reason     TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);

-- Confirmations and other mails about the subscription itself.
CREATE TABLE system_mails (
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id),
  id            BIGINT NOT NULL,
  kind          TEXT NOT NULL,
  state         TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  next_try_at   BIGINT NOT NULL,
  lease_until   BIGINT NOT NULL DEFAULT 0,
  sent_at       BIGINT NOT NULL DEFAULT 0,
  reply         TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (subscriber_id, id)
);

CREATE INDEX system_mails_due ON system_mails (next_try_at) WHERE next_try_at > 0;

-- A partial edition went to some of a digest's readers (recipients, their ids
-- with a comma before, between and after) or with one topic only, and moved no
-- cut-off. Later runs leave out what it carried.
CREATE TABLE editions (
  id         BIGINT PRIMARY KEY,
  digest_id  BIGINT NOT NULL REFERENCES digests (id),
  slot       TEXT NOT NULL,
  key        TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL,
  partial    INTEGER NOT NULL DEFAULT 0,
  topic_id   BIGINT NOT NULL DEFAULT 0,
  recipients TEXT NOT NULL DEFAULT '',
  day        INTEGER NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  UNIQUE (digest_id, slot)
);

-- Every subscriber of the cohort up to plan_cursor has been planned; planned_at
-- is set when all have been.
CREATE TABLE runs (
  id          BIGINT PRIMARY KEY,
  edition_id  BIGINT NOT NULL REFERENCES editions (id),
  cohort_id   BIGINT NOT NULL REFERENCES cohorts (id),
  due_at      BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  from_seq    BIGINT NOT NULL,
  to_seq      BIGINT NOT NULL,
  number      BIGINT NOT NULL,
  plan_cursor BIGINT NOT NULL DEFAULT 0,
  planned_at  BIGINT NOT NULL DEFAULT 0,
  due         BIGINT NOT NULL DEFAULT 0,
  UNIQUE (edition_id, cohort_id)
);

CREATE INDEX runs_unplanned ON runs (cohort_id, id) WHERE planned_at = 0;

-- Subscribers who were due but got no delivery, counted by reason.
CREATE TABLE run_skips (
  run_id BIGINT NOT NULL REFERENCES runs (id),
  reason TEXT NOT NULL,
  n      BIGINT NOT NULL,
  PRIMARY KEY (run_id, reason)
);

-- id is the first 8 bytes of the SHA-256 of stories.
CREATE TABLE selections (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  id         BIGINT NOT NULL,
  stories    TEXT NOT NULL,
  PRIMARY KEY (edition_id, id)
);

-- The lease of a batch covers its pending deliveries. fence grows with each
-- lease, so that a worker which lost it can tell.
CREATE TABLE batches (
  id          BIGINT PRIMARY KEY,
  edition_id  BIGINT NOT NULL REFERENCES editions (id),
  run_id      BIGINT NOT NULL REFERENCES runs (id),
  day         INTEGER NOT NULL,
  size        INTEGER NOT NULL,
  ready_at    BIGINT NOT NULL,
  lease_until BIGINT NOT NULL DEFAULT 0,
  fence       BIGINT NOT NULL DEFAULT 0,
  worker      TEXT NOT NULL DEFAULT '',
  done_at     BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX batches_open ON batches (ready_at, id) WHERE done_at = 0;

CREATE INDEX batches_edition ON batches (edition_id);

CREATE TABLE deliveries (
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
  PRIMARY KEY (day, edition_id, subscriber_id)
) WITHOUT ROWID;

CREATE INDEX deliveries_batch ON deliveries (batch_id);

CREATE INDEX deliveries_retry ON deliveries (next_try_at) WHERE next_try_at > 0;

CREATE INDEX deliveries_subscriber ON deliveries (subscriber_id, day);

-- composed_at is when the message's text was read, so that another try sends
-- the same bytes.
CREATE TABLE attempts (
  day           INTEGER NOT NULL,
  edition_id    BIGINT NOT NULL,
  subscriber_id BIGINT NOT NULL,
  n             INTEGER NOT NULL,
  at            BIGINT NOT NULL,
  composed_at   BIGINT NOT NULL,
  relay         TEXT NOT NULL,
  class         TEXT NOT NULL,
  phase         TEXT NOT NULL DEFAULT '',
  code          INTEGER NOT NULL DEFAULT 0,
  enhanced      TEXT NOT NULL DEFAULT '',
  reply         TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (day, edition_id, subscriber_id, n)
) WITHOUT ROWID;
