package main_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
)

// planned is how many readers TestPlannersAreKilled has: more than two pages of a
// run.
const planned = 11_000

// localDigest is due in several zones at the same time as the digest daily, and
// has too little for some of its readers.
const localDigest = `
[[digest]]
slug = "local"
schedule = %q
local_time = true
min_items = 12
`

// TestPlannersAreKilled compares what one undisturbed planner writes with what two
// and four do that share a database and are killed again and again with kill -9.
func TestPlannersAreKilled(t *testing.T) {
	t.Parallel()
	s := campaignScale(t)
	slot := time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Minute)
	n, d := dueTwice(t, db.SQLite, slot)
	p := n.start("serve", "--only", "plan")
	until(t, "all is planned", func() bool { return unplanned(t, d) == 0 })
	p.serves()
	p.terminate()
	want := writtenByPlanners(t, d)
	total := count(t, d, `SELECT COUNT(*) FROM deliveries`)
	if skips := count(t, d, `SELECT SUM(n) FROM run_skips`); total+skips != 2*planned || skips == 0 {
		t.Fatalf("%d deliveries and %d skips, want %d in all", total, skips, 2*planned)
	}
	for i, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, planners := range []int{2, 4} {
			t.Run(fmt.Sprintf("%s/%d", dialect, planners), func(t *testing.T) {
				n, d := dueTwice(t, dialect, slot)
				struck := n.planAndDie(d, planners, total, rand.New(rand.NewPCG(s.seed, uint64(10*planners+i))))
				differ(t, writtenByPlanners(t, d), want)
				if struck < planners {
					t.Errorf("%d planners were killed before all was planned, want %d or more", struck, planners)
				}
			})
		}
	}
}

// dueTwice is a newsroom with two digests whose slot has passed: one run of the
// first, four of the second.
func dueTwice(t *testing.T, dialect db.Dialect, slot time.Time) (*newsroom, *db.DB) {
	t.Helper()
	at := fmt.Sprintf("%d %d * * *", slot.Minute(), slot.Hour())
	n := newNewsroom(t, settings{database: dbtest.URL(t, dialect), topics: 6, schedule: at, more: fmt.Sprintf(localDigest, at)}, sink.Options{})
	var b strings.Builder
	b.WriteString("email,topics,timezone\n")
	for i := range planned {
		zone := []string{"UTC", "Africa/Abidjan", "Africa/Accra", "Atlantic/Reykjavik"}[i%4]
		fmt.Fprintf(&b, "%s,%s;%s,%s\n", readerAddress(i), topicSlug(i%6), topicSlug(i/6%6), zone)
	}
	n.write("readers.csv", b.String())
	n.write("stories.json", articlesJSON(t, 0, 40, func(i int) []int { return []int{min(i%10, 5)} }))
	n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
	n.must("article", "import", "stories.json")
	d := n.open()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE articles SET arrived_at = $1, fresh_at = $1, published_at = $1`, slot.Add(-time.Hour).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE cohorts SET next_slot = $1, next_due_at = $2`, slot.Format("2006-01-02T15:04"), slot.UnixMilli())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, d
}

// unplanned counts the runs that are yet to begin or to be planned.
func unplanned(t *testing.T, d *db.DB) int {
	t.Helper()
	return count(t, d, `SELECT (SELECT COUNT(*) FROM runs WHERE planned_at = 0) + (SELECT COUNT(*) FROM cohorts WHERE runs = 0)`)
}

// planAndDie plans with so many processes. Each time when a share of the deliveries
// is there, one or all of them are killed and started anew. It returns how many
// were killed before the end.
func (n *newsroom) planAndDie(d *db.DB, planners, total int, random *rand.Rand) (struck int) {
	n.t.Helper()
	const blows = 8
	crew := make([]*process, planners)
	for i := range crew {
		crew[i] = n.start("serve", "--only", "plan")
	}
	for blow := range blows {
		at := (blow*total + random.IntN(total)) / blows
		until(n.t, "there are more deliveries", func() bool { return count(n.t, d, `SELECT COUNT(*) FROM deliveries`) >= at || unplanned(n.t, d) == 0 })
		<-time.After(time.Duration(random.IntN(20)) * time.Millisecond)
		victims := random.Perm(planners)
		if blow > 0 && random.IntN(2) == 0 {
			victims = victims[:1]
		}
		for _, i := range victims {
			crew[i].kill()
		}
		if unplanned(n.t, d) > 0 {
			struck += len(victims)
		}
		for _, i := range victims {
			crew[i] = n.start("serve", "--only", "plan")
		}
	}
	until(n.t, "all is planned", func() bool { return unplanned(n.t, d) == 0 })
	for _, p := range crew {
		p.serves()
		p.terminate()
	}
	return struck
}

