package digest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

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
