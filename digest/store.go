package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// ErrNotFound says that there is no such article, edition or run.
var ErrNotFound = errors.New("not found")

// Store keeps topics, sources, articles, editions, runs and selections.
type Store struct {
	db   *db.DB
	now  func() time.Time
	fold foldMemory
}

// NewStore returns a store on a migrated database.
func NewStore(d *db.DB, now func() time.Time) *Store { return &Store{db: d, now: now} }

type editionRow struct {
	ID        int64  `db:"id"`
	DigestID  int64  `db:"digest_id"`
	Slot      string `db:"slot"`
	Key       string `db:"key"`
	Kind      string `db:"kind"`
	Partial   int    `db:"partial"`
	TopicID   int64  `db:"topic_id"`
	To        string `db:"recipients"`
	State     string `db:"state"`
	Reason    string `db:"reason"`
	CreatedAt int64  `db:"created_at"`
	Approval  string `db:"approval"`
	ArticleID int64  `db:"article_id"`
}

const editionColumns = `id, digest_id, slot, key, kind, partial, topic_id, article_id, recipients, state, reason, approval, created_at`

func (r *editionRow) edition() (*Edition, error) {
	slot, err := schedule.ParseLocal(r.Slot)
	if err != nil {
		return nil, fmt.Errorf("edition %s: %w", r.Key, err)
	}
	return &Edition{
		ID: r.ID, DigestID: r.DigestID, Slot: slot, Key: r.Key, Kind: EditionKind(r.Kind), Partial: r.Partial != 0,
		TopicID: r.TopicID, ArticleID: r.ArticleID, Recipients: splitIDs(r.To),
		State: EditionState(r.State), Reason: r.Reason, Approval: ApprovalState(r.Approval), CreatedAt: db.Time(r.CreatedAt),
	}, nil
}

func editionByID(ctx context.Context, tx *db.Tx, id int64) (*Edition, error) {
	return getEdition(ctx, tx, fmt.Sprintf("edition %d", id), `SELECT `+editionColumns+` FROM editions WHERE id = $1`, id)
}

func getEdition(ctx context.Context, tx *db.Tx, name, query string, args ...any) (*Edition, error) {
	var row editionRow
	if err := tx.Get(ctx, &row, query, args...); errors.Is(err, db.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return row.edition()
}

// EditionByKey returns the edition of that key, such as "daily/2026-11-23", or
// ErrNotFound.
func (s *Store) EditionByKey(ctx context.Context, key string) (*Edition, error) {
	var e *Edition
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		e, err = getEdition(ctx, tx, "edition "+key, `SELECT `+editionColumns+` FROM editions WHERE key = $1`, key)
		return err
	})
	return e, err
}

// Editions returns the newest editions, of one digest unless digestID is 0.
func (s *Store) Editions(ctx context.Context, digestID int64, limit int) ([]*Edition, error) {
	var rows []editionRow
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Select(ctx, &rows, `SELECT `+editionColumns+` FROM editions
			WHERE CAST($1 AS BIGINT) = 0 OR digest_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, digestID, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list editions: %w", err)
	}
	out := make([]*Edition, len(rows))
	for i := range rows {
		if out[i], err = rows[i].edition(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SetEditionState pauses, resumes or cancels an edition. Resuming sends what
// is pending; cancelling ends its planning, too. A cancelled or done edition
// stays as it is.
func (s *Store) SetEditionState(ctx context.Context, key string, to EditionState, reason string) (*Edition, error) {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := s.setState(ctx, tx, key, to, reason)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("set edition %s %s: %w", key, to, err)
	}
	return s.EditionByKey(ctx, key)
}

// setState is SetEditionState within a transaction. It reports whether the
// edition could be changed.
func (s *Store) setState(ctx context.Context, tx *db.Tx, key string, to EditionState, reason string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE editions SET state = $1, reason = $2 WHERE key = $3 AND state IN ('sending', 'paused')`,
		string(to), reason, key)
	if err != nil || n == 0 || to != EditionCancelled {
		return n > 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE runs SET planned_at = $1
		WHERE planned_at = 0 AND edition_id = (SELECT id FROM editions WHERE key = $2)`, db.Millis(s.now()), key)
	return true, err
}

func selectionByID(ctx context.Context, tx *db.Tx, editionID, id int64) (Selection, error) {
	var text string
	err := tx.Get(ctx, &text, `SELECT stories FROM selections WHERE edition_id = $1 AND id = $2`, editionID, id)
	if errors.Is(err, db.ErrNoRows) {
		return Selection{}, fmt.Errorf("selection %d: %w", id, ErrNotFound)
	} else if err != nil {
		return Selection{}, fmt.Errorf("selection %d: %w", id, err)
	}
	selection, err := parseSelection(text)
	if err != nil {
		return Selection{}, fmt.Errorf("%w: %w", ErrContent, err)
	}
	return selection, nil
}

// ContentStamp returns a number that grows whenever the text or the topics of
// an article change, or an editor withdraws one: a mail
// composed under the same number is what composing it anew would give.
func (s *Store) ContentStamp(ctx context.Context) (int64, error) {
	var stamp int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &stamp, `SELECT value FROM counters WHERE name = 'content'`)
	})
	if err != nil {
		return 0, fmt.Errorf("read the content stamp: %w", err)
	}
	return stamp, nil
}

// touchContent moves the content stamp on.
func touchContent(ctx context.Context, tx *db.Tx) error {
	_, err := tx.NextIDs(ctx, "content", 1)
	return err
}
