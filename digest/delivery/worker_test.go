package delivery_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

func TestTwoWorkers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2000, 40)
		w.exec(`UPDATE deliveries SET next_try_at = 1 WHERE batch_id >= 5`) // and 1,000 of them come out of the sweepers
		w.exec(`UPDATE batches SET done_at = 1 WHERE id >= 5`)
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				o := w.options()
				if i == 1 {
					o.StateDir = t.TempDir() // as on another host
				}
				e, err := delivery.New(o)
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := e.RunEdition(t.Context(), edition, nil); err != nil || b.Sent != 2000 {
					t.Errorf("%+v, %v, want all sent", b, err)
				}
			})
		}
		wg.Wait()
		w.eachOnce(2000)
		if got := w.count(`SELECT count(*) FROM batches WHERE done_at = 0 OR worker <> '' OR lease_until <> 0 OR size > 250`); got != 0 {
			t.Errorf("%d batches are open, leased or too large, want 0", got)
		}
		if got := w.count(`SELECT CAST(SUM(size) AS BIGINT) FROM batches WHERE id > 1000`); got != 1000 {
			t.Errorf("the new batches hold %d deliveries, want 1000", got)
		}
		if got := w.editionState(); got != "done" {
			t.Errorf("the edition is %s, want done", got)
		}
	})
}

// die starts an engine over more than two batches, lets it send until all its lanes hang past the dot, and returns a copy of its state folder
// with the lock free, as the death of its process leaves it.
func die(t *testing.T, w *world, lanes, before int) string {
	t.Helper()
	var hung sync.WaitGroup
	hung.Add(lanes)
	var mu sync.Mutex
	sent := 0
	w.relay.set(func(ctx context.Context, to string, _ int, msg []byte, beforeDot func() error) *mail.Outcome {
		mu.Lock()
		sent++
		hangs := sent > before
		mu.Unlock()
		if !hangs {
			return nil
		}
		if err := beforeDot(); err != nil {
			o := aborted(err)
			return &o
		}
		hung.Done()
		<-ctx.Done()
		return &mail.Outcome{Class: mail.ClassUncertain, Err: mail.ErrUncertain, Reply: mail.Reply{Phase: mail.PhaseDot}}
	})
	e := w.engine(func(o *delivery.Options) { o.Lanes, o.Drain = lanes, 40*time.Millisecond })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	hung.Wait()
	for w.count(`SELECT count(*) FROM batches WHERE worker <> ''`) < 2 { // what it has in hand and in its queue
		<-time.After(5 * time.Millisecond)
	}
	w.relay.set(nil)
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(w.state)); err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestDeadWorker(t *testing.T) {
	for policy, want := range map[delivery.Policy]delivery.Balance{
		delivery.Hold:       {Sent: 595, Uncertain: 5},
		delivery.Resend:     {Sent: 600},
		delivery.AssumeSent: {Sent: 600},
	} {
		t.Run(string(policy), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 600, 7)
				w.state = t.TempDir()
				left := die(t, w, 5, 130)
				b := w.mustSend(func(o *delivery.Options) { o.StateDir, o.OnUncertain = left, policy })
				if b.Sent != want.Sent || b.Uncertain != want.Uncertain || b.Pending != 0 {
					t.Errorf("%+v, want %+v", b, want)
				}
				w.relay.mu.Lock()
				total := w.relay.total
				w.relay.mu.Unlock()
				if wantTotal := map[delivery.Policy]int{delivery.Hold: 595, delivery.Resend: 600, delivery.AssumeSent: 595}[policy]; total != wantTotal {
					t.Errorf("the relay took %d messages, want %d", total, wantTotal)
				}
				for i := range 600 {
					if got := len(w.relay.taken(address(i + 1))); got > 1 {
						t.Errorf("%s got %d messages", address(i+1), got)
					}
				}
				if files, _ := filepath.Glob(filepath.Join(left, "*")); len(files) != 0 {
					t.Errorf("journals are left: %v", files)
				}
			})
		})
	}
}

func TestWorkerGoneWithItsHost(t *testing.T) {
	for policy, want := range map[delivery.Policy]struct {
		balance delivery.Balance
		taken   int
	}{
		delivery.Hold:       {delivery.Balance{Sent: 250, Uncertain: 250}, 250},
		delivery.Resend:     {delivery.Balance{Sent: 500}, 500},
		delivery.AssumeSent: {delivery.Balance{Sent: 500}, 250},
	} {
		t.Run(string(policy), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 500, 3)
				w.exec(`UPDATE batches SET worker = 'elsewhere-1-aa', lease_until = 1000, fence = 3 WHERE id = 1`)
				b := w.mustSend(func(o *delivery.Options) { o.OnUncertain = policy })
				if b.Sent != want.balance.Sent || b.Uncertain != want.balance.Uncertain || w.relay.total != want.taken {
					t.Errorf("%+v and %d taken, want %+v", b, w.relay.total, want)
				}
			})
		})
	}
}

