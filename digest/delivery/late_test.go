package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

func TestRetryEndsAtTheNextSlot(t *testing.T) {
	laterRun := func(kind string) func(w *world) {
		return func(w *world) {
			w.exec(`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
				VALUES (2, 7, '2026-11-25 07:00', 'later', $1, 20782, 'sending', 1)`, kind)
			w.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number) VALUES (12, 2, 3, 2, 9, 0, 9, 1)`)
		}
	}
	dueIn := func(d time.Duration) func(w *world) {
		return func(w *world) { w.exec(`UPDATE cohorts SET next_due_at = $1`, db.Millis(w.clock.Now().Add(d))) }
	}
	for name, c := range map[string]struct {
		given   func(w *world)
		over    bool
		expires time.Duration
	}{
		"no slot is known":            {func(*world) {}, false, time.Hour},
		"the slot is far":             {dueIn(5 * time.Hour), false, time.Hour},
		"the slot is near":            {dueIn(20 * time.Minute), false, 20 * time.Minute},
		"the slot has come":           {dueIn(-time.Second), true, 0},
		"the slot's run has begun":    {laterRun("scheduled"), true, 0},
		"an editor sent another":      {laterRun("manual"), false, time.Hour},
		"what has not expired, stays": {func(w *world) { w.exec(`UPDATE runs SET expires_at = $1`, db.Millis(w.clock.Now().Add(3*time.Hour))) }, false, 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 2, 1)
				w.exec(`UPDATE runs SET expires_at = 5`)
				w.exec(`UPDATE deliveries SET state = 'failed', reason = 'permanent-sender'`)
				c.given(w)
				began := w.clock.Now()
				n, err := w.store().Retry(t.Context(), delivery.Choice{Edition: key})
				if c.over {
					if !errors.Is(err, delivery.ErrOver) || w.count(`SELECT count(*) FROM deliveries WHERE state = 'failed'`) != 2 {
						t.Errorf("Retry = %d, %v, want ErrOver and nothing changed", n, err)
					}
					return
				}
				got := db.Time(int64(w.count(`SELECT expires_at FROM runs WHERE id = 11`))).Sub(began)
				if n != 2 || err != nil || got < c.expires-time.Second || got > c.expires+10*time.Second {
					t.Errorf("Retry = %d, %v with %s left, want 2 and %s", n, err, got, c.expires)
				}
			})
		})
	}
}

// TestRetryLeavesSharedBatchesToTheirFirstRun: two runs that expired together share a batch that nobody has touched. Only
// one of them has time left when an editor tries its failed mails again.
func TestRetryLeavesSharedBatchesToTheirFirstRun(t *testing.T) {
	for name, c := range map[string]struct {
		run    int // of the batch
		slotIn int // minutes, the next one of the other cohort
		unsent []int
	}{
		"the other run is over":              {11, -1, []int{2, 3, 4}},
		"it is over, and the batch is of it": {12, -1, []int{2, 3, 4}},
		"it ends sooner":                     {11, 20, []int{2, 3, 4}},
		"it goes on as long":                 {11, 90, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 4, 1)
				w.exec(`INSERT INTO cohorts (id, digest_id, zone, next_due_at) VALUES (4, 7, 'Asia/Tokyo', $1)`,
					db.Millis(w.clock.Now().Add(time.Duration(c.slotIn)*time.Minute)))
				w.exec(`UPDATE runs SET expires_at = 5`)
				w.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at, due) VALUES (12, 1, 4, 1, 5, 0, 9, 0, 1, 0)`)
				w.exec(`UPDATE deliveries SET run_id = 12 WHERE subscriber_id IN (3, 4)`)
				w.exec(`UPDATE batches SET run_id = $1`, c.run)
				w.exec(`UPDATE deliveries SET state = 'failed', reason = 'permanent-sender' WHERE subscriber_id IN (1, 4)`)
				n, err := w.store().Retry(t.Context(), delivery.Choice{Edition: key})
				if err != nil {
					t.Fatal(err)
				}
				if want := map[bool]int64{true: 1, false: 2}[c.slotIn < 0]; n != want {
					t.Errorf("Retry = %d, want %d", n, want)
				}
				w.clock.advance(30 * time.Minute)
				w.mustSend()
				w.eachOnce(4, c.unsent...)
			})
		})
	}
}

// TestExpiresOnTheWire: the run ends while a message is on its way to its final dot.
func TestExpiresOnTheWire(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE runs SET expires_at = $1`, db.Millis(w.clock.Now().Add(time.Minute)))
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			if to != address(2) {
				return nil
			}
			w.clock.advance(time.Minute)
			err := beforeDot()
			if err == nil {
				t.Error("the dot was allowed")
			}
			o := aborted(err)
			return &o
		})
		// The lease must not be what ends it.
		if b := w.mustSend(func(o *delivery.Options) { o.Lanes, o.Lease = 1, time.Hour }); b.Sent != 1 || b.Expired != 2 {
			t.Errorf("%+v, want one sent and two expired", b)
		}
		w.eachOnce(3, 2, 3)
	})
}

// TestRelayAsksToWait: an answer may ask for more patience than the schedule has.
func TestRelayAsksToWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2, 1)
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			o := refuse(mail.ClassTemporaryRecipient, 421, "4.7.0", mail.PhaseRcpt, beforeDot)
			o.RetryAfter = map[string]time.Duration{address(1): 2 * time.Hour, address(2): time.Second}[to]
			return o
		})
		began := w.clock.Now()
		w.mustSend()
		for reader, want := range map[int]time.Duration{1: 2 * time.Hour, 2: time.Minute} {
			got, _ := w.show(reader)
			if wait := got.NextTryAt.Sub(began); wait < want*9/10 || wait > want*11/10+10*time.Second {
				t.Errorf("the next try of %d is in %s, want %s", reader, wait, want)
			}
		}
	})
}

// TestRunEditionWaitsForRelays: of five messages two are lost with their relay, which is back at once. The command that
// sends the edition waits for their next try; it does not wait for a recipient who is to be tried a minute later.
func TestRunEditionWaitsForRelays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 5, 1)
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			switch {
			case n > 1:
				return nil
			case to == address(2), to == address(4):
				return refuse(mail.ClassTemporaryPath, 421, "", mail.PhaseDot, beforeDot)
			case to == address(5):
				return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
			}
			return nil
		})
		done := make(chan delivery.Balance, 1)
		go func() {
			b, err := w.send()
			if err != nil {
				t.Error(err)
			}
			done <- b
		}()
		for w.count(`SELECT count(*) FROM deliveries WHERE reason = 'temporary-path' AND next_try_at > 0`) < 2 {
			<-time.After(5 * time.Millisecond)
		}
		w.exec(`UPDATE deliveries SET next_try_at = next_try_at + 7200000 WHERE subscriber_id = 5`)
		for looks := w.clock.looks(); w.clock.looks() < looks+12 && len(done) == 0; { // it looks for work, and there is none
			<-time.After(5 * time.Millisecond)
		}
		w.clock.advance(time.Minute)
		if b := <-done; b.Sent != 4 || b.Pending != 1 {
			t.Errorf("%+v, want all but one sent", b)
		}
	})
}
