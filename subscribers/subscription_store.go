package subscribers

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// owned is a changed subscription and whose it is.
type owned struct {
	*seat
	subscriber int64
}

func changedSeats(recs []*record, fresh bool) []owned {
	var found []owned
	for _, r := range recs {
		for _, s := range r.seats {
			if s.changed && s.fresh == fresh {
				found = append(found, owned{s, r.ID})
			}
		}
	}
	return found
}

func saveSubscriptions(ctx context.Context, tx *db.Tx, recs []*record) error {
	_, err := tx.ExecRows(ctx, `INSERT INTO subscriptions
			(subscriber_id, digest_id, cohort_id, state, topics, joined_seq, joined_runs, created_at, ended_at)
		SELECT v.subscriber, v.digest, v.cohort, v.state, v.topics, v.joined_seq, v.joined_runs, v.created_at, v.ended_at
		FROM {rows}`, seatColumns(changedSeats(recs, true)))
	if err != nil {
		return err
	}
	_, err = tx.ExecRows(ctx, `UPDATE subscriptions SET cohort_id = v.cohort, state = v.state, topics = v.topics,
			joined_seq = v.joined_seq, joined_runs = v.joined_runs, created_at = v.created_at, ended_at = v.ended_at
		FROM {rows} WHERE subscriptions.subscriber_id = v.subscriber AND subscriptions.digest_id = v.digest`,
		seatColumns(changedSeats(recs, false)))
	return err
}

func seatColumns(seats []owned) []db.Column {
	return []db.Column{
		ints("subscriber", seats, func(s owned) int64 { return s.subscriber }),
		ints("digest", seats, func(s owned) int64 { return s.DigestID }),
		ints("cohort", seats, func(s owned) int64 { return s.CohortID }),
		texts("state", seats, func(s owned) SubscriptionState { return s.State }),
		texts("topics", seats, func(s owned) Topics { return s.Topics }),
		ints("joined_seq", seats, func(s owned) int64 { return s.JoinedSeq }),
		ints("joined_runs", seats, func(s owned) int64 { return s.JoinedRuns }),
		ints("created_at", seats, func(s owned) int64 { return db.Millis(s.CreatedAt) }),
		ints("ended_at", seats, func(s owned) int64 { return db.Millis(s.EndedAt) }),
	}
}

// cohort is what this package reads of one: the planner's.
type cohort struct {
	ID       int64  `db:"id"`
	DigestID int64  `db:"digest_id"`
	Zone     string `db:"zone"`
	LastSeq  int64  `db:"last_seq"`
	Runs     int64  `db:"runs"`
}

// place is what a cohort is found by.
type place struct {
	digest int64
	zone   string
}

// placeSeats finds the cohort of each subscription that needs one, making
// those that are missing, and sets where the windows of movers begin.
func placeSeats(ctx context.Context, tx *db.Tx, recs []*record) error {
	wanted := map[place]bool{}
	var seats []owned
	for _, r := range recs {
		for _, s := range r.seats {
			if s.rejoins {
				s.JoinedSeq, s.JoinedRuns = -1, 0
			}
			if s.CohortID == 0 {
				wanted[place{s.DigestID, s.Zone}] = true
				seats = append(seats, owned{s, r.ID})
			}
		}
	}
	if len(seats) == 0 {
		return nil
	}
	cohorts, err := findCohorts(ctx, tx, wanted)
	if err != nil {
		return fmt.Errorf("find cohorts: %w", err)
	}
	for _, s := range seats {
		c := cohorts[place{s.DigestID, s.Zone}]
		s.CohortID = c.ID
		if s.from == 0 || s.rejoins || s.State != SubscriptionActive {
			continue
		}
		if s.JoinedSeq, err = windowStart(ctx, tx, s); err != nil {
			return fmt.Errorf("move a subscription to another cohort: %w", err)
		}
		s.JoinedRuns = c.Runs
	}
	return nil
}

func findCohorts(ctx context.Context, tx *db.Tx, wanted map[place]bool) (map[place]cohort, error) {
	found := map[place]cohort{}
	if err := readCohorts(ctx, tx, wanted, found); err != nil {
		return nil, err
	}
	var missing []place
	for p := range wanted {
		if _, ok := found[p]; !ok {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	first, err := tx.NextIDs(ctx, "cohort", len(missing))
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(missing))
	for i := range ids {
		ids[i] = first + int64(i)
	}
	_, err = tx.ExecRows(ctx, `INSERT INTO cohorts (id, digest_id, zone) SELECT v.id, v.digest, v.zone FROM {rows}
		WHERE TRUE ON CONFLICT (digest_id, zone, rule) DO NOTHING`, []db.Column{
		db.Ints("id", ids),
		ints("digest", missing, func(p place) int64 { return p.digest }),
		texts("zone", missing, func(p place) string { return p.zone }),
	})
	if err != nil {
		return nil, err
	}
	return found, readCohorts(ctx, tx, wanted, found)
}

func readCohorts(ctx context.Context, tx *db.Tx, wanted map[place]bool, found map[place]cohort) error {
	var digests []int64
	var zones []string
	for p := range wanted {
		digests, zones = append(digests, p.digest), append(zones, p.zone)
	}
	var rows []cohort
	err := tx.Select(ctx, &rows, `SELECT id, digest_id, zone, last_seq, runs FROM cohorts
		WHERE digest_id {in 1} AND zone {in 2} AND rule = ''`, digests, zones)
	for _, c := range rows {
		found[place{c.DigestID, c.Zone}] = c
	}
	return err
}

// windowStart returns where the next window of an active subscription begins
// that leaves its cohort: after what it has had there, so that the move loses
// nothing and repeats nothing. The locks make a planner that starts a run or
// stores a page of one wait, or be seen here.
func windowStart(ctx context.Context, tx *db.Tx, s owned) (int64, error) {
	var old cohort
	err := tx.Get(ctx, &old, `SELECT id, digest_id, zone, last_seq, runs FROM cohorts WHERE id = $1 {for update}`, s.from)
	if err != nil {
		return 0, err
	}
	var open []struct {
		Number  int64 `db:"number"`
		FromSeq int64 `db:"from_seq"`
		Cursor  int64 `db:"plan_cursor"`
	}
	err = tx.Select(ctx, &open, `SELECT number, from_seq, plan_cursor FROM runs
		WHERE cohort_id = $1 AND planned_at = 0 ORDER BY number {for update}`, s.from)
	if err != nil {
		return 0, err
	}
	next, start := old.Runs, old.LastSeq
	for _, run := range open {
		if run.Cursor < s.subscriber { // not its turn yet, so it will miss this run
			next, start = run.Number, run.FromSeq
			break
		}
	}
	if s.JoinedSeq >= 0 && s.JoinedRuns >= next {
		return s.JoinedSeq, nil
	}
	return start, nil
}