func TestJournalOfAnotherBoot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 500, 3)
		w.exec(`UPDATE batches SET worker = 'before-the-power-cut', lease_until = $1, fence = 1 WHERE id = 1`,
			db.Millis(time.Now().Add(time.Hour)))
		j := openJournal(t, w.state, "before-the-power-cut")
		if err := j.SetBoot("another"); err != nil {
			t.Fatal(err)
		}
		e := delivery.Entry{Edition: edition, Day: day, Subscriber: 1, Batch: 1, N: 1, ComposedAt: time.Now(), At: time.Now()}
		j.Reply(dot(t, j, e), replied(e, "queued"))
		j.Close()
		b := w.mustSend()
		if b.Sent != 251 || b.Uncertain != 249 {
			t.Errorf("%+v, want the one with a reply and the other batch sent, the rest uncertain", b)
		}
		w.eachOnce(0)
	})
}

func TestStalledWorker(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20, 1)
		stalled, wakeUp := make(chan struct{}), make(chan struct{})
		w.relay.set(func(_ context.Context, to string, n int, msg []byte, beforeDot func() error) *mail.Outcome {
			if to != address(5) {
				return nil
			}
			if err := beforeDot(); err != nil {
				o := aborted(err)
				return &o
			}
			close(stalled)
			<-wakeUp
			w.relay.take(to, msg)
			return &mail.Outcome{Class: mail.ClassAccepted, Relay: "fake", Reply: mail.Reply{Code: 250, Phase: mail.PhaseDot}}
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		e := w.engine(func(o *delivery.Options) { o.Lanes = 1 })
		go func() { done <- e.Run(ctx) }()
		<-stalled
		w.exec(`UPDATE batches SET lease_until = 1`)
		b := w.mustSend()
		if b.Sent != 19 || b.Uncertain != 1 {
			t.Errorf("while one worker stands still: %+v, want 19 sent and one uncertain", b)
		}
		close(wakeUp)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got, attempts := w.show(5); got.State != delivery.Sent || len(attempts) != 1 || attempts[0].Class != mail.ClassAccepted {
			t.Errorf("the message of the stalled worker is %s with %+v, want sent and the accepting answer", got.State, attempts)
		}
		w.eachOnce(20)
	})
}

// TestWorkerComesBack lets another host give a stalled worker up: all of its batch becomes uncertain, until the worker
// wakes up and says which messages never went out.
func TestWorkerComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20, 1)
		stalled, wakeUp := make(chan struct{}), make(chan struct{})
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			switch {
			case to == address(2):
				return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
			case to == address(5) && n == 1:
				close(stalled)
				<-wakeUp
				return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		e := w.engine(func(o *delivery.Options) { o.Lanes = 1 })
		go func() { done <- e.Run(ctx) }()
		<-stalled
		for w.count(`SELECT count(*) FROM deliveries WHERE state <> 'pending'`) < 4 {
			<-time.After(5 * time.Millisecond)
		}
		w.exec(`UPDATE batches SET lease_until = 1`)
		if b := w.mustSend(func(o *delivery.Options) { o.StateDir = t.TempDir() }); b.Uncertain != 16 {
			t.Errorf("while the worker stands still: %+v, want sixteen uncertain", b)
		}
		if got := w.editionState(); got != "done" {
			t.Errorf("the edition is %s, want done", got)
		}
		w.exec(`UPDATE deliveries SET reason = 'resolved' WHERE subscriber_id = 7`) // by an operator, who may
		w.exec(`UPDATE deliveries SET batch_id = 99 WHERE subscriber_id = 8`)       // by one who had it sent again
		w.clock.advance(time.Minute)
		close(wakeUp)
		for w.count(`SELECT count(*) FROM deliveries WHERE state = 'uncertain'`) > 2 {
			<-time.After(5 * time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		w.clock.advance(2 * time.Minute)
		if b := w.mustSend(); b.Sent != 17 || b.Failed != 1 || b.Uncertain != 2 {
			t.Errorf("in the end: %+v, want one failed, the two that are no longer ours uncertain, the rest sent", b)
		}
		w.eachOnce(20, 2, 7, 8)
	})
}

