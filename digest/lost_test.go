package digest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestCancelledPartialEdition: what it had planned and never sent comes with
// the next edition, what went out does not.
func TestCancelledPartialEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.begin()
		w.tick()
		w.put(story(1, "world"))
		w.clock.advance(time.Minute)
		e := w.send(digest.Send{Recipients: []int64{1, 2}})
		w.exec(`UPDATE deliveries SET state = 'sent' WHERE subscriber_id = 2`)
		if _, err := w.store.SetEditionState(t.Context(), e.Key, digest.EditionCancelled, ""); err != nil {
			t.Fatal(err)
		}
		w.put(story(2, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23T07:01:01 1: 1", "daily/2026-11-23T07:01:01 2: 1", "daily/2026-11-24 1: 2 1", "daily/2026-11-24 2: 2")
	})
}

// meanwhile runs do while a transaction that has run a statement is open, and
// commits that when do waits for it, or has ended.
func (w *world) meanwhile(do func() error, query string, args ...any) {
	w.t.Helper()
	w.whileWaiting(do, func() {}, query, args...)
}

// whileWaiting is meanwhile with something that happens before the commit, and
// on SQLite, where nothing can be written then, after it.
func (w *world) whileWaiting(do func() error, then func(), query string, args ...any) {
	w.t.Helper()
	d, done := w.db.Dialect(), make(chan error, 1)
	err := w.db.Write(w.ctx(), func(tx *db.Tx) error {
		if _, err := tx.Exec(w.ctx(), query, args...); err != nil {
			return err
		}
		go func() { done <- do() }()
		if err := w.untilBlocking(tx, done); err != nil || d == db.SQLite {
			return err
		}
		then()
		return nil
	})
	if err == nil {
		err = <-done
	}
	if err == nil && d == db.SQLite {
		then()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// untilBlocking returns when another transaction waits for tx, or the other
// side has ended. On SQLite all others do.
func (w *world) untilBlocking(tx *db.Tx, done chan error) error {
	if w.db.Dialect() == db.SQLite {
		return nil
	}
	for n := 0; n == 0 && len(done) == 0; {
		if err := tx.Get(w.ctx(), &n, `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))`); err != nil {
			return err
		}
	}
	return nil
}

// TestEditionChangesAsARunStarts: who cancels an edition or finds it done as
// another zone's run starts is seen by that run.
func TestEditionChangesAsARunStarts(t *testing.T) {
	both := []string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2"}
	for _, test := range []struct {
		to, then digest.EditionState
		want     []string
	}{
		{digest.EditionDone, digest.EditionSending, both},
		{digest.EditionPaused, digest.EditionPaused, both},
		{digest.EditionCancelled, digest.EditionCancelled, []string{"daily/2026-11-23 1: 1", "daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2 1"}},
	} {
		t.Run(string(test.to), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, localTime)
				w.subscribe(1, newYork)
				w.subscribe(2, "America/Los_Angeles")
				w.begin()
				w.put(story(1, "world"))
				w.tick()
				w.clock.advance(3 * time.Hour)
				w.meanwhile(func() error { return w.planner.Tick(t.Context(), w.clock.Now()) },
					`UPDATE editions SET state = $1`, string(test.to))
				e, err := w.store.EditionByKey(t.Context(), "daily/2026-11-23")
				if err != nil || e.State != test.then {
					t.Errorf("got %+v, %v, want the edition to be %s", e, err, test.then)
				}
				w.put(story(2, "world"))
				w.clock.advance(24 * time.Hour)
				w.tick()
				w.wantMails(test.want...)
			})
		})
	}
}

// stopAtRun plans until the store has begun the run of the slot, and not a page
// of it.
func (w *world) stopAtRun() {
	w.t.Helper()
	w.tickUntil(2)
	if n := w.count(`SELECT COUNT(*) FROM runs WHERE planned_at = 0 AND plan_cursor = 0`); n != 1 {
		w.t.Fatalf("%d runs wait to be planned, want one", n)
	}
}

// TestRunsOfACohortArePlannedInOrder: a send by hand finds the run before it
// unplanned. What that leaves open or carries counts all the same.
func TestRunsOfACohortArePlannedInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(2))
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.put(story(1, "world"))
		w.stopAtRun()
		w.clock.advance(time.Minute)
		w.put(story(2, "sport"), story(3, "sport"))
		w.send(digest.Send{})
		w.tick()
		w.put(story(4, "world"), story(5, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23T07:01:01 1: 3 2 1", "daily/2026-11-23T07:01:01 2: 3 2", "daily/2026-11-24 1: 5 4")
	})
}

// TestAPartialRunIsPlannedInOrder: a run that begins when a partial edition is
// not planned yet waits for it.
func TestAPartialRunIsPlannedInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.begin()
		w.clock.advance(-time.Minute)
		w.put(story(1, "world"))
		ctx, cancel := context.WithCancel(t.Context())
		now, asked := w.clock.Now(), 0
		w.clock.asked = func() { // for the edition, then for its page
			if asked++; asked == 2 {
				cancel()
			}
		}
		_, err := w.planner.SendNow(ctx, digest.Send{Digest: w.daily, Recipients: []int64{2}}, now)
		if w.clock.asked = nil; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the send to be killed", err)
		}
		w.exec(`UPDATE runs SET due_at = due_at + 3600000`) // so that the slot's run seems to come first
		w.put(story(2, "world"))
		w.clock.advance(time.Minute)
		w.tick()
		w.wantMails("daily/2026-11-23T06:59:01 2: 1", "daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2")
	})
}

// TestAnEarlierRunThatFailsHoldsUpTheLater: nothing is guessed.
func TestAnEarlierRunThatFailsHoldsUpTheLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.stopAtRun()
		w.exec(`UPDATE editions SET slot = 'gibberish' WHERE key = 'daily/2026-11-23'`)
		w.put(story(2, "world"))
		w.clock.advance(24 * time.Hour)
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil || !strings.Contains(err.Error(), "plan run") {
			t.Errorf("got %v, want the run to fail", err)
		}
		if e, err := w.planner.SendNow(t.Context(), digest.Send{Digest: w.daily}, w.clock.Now()); err == nil || !strings.Contains(err.Error(), "plan run") {
			t.Errorf("got %+v, %v, want the send to name the run", e, err)
		}
		same(t, "while a run fails", w.mails(), nil)
		w.exec(`UPDATE editions SET slot = '2026-11-23T07:00' WHERE key = 'daily/2026-11-23'`)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-24 1: 2")
	})
}
