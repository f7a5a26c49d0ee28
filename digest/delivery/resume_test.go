package delivery_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func isOfX(address string) bool { return strings.HasSuffix(address, "@x.example") }

// start runs an engine; stop ends it.
func (w *world) start(e *delivery.Engine) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() {
		w.t.Helper()
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) pauseX(length time.Duration) delivery.ProviderPause {
	w.t.Helper()
	p, err := w.store().PauseProvider(w.t.Context(), "x.example", length)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

const asideCount = `SELECT count(*) FROM deliveries WHERE state = 'pending' AND reason = 'provider-paused' AND next_try_at > 0`

// TestNewEndOfPauseIsHeeded changes a pause of which a worker knows the old end only: what it puts aside meanwhile waits for
// the new one.
func TestNewEndOfPauseIsHeeded(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(w *world) error
		least, most time.Duration // how long what is put aside then waits
	}{
		"resumed": {func(w *world) error {
			_, err := w.store().ResumeProvider(w.t.Context(), "x.example", isOfX)
			return err
		}, -time.Minute, time.Second},
		"shortened":  {func(w *world) error { w.pauseX(time.Hour); return nil }, 59 * time.Minute, 112 * time.Minute},
		"lengthened": {func(w *world) error { w.pauseX(100 * time.Hour); return nil }, 7*time.Hour + 59*time.Minute, 9 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 40, 1)
				w.exec(`UPDATE runs SET expires_at = 0`)
				w.pauseX(8 * time.Hour)
				e := w.engine()
				defer w.start(e)()
				w.waitFor(40, asideCount)
				defer e.HoldPauses()()
				if err := c.change(w); err != nil {
					t.Fatal(err)
				}
				w.exec(`UPDATE deliveries SET next_try_at = 1, changed_at = 1`)
				w.waitFor(40, asideCount+` AND changed_at > 1`)
				now := w.clock.Now()
				if n := w.count(asideCount+` AND next_try_at BETWEEN $1 AND $2`, db.Millis(now.Add(c.least)), db.Millis(now.Add(c.most))); n != 40 {
					t.Errorf("%d of 40 wait for the new end", n)
				}
			})
		})
	}
}

// TestWhatWaitsIsMovedUp changes a pause while a worker runs that knows it: nothing waits for the old end.
func TestWhatWaitsIsMovedUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 300, 1)
		w.exec(`UPDATE runs SET expires_at = 0`)
		w.exec(`UPDATE subscribers SET address = 'r' || id || '@y.example' WHERE id > 250`)
		w.pauseX(20 * time.Hour)
		if _, err := w.store().PauseProvider(t.Context(), "y.example", 20*time.Hour); err != nil {
			t.Fatal(err)
		}
		e := w.engine()
		defer w.start(e)()
		w.waitFor(300, asideCount)
		end := w.pauseX(10 * time.Hour).Until
		w.waitFor(250, asideCount+` AND next_try_at BETWEEN $1 AND $2`, db.Millis(end), db.Millis(end.Add(time.Hour)))
		if n := w.count(`SELECT count(DISTINCT next_try_at) FROM deliveries WHERE next_try_at <= $1`, db.Millis(end.Add(time.Hour))); n < 200 {
			t.Errorf("they come back at %d times, want them spread", n)
		}
		w.exec(`DELETE FROM provider_pauses WHERE provider = 'x.example'`)
		w.waitFor(250, `SELECT count(*) FROM deliveries WHERE state = 'sent'`)
		if n := w.count(asideCount); n != 50 {
			t.Errorf("%d wait for the other provider, want 50", n)
		}
	})
}

// TestPausesThatEndMoveNothing lets a pause end by itself: what waits stays spread over the time after it.
func TestPausesThatEndMoveNothing(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 1, 1)
	e := w.engine()
	for _, c := range []struct {
		name    string
		change  func()
		settled bool
	}{
		{"there is none", func() {}, true},
		{"it begins", func() { w.pauseX(time.Hour) }, true},
		{"it ends", func() { w.clock.advance(time.Hour + time.Second) }, true},
		{"another begins", func() { w.pauseX(time.Hour) }, true},
		{"it lasts longer", func() { w.pauseX(2 * time.Hour) }, true},
		{"it is shortened", func() { w.pauseX(time.Hour) }, false},
		{"another worker begins, who does not know what it was", func() { e = w.engine() }, false},
	} {
		c.change()
		if settled, err := e.LookAtPauses(t.Context()); settled != c.settled || err != nil {
			t.Errorf("%s: settled %t, %v, want %t", c.name, settled, err, c.settled)
		}
	}
}