func TestLeaseLostByTheClock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			if to == address(4) && n == 1 {
				w.clock.advance(time.Minute) // stood still between MAIL and the dot
				if err := beforeDot(); err == nil {
					t.Error("the dot was allowed after the lease had run out")
				}
				o := aborted(errors.New("stopped"))
				return &o
			}
			return nil
		})
		if b := w.mustSend(func(o *delivery.Options) { o.Lanes = 1 }); b.Sent != 10 {
			t.Errorf("%+v, want ten sent in the end", b)
		}
		w.eachOnce(10)
		if got := w.count(`SELECT CAST(fence AS BIGINT) FROM batches`); got < 2 {
			t.Errorf("the batch was leased %d times, want at least twice", got)
		}
	})
}

func TestDatabaseFailsInTheMiddle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1000, 3)
		reached, broken := w.relay.after(200), make(chan struct{})
		w.relay.set(func(context.Context, string, int, []byte, func() error) *mail.Outcome {
			select {
			case <-reached: // the rest goes out only once the database is broken
				<-broken
			default:
			}
			return nil
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			if b := w.mustSend(); b.Sent != 1000 {
				t.Errorf("%+v, want all sent", b)
			}
		}()
		<-reached
		w.exec(`ALTER TABLE attempts RENAME TO gone`)
		close(broken)
		for !strings.Contains(w.log.String(), "sending stands still") {
			<-time.After(5 * time.Millisecond)
		}
		w.relay.mu.Lock()
		first := w.relay.total
		w.relay.mu.Unlock()
		<-time.After(300 * time.Millisecond)
		w.relay.mu.Lock()
		second := w.relay.total
		w.relay.mu.Unlock()
		if first < 200 || second > first+4 {
			t.Errorf("%d messages went out while nothing could be recorded, want at most one a lane", second-first)
		}
		w.exec(`ALTER TABLE gone RENAME TO attempts`)
		<-done
		w.eachOnce(1000)
	})
}

func TestDatabaseGoneAtTheEnd(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t, dialect)
			open := func() *db.DB {
				d, err := db.Open(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := d.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				return d
			}
			first := open()
			w := newWorld(t, first, 500, 3)
			reached, gone := w.relay.after(120), make(chan struct{})
			w.relay.set(func(context.Context, string, int, []byte, func() error) *mail.Outcome {
				select {
				case <-reached: // what comes now ends without the database
					<-gone
				default:
				}
				return nil
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			e := w.engine(func(o *delivery.Options) { o.Drain = 200 * time.Millisecond })
			go func() { done <- e.Run(ctx) }()
			<-reached
			first.Close()
			close(gone)
			cancel()
			if err := <-done; !errors.Is(err, delivery.ErrUnrecorded) {
				t.Fatalf("Run = %v, want ErrUnrecorded", err)
			}
			if files, _ := filepath.Glob(filepath.Join(w.state, "*.journal")); len(files) != 1 {
				t.Fatalf("journals %v, want the one of the worker that could not record", files)
			}
			w.db = open()
			defer w.db.Close()
			if b := w.mustSend(); b.Sent != 500 {
				t.Errorf("%+v, want all sent", b)
			}
			w.eachOnce(500)
		})
	}
}

func TestEngineServesOnce(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 1, 1)
	e := w.engine()
	if _, err := e.RunEdition(t.Context(), edition, nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Run(t.Context()); !errors.Is(err, delivery.ErrUsed) {
		t.Errorf("the second call = %v, want ErrUsed", err)
	}
}

func TestOptions(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 1, 1)
	for name, spoil := range map[string]func(*delivery.Options){
		"DB": func(o *delivery.Options) { o.DB = nil }, "Compose": func(o *delivery.Options) { o.Compose = nil },
		"Send": func(o *delivery.Options) { o.Send = nil }, "Links": func(o *delivery.Options) { o.Links = nil },
		"Sender": func(o *delivery.Options) { o.Sender = nil }, "MessageDomain": func(o *delivery.Options) { o.MessageDomain = "" },
		"StateDir": func(o *delivery.Options) { o.StateDir = "" }, "policy": func(o *delivery.Options) { o.OnUncertain = "maybe" },
	} {
		o := w.options()
		spoil(&o)
		if _, err := delivery.New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v, want an error that names it", name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	if _, err := w.send(func(o *delivery.Options) { o.StateDir = file }); err == nil {
		t.Error("a state folder that is a file was taken")
	}
}
