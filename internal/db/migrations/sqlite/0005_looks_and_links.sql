-- How often links in the mails of an edition were followed, by the hour since
-- 1970, UTC. A link is that of a story, which stood at a position (1 is the
-- first), or that of a slot. scanners are machines that look at mails before
-- their readers do. Nothing tells who it was.
CREATE TABLE click_counts (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  article_id BIGINT NOT NULL DEFAULT 0,
  slot       TEXT NOT NULL DEFAULT '',
  position   INTEGER NOT NULL DEFAULT 0,
  hour       BIGINT NOT NULL,
  clicks     BIGINT NOT NULL,
  scanners   BIGINT NOT NULL,
  PRIMARY KEY (edition_id, article_id, slot, position, hour)
);

-- How often the pixel of an edition's mails was fetched, which says little of
-- how often they were read.
CREATE TABLE open_counts (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  hour       BIGINT NOT NULL,
  opens      BIGINT NOT NULL,
  scanners   BIGINT NOT NULL,
  PRIMARY KEY (edition_id, hour)
);

-- What the public archive shows of an edition: the stories that a reader of all
-- topics got who is known to be nobody in particular. topics are the ids of
-- their topics with a comma before, between and after them. published_at is 0
-- until a mail of the edition was sent.
CREATE TABLE public_editions (
  edition_id   BIGINT PRIMARY KEY REFERENCES editions (id),
  digest_id    BIGINT NOT NULL REFERENCES digests (id),
  slot         TEXT NOT NULL,
  stories      TEXT NOT NULL,
  topics       TEXT NOT NULL,
  published_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX public_editions_slot ON public_editions (slot, edition_id);

CREATE INDEX public_editions_digest ON public_editions (digest_id, slot, edition_id);

CREATE INDEX public_editions_waiting ON public_editions (edition_id) WHERE published_at = 0;

-- What an article is known by besides its own url and guid: 'url' is an address
-- that it had before or has elsewhere, with source_id 0, and 'id' is what another
-- source, or the API and the newsroom's systems (0), call it.
CREATE TABLE article_aliases (
  kind       TEXT NOT NULL,
  source_id  BIGINT NOT NULL,
  name       TEXT NOT NULL,
  article_id BIGINT NOT NULL REFERENCES articles (id),
  added_at   BIGINT NOT NULL,
  PRIMARY KEY (kind, source_id, name)
);

CREATE INDEX article_aliases_article ON article_aliases (article_id);

INSERT INTO article_aliases (kind, source_id, name, article_id, added_at)
  SELECT 'url', 0, v.url, MAX(v.article_id), MAX(v.from_at) FROM article_versions v
  WHERE v.url <> '' AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.url = v.url) GROUP BY v.url;

-- told_at is by the clock of the newsroom's system when it last changed a story
-- that it told us of: what it told before that counts no more. instead_of has the
-- ids of the withdrawn articles whose place one took that was folded into them,
-- such as '12 7': their readers had it.
ALTER TABLE articles ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN instead_of TEXT NOT NULL DEFAULT '';

UPDATE articles SET told_at = COALESCE((SELECT MAX(v.modified_at) FROM article_versions v WHERE v.article_id = articles.id), 0)
  WHERE source_id = 0 AND (guid LIKE 'ghost:%' OR guid LIKE 'wordpress:%');

CREATE INDEX articles_instead ON articles (id) WHERE instead_of <> '';

-- claimed_until is until when a process is telling the operators of an alert.
ALTER TABLE alerts ADD COLUMN claimed_until BIGINT NOT NULL DEFAULT 0;

-- missed_lately is how many of the missed stories were found missing without a day
-- of peace between, and missed_since the last good fetch before the first of them.
ALTER TABLE sources ADD COLUMN missed_lately BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN missed_since BIGINT NOT NULL DEFAULT 0;

UPDATE sources SET missed_lately = missed, missed_since = missed_at;

-- What the configuration said of a slot of sponsors or of the house, as JSON, and
-- when it began to count: one row for each change. Without a body the slot was
-- removed.
CREATE TABLE slot_versions (
  slug    TEXT NOT NULL,
  version INTEGER NOT NULL,
  from_at BIGINT NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (slug, version)
);

CREATE INDEX slot_versions_from ON slot_versions (from_at);

-- The slots that the mail of a selection has, by their slugs with a comma between
-- them, and how many mails of an edition had a slot of which the deliveries are
-- gone.
ALTER TABLE selections ADD COLUMN slots TEXT NOT NULL DEFAULT '';

CREATE TABLE edition_slots (
  edition_id BIGINT NOT NULL REFERENCES editions (id),
  slot       TEXT NOT NULL,
  sent       BIGINT NOT NULL,
  PRIMARY KEY (edition_id, slot)
);

-- When the tool that a reader was imported from last saw the reader open or follow
-- something, 0 if it did not say.
ALTER TABLE subscribers ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0;

-- Addresses that were erased, as salted hashes: nobody but their readers brings
-- them back. subscriber_id is that of the entries in consents that are kept.
CREATE TABLE salts (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE erasures (
  hash          TEXT PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  erased_at     BIGINT NOT NULL,
  suppressed    INTEGER NOT NULL
);

-- By which another system of the newsroom, such as its paywall, knows a reader; ''
-- for none.
ALTER TABLE subscribers ADD COLUMN external_id TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX subscribers_external ON subscribers (external_id) WHERE external_id <> '';

-- What a theme was made of, and when that began to count: one row for each change.
-- body has the files by name and the values of the configuration, as JSON; hash is
-- that of body.
CREATE TABLE theme_versions (
  name    TEXT NOT NULL,
  version INTEGER NOT NULL,
  hash    TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (name, version)
);

-- topics are the ids of those that a digest offers, with a comma before, between
-- and after them, '' where that is not known. narrowed_at is when it last ceased
-- to offer one: deliveries tell who had the stories of before for that.
ALTER TABLE digests ADD COLUMN topics TEXT NOT NULL DEFAULT '';
ALTER TABLE digests ADD COLUMN narrowed_at BIGINT NOT NULL DEFAULT 0;
