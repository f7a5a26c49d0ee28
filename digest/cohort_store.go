package digest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// cohort is the subscriptions of one digest that are due together.
type cohort struct {
	ID        int64
	DigestID  int64
	Zone      string
	Rule      string         // the hour that its readers chose, such as "06:30"; "" for the digest's
	NextSlot  schedule.Local // zero until computed
	NextDueAt time.Time
	LastSeq   int64 // the last cut-off, negative before the first run
	Runs      int64 // the number of its next run
}

func selectCohorts(ctx context.Context, tx *db.Tx, where string, args ...any) ([]cohort, error) {
	var out []cohort
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var c cohort
		var slot string
		var due int64
		if err := scan(&c.ID, &c.DigestID, &c.Zone, &c.Rule, &slot, &due, &c.LastSeq, &c.Runs); err != nil {
			return err
		}
		if slot != "" {
			var err error
			if c.NextSlot, err = schedule.ParseLocal(slot); err != nil {
				return err
			}
		}
		c.NextDueAt = db.Time(due)
		out = append(out, c)
		return nil
	}, `SELECT id, digest_id, zone, rule, next_slot, next_due_at, last_seq, runs FROM cohorts `+where, args...)
	return out, err
}

// String names the cohort within its digest.
func (c *cohort) String() string { return strings.TrimSpace(c.Zone + " " + c.Rule) }

// firstSeq is where the first window of a cohort begins that has not run, as far
// as that is known: where setFirstSlot put it or, until then, what had arrived
// when package subscribers made the cohort.
func (c *cohort) firstSeq() (seq int64, ok bool) { return -2 - c.LastSeq, c.LastSeq <= -2 }

// waitsFor reports whether the run of a slot that has come is yet to begin.
func (c *cohort) waitsFor(slot schedule.Local) bool {
	return !c.NextSlot.IsZero() && !slot.Before(c.NextSlot)
}

// dueCohorts returns cohorts whose slot has come by then or has yet to be
// computed.
func (s *Store) dueCohorts(ctx context.Context, by time.Time, digests []int64) ([]cohort, error) {
	var out []cohort
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectCohorts(ctx, tx, `WHERE next_due_at <= $1 AND digest_id {in 2} ORDER BY next_due_at, id`, db.Millis(by), digests)
		return err
	})
	return out, err
}

// cohortsOf returns all cohorts of a digest.
func (s *Store) cohortsOf(ctx context.Context, digestID int64) ([]cohort, error) {
	var out []cohort
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectCohorts(ctx, tx, `WHERE digest_id = $1 ORDER BY id`, digestID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list cohorts of digest %d: %w", digestID, err)
	}
	return out, nil
}

// setNextSlot moves a cohort to another slot without a run, unless another
// planner has moved it meanwhile.
func (s *Store) setNextSlot(ctx context.Context, c cohort, slot schedule.Local, due time.Time) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := moveCohort(ctx, tx, c, slot, due)
		return err
	})
}

// endSchedule lets a cohort wait for no slot. One that has not run then begins
// with what arrives from now on.
func (s *Store) endSchedule(ctx context.Context, c cohort) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		moved, err := moveCohort(ctx, tx, c, schedule.Local{}, time.Time{})
		if err != nil || !moved || c.LastSeq >= 0 {
			return err
		}
		seq, err := lastSeq(ctx, tx)
		if err != nil {
			return err
		}
		return setCutOff(ctx, tx, c.ID, seq, c.Runs)
	})
}

// setFirstSlot is setNextSlot for a cohort that has not run, and notes in last_seq
// where its first window begins as -2 less that number: package subscribers needs
// it for readers who leave the cohort before. The run itself looks for it anew.
func (s *Store) setFirstSlot(ctx context.Context, c cohort, slot schedule.Local, r rhythm) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		moved, err := moveCohort(ctx, tx, c, slot, slot.In(r.loc))
		if err != nil || !moved {
			return err
		}
		first, err := seqAt(ctx, tx, r.firstFrom(slot))
		if err != nil {
			return err
		}
		return setCutOff(ctx, tx, c.ID, -2-first, c.Runs)
	})
}

// moveCohort is the compare-and-set that all changes of a cohort begin with. It
// reports false if the cohort is not where c says.
func moveCohort(ctx context.Context, tx *db.Tx, c cohort, slot schedule.Local, due time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE cohorts SET next_slot = $1, next_due_at = $2 WHERE id = $3 AND next_slot = $4 AND runs = $5`,
		slotText(slot), db.Millis(due), c.ID, slotText(c.NextSlot), c.Runs)
	return n == 1, err
}

// hasMoved reads a cohort anew and reports whether it is not where c said.
func (s *Store) hasMoved(ctx context.Context, c *cohort) (bool, error) {
	before := *c
	err := s.db.View(ctx, func(tx *db.Tx) error {
		found, err := selectCohorts(ctx, tx, `WHERE id = $1`, c.ID)
		if err == nil && len(found) > 0 {
			*c = found[0]
		}
		return err
	})
	return c.NextSlot != before.NextSlot || c.Runs != before.Runs, err
}

// setCutOff says where the cohort's next window begins, and its number.
func setCutOff(ctx context.Context, tx *db.Tx, cohortID, seq, runs int64) error {
	_, err := tx.Exec(ctx, `UPDATE cohorts SET last_seq = $1, runs = $2 WHERE id = $3`, seq, runs, cohortID)
	return err
}

func hasSubscribers(ctx context.Context, tx *db.Tx, cohortID int64) (bool, error) {
	var n int
	err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 FROM subscriptions WHERE cohort_id = $1 AND state = 'active' LIMIT 1) AS s`, cohortID)
	return n > 0, err
}

func slotText(l schedule.Local) string {
	if l.IsZero() {
		return ""
	}
	return l.String()
}
