package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// ToCome is what of an edition has its hour yet to come.
type ToCome struct {
	Runs       int       // those of zones and hours that are later, planned already or not
	Deliveries int64     // of the planned ones
	NextAt     time.Time // when the first of them is due
}

// ToCome tells what of an edition is due after a time: runs that are planned
// ahead, and those of cohorts with readers whose slot has yet to close.
func (s *Store) ToCome(ctx context.Context, d *Digest, e *Edition, after time.Time) (ToCome, error) {
	var out ToCome
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if out, err = plannedToCome(ctx, tx, e.ID, db.Millis(after)); err != nil || e.Kind != Scheduled {
			return err
		}
		cohorts, err := selectCohorts(ctx, tx, `WHERE digest_id = $1 AND next_due_at > $2 AND EXISTS (
			SELECT 1 FROM subscriptions s WHERE s.cohort_id = cohorts.id AND s.state = 'active') ORDER BY next_due_at`, d.ID, db.Millis(after))
		for _, c := range cohorts {
			if d.editionSlot(c.NextSlot) == e.Slot {
				out.add(1, c.NextDueAt)
			}
		}
		return err
	})
	if err != nil {
		return ToCome{}, fmt.Errorf("read what is to come of edition %s: %w", e.Key, err)
	}
	return out, nil
}

func (t *ToCome) add(runs int, next time.Time) {
	t.Runs += runs
	if runs > 0 && (t.NextAt.IsZero() || next.Before(t.NextAt)) {
		t.NextAt = next
	}
}

// plannedToCome counts runs and what of them has not been tried.
func plannedToCome(ctx context.Context, tx *db.Tx, editionID, after int64) (ToCome, error) {
	var row struct {
		Runs int   `db:"runs"`
		Next int64 `db:"next"`
	}
	err := tx.Get(ctx, &row, `SELECT COUNT(*) AS runs, COALESCE(MIN(r.due_at), 0) AS next FROM runs r WHERE r.edition_id = $1 AND r.due_at > $2
		AND (r.planned_at = 0 OR EXISTS (SELECT 1 FROM batches b WHERE b.edition_id = $1 AND b.run_id = r.id AND b.done_at = 0))`,
		editionID, after)
	if err != nil {
		return ToCome{}, err
	}
	var out ToCome
	out.add(row.Runs, db.Time(row.Next))
	err = tx.Get(ctx, &out.Deliveries, `SELECT COUNT(*) FROM batches b JOIN runs r ON r.id = b.run_id JOIN deliveries d ON d.batch_id = b.id
		WHERE b.edition_id = $1 AND b.done_at = 0 AND r.due_at > $2 AND d.state = 'pending' AND d.next_try_at = 0`, editionID, after)
	return out, err
}
