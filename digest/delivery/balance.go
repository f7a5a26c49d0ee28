package delivery

import (
	"context"
	"fmt"

	"broadsheet/digest"
	"broadsheet/internal/db"
)

// Balance is where an edition stands, counted in subscribers: Due is the sum of the others.
type Balance struct {
	Due       int64
	Sent      int64
	Failed    int64
	Expired   int64
	Skipped   int64 // by planning, and later because they left or the stories were withdrawn
	Uncertain int64
	Pending   int64

	SkippedBy map[string]int64 // by reason
	FailedBy  map[string]int64 // by class of answer
}

// Balanced reports whether everyone who was due is accounted for.
func (b Balance) Balanced() bool {
	return b.Due == b.Sent+b.Failed+b.Expired+b.Skipped+b.Uncertain+b.Pending
}

// What a balance adds up, as state, reason and number.
const (
	skipsQuery = `SELECT 'skipped', k.reason, CAST(SUM(k.n) AS BIGINT)
		FROM run_skips k JOIN runs r ON r.id = k.run_id WHERE r.edition_id = $1 GROUP BY k.reason`
	totalsQuery     = `SELECT state, reason, n FROM edition_states WHERE edition_id = $1`
	deliveriesQuery = `SELECT state, reason, COUNT(*) FROM deliveries WHERE day = $1 AND edition_id = $2 GROUP BY state, reason`
)

// Balance counts an edition over all its runs, in one snapshot: its deliveries
// and, once it is archived, the totals of those that were dropped. What is
// pending of a cancelled edition counts as skipped: it is never sent.
func (s *Store) Balance(ctx context.Context, editionID int64) (Balance, error) {
	var b Balance
	err := s.db.View(ctx, func(tx *db.Tx) error {
		b = Balance{SkippedBy: map[string]int64{}, FailedBy: map[string]int64{}}
		if err := tx.ShareDays(ctx); err != nil {
			return err
		}
		var e struct {
			Day   int64               `db:"day"`
			State digest.EditionState `db:"state"`
		}
		err := tx.Get(ctx, &e, `SELECT day, state FROM editions WHERE id = $1`, editionID)
		if err != nil {
			return err
		}
		err = tx.Get(ctx, &b.Due, `SELECT CAST(COALESCE(SUM(due), 0) AS BIGINT) FROM runs WHERE edition_id = $1`, editionID)
		if err != nil {
			return err
		}
		for _, q := range []struct {
			query string
			args  []any
		}{
			{skipsQuery, []any{editionID}}, {totalsQuery, []any{editionID}}, {deliveriesQuery, []any{e.Day, editionID}},
		} {
			if err := tx.Each(ctx, b.adder(), q.query, q.args...); err != nil {
				return err
			}
		}
		if e.State == digest.EditionCancelled && b.Pending > 0 {
			b.SkippedBy[ReasonCancelled] += b.Pending
			b.Skipped, b.Pending = b.Skipped+b.Pending, 0
		}
		return nil
	})
	if err != nil {
		return Balance{}, fmt.Errorf("balance of edition %d: %w", editionID, err)
	}
	return b, nil
}

// adder returns a function that adds a row of state, reason and number.
func (b *Balance) adder() func(scan func(dest ...any) error) error {
	return func(scan func(dest ...any) error) error {
		var state State
		var reason string
		var n int64
		if err := scan(&state, &reason, &n); err != nil {
			return err
		}
		switch state {
		case Sent:
			b.Sent += n
		case Failed:
			b.Failed += n
			b.FailedBy[reason] += n
		case Expired:
			b.Expired += n
		case Skipped:
			b.Skipped += n
			b.SkippedBy[reason] += n
		case Uncertain:
			b.Uncertain += n
		case Pending:
			b.Pending += n
		}
		return nil
	}
}
