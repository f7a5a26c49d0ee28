package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// fitForArchive is SQL for the editions e of the kinds that an archive shows:
// $2 and $3 are 1 if letters and partial editions are. What single readers were
// owed or sent is never shown.
const fitForArchive = `e.recipients = '' AND (e.kind = 'letter' AND CAST($2 AS INTEGER) = 1
	OR e.kind IN ('scheduled', 'manual') AND (e.partial = 0 OR CAST($3 AS INTEGER) = 1))`

// lastEdition is the highest id of an edition.
func (s *Store) lastEdition(ctx context.Context) (id int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &id, `SELECT COALESCE(MAX(id), 0) FROM editions`)
	})
	if err != nil {
		return 0, fmt.Errorf("find the last edition: %w", err)
	}
	return id, nil
}

// unarchived returns the next planned editions that belong into an archive and
// are not in it.
func (s *Store) unarchived(ctx context.Context, a *Archive, digests []int64, after int64) ([]int64, error) {
	var ids []int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Select(ctx, &ids, `SELECT e.id FROM editions e
			WHERE e.id > $1 AND e.digest_id {in 4} AND e.state <> 'cancelled' AND `+fitForArchive+`
			AND NOT EXISTS (SELECT 1 FROM public_editions p WHERE p.edition_id = e.id)
			AND EXISTS (SELECT 1 FROM runs r WHERE r.edition_id = e.id AND r.planned_at > 0)
			ORDER BY e.id LIMIT $5`, after, number(a.Letters), number(a.Partial), digests, archiveChunk)
	})
	if err != nil {
		return nil, fmt.Errorf("find editions for the archive: %w", err)
	}
	return ids, nil
}

// insertPublic stores what the archive shows of an edition, unless another
// archivist did.
func (s *Store) insertPublic(ctx context.Context, e *Edition, selection Selection) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO public_editions (edition_id, digest_id, slot, stories, topics) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, e.ID, e.DigestID, e.Slot.String(), selection.String(), joinIDs(selection.topics()))
		return err
	})
}

// longPast is how long after an edition was due it counts as published then,
// and not when it was taken into the archive.
const longPast = 24 * time.Hour

// publish publishes the editions of which a mail was sent, and returns their
// keys.
func (s *Store) publish(ctx context.Context) ([]string, error) {
	var keys []string
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		keys = nil
		var ids []int64
		if err := tx.Select(ctx, &ids, `SELECT p.edition_id FROM public_editions p JOIN editions e ON e.id = p.edition_id
			WHERE p.published_at = 0
			AND (EXISTS (SELECT 1 FROM edition_states t WHERE t.edition_id = e.id AND t.state = 'sent')
				OR (e.state = 'done' OR EXISTS (SELECT 1 FROM batches b WHERE b.edition_id = e.id AND b.done_at > 0))
				AND EXISTS (SELECT 1 FROM deliveries d WHERE d.day = e.day AND d.edition_id = e.id AND d.state = 'sent'))
			ORDER BY p.edition_id`); err != nil || len(ids) == 0 {
			return err
		}
		now := s.now()
		if _, err := tx.Exec(ctx, `UPDATE public_editions SET published_at = (
				SELECT CASE WHEN MIN(r.due_at) < $2 THEN MIN(r.due_at) ELSE $3 END FROM runs r WHERE r.edition_id = public_editions.edition_id)
			WHERE published_at = 0 AND edition_id {in 1}`, ids, db.Millis(now.Add(-longPast)), db.Millis(now)); err != nil {
			return err
		}
		return tx.Select(ctx, &keys, `SELECT key FROM editions WHERE id {in 1} ORDER BY slot, id`, ids)
	})
	if err != nil {
		return nil, fmt.Errorf("publish editions: %w", err)
	}
	return keys, nil
}

// publicRow is an edition in the archive.
type publicRow struct {
	edition   *Edition
	selection Selection
	at        time.Time // from which it is shown
}