// writtenByPlanners is what planning wrote, without times and ids that depend on
// who was first.
func writtenByPlanners(t *testing.T, d *db.DB) []string {
	t.Helper()
	var out []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		out = nil
		for _, query := range []string{
			`SELECT 'edition ' || e.key || ' ' || e.state || ' ' || e.kind || ' ' || CAST(e.day AS TEXT) FROM editions e`,
			`SELECT 'run ' || e.key || ' ' || c.zone || ' ' || CAST(r.from_seq AS TEXT) || '-' || CAST(r.to_seq AS TEXT) || ' ' || CAST(r.number AS TEXT) || ' '
				|| CAST(r.due AS TEXT) || ' ' || CAST(r.due_at AS TEXT) || ' ' || CAST(r.expires_at AS TEXT)
				FROM runs r JOIN editions e ON e.id = r.edition_id JOIN cohorts c ON c.id = r.cohort_id`,
			`SELECT 'skip ' || e.key || ' ' || c.zone || ' ' || k.reason || ' ' || CAST(k.n AS TEXT)
				FROM run_skips k JOIN runs r ON r.id = k.run_id JOIN editions e ON e.id = r.edition_id JOIN cohorts c ON c.id = r.cohort_id`,
			`SELECT 'selection ' || e.key || ' ' || CAST(s.id AS TEXT) || ' ' || s.stories FROM selections s JOIN editions e ON e.id = s.edition_id`,
			// How deliveries are divided depends on which runs were planned together.
			`SELECT 'batches ' || e.key || ' ' || CAST(SUM(b.size) AS TEXT) FROM batches b JOIN editions e ON e.id = b.edition_id GROUP BY e.key`,
			`SELECT 'bad batch ' || CAST(b.id AS TEXT) || ' of ' || CAST(b.size AS TEXT) FROM batches b
				WHERE b.size < 1 OR b.size > 250 OR b.size <> (SELECT COUNT(*) FROM deliveries f JOIN runs r ON r.id = f.run_id
					JOIN runs o ON o.id = b.run_id
					WHERE f.day = b.day AND f.edition_id = b.edition_id AND f.batch_id = b.id AND o.edition_id = r.edition_id AND o.expires_at = r.expires_at)`,
			`SELECT 'delivery ' || e.key || ' ' || c.zone || ' ' || CAST(d.subscriber_id AS TEXT) || ' ' || CAST(d.selection_id AS TEXT) || ' ' || d.state
				FROM deliveries d JOIN runs r ON r.id = d.run_id JOIN editions e ON e.id = r.edition_id JOIN cohorts c ON c.id = r.cohort_id`,
			`SELECT 'cohort ' || CAST(digest_id AS TEXT) || ' ' || zone || ' ' || next_slot || ' ' || CAST(last_seq AS TEXT) || ' ' || CAST(runs AS TEXT) FROM cohorts`,
			`SELECT 'window ' || CAST(subscriber_id AS TEXT) || ' ' || CAST(digest_id AS TEXT) || ' ' || CAST(joined_seq AS TEXT) || ' ' || CAST(joined_runs AS TEXT) FROM subscriptions`,
		} {
			var rows []string
			if err := tx.Select(t.Context(), &rows, query); err != nil {
				return err
			}
			out = append(out, rows...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// differ reports the first rows in which two ledgers differ.
func differ(t *testing.T, got, want []string) {
	t.Helper()
	shown := 0
	tell := func(format, row string) {
		if shown++; shown <= 10 {
			t.Errorf(format, row)
		}
	}
	for i, j := 0, 0; i < len(got) || j < len(want); {
		switch {
		case j == len(want) || i < len(got) && got[i] < want[j]:
			tell("got  %s", got[i])
			i++
		case i == len(got) || want[j] < got[i]:
			tell("want %s", want[j])
			j++
		default:
			i, j = i+1, j+1
		}
	}
	if shown > 10 {
		t.Errorf("and %d more rows", shown-10)
	}
}
