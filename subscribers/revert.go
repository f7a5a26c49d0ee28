package subscribers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// Revert picks suppressions that were a mistake, such as those of an hour in
// which a mailbox provider denied that its readers exist.
type Revert struct {
	Reason string
	Since  time.Time
	Picks  func(address string) bool // nil picks all
}

// CountReverted returns how many suppressions UnsuppressAll would lift. It
// changes nothing.
func (s *Store) CountReverted(ctx context.Context, r Revert) (int64, error) {
	var n int64
	for after := ""; ; {
		var page []string
		err := s.db.View(ctx, func(tx *db.Tx) (err error) {
			page, err = suppressedFor(ctx, tx, r.Reason, r.Since, after)
			return err
		})
		if err != nil || len(page) == 0 {
			return n, err
		}
		after = page[len(page)-1]
		n += int64(len(r.picked(page)))
	}
}

// UnsuppressAll lifts the picked suppressions, a page in a transaction, and
// returns how many; progress, which may be nil, is told now and then. An
// address that somebody has since suppressed for another reason stays so. Run
// again after an error, it does the rest.
func (s *Store) UnsuppressAll(ctx context.Context, r Revert, origin string, progress func(done int64)) (int64, error) {
	why := note{Consent: Consent{Event: EventUnsuppressed, Origin: origin, Detail: "reason=" + r.Reason}}
	var done int64
	for after := ""; ; {
		var page, picked []string
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			if err := lockNew(ctx, tx); err != nil {
				return err
			}
			var err error
			if page, err = suppressedFor(ctx, tx, r.Reason, r.Since, after); err != nil {
				return err
			}
			picked = r.picked(page)
			recs, err := load(ctx, tx, byAddresses, picked, locked)
			if err != nil {
				return err
			}
			return s.lift(ctx, tx, picked, recs, why)
		})
		if err != nil {
			return done, fmt.Errorf("lift suppressions: %w", err)
		}
		if len(page) == 0 {
			return done, nil
		}
		after = page[len(page)-1]
		done += int64(len(picked))
		if progress != nil {
			progress(done)
		}
	}
}

func (r *Revert) picked(page []string) []string {
	if r.Picks == nil {
		return page
	}
	return slices.DeleteFunc(slices.Clone(page), func(address string) bool { return !r.Picks(address) })
}
