package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func localTime(set *digest.Setup) { set.Digests[0].LocalTime = true }

func minItems(n int) func(*digest.Setup) {
	return func(set *digest.Setup) { set.Digests[0].MinItems = n }
}

func (w *world) wantMails(want ...string) {
	w.t.Helper()
	same(w.t, "mails", w.mails(), want)
	w.balanced()
}

func (w *world) skips() []string {
	w.t.Helper()
	return w.rows(`SELECT e.key || ' ' || k.reason || ' ' || CAST(k.n AS TEXT) FROM run_skips k
		JOIN runs r ON r.id = k.run_id JOIN editions e ON e.id = r.edition_id ORDER BY e.slot, k.reason`, nil)
}

func TestPlanADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.subscribe(3, newYork, "culture")
		w.begin()
		w.put(story(1, "world"), story(2, "sport", "world"))
		w.clock.advance(-time.Second)
		w.tick()
		w.wantMails()
		w.clock.advance(time.Second)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 nothing-new 1"})
		before := w.dump()
		w.tick()
		same(t, "planning again", w.dump(), before)
		w.put(story(3, "culture"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2", "daily/2026-11-24 1: 3", "daily/2026-11-24 3: 3")
	})
}

func TestPlanTwoZonesInOneEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.subscribe(3, "Asia/Tokyo")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.exec(`UPDATE editions SET state = 'done'`)
		w.put(story(2, "world"))
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1")
		e, err := w.store.EditionByKey(t.Context(), "daily/2026-11-23")
		if err != nil || e.State != digest.EditionSending {
			t.Fatalf("got %+v, %v, want the edition to be sending again", e, err)
		}
		runs, err := w.store.Runs(t.Context(), e.ID)
		if err != nil || len(runs) != 2 || runs[0].Zone != newYork || runs[1].Zone != "America/Los_Angeles" || !runs[1].DueAt.Equal(w.clock.Now()) {
			t.Errorf("got %+v, %v, want New York's and then Los Angeles' run", runs, err)
		}
		w.clock.advance(7 * time.Hour) // 07:00 of the next day in Tokyo
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-24 3: 2 1")
	})
}

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

func TestCatchUp(t *testing.T) {
	// Stories 1 before Monday's slot, 2 before Tuesday's, 3 before Wednesday's,
	// 4 after it; nobody planned from Sunday to Wednesday.
	tests := []struct {
		catchUp digest.CatchUp
		back    time.Duration // after Wednesday's slot
		want    []string
	}{
		{digest.CatchUpMerge, 5 * time.Minute, []string{"daily/2026-11-25 1: 4 3 2 1", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpMerge, 11 * time.Hour, []string{"daily/2026-11-25 1: 4 3 2 1", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpMerge, 12 * time.Hour, []string{"daily/2026-11-26 1: 5 4 3 2 1"}},
		{digest.CatchUpEach, 5 * time.Minute, []string{"daily/2026-11-23 1: 1", "daily/2026-11-24 1: 2", "daily/2026-11-25 1: 4 3", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpSkip, 5 * time.Minute, []string{"daily/2026-11-26 1: 5 4 3 2 1"}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.catchUp, " ", test.back), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].CatchUp = test.catchUp })
				w.subscribe(1, newYork)
				w.begin()
				monday := w.clock.Now()
				for i := range 3 {
					w.clock.set(monday.AddDate(0, 0, i).Add(-time.Hour))
					w.put(story(i+1, "world"))
				}
				w.clock.advance(time.Hour + time.Minute)
				w.put(story(4, "world"))
				w.clock.advance(test.back - time.Minute)
				w.tick()
				w.put(story(5, "world"))
				w.clock.set(monday.AddDate(0, 0, 3))
				w.tick()
				w.wantMails(test.want...)
				if n := w.count(`SELECT COUNT(*) FROM runs r JOIN cohorts c ON c.id = r.cohort_id WHERE r.expires_at <= r.due_at`); n != 0 {
					t.Errorf("%d runs expire before they are due", n)
				}
			})
		})
	}
}

