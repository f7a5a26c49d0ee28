package db_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"broadsheet/internal/db"
)

// TestSubscriptionsByCohort migrates a database with subscriptions from an index
// without their columns. One has more topics than a row of an index has room for on
// PostgreSQL.
func TestSubscriptionsByCohort(t *testing.T) {
	const every = `SELECT subscriber_id || ' ' || digest_id || ' ' || cohort_id || ' ' || state || ' ' || topics || ' ' || joined_seq
		FROM subscriptions ORDER BY subscriber_id, digest_id`
	const insert = `INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, joined_seq, created_at) VALUES ($1, $2, $3, $4, $5, $6, 1)`
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			d := before(t, dialect, 7)
			exec := func(query string, args ...any) error {
				return d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), query, args...); return err })
			}
			for i := range 3 {
				must(t, exec(`INSERT INTO digests (id, slug, name) VALUES ($1, $2, '')`, i+1, string(rune('a'+i))))
				must(t, exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES ($1, $1, 'UTC')`, i+1))
			}
			topics := "," + strings.Join(numbers(4000), ",") + ","
			for i, state := range []string{"active", "ended", "pending", "suppressed"} {
				must(t, exec(`INSERT INTO subscribers (id, address, state, created_at) VALUES ($1, $2, 'active', 1)`, i+1, state))
				must(t, exec(insert, i+1, 1, 1, state, topics[:len(topics)/(i+1)], i-1))
				must(t, exec(insert, i+1, 2, 2, state, "*", -1))
			}
			want := lines(t, d, every)
			_, err := d.Migrate(t.Context())
			must(t, err)
			if got := lines(t, d, every); len(got) != 8 || !slices.Equal(got, want) {
				t.Errorf("after the migration there are %d subscriptions, or they are others", len(got))
			}
			if err := exec(insert, 1, 1, 3, "active", "*", -1); !db.IsDuplicate(err) {
				t.Errorf("a second subscription to a digest = %v, want a duplicate", err)
			}
			must(t, exec(insert, 1, 3, 3, "active", topics, -1))
			if known := lines(t, d, `SELECT homed FROM digests WHERE homed <> ''`); len(known) > 0 {
				t.Errorf("of digests it is known %q", known)
			}
		})
	}
}

// numbers are so many that hardly any compression shortens.
func numbers(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(random.IntN(10_000))
	}
	return out
}
