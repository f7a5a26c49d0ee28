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

	// untouchedQuery says the same of an edition of which no batch was ever leased or is done, nothing was tried, and no
	// delivery was dropped: all of its deliveries are as they were planned. There are some hundred times fewer batches than
	// those. After a failover that lost the lease, what was tried may be recorded all the same.
	untouchedQuery = `SELECT 'pending', '', CAST(SUM(b.size) AS BIGINT) FROM batches b WHERE b.edition_id = $2
		HAVING MAX(b.fence) = 0 AND MAX(b.done_at) = 0 AND NOT EXISTS (SELECT 1 FROM edition_states t WHERE t.edition_id = $2)
			AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.day = $1 AND a.edition_id = $2)`
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
		for _, query := range []string{skipsQuery, totalsQuery} {
			if err := tx.Each(ctx, b.adder(), query, editionID); err != nil {
				return err
			}
		}
		if err := b.addDeliveries(ctx, tx, editionID, e.Day); err != nil {
			return err
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

// addDeliveries adds the deliveries of an edition that are still there.
func (b *Balance) addDeliveries(ctx context.Context, tx *db.Tx, editionID, day int64) error {
	add, untouched := b.adder(), false
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		untouched = true
		return add(scan)
	}, untouchedQuery, day, editionID)
	if err != nil || untouched {
		return err
	}
	return tx.Each(ctx, add, deliveriesQuery, day, editionID)
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