// TestResumeIsCutShort stops a resume after its first thousand deliveries, as a kill does, when no worker runs.
func TestResumeIsCutShort(t *testing.T) {
	for name, goOn := range map[string]func(w *world){
		"a worker goes on": func(*world) {},
		"it is called again": func(w *world) {
			if n, err := w.store().ResumeProvider(w.t.Context(), "x.example", isOfX); n != 500 || err != nil {
				w.t.Errorf("ResumeProvider = %d, %v, want the other 500", n, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 1500, 1)
				w.exec(`UPDATE runs SET expires_at = 0`)
				w.pauseX(20 * time.Hour)
				w.runUntilAside()
				ctx, kill := context.WithCancel(t.Context())
				asked := 0
				n, err := w.store().ResumeProvider(ctx, "x.example", func(string) bool {
					if asked++; asked > 1000 {
						kill()
					}
					return true
				})
				if n != 1000 || !errors.Is(err, context.Canceled) {
					t.Fatalf("ResumeProvider = %d, %v, want it cut short after the first 1000", n, err)
				}
				if pauses, err := w.store().Pauses(t.Context()); len(pauses) != 0 || err != nil {
					t.Errorf("pauses %+v, %v, want none", pauses, err)
				}
				goOn(w)
				if b := w.mustSend(); b.Sent != 1500 {
					t.Errorf("%+v, want all sent", b)
				}
				if n := w.count(`SELECT count(*) FROM provider_pauses WHERE paused_until = 0`); n != 0 {
					t.Error("the provider still counts as resumed")
				}
			})
		})
	}
}

// TestResumedWhileMovingUp resumes a provider when part of what waits has been moved up to the end of a shorter pause.
func TestResumedWhileMovingUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1500, 1)
		w.exec(`UPDATE runs SET expires_at = 0`)
		w.pauseX(20 * time.Hour)
		w.runUntilAside()
		w.pauseX(10 * time.Hour)
		m := delivery.NewTestMover("x.example", isOfX)
		if more, err := m.Page(t.Context(), w.store()); !more || err != nil {
			t.Fatalf("more pages %t, %v, want some", more, err)
		}
		w.exec(`UPDATE provider_pauses SET paused_until = 0`)
		for more := true; more; {
			var err error
			if more, err = m.Page(t.Context(), w.store()); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.count(asideCount+` AND next_try_at > $1`, db.Millis(w.clock.Now())); n != 0 {
			t.Errorf("%d still wait though the provider was resumed", n)
		}
	})
}

// TestMovingUpIsWaitedFor lets a run for one edition wait for what becomes of a resume that was cut short.
func TestMovingUpIsWaitedFor(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.Postgres), 10, 1)
	w.pauseX(8 * time.Hour)
	w.runUntilAside()
	w.exec(`UPDATE provider_pauses SET paused_until = 0`)
	sent := make(chan delivery.Balance, 1)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		var holder int
		if err := tx.Get(ctx, &holder, `SELECT pg_backend_pid() FROM provider_pauses FOR UPDATE`); err != nil {
			return err
		}
		go func() {
			b, err := w.engine().RunEdition(w.t.Context(), edition, nil)
			if err != nil {
				t.Error(err)
			}
			sent <- b
		}()
		for len(sent) == 0 && w.count(`SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`, holder) == 0 {
			<-time.After(5 * time.Millisecond)
		}
		for looks := w.clock.looks(); len(sent) == 0 && w.clock.looks() < looks+20; {
			<-time.After(5 * time.Millisecond)
		}
		return nil
	})
	if b := <-sent; b.Sent != 10 {
		t.Errorf("%+v, want all sent", b)
	}
}
