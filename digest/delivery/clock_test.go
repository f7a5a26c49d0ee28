package delivery_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// TestClockOfAWorkerSteps moves the clock of one of two hosts in the middle of a send. Leases follow the clock of the
// database, so neither takes what the other has, and nothing is lost or comes twice.
func TestClockOfAWorkerSteps(t *testing.T) {
	for name, step := range map[string]time.Duration{"ahead": 2 * time.Hour, "back": -2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 2000, 5)
				wrong := &clock{}
				stop := w.runBoth(wrong)
				defer stop()
				w.reach(300)
				wrong.advance(step)
				w.reach(900)
				wrong.advance(-step)
				w.waitFor(0, `SELECT count(*) FROM deliveries WHERE state = 'pending'`)
				w.leasesFollowTheDatabase()
				stop()
				w.eachOnce(2000)
				if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent'`); got != 2000 {
					t.Errorf("%d are sent, want all", got)
				}
			})
		})
	}
}

// TestClocksDisagree has two hosts send whose clocks are two hours apart all the time.
func TestClocksDisagree(t *testing.T) {
	for name, step := range map[string]time.Duration{"ahead": 2 * time.Hour, "back": -2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 2000, 5)
				wrong := &clock{}
				wrong.advance(step)
				stop := w.runBoth(wrong)
				defer stop()
				w.reach(500)
				w.leasesFollowTheDatabase()
				w.waitFor(0, `SELECT count(*) FROM deliveries WHERE state = 'pending'`)
				stop()
				w.eachOnce(2000)
				if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent'`); got != 2000 {
					t.Errorf("%d are sent, want all", got)
				}
			})
		})
	}
}

// runBoth runs two engines as if on two hosts, one with the world's clock and one with another. Its result ends them.
func (w *world) runBoth(other *clock) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var wg sync.WaitGroup
	for _, now := range []func() time.Time{w.clock.Now, other.Now} {
		dir := w.t.TempDir()
		e := w.engine(func(o *delivery.Options) { o.Now, o.StateDir = now, dir })
		wg.Go(func() {
			if err := e.Run(ctx); err != nil {
				w.t.Error(err)
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// leasesFollowTheDatabase checks that leases last as long by the clock of the database as they should, within some
// seconds.
func (w *world) leasesFollowTheDatabase() {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *db.Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var wrong int
		err = tx.Get(ctx, &wrong, `SELECT count(*) FROM batches WHERE lease_until > $1 OR lease_until > 0 AND lease_until < $2`,
			db.Millis(now.Add(40*time.Second)), db.Millis(now.Add(-10*time.Second)))
		if wrong > 0 {
			w.t.Errorf("%d leases do not follow the clock of the database", wrong)
		}
		return err
	})
}

// reach waits until the relay has taken n messages or more.
func (w *world) reach(n int) {
	w.t.Helper()
	for w.t.Context().Err() == nil {
		w.relay.mu.Lock()
		total := w.relay.total
		w.relay.mu.Unlock()
		if total >= n {
			return
		}
		<-time.After(time.Millisecond)
	}
}

// waitFor waits until a query answers n.
func (w *world) waitFor(n int, query string, args ...any) {
	w.t.Helper()
	deadline := time.After(time.Minute)
	for w.count(query, args...) != n {
		select {
		case <-deadline:
			w.t.Fatalf("%s: waited in vain for %d", query, n)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestEveryoneIsGreylisted: a server that puts off every recipient the first time gets every message the second time,
// when the clock says so, which may also go back meanwhile.
func TestEveryoneIsGreylisted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 3)
		w.relay.set(func(_ context.Context, _ string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			if n > 1 {
				return nil
			}
			return refuse(mail.ClassTemporaryRecipient, 450, "4.2.0", mail.PhaseRcpt, beforeDot)
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- w.engine().Run(ctx) }()
		w.waitFor(600, `SELECT count(*) FROM deliveries WHERE state = 'pending' AND attempts = 1 AND next_try_at > 0`)
		w.clock.advance(-2 * time.Hour)
		w.waitFor(0, `SELECT count(*) FROM batches WHERE done_at = 0`)
		if again := w.count(`SELECT count(*) FROM deliveries WHERE attempts > 1 OR next_try_at = 0`); again > 0 {
			t.Errorf("%d messages were tried again before their time", again)
		}
		w.clock.advance(2*time.Hour + 2*time.Minute)
		w.waitFor(600, `SELECT count(*) FROM deliveries WHERE state = 'sent' AND attempts = 2`)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		w.eachOnce(600)
	})
}

// TestStallAfterTheLine stops a worker, as its clock has it, between the line in the journal and the final dot for longer
// than its lease: whoever took the lease found the line, so the dot must not go out.
func TestStallAfterTheLine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		var armed atomic.Int64 // the size of the journal before the line, 0: not now
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			if to != address(4) || n > 1 {
				return nil
			}
			armed.Store(journalSize(t, w.state))
			err := beforeDot()
			if err == nil {
				t.Error("the dot was allowed after the lease had run out")
			}
			o := aborted(err)
			return &o
		})
		now := func() time.Time {
			if before := armed.Load(); before > 0 && journalSize(t, w.state) > before && armed.CompareAndSwap(before, 0) {
				w.clock.advance(time.Minute)
			}
			return w.clock.Now()
		}
		if b := w.mustSend(func(o *delivery.Options) { o.Lanes, o.Now = 1, now }); b.Sent != 10 {
			t.Errorf("%+v, want all sent in the end", b)
		}
		w.eachOnce(10)
		if armed.Load() != 0 {
			t.Error("the worker was not stopped after the line")
		}
	})
}

func journalSize(t *testing.T, state string) int64 {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(state, "*.journal"))
	if err != nil || len(found) != 1 {
		t.Errorf("journals %v, %v, want one", found, err)
		return 0
	}
	info, err := os.Stat(found[0])
	if err != nil {
		t.Error(err)
		return 0
	}
	return info.Size()
}
