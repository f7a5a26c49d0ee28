package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// tokenHorizon is how far ahead of its time a delivery may have its token. Batches and retries come about once a second,
// so a shorter one would let tokens pass unused.
const tokenHorizon = 2 * time.Second

// ask is for tokens of a provider.
type ask struct {
	provider string
	n        int
	every    time.Duration // between two messages
	urgent   bool          // what gets no token stands in a line of its own
}

// grant is what there is for an ask. Both times count from when it was given; the n-th message goes every later.
type grant struct {
	n     int           // tokens, for the next tokenHorizon
	from  time.Duration // when the first of them may go
	later time.Duration // when the first of the others can be expected to get one
}

// takeTokens takes what there is for each ask. The rates hold over all workers: who comes next gets what is left.
func (s *Store) takeTokens(ctx context.Context, asks []ask) ([]grant, error) {
	order := make([]int, len(asks))
	for i := range asks {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(asks[a].provider, asks[b].provider) })
	grants := make([]grant, len(asks))
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		for _, i := range order { // in one order for all workers, who would else wait for each other
			if grants[i], err = takeTokensTx(ctx, tx, asks[i]); err != nil {
				return fmt.Errorf("provider %s: %w", asks[i].provider, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take tokens: %w", err)
	}
	return grants, nil
}

// takeTokensTx reckons in microseconds. What gets no token stands in a line, a second row of times, which only says when
// to ask again: it has no right to them. A line whose turn came and nobody with it, because its edition was paused,
// cancelled or is over, is forgotten; so is what was reckoned by a clock that has been set back since.
func takeTokensTx(ctx context.Context, tx *db.Tx, a ask) (grant, error) {
	bucket := "provider " + a.provider
	line := bucket + " waiting"
	if a.urgent {
		line += " urgent"
	}
	next, err := lockRate(ctx, tx, bucket)
	if err != nil {
		return grant{}, err
	}
	clock, err := tx.Now(ctx)
	if err != nil {
		return grant{}, err
	}
	now, every, horizon := clock.UnixMicro(), max(1, a.every.Microseconds()), tokenHorizon.Microseconds()
	isForgotten := next < now-horizon || next > now+max(horizon, every)
	if isForgotten {
		next = now
	}
	from := max(now, next)
	n := min(int64(a.n), max(0, (now+horizon-from)/every))
	if n == 0 && from == now && a.n > 0 {
		n = 1 // of a rate slower than one in a horizon
	}
	if err := setRate(ctx, tx, bucket, from+n*every); err != nil {
		return grant{}, err
	}
	g := grant{n: int(n), from: time.Duration(from-now) * time.Microsecond}
	if rest := int64(a.n) - n; rest > 0 {
		waiting, err := lockRate(ctx, tx, line)
		if err != nil {
			return grant{}, err
		}
		if isForgotten {
			waiting = 0
		}
		later := max(from+n*every, waiting)
		g.later = time.Duration(later-now) * time.Microsecond
		return g, setRate(ctx, tx, line, later+rest*every)
	}
	return g, nil
}

// lockRate reads when the next message may go, and keeps others from the row until the transaction ends.
func lockRate(ctx context.Context, tx *db.Tx, name string) (next int64, err error) {
	err = tx.Get(ctx, &next, `INSERT INTO rates (name, next_at) VALUES ($1, 0)
		ON CONFLICT (name) DO UPDATE SET next_at = rates.next_at RETURNING next_at`, name)
	return next, err
}

func setRate(ctx context.Context, tx *db.Tx, name string, next int64) error {
	_, err := tx.Exec(ctx, `UPDATE rates SET next_at = $1 WHERE name = $2`, next, name)
	return err
}
