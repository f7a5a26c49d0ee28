package subscribers

import (
	"context"

	"broadsheet/internal/db"
)

// noRun stands for the number of a run in which a window could begin earlier
// than the cohort's.
const noRun = -1

// noCutOff is the last cut-off of a cohort of which nothing is known. What is less
// tells where the first window of one that has not run begins: -2 after 0, -3
// after 1. Until a planner has seen the cohort that is what had arrived when it was
// made.
const noCutOff = -1

// keepWindows sees to it that a reader who moves to another cohort, chooses
// other topics or returns misses no story and gets none twice.
func keepWindows(ctx context.Context, tx *db.Tx, recs []*record) error {
	var seats []owned
	for _, r := range recs {
		for _, s := range r.seats {
			hadMail := !s.fresh && !r.ConfirmedAt.IsZero()
			if hadMail && (s.from != 0 || !s.Topics.same(s.had)) {
				seats = append(seats, owned{s, r.ID})
			}
		}
	}
	if err := keepStarts(ctx, tx, seats); err != nil {
		return err
	}
	for _, r := range recs {
		for _, s := range r.seats {
			if s.rejoins && !s.fresh {
				s.JoinedRuns = noRun
			}
		}
	}
	return nil
}

// keepStarts notes where the windows of subscriptions begin that move or choose
// anew. What it locks makes a planner that starts a run or stores a page of one
// wait, or be seen here.
func keepStarts(ctx context.Context, tx *db.Tx, seats []owned) error {
	if len(seats) == 0 {
		return nil
	}
	var ids []int64
	for _, s := range seats {
		ids = append(ids, s.CohortID)
		if s.from != 0 {
			ids = append(ids, s.from)
		}
	}
	cohorts, err := lockCohorts(ctx, tx, ids)
	if err != nil {
		return err
	}
	open, err := lockOpenRuns(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, s := range seats {
		old := s.CohortID
		if s.from != 0 {
			old = s.from
		}
		start := windowStart(cohorts[old], open[old], s)
		if began := cohorts[old].LastSeq >= 0 || s.JoinedSeq >= 0; began && !s.Topics.same(s.had) {
			s.former = s.former.add(start, s.had)
		}
		if s.from != 0 {
			from, to := cohorts[old], cohorts[s.CohortID]
			switch {
			case from.LastSeq >= 0 || s.JoinedSeq >= 0:
			case from.unseen() && to.unseen(): // both begin where the planner will say, or with the first of their readers
				if err := beginNoLater(ctx, tx, to.ID, start); err != nil {
					return err
				}
				start = noCutOff
			default: // the reader had no mail: no less than one who is new here
				start = min(start, seqOf(to.LastSeq))
			}
			s.JoinedSeq, s.JoinedRuns = start, to.Runs
			if s.State != SubscriptionActive {
				s.JoinedRuns = noRun
			}
		}
	}
	return nil
}

// beginNoLater lets the first window of a cohort that no planner has seen begin
// after a number at the latest.
func beginNoLater(ctx context.Context, tx *db.Tx, cohortID, seq int64) error {
	if seq < 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE cohorts SET last_seq = $1 WHERE id = $2 AND last_seq < $1`, noCutOff-1-seq, cohortID)
	return err
}

// lockCohorts reads cohorts and keeps planners from starting runs of them. All
// are locked at once and in their order, so that two movers never wait for each
// other.
func lockCohorts(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]cohort, error) {
	var rows []cohort
	err := tx.Select(ctx, &rows, `SELECT id, digest_id, zone, last_seq, runs, next_slot FROM cohorts WHERE id {in 1} ORDER BY id {for update}`, ids)
	found := map[int64]cohort{}
	for _, c := range rows {
		found[c.ID] = c
	}
	return found, err
}

// openRun is a run that is being planned, up to the subscriber Cursor.
type openRun struct {
	Cohort  int64 `db:"cohort_id"`
	Number  int64 `db:"number"`
	FromSeq int64 `db:"from_seq"`
	Cursor  int64 `db:"plan_cursor"`
}

// lockOpenRuns reads the runs of cohorts that are being planned, of each cohort
// in their order, and keeps planners from storing pages of them. Those of partial
// editions are not among them: they move no cut-off, and the window of a welcome
// begins days before it.
func lockOpenRuns(ctx context.Context, tx *db.Tx, cohorts []int64) (map[int64][]openRun, error) {
	var rows []openRun
	err := tx.Select(ctx, &rows, `SELECT cohort_id, number, from_seq, plan_cursor FROM runs
		WHERE cohort_id {in 1} AND planned_at = 0 AND (SELECT e.partial FROM editions e WHERE e.id = runs.edition_id) = 0
		ORDER BY id {for update}`, cohorts)
	found := map[int64][]openRun{}
	for _, r := range rows {
		found[r.Cohort] = append(found[r.Cohort], r)
	}
	return found, err
}

// windowStart returns where the next window of a subscription begins in its
// cohort, of which the given runs are being planned: after what it has had.
func windowStart(c cohort, open []openRun, s owned) int64 {
	next, start := c.Runs, c.LastSeq
	for _, run := range open {
		if run.Cursor < s.subscriber { // not its turn yet
			next, start = run.Number, run.FromSeq
			break
		}
	}
	if s.JoinedSeq >= 0 && s.JoinedRuns >= next {
		return s.JoinedSeq
	}
	return max(seqOf(start), s.JoinedSeq)
}

// seqOf is the number after which the next window of a cohort begins, by its last
// cut-off.
func seqOf(lastSeq int64) int64 {
	if lastSeq < noCutOff { // it has not run
		return noCutOff - 1 - lastSeq
	}
	return lastSeq
}
