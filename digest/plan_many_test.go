package digest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestPlanFromMany compares planners that work at once with a single one.
func TestPlanFromMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill := func(w *world) {
			for i := range int64(40) {
				w.subscribe(i+1, []string{newYork, "America/Toronto", "America/Lima", "America/Panama"}[i%4], topicSlugs[:1+i%5]...)
			}
			w.begin()
			for i := range 30 {
				w.put(story(i, topicSlugs[i%5]))
			}
		}
		alone := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 10 })
		fill(alone)
		many := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 10 })
		fill(many)
		for range 2 {
			alone.tick()
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := many.newPlanner().Tick(t.Context(), many.clock.Now()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			same(t, "four planners", many.ledger(), alone.ledger())
			many.balanced()
			for _, w := range []*world{alone, many} {
				w.put(story(100, "world"), story(101, "local"), story(102, "local"))
				w.clock.advance(24 * time.Hour)
			}
		}
		if n := len(many.mails()); n < 10 {
			t.Errorf("%d mails, want the test to compare some", n)
		}
	})
}

// pages makes n subscriptions by one statement.
func (w *world) pages(n int64) {
	w.t.Helper()
	cohort := w.cohort(newYork)
	err := w.db.Write(w.ctx(), func(tx *db.Tx) error {
		ids, addresses, topics := make([]int64, n), make([]string, n), make([]string, n)
		for i := range ids {
			ids[i], addresses[i] = int64(i+1), fmt.Sprintf("r%d@reader.example", i+1)
			topics[i] = w.topicIDs(topicSlugs[i%5], topicSlugs[i%3])
		}
		if _, err := tx.ExecRows(w.ctx(), `INSERT INTO subscribers (id, address, state, created_at) SELECT v.id, v.address, 'active', 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids), db.Texts("address", addresses)}); err != nil {
			return err
		}
		_, err := tx.ExecRows(w.ctx(), `INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at)
			SELECT v.id, $1, $2, 'active', v.topics, 1 FROM {rows}`, []db.Column{db.Ints("id", ids), db.Texts("topics", topics)}, w.daily.ID, cohort)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestPlanKilled plans three pages and is killed at many points.
func TestPlanKilled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const readers = 2*digest.PageSize + 700
		fill := func(w *world) {
			w.pages(readers)
			w.begin()
			for i := range 12 {
				w.put(story(i, topicSlugs[i%5]))
			}
		}
		alone := newWorld(t, dbtest.Open(t, db.SQLite), minItems(5))
		fill(alone)
		alone.tick()
		w := newWorld(t, d, minItems(5))
		fill(w)
		for _, step := range []struct {
			asked  int
			cursor int64 // of the run, -1 if there is none
		}{{1, -1}, {2, 0}, {1, 0}, {2, digest.PageSize}, {1, digest.PageSize}, {2, 2 * digest.PageSize}} {
			w.tickUntil(step.asked)
			if got := w.count(`SELECT COALESCE(MAX(plan_cursor), -1) FROM runs`); got != step.cursor {
				t.Errorf("killed at subscriber %d, want %d", got, step.cursor)
			}
		}
		w.tick()
		same(t, "after being killed", w.ledger(), alone.ledger())
		w.balanced()
		if n := w.count(`SELECT COUNT(*) FROM deliveries`) + w.count(`SELECT SUM(n) FROM run_skips`); n != readers {
			t.Errorf("%d deliveries and skips, want %d", n, readers)
		}
		if n := w.count(`SELECT MAX(size) FROM batches`); n != digest.BatchSize {
			t.Errorf("the largest batch has %d deliveries, want %d", n, digest.BatchSize)
		}
	})
}

func TestPlanUnderManyPlannersInPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.pages(2*digest.PageSize + 10)
		w.begin()
		for i := range 5 {
			w.put(story(i, topicSlugs[i]))
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := w.newPlanner().Tick(t.Context(), w.clock.Now()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.balanced()
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 2*digest.PageSize+10 {
			t.Errorf("%d deliveries, want one each", n)
		}
	})
}

// TestPlanInTurns has a large run before a small one and an urgent one after
// both: the order in which readers are planned is that of their batches.
func TestPlanInTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			localTime(set)
			breaking := set.Digests[0]
			breaking.Slug, breaking.Name, breaking.Urgent = "breaking", "Breaking news", true
			set.Digests = append(set.Digests, breaking)
		})
		const many = 4 * digest.PageSize
		w.pages(many)
		w.subscribe(many+1, "America/Lima")
		panama := w.cohort("America/Panama")
		w.exec(`UPDATE cohorts SET digest_id = $1 WHERE id = $2`, w.setup.Digests[1].ID, panama)
		w.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at)
			SELECT subscriber_id, $1, $2, 'active', topics, 1 FROM subscriptions WHERE subscriber_id <= $3`, w.setup.Digests[1].ID, panama, digest.PageSize+1)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.clock.advance(time.Minute) // all have been due for a minute
		w.tick()
		got := w.rows(`SELECT c.zone || ' ' || CAST(COUNT(*) AS TEXT) FROM batches b JOIN runs r ON r.id = b.run_id JOIN cohorts c ON c.id = r.cohort_id
			GROUP BY c.zone ORDER BY MIN(b.id)`, nil)
		perPage := digest.PageSize / digest.BatchSize
		same(t, "batches", got, []string{fmt.Sprint("America/Panama ", perPage+1), fmt.Sprint("America/New_York ", 4*perPage), "America/Lima 1"})
		if n := w.count(`SELECT COUNT(*) FROM batches b JOIN runs r ON r.id = b.run_id WHERE r.cohort_id <> $1
			AND b.id < (SELECT MAX(o.id) FROM batches o JOIN runs p ON p.id = o.run_id WHERE p.cohort_id = $1)`, panama); n != 0 {
			t.Errorf("%d batches came before the last one of the urgent edition", n)
		}
		before := w.count(`SELECT COUNT(*) FROM batches b JOIN runs r ON r.id = b.run_id WHERE r.cohort_id = $1
			AND b.id < (SELECT MIN(o.id) FROM batches o JOIN runs p ON p.id = o.run_id WHERE p.cohort_id = $2)`, w.cohort(newYork), w.cohort("America/Lima"))
		if before != int64(perPage) {
			t.Errorf("%d batches of the large run came before the small one, want those of a page", before)
		}
		w.balanced()
	})
}