func TestCatchUpSkipOfOneSlot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].CatchUp = digest.CatchUpSkip })
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(10 * time.Minute) // a restart, no downtime
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.put(story(2, "world"))
		w.clock.advance(24*time.Hour + 10*time.Minute)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.put(story(3, "world"))
		w.clock.set(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-25 1: 3 2")
	})
}

func TestCatchUpEachHasAnEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].CatchUp = digest.CatchUpEach })
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.set(w.clock.Now().AddDate(0, 0, 60).Add(time.Minute))
		w.put(story(2, "world"))
		w.tick()
		w.wantMails("daily/2027-01-16 1: 1", "daily/2027-01-22 1: 2")
		if n := w.count(`SELECT COUNT(*) FROM editions`); n != 7 {
			t.Errorf("%d editions after two months, want those of a week", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM runs WHERE expires_at <= $1`, db.Millis(w.clock.Now())); n != 0 {
			t.Errorf("%d runs were planned that have expired", n)
		}
	})
}

// TestWindowsTouch lets stories arrive at all times around the cut-offs.
func TestWindowsTouch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		for i := range 20 {
			w.put(story(i, "world"))
			if i%3 == 0 {
				w.tick()
			}
			w.clock.advance(7 * time.Hour)
		}
		w.clock.set(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
		w.tick()
		for _, row := range w.rows(`SELECT 'run ' || CAST(a.number AS TEXT) FROM runs a JOIN runs b ON b.cohort_id = a.cohort_id AND b.number = a.number + 1
			WHERE b.from_seq <> a.to_seq`, nil) {
			t.Errorf("the window of %s does not touch the next", row)
		}
		var got []string
		for _, mail := range w.mails() {
			_, stories, _ := strings.Cut(mail, ": ")
			got = append(got, strings.Fields(stories)...)
		}
		slices.Sort(got)
		if len(got) != 20 || len(slices.Compact(got)) != 20 {
			t.Errorf("got %q, want each of 20 stories once", w.mails())
		}
	})
}

func TestMinItemsCarriesOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(3))
		w.subscribe(1, newYork, "world")
		w.subscribe(2, newYork, "world", "sport")
		w.begin()
		w.put(story(1, "world"), story(2, "sport"), story(3, "sport"))
		w.tick()
		w.wantMails("daily/2026-11-23 2: 3 2 1")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 too-few-stories 1"})
		w.nextDay() // nothing came: reader 1 still waits, reader 2 has nothing
		w.put(story(4, "world"))
		w.nextDay()
		w.put(story(5, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 2: 3 2 1", "daily/2026-11-26 1: 5 4 1")
		w.put(story(6, "world"))
		w.nextDay()
		w.put(story(7, "world"), story(8, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 2: 3 2 1", "daily/2026-11-26 1: 5 4 1",
			"daily/2026-11-27 2: 6 5 4", "daily/2026-11-28 1: 8 7 6")
	})
}

func TestNewcomers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.subscribe(2, newYork) // after the run: gets what comes after it
		w.put(story(2, "world"))
		w.nextDay()
		w.subscribe(3, newYork)
		w.exec(`UPDATE subscriptions SET state = 'pending' WHERE subscriber_id = 3`)
		w.put(story(3, "world"))
		w.nextDay()
		w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = 1`)
		w.exec(`UPDATE subscriptions SET state = 'active' WHERE subscriber_id = 3`)
		w.put(story(4, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3",
			"daily/2026-11-26 2: 4", "daily/2026-11-26 3: 4")
	})
}

