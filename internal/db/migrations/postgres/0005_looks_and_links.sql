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