// TestManyRunsThatFail: they keep none but their followers from being planned,
// however many come before.
func TestManyRunsThatFail(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	const failing = 201
	for id := range int64(failing) {
		w.subscribe(id+1, fmt.Sprint("Broken/", id)) // is due as in the digest's own zone
	}
	w.exec(`UPDATE subscriptions SET former_topics = 'broken'`)
	w.subscribe(failing+1, newYork)
	w.begin()
	w.put(story(1, "world"))
	if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil {
		t.Error("got no error of the runs that fail")
	}
	same(t, "mails", w.mails(), []string{"daily/2026-11-23 202: 1"})
}

// TestManyWindows: windows that begin at more places than candidates are kept
// for, of which the earliest come with the last page.
func TestManyWindows(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { set.Digests[0].MaxItems = 100 })
	w.pages(2*digest.PageSize + 200)
	w.exec(`UPDATE subscriptions SET topics = '*', joined_runs = 0, joined_seq = CASE WHEN subscriber_id > $1 THEN subscriber_id % 60 ELSE 10 + subscriber_id % 50 END`,
		2*digest.PageSize)
	w.begin()
	w.clock.advance(-25 * time.Hour)
	for n := range 60 {
		w.put(story(n, "world"))
	}
	w.clock.advance(25 * time.Hour)
	w.exec(`UPDATE cohorts SET last_seq = 59`)
	w.tick()
	rows := w.rows(`SELECT CAST(u.joined_seq AS TEXT) || ': ' || s.stories FROM deliveries d JOIN subscriptions u ON u.subscriber_id = d.subscriber_id
		JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id`, nil)
	if len(rows) != 2*digest.PageSize+200 {
		t.Fatalf("%d mails, want one for each reader", len(rows))
	}
	for _, row := range rows {
		start, text, _ := strings.Cut(row, ": ")
		selection, err := digest.ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(selection.Stories), 60-int(atoi(t, start)); got != want {
			t.Fatalf("a window that begins after %s brought %d stories, want %d", start, got, want)
		}
	}
}
