-- image_width and image_height are in pixels, 0 where they are not known.
-- modified_at is when the publisher says that the story last changed, 0 if it
-- does not.
ALTER TABLE article_versions ADD COLUMN image_width INTEGER NOT NULL DEFAULT 0;
ALTER TABLE article_versions ADD COLUMN image_height INTEGER NOT NULL DEFAULT 0;
ALTER TABLE article_versions ADD COLUMN image_credit TEXT NOT NULL DEFAULT '';
ALTER TABLE article_versions ADD COLUMN modified_at BIGINT NOT NULL DEFAULT 0;

-- edited says that the newsroom, by the API, a file or by hand, changed a story
-- that a source brought: the source changes it no more.
ALTER TABLE articles ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;

-- The bands of an article's MinHash, four bytes each in base64, kept as long as a
-- later story may fold into it: two that share one may be the same story.
CREATE TABLE article_bands (
  article_id BIGINT PRIMARY KEY REFERENCES articles (id),
  stored_at  BIGINT NOT NULL,
  bands      TEXT NOT NULL
);

CREATE INDEX article_bands_stored ON article_bands (stored_at);

ALTER TABLE articles DROP COLUMN fingerprint;

-- What an article was folded into until it stood apart, for mails that are tried
-- again.
ALTER TABLE articles ADD COLUMN unfolded_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN unfolded_at BIGINT NOT NULL DEFAULT 0;

CREATE INDEX articles_unfolded ON articles (unfolded_from) WHERE unfolded_from > 0;

-- moved_to is where a source's permanent redirect led moved_times in a row,
-- and adopted_url what it is fetched from since there were enough of them.
-- gone_at is when it answered that it is gone for good. held_at is since when
-- what it sends is not stored, held_reason why, and accepted_at when an operator
-- said that it may be. missed counts the stories that its feed dropped before
-- they were seen, the last of them at missed_at. story_at is when it last
-- brought a new story.
ALTER TABLE sources ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN moved_times INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN adopted_url TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN gone_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN held_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN held_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN accepted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN missed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN missed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN story_at BIGINT NOT NULL DEFAULT 0;

UPDATE sources SET story_at = COALESCE((SELECT MAX(arrived_at) FROM articles WHERE source_id = sources.id), 0);

-- What operators should know, one row for each thing as long as it is so. told_at
-- is when they were last told.
CREATE TABLE alerts (
  key       TEXT PRIMARY KEY,
  opened_at BIGINT NOT NULL,
  told_at   BIGINT NOT NULL DEFAULT 0,
  text      TEXT NOT NULL
);