// shown is SQL for the editions e, with p, that are shown at $1: they went out
// at least as long ago as the delay, and nobody stopped them since.
const shown = `FROM public_editions p JOIN editions e ON e.id = p.edition_id
	WHERE p.published_at > 0 AND p.published_at <= $1 AND e.state IN ('sending', 'done') AND ` + fitForArchive + ` AND p.digest_id {in 4}`

// publicRows reads editions of the archive; more is SQL that goes on after shown,
// for arguments from $5 on.
func (a *Archive) publicRows(ctx context.Context, tx *db.Tx, now time.Time, digests []int64, more string, args ...any) ([]publicRow, error) {
	args = append([]any{db.Millis(now.Add(-a.Delay)), number(a.Letters), number(a.Partial), digests}, args...)
	type row struct {
		editionRow
		Selection   string `db:"selection"`
		PublishedAt int64  `db:"published_at"`
	}
	var rows []row
	err := tx.Select(ctx, &rows, `SELECT e.id, e.digest_id, e.slot, e.key, e.kind, e.partial, e.topic_id, e.article_id, e.recipients,
		e.state, e.reason, e.approval, e.created_at, p.stories AS selection, p.published_at `+shown+` `+more, args...)
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	out := make([]publicRow, len(rows))
	for i := range rows {
		r := publicRow{at: db.Time(rows[i].PublishedAt).Add(a.Delay)}
		if r.edition, err = rows[i].edition(); err != nil {
			return nil, err
		}
		if r.selection, err = parseSelection(rows[i].Selection); err != nil {
			return nil, errors.Join(ErrContent, err)
		}
		out[i] = r
	}
	return out, nil
}

// listPublic reads a page of the archive, the newest edition first; digests may
// be some of the archive's, and topicID is 0 for all.
func (a *Archive) listPublic(ctx context.Context, tx *db.Tx, now time.Time, digests []int64, topicID int64, skip, limit int) ([]publicRow, error) {
	return a.publicRows(ctx, tx, now, digests, `AND (CAST($5 AS BIGINT) = 0 OR p.topics LIKE '%,' || CAST($5 AS TEXT) || ',%')
		ORDER BY p.slot DESC, p.edition_id DESC LIMIT $6 OFFSET $7`, topicID, limit, skip)
}

// publicEdition reads one edition of the archive, or returns ErrNotFound.
func (a *Archive) publicEdition(ctx context.Context, tx *db.Tx, now time.Time, digests []int64, key string) (publicRow, error) {
	rows, err := a.publicRows(ctx, tx, now, digests, `AND e.key = $5`, key)
	if err != nil {
		return publicRow{}, err
	}
	if len(rows) == 0 {
		return publicRow{}, fmt.Errorf("edition %s in the archive: %w", key, ErrNotFound)
	}
	return rows[0], nil
}

// neighbours are the keys of the editions of the same digest before and after
// one of the archive, "" for none.
func (a *Archive) neighbours(ctx context.Context, tx *db.Tx, now time.Time, e *Edition) (before, after string, err error) {
	digest := []int64{e.DigestID}
	earlier, err := a.publicRows(ctx, tx, now, digest, `AND (p.slot < $5 OR p.slot = $5 AND p.edition_id < $6)
		ORDER BY p.slot DESC, p.edition_id DESC LIMIT 1`, e.Slot.String(), e.ID)
	if err != nil {
		return "", "", err
	}
	later, err := a.publicRows(ctx, tx, now, digest, `AND (p.slot > $5 OR p.slot = $5 AND p.edition_id > $6)
		ORDER BY p.slot, p.edition_id LIMIT 1`, e.Slot.String(), e.ID)
	if err != nil {
		return "", "", err
	}
	for _, r := range earlier {
		before = r.edition.Key
	}
	for _, r := range later {
		after = r.edition.Key
	}
	return before, after, nil
}

// storyURL is where a story is to be read by now, whatever became of it.
func storyURL(ctx context.Context, tx *db.Tx, id int64) (url string, err error) {
	err = tx.Get(ctx, &url, `SELECT v.url FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version WHERE a.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("article %d: %w", id, err)
	}
	return url, nil
}
