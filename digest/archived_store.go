package digest

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// archived says what the deliveries of some digests do not tell any more.
type archived struct {
	digests  []int64
	known    bool
	editions int64 // that have no deliveries any more
	until    int64 // nobody can tell who had the stories that had arrived by then
}

// find reads what is archived, if it is not known.
func (a *archived) find(ctx context.Context, tx *db.Tx) (err error) {
	if a.known || len(a.digests) == 0 {
		return nil
	}
	if a.editions, err = a.count(ctx, tx); err != nil {
		return err
	}
	err = tx.Get(ctx, &a.until, `SELECT COALESCE(MAX(r.planned_at), 0) FROM editions e JOIN runs r ON r.edition_id = e.id
		WHERE e.archived_at > 0 AND e.digest_id {in 1}`, a.digests)
	if err != nil {
		return fmt.Errorf("find the last edition whose deliveries are gone: %w", err)
	}
	a.known = true
	return nil
}

// grew reports whether more is archived than was found. What was found is then
// not known any more.
func (a *archived) grew(ctx context.Context, tx *db.Tx) (bool, error) {
	if !a.known {
		return false, nil
	}
	n, err := a.count(ctx, tx)
	if err == nil && n != a.editions {
		a.known = false
	}
	return !a.known, err
}

func (a *archived) count(ctx context.Context, tx *db.Tx) (n int64, err error) {
	err = tx.Get(ctx, &n, `SELECT COUNT(*) FROM editions WHERE archived_at > 0 AND digest_id {in 1}`, a.digests)
	if err != nil {
		return 0, fmt.Errorf("count the editions whose deliveries are gone: %w", err)
	}
	return n, nil
}