// TestNewcomersWhileARunIsPlanned lets readers come between its pages.
func TestNewcomersWhileARunIsPlanned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.pages(digest.PageSize)
		w.begin()
		w.put(story(1, "world"), story(2, "sport"), story(3, "culture"))
		w.tickUntil(3)
		w.put(story(4, "world")) // not of this window
		w.subscribe(digest.PageSize+1, newYork)
		w.subscribe(digest.PageSize+2, newYork) // moved here: it has had this window
		w.exec(`UPDATE subscriptions SET joined_seq = 3, joined_runs = 1 WHERE subscriber_id = $1`, digest.PageSize+2)
		if err := w.planner.PlanRuns(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		w.balanced()
		w.nextDay()
		w.balanced()
		got := slices.DeleteFunc(w.mails(), func(mail string) bool { return !strings.Contains(mail, " 5001:") && !strings.Contains(mail, " 5002:") })
		same(t, "newcomers", got, []string{
			"daily/2026-11-23 5001: 3 2 1", "daily/2026-11-24 5001: 4", "daily/2026-11-24 5002: 4",
		})
	})
}

// TestMovedReader moves between two cohorts of one edition as package
// subscribers does: with the end of what it had as the start of its next
// window.
func TestMovedReader(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.subscribe(3, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.exec(`UPDATE subscriptions SET cohort_id = $1, joined_seq = 1, joined_runs = 0 WHERE subscriber_id = 1`, w.cohort("America/Los_Angeles"))
		w.put(story(2, "world"))
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-23 3: 1")
		w.put(story(3, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-23 3: 1",
			"daily/2026-11-24 1: 3 2", "daily/2026-11-24 2: 3", "daily/2026-11-24 3: 3 2")
	})
}

func TestMovedReaderLeavesNoEmptyBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.cohort("America/Los_Angeles")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.exec(`UPDATE subscriptions SET cohort_id = $1, joined_seq = 1, joined_runs = 0`, w.cohort("America/Los_Angeles"))
		w.put(story(2, "world"))
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
	})
}

// TestMovesWhileARunIsPlanned moves readers ahead of the planner, as package
// subscribers does: with the run locked, and by how far it got. Each reader
// gets the story by one of the two cohorts.
func TestMovesWhileARunIsPlanned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const readers = 2*digest.PageSize + 100
		w := newWorld(t, d, localTime)
		w.pages(readers)
		from, to := w.cohort(newYork), w.cohort("America/Los_Angeles")
		w.subscribe(readers+1, "America/Los_Angeles")
		w.begin()
		w.put(story(1, topicSlugs...))
		planned := make(chan error, 1)
		go func() { planned <- w.planner.Tick(t.Context(), w.clock.Now()) }()
		for id := int64(readers); id > readers-40; id-- {
			if err := w.move(id-(readers-id)*200, from, to); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-planned; err != nil {
			t.Fatal(err)
		}
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.nextDay()
		w.balanced()
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != readers+1 {
			t.Errorf("%d deliveries, want one for each of %d readers", n, readers+1)
		}
		if n := w.count(`SELECT COUNT(DISTINCT subscriber_id) FROM deliveries`); n != readers+1 {
			t.Errorf("%d readers got the story, want %d", n, readers+1)
		}
	})
}

func (w *world) move(id, from, to int64) error {
	return w.db.Write(w.ctx(), func(tx *db.Tx) error {
		var seq, runs, cursor, start, target int64
		one := func(dest *int64, query string, args ...any) error {
			err := tx.Get(w.ctx(), dest, query, args...)
			if errors.Is(err, db.ErrNoRows) {
				return nil
			}
			return err
		}
		start = -1
		if err := errors.Join(
			one(&seq, `SELECT last_seq FROM cohorts WHERE id = $1 {for update}`, from),
			one(&runs, `SELECT id FROM runs WHERE cohort_id = $1 AND planned_at = 0 {for update}`, from),
			one(&cursor, `SELECT plan_cursor FROM runs WHERE id = $1`, runs),
			one(&start, `SELECT from_seq FROM runs WHERE id = $1`, runs),
			one(&target, `SELECT runs FROM cohorts WHERE id = $1`, to),
		); err != nil {
			return err
		}
		if start >= 0 && cursor < id {
			seq = start // not its turn yet, so it will miss this run
		}
		_, err := tx.Exec(w.ctx(), `UPDATE subscriptions SET cohort_id = $1, joined_seq = $2, joined_runs = $3 WHERE subscriber_id = $4`, to, seq, target, id)
		return err
	})
}

func TestCancelledEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 2 })
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.subscribe(3, "America/Los_Angeles", "sport")
		w.begin()
		w.clock.advance(3 * time.Hour)
		w.put(story(1, "world"), story(2, "sport"))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2 1")
		w.clock.set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
		w.put(story(3, "world"), story(4, "world"))
		w.tick()
		e, err := w.store.SetEditionState(t.Context(), "daily/2026-11-24", digest.EditionCancelled, "a mistake")
		if err != nil || e.State != digest.EditionCancelled || e.Reason != "a mistake" {
			t.Fatalf("got %+v, %v, want it cancelled", e, err)
		}
		w.clock.advance(3 * time.Hour) // Los Angeles has not begun: its stories come later
		w.tick()
		w.put(story(5, "sport"))
		w.clock.advance(24 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-24 1: 4 3",
			"daily/2026-11-25 2: 5 4 3", "daily/2026-11-25 3: 5 2")
		if e, err = w.store.SetEditionState(t.Context(), "daily/2026-11-24", digest.EditionSending, ""); err != nil || e.State != digest.EditionCancelled {
			t.Errorf("got %+v, %v, want a cancelled edition to stay so", e, err)
		}
	})
}

func TestCancellingEndsPlanning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.pages(digest.PageSize + 5)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.tickUntil(3)
		if _, err := w.store.SetEditionState(t.Context(), "daily/2026-11-23", digest.EditionCancelled, ""); err != nil {
			t.Fatal(err)
		}
		w.tick()
		w.balanced()
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != digest.PageSize {
			t.Errorf("%d deliveries, want the first page's %d", n, digest.PageSize)
		}
	})
}

func TestRetiredDigest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.pages(digest.PageSize + 5)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.tickUntil(3)
		w.configure(newSetup(t, func(set *digest.Setup) { set.Digests[0].Slug = "other" }))
		before := w.dump()
		w.tick()
		w.nextDay()
		same(t, "after the digest retired", w.dump(), before)
	})
}

func TestEmptyCohort(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.cohort(newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		if n := w.count(`SELECT COUNT(*) FROM editions`); n != 0 {
			t.Errorf("%d editions for nobody, want none", n)
		}
		w.subscribe(1, newYork)
		w.put(story(2, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-24 1: 2")
	})
}

func TestFirstWindowOfACohort(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		slot := w.clock.Now()
		at := func(since time.Duration, n int, topics ...string) {
			w.clock.set(slot.Add(since))
			w.put(story(n, topics...))
		}
		at(-25*time.Hour, 1, "world") // before the slot that the cohort did not see
		at(-24*time.Hour, 2, "world")
		at(-23*time.Hour, 3, "world")
		at(-time.Hour, 1, "world", "sport") // old, but with a new topic
		at(-time.Minute, 4, "world")
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.clock.set(slot)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 4 3", "daily/2026-11-23 2: 1")
	})
}

// TestFirstSlotPassed keeps the stories of a new cohort that missed its slot.
func TestFirstSlotPassed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(13 * time.Hour)
		w.tick()
		w.wantMails()
		w.put(story(2, "world"))
		w.clock.advance(11 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-24 1: 2 1")
	})
}

