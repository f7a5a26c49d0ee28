-- An article under embargo or held is not eligible. fresh_at is what its age
-- counts from: when it was published, and later by as long as it was held back.
-- lead_id is the article that it was folded into, 0 if it stands for itself;
-- sources is how many sources carry the story. again says that it was eligible
-- before its topics got their present numbers: deliveries tell who had it then.
-- fingerprint finds near-duplicates, 0 for none. own_topics has the topics of a
-- folded article, for it has none in article_topics: a line for each, its id and
-- its reason. An embargo is a hold that ends by itself: held_at is set, too.
ALTER TABLE articles ADD COLUMN embargo_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN fresh_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN access TEXT NOT NULL DEFAULT '';
ALTER TABLE articles ADD COLUMN audience TEXT NOT NULL DEFAULT '';
ALTER TABLE articles ADD COLUMN lead_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN sources INTEGER NOT NULL DEFAULT 1;
ALTER TABLE articles ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN fingerprint BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN own_topics TEXT NOT NULL DEFAULT '';

UPDATE articles SET fresh_at = published_at;

CREATE INDEX articles_embargo ON articles (embargo_until) WHERE embargo_until > 0;

CREATE INDEX articles_fresh ON articles (fresh_at);

CREATE INDEX articles_lead ON articles (lead_id) WHERE lead_id > 0;

-- What an editor told the readers of a wrong version. seq is of the numbers by
-- which windows are cut.
CREATE TABLE corrections (
  id         BIGINT PRIMARY KEY,
  article_id BIGINT NOT NULL REFERENCES articles (id),
  seq        BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  note       TEXT NOT NULL
);

CREATE INDEX corrections_seq ON corrections (seq);

-- attributes are those of a reader that differ from nothing, as ",tier=paid,".
ALTER TABLE subscribers ADD COLUMN attributes TEXT NOT NULL DEFAULT '';

-- paused_until is until when a reader wants nothing. hour is the reader's own
-- time of day, as "06:30", '' for the digest's; it is the rule of the cohort.
-- owed is what the reader gets beside the runs of the cohort: 'welcome' after
-- the confirmation, 'moved' for what a change of zone or hour passed over.
ALTER TABLE subscriptions ADD COLUMN paused_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN hour TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN owed TEXT NOT NULL DEFAULT '';

CREATE INDEX subscriptions_owed ON subscriptions (digest_id, subscriber_id) WHERE owed <> '';

-- approval is '' where nobody is asked, 'wanted' or 'approved'. article_id is the
-- only story of breaking news.
ALTER TABLE editions ADD COLUMN approval TEXT NOT NULL DEFAULT '';
ALTER TABLE editions ADD COLUMN article_id BIGINT NOT NULL DEFAULT 0;

-- carried says that a reader of the run got a mail and keeps the start of the
-- window all the same: later runs look at what its edition brought.
ALTER TABLE runs ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;

-- What editors made of an edition, one row a version, as with articles. stories
-- has a line for each story in the editors' order, the article's id and, after a
-- tab, the headline it has in this edition; "~" before the id says that it has
-- no place in the order, only the headline.
CREATE TABLE edition_versions (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  version    INTEGER NOT NULL,
  from_at    BIGINT NOT NULL,
  subject    TEXT NOT NULL DEFAULT '',
  preheader  TEXT NOT NULL DEFAULT '',
  intro      TEXT NOT NULL DEFAULT '',
  stories    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (edition_id, version)
);

-- Append only: who changed what by hand.
CREATE TABLE changes (
  id     BIGINT PRIMARY KEY,
  at     BIGINT NOT NULL,
  who    TEXT NOT NULL,
  noun   TEXT NOT NULL,
  key    TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''
);

CREATE INDEX changes_key ON changes (noun, key, id);

INSERT INTO counters (name, value) VALUES ('correction', 0), ('change', 0), ('once_across', 0);
