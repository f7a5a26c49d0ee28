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
	err := tx.AddRows(ctx, `INSERT INTO subscriptions
			(subscriber_id, digest_id, cohort_id, state, topics, former_topics, joined_seq, joined_runs, created_at, ended_at,
			paused_until, hour, owed)
		SELECT v.subscriber, v.digest, v.cohort, v.state, v.topics, v.former, v.joined_seq, v.joined_runs, v.created_at, v.ended_at,
			v.paused_until, v.hour, v.owed
		FROM {rows}`, seatColumns(changedSeats(recs, true)))
	if err != nil {
		return err
	}
	_, err = tx.ExecRows(ctx, `UPDATE subscriptions SET cohort_id = v.cohort, state = v.state, topics = v.topics, former_topics = v.former,
			joined_seq = v.joined_seq, joined_runs = v.joined_runs, created_at = v.created_at, ended_at = v.ended_at,
			paused_until = v.paused_until, hour = v.hour, owed = v.owed
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
		texts("former", seats, func(s owned) former { return s.former }),
		ints("joined_seq", seats, func(s owned) int64 { return s.JoinedSeq }),
		ints("joined_runs", seats, func(s owned) int64 { return s.JoinedRuns }),
		ints("created_at", seats, func(s owned) int64 { return db.Millis(s.CreatedAt) }),
		ints("ended_at", seats, func(s owned) int64 { return db.Millis(s.EndedAt) }),
		ints("paused_until", seats, func(s owned) int64 { return db.Millis(s.PausedUntil) }),
		texts("hour", seats, func(s owned) string { return s.Hour }),
		texts("owed", seats, func(s owned) owed { return s.owed }),
	}
}

// cohort is what this package reads of one: the planner's.
type cohort struct {
	ID       int64  `db:"id"`
	DigestID int64  `db:"digest_id"`
	Zone     string `db:"zone"`
	Rule     string `db:"rule"`
	LastSeq  int64  `db:"last_seq"`
	Runs     int64  `db:"runs"`
	NextSlot string `db:"next_slot"`
}

// unseen reports whether no planner has looked at the cohort yet. One of an
// instant digest, which has no slots, it sees by letting its first window begin.
func (c *cohort) unseen() bool { return c.LastSeq < 0 && c.NextSlot == "" }

// place is what a cohort is found by.
type place struct {
	digest int64
	zone   string
	rule   string // the hour, "" for the digest's
}

func (s *seat) home() place { return place{s.DigestID, s.Zone, s.Hour} }

// placeSeats finds the cohort of each subscription that needs one, making
// those that are missing.
func placeSeats(ctx context.Context, tx *db.Tx, recs []*record) error {
	wanted := map[place]bool{}
	var seats []*seat
	for _, r := range recs {
		for _, s := range r.seats {
			if s.CohortID == 0 {
				wanted[s.home()] = true
				seats = append(seats, s)
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
		s.CohortID = cohorts[s.home()].ID
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
	_, err = tx.ExecRows(ctx, `INSERT INTO cohorts (id, digest_id, zone, rule, last_seq)
		SELECT v.id, v.digest, v.zone, v.rule, -2 - (SELECT value FROM counters WHERE name = 'article_seq') FROM {rows}
		WHERE TRUE ON CONFLICT (digest_id, zone, rule) DO NOTHING`, []db.Column{
		db.Ints("id", ids),
		ints("digest", missing, func(p place) int64 { return p.digest }),
		texts("zone", missing, func(p place) string { return p.zone }),
		texts("rule", missing, func(p place) string { return p.rule }),
	})
	if err != nil {
		return nil, err
	}
	return found, readCohorts(ctx, tx, wanted, found)
}

func readCohorts(ctx context.Context, tx *db.Tx, wanted map[place]bool, found map[place]cohort) error {
	var digests []int64
	var zones, rules []string
	for p := range wanted {
		digests, zones, rules = append(digests, p.digest), append(zones, p.zone), append(rules, p.rule)
	}
	var rows []cohort
	err := tx.Select(ctx, &rows, `SELECT id, digest_id, zone, rule, last_seq, runs FROM cohorts
		WHERE digest_id {in 1} AND zone {in 2} AND rule {in 3}`, digests, zones, rules)
	for _, c := range rows {
		found[place{c.DigestID, c.Zone, c.Rule}] = c
	}
	return err
}