func TestRefreshTakesANewScheduleOver(t *testing.T) {
	schedule := func(expr string) func(*digest.Setup) {
		return func(set *digest.Setup) { set.Digests[0].Schedule = cron(t, expr); set.Digests[0].LocalTime = true }
	}
	before := []string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-24 1: 2"}
	tests := []struct {
		name, expr string
		want       []string
	}{
		{"the same", "0 7 * * *", []string{"daily/2026-11-24 2: 2", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3"}},
		{"later: who had the date's edition gets no second one", "0 9 * * *", []string{"daily/2026-11-24 2: 2", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3"}},
		{"earlier: whose time has passed waits for tomorrow", "0 4 * * *", []string{"daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3 2"}},
		{"twice a day", "0 7,18 * * *", []string{"daily/2026-11-24 2: 2", "daily/2026-11-24T18:00 1: 3", "daily/2026-11-24T18:00 2: 3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, schedule("0 7 * * *"))
				w.subscribe(1, newYork)
				w.subscribe(2, "America/Los_Angeles")
				w.begin()
				w.put(story(1, "world"))
				w.hours(24)
				w.put(story(2, "world"))
				w.tick()
				w.clock.advance(90 * time.Minute) // 08:30 in New York, 05:30 in Los Angeles
				w.configure(newSetup(t, schedule(test.expr)))
				if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
					t.Fatal(err)
				}
				rows := w.dump()
				if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
					t.Fatal(err)
				}
				same(t, "refreshing again", w.dump(), rows)
				w.hours(7)
				w.put(story(3, "world"))
				w.hours(26)
				w.wantMails(append(before, test.want...)...)
			})
		})
	}
}

// hours lets n hours pass under the eyes of the planner.
func (w *world) hours(n int) {
	w.t.Helper()
	for range 2 * n {
		w.tick()
		w.clock.advance(30 * time.Minute)
	}
}

// TestRefreshKeepsAMissedSlot: a service that was down over a slot catches up.
func TestRefreshKeepsAMissedSlot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(2 * time.Hour)
		if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
	})
}

func TestABadCohortStopsNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, "Mars/Olympus")
		w.subscribe(2, newYork)
		w.clock.advance(-time.Minute)
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil || !strings.Contains(err.Error(), "Mars/Olympus") {
			t.Errorf("got %v, want the zone to be named", err)
		}
		w.clock.advance(time.Minute)
		w.put(story(1, "world"))
		if err := w.planner.Refresh(t.Context(), w.clock.Now()); err == nil || !strings.Contains(err.Error(), "Mars/Olympus") {
			t.Errorf("got %v, want the zone to be named", err)
		}
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil || strings.Count(err.Error(), "start run") != 1 {
			t.Errorf("got %v, want one error", err)
		}
		w.wantMails("daily/2026-11-23 2: 1")
	})
}

func TestTopicThatComesAndGoesRepeatsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.put(story(1, "world", "sport"))
		w.tick()
		for _, topics := range [][]string{{"world"}, {"sport"}, {"culture"}, {"world", "sport"}} {
			w.put(story(1, topics...))
			w.nextDay()
		}
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1")
	})
}

// TestFirstFetchSendsNoFlood: three hundred stories at once fill one mail.
func TestFirstFetchSendsNoFlood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { twoFeeds(set); set.Digests[0].MaxItems = 3 })
		w.subscribe(1, newYork)
		w.begin()
		var items []digest.Incoming
		for i := range 300 {
			in := story(i, "world")
			in.GUID, in.PublishedAt = fmt.Sprint(i), w.clock.Now().Add(time.Duration(i-300)*time.Hour)
			items = append(items, in)
		}
		w.putFrom(0, items...)
		w.tick()
		for i := range items { // all ids change
			items[i].GUID += "-new"
		}
		w.putFrom(0, items...)
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 299 298 297 +297")
	})
}

func TestHeldAndWithdrawnStoriesAreNotChosen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"), story(2, "world"), story(3, "world"))
		w.exec(`UPDATE articles SET held_at = 1 WHERE url LIKE '%/1'`)
		w.exec(`UPDATE articles SET withdrawn_at = 1 WHERE url LIKE '%/2'`)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 3")
	})
}
