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

// plannedToCome counts runs and what of them has not been tried. A batch may be of
// several runs that are due at the same time.
func plannedToCome(ctx context.Context, tx *db.Tx, editionID, after int64) (ToCome, error) {
	var row struct {
		Runs int   `db:"runs"`
		Next int64 `db:"next"`
	}
	err := tx.Get(ctx, &row, `SELECT COUNT(*) AS runs, COALESCE(MIN(r.due_at), 0) AS next FROM runs r WHERE r.edition_id = $1 AND r.due_at > $2
		AND (r.planned_at = 0 OR r.due > (SELECT COALESCE(SUM(k.n), 0) FROM run_skips k WHERE k.run_id = r.id)
			AND EXISTS (SELECT 1 FROM batches b JOIN runs o ON o.id = b.run_id WHERE b.edition_id = $1 AND b.done_at = 0 AND o.due_at = r.due_at))`,
		editionID, after)
	if err != nil {
		return ToCome{}, err
	}
	var out ToCome
	out.add(row.Runs, db.Time(row.Next))
	err = tx.Get(ctx, &out.Deliveries, `SELECT COUNT(*) FROM batches b JOIN runs r ON r.id = b.run_id 
		JOIN deliveries d ON d.day = b.day AND d.edition_id = b.edition_id AND d.batch_id = b.id
		WHERE b.edition_id = $1 AND b.done_at = 0 AND r.due_at > $2 AND d.state = 'pending' AND d.next_try_at = 0`, editionID, after)
	return out, err
}

// Reach is whom what becomes of an edition concerns.
type Reach struct {
	Runs    int   // planned, with deliveries that are pending
	Pending int64 // deliveries of those
	Later   int   // runs that are yet to be planned
	Readers int64 // of those, as they subscribe now
}

// Reach tells whom an edition has yet to go to. It may be one to come.
func (s *Store) Reach(ctx context.Context, d *Digest, e *Edition) (Reach, error) {
	var out Reach
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var row struct {
			Runs    int   `db:"runs"`
			Pending int64 `db:"pending"`
		}
		if err := tx.Get(ctx, &row, `SELECT COUNT(DISTINCT run_id) AS runs, COUNT(*) AS pending FROM deliveries
			WHERE edition_id = $1 AND day = $2 AND state = 'pending'`, e.ID, e.Slot.DayNumber()); err != nil {
			return err
		}
		out = Reach{Runs: row.Runs, Pending: row.Pending}
		if e.Kind != Scheduled {
			return nil
		}
		cohorts, err := selectCohorts(ctx, tx, `WHERE digest_id = $1 ORDER BY id`, d.ID)
		if err != nil {
			return err
		}
		for _, c := range cohorts {
			if !c.NextSlot.IsZero() && e.Slot.Before(d.editionSlot(c.NextSlot)) {
				continue // it has had it
			}
			var readers int64
			if err := tx.Get(ctx, &readers, `SELECT COUNT(*) FROM subscriptions WHERE cohort_id = $1 AND state = 'active'`, c.ID); err != nil {
				return err
			}
			if readers > 0 {
				out.Later, out.Readers = out.Later+1, out.Readers+readers
			}
		}
		return nil
	})
	if err != nil {
		return Reach{}, fmt.Errorf("count whom edition %s concerns: %w", e.Key, err)
	}
	return out, nil
}
