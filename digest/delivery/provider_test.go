package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// refusing lets the first n messages to x.example be refused by its policy, and all others through.
func (w *world) refusing(n int) {
	w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
		w.relay.mu.Lock()
		refuses := strings.HasSuffix(to, "@x.example") && n > 0
		if refuses {
			n--
		}
		w.relay.mu.Unlock()
		if refuses {
			o := refuse(mail.ClassPermanentSender, 550, "5.7.1", mail.PhaseRcpt, beforeDot)
			o.Reply.Text = "<" + to + "> blocked by policy"
			return o
		}
		return nil
	})
}

// theOnePause returns the pause that there is.
func (w *world) theOnePause() delivery.ProviderPause {
	w.t.Helper()
	pauses, err := w.store().Pauses(w.t.Context())
	if err != nil || len(pauses) != 1 {
		w.t.Fatalf("pauses %+v, %v, want one", pauses, err)
	}
	return pauses[0]
}

func TestRefusingProviderIsPaused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1000, 1)
		w.exec(`UPDATE subscribers SET address = 'r' || id || '@y.example' WHERE id % 2 = 0`)
		w.refusing(1000)
		began := w.clock.Now()
		w.runUntilAside(func(o *delivery.Options) { o.Lanes = 2 })
		p := w.theOnePause()
		if length := p.Until.Sub(p.PausedAt); p.Provider != "x.example" || length != time.Hour || p.PausedAt.Before(began.Add(-time.Second)) {
			t.Errorf("%+v, want x.example for an hour", p)
		}
		if !strings.Contains(p.Reason, "10 of the last 10") || !strings.Contains(p.Reason, "blocked by policy") || strings.Contains(p.Reason, "@") {
			t.Errorf("reason %q, want the share and the reply without an address", p.Reason)
		}
		if log := w.log.String(); strings.Count(log, `level=ERROR msg="provider paused"`) != 1 || !strings.Contains(log, "provider=x.example") ||
			!strings.Contains(log, "blocked by policy") || strings.Contains(log, "@") {
			t.Errorf("the log does not say so as it should: %s", log)
		}
		for name, want := range map[string][2]int{
			`state = 'sent' AND subscriber_id % 2 = 0`:                                                    {500, 500},
			`state = 'failed' AND reason = 'permanent-sender' AND subscriber_id % 2 = 1`:                  {10, 11}, // one lane was on its way
			`state = 'pending' AND reason = 'provider-paused' AND attempts = 0 AND subscriber_id % 2 = 1`: {489, 490},
		} {
			if got := w.count(`SELECT count(*) FROM deliveries WHERE ` + name); got < want[0] || got > want[1] {
				t.Errorf("%d deliveries with %s, want %v", got, name, want)
			}
		}
		if got := w.count(`SELECT count(*) FROM deliveries WHERE next_try_at > 0 AND (next_try_at < $1 OR next_try_at > $2)`,
			db.Millis(p.Until), db.Millis(p.Until.Add(7*time.Minute))); got != 0 {
			t.Errorf("%d are to be tried at another time than just after the pause", got)
		}
		if got := w.count(`SELECT count(DISTINCT next_try_at) FROM deliveries WHERE next_try_at > 0`); got < 400 {
			t.Errorf("they come back at %d times, want them spread", got)
		}
		if got := w.count(`SELECT count(*) FROM subscribers WHERE suppressed_at > 0 OR state <> 'active'`); got != 0 {
			t.Errorf("%d readers were touched", got)
		}
		if b := w.mustSend(); b.Pending < 489 {
			t.Errorf("another worker sent in spite of the pause: %+v", b)
		}
		w.clock.advance(70 * time.Minute)
		w.refusing(0)
		if b := w.mustSend(); b.Pending != 0 || b.Sent < 989 {
			t.Errorf("after the pause: %+v, want the rest sent", b)
		}
	})
}

// TestPausesDouble: each of them ends with ten refusals more.
func TestPausesDouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 200, 1)
		w.exec(`UPDATE runs SET expires_at = 0`)
		for i, want := range []time.Duration{1, 2, 4, 8, 8} {
			w.refusing(1000)
			w.runUntilAside(func(o *delivery.Options) { o.Lanes = 1 })
			p := w.theOnePause()
			if got := p.Until.Sub(p.PausedAt); got != want*time.Hour {
				t.Errorf("pause %d lasts %s, want %s", i+1, got, want*time.Hour)
			}
			if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'failed'`); got != 10*(i+1) {
				t.Errorf("after pause %d there were %d refusals, want ten more each time", i+1, got)
			}
			w.clock.advance(p.Until.Sub(w.clock.Now()) + want*7*time.Minute)
		}
		w.clock.advance(9 * time.Hour) // a good while without one
		w.runUntilAside(func(o *delivery.Options) { o.Lanes = 1 })
		if p := w.theOnePause(); p.Until.Sub(p.PausedAt) != time.Hour {
			t.Errorf("much later a pause lasts %s, want an hour", p.Until.Sub(p.PausedAt))
		}
	})
}

// TestPauseBeginsAnew: a worker that lives on after a pause counts from nothing.
func TestPauseBeginsAnew(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 100, 1)
	w.refusing(1000)
	begun := 0
	w.runUntil(func() bool {
		pauses, err := w.store().Pauses(t.Context())
		waits := w.count(`SELECT count(*) FROM deliveries WHERE state = 'pending' AND next_try_at <= $1`, db.Millis(w.clock.Now()))
		if err != nil || len(pauses) == 0 || waits > 0 {
			return false
		}
		if begun++; begun == 1 {
			w.clock.advance(pauses[0].Until.Sub(w.clock.Now()) + 7*time.Minute)
		}
		return begun == 2
	}, func(o *delivery.Options) { o.Lanes = 1 })
	if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'failed'`); got != 20 {
		t.Errorf("%d refusals brought about two pauses, want ten each", got)
	}
}

// TestRefusalsNeedAShare: ten of the last two hundred are five per cent, and it takes more.
func TestRefusalsNeedAShare(t *testing.T) {
	for name, c := range map[string]struct {
		refuses func(n int) bool // the n-th message, from 1
		paused  bool
	}{
		"nine of a few":     {func(n int) bool { return n <= 9 }, false},
		"ten of many":       {func(n int) bool { return n > 200 && n%20 == 0 }, false},
		"eleven of many":    {func(n int) bool { return n > 200 && n%18 == 0 }, true},
		"ten of a few":      {func(n int) bool { return n <= 10 }, true},
		"ten at the end":    {func(n int) bool { return n > 390 }, false},
		"eleven at the end": {func(n int) bool { return n > 389 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.Open(t, db.SQLite), 400, 1)
			n := 0
			w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
				w.relay.mu.Lock()
				n++
				refuses := c.refuses(n)
				w.relay.mu.Unlock()
				if refuses {
					return refuse(mail.ClassPermanentSender, 550, "5.7.1", mail.PhaseRcpt, beforeDot)
				}
				return nil
			})
			w.mustSend(func(o *delivery.Options) { o.Lanes = 1 })
			pauses, err := w.store().Pauses(t.Context())
			if err != nil || (len(pauses) == 1) != c.paused {
				t.Errorf("pauses %+v, %v, want one: %t", pauses, err, c.paused)
			}
		})
	}
}

// TestPauseStopsWhatIsInMemory pauses a provider while a batch of it is being sent.
func TestPauseStopsWhatIsInMemory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 250, 1)
		reached, paused := w.relay.after(20), make(chan struct{})
		w.relay.set(func(context.Context, string, int, []byte, func() error) *mail.Outcome {
			select {
			case <-reached:
				<-paused
			default:
			}
			return nil
		})
		var engine *delivery.Engine
		go func() {
			<-reached
			if _, err := w.store().PauseProvider(t.Context(), "x.example", 2*time.Hour); err != nil {
				t.Error(err)
			}
			for !engine.IsPaused("x.example") {
				<-time.After(5 * time.Millisecond)
			}
			close(paused)
		}()
		engine = w.engine(func(o *delivery.Options) { o.Lanes = 1 })
		b, err := engine.RunEdition(t.Context(), edition, nil)
		if err != nil || b.Sent > 21 || b.Pending < 229 {
			t.Errorf("%+v, %v, want what was not on the wire put aside", b, err)
		}
	})
}

// TestExpiresWhilePaused gives the run less time than the pause.
func TestExpiresWhilePaused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE runs SET expires_at = $1`, db.Millis(w.clock.Now().Add(10*time.Minute)))
		if _, err := w.store().PauseProvider(t.Context(), "x.example", time.Hour); err != nil {
			t.Fatal(err)
		}
		if b := w.mustSend(); b.Pending != 3 {
			t.Errorf("%+v, want all put aside", b)
		}
		w.clock.advance(11 * time.Minute)
		if b := w.mustSend(); b.Expired != 3 {
			t.Errorf("%+v, want all expired", b)
		}
		if got, _ := w.show(2); got.State != delivery.Expired || got.Reason != delivery.ReasonProviderPaused || got.Attempts != 0 {
			t.Errorf("%s %q after %d attempts, want it to say what it waited for", got.State, got.Reason, got.Attempts)
		}
	})
}

// TestResumeProvider lets what waits for one provider go, and not what waits for another.
func TestResumeProvider(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2500, 1)
		w.exec(`UPDATE subscribers SET address = 'r' || id || '@y.example' WHERE id % 5 = 0`)
		for _, name := range []string{"x.example", "y.example"} {
			if _, err := w.store().PauseProvider(t.Context(), name, 20*time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		w.runUntilAside()
		isIts := func(address string) bool { return strings.HasSuffix(address, "@x.example") }
		n, err := w.store().ResumeProvider(t.Context(), "x.example", isIts)
		if n != 2000 || err != nil {
			t.Errorf("ResumeProvider = %d, %v, want 2000", n, err)
		}
		if _, err := w.store().ResumeProvider(t.Context(), "x.example", isIts); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("once more: %v, want ErrNotFound", err)
		}
		if b := w.mustSend(); b.Sent != 2000 || b.Pending != 500 {
			t.Errorf("%+v, want 2000 sent and the others waiting", b)
		}
		if p := w.theOnePause(); p.Provider != "y.example" || p.Reason != delivery.PausedByOperator {
			t.Errorf("%+v, want the other one's pause", p)
		}
	})
}

// TestSpoiltEditionIsPaused refuses the texts of one of two editions.
func TestSpoiltEditionIsPaused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 500, 1)
		w.add(another{id: 2, n: 500})
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			var reader int
			fmt.Sscanf(to, "r%d@", &reader)
			if reader > 500 {
				return nil
			}
			return refuse(mail.ClassPermanentMessage, 554, "5.6.0", mail.PhaseBody, beforeDot)
		})
		w.runUntil(func() bool {
			return w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent'`) == 500 && w.editionState() == "paused"
		}, func(o *delivery.Options) { o.Lanes = 2 })
		failed := w.count(`SELECT count(*) FROM deliveries WHERE state = 'failed' AND edition_id = 1`)
		if failed < 20 || failed > 100 { // pausing takes its time, and a lane is fast
			t.Errorf("%d deliveries failed before the edition was paused, want hardly more than 20", failed)
		}
		_, err := w.send()
		if !errors.Is(err, delivery.ErrPaused) || !strings.Contains(err.Error(), " messages were refused for what is in them") ||
			!strings.Contains(err.Error(), "554 5.6.0 no") {
			t.Errorf("%v, want ErrPaused and why", err)
		}
	})
}

// TestSpike: many unknown recipients of one provider, and as many of another among those that are known.
func TestSpike(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 1)
		w.exec(`UPDATE subscribers SET address = 'r' || id || '@y.example' WHERE id % 2 = 0`)
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			var reader int
			fmt.Sscanf(to, "r%d@", &reader)
			if reader%2 == 1 && reader%6 == 1 || reader%20 == 0 { // a third, a tenth
				return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
			}
			return nil
		})
		e := w.engine(func(o *delivery.Options) { o.Lanes, o.Bounces = 1, delivery.Bounces{HardAfter: time.Hour} })
		if _, err := e.RunEdition(t.Context(), edition, nil); err != nil {
			t.Fatal(err)
		}
		if !e.Spike("x.example") || e.Spike("y.example") || e.Spike("z.example") {
			t.Errorf("spikes: x %t, y %t, z %t, want x only", e.Spike("x.example"), e.Spike("y.example"), e.Spike("z.example"))
		}
		if got := w.count(`SELECT count(*) FROM subscribers WHERE hard_bounced_at > 0 AND id % 2 = 1`); got != 19 {
			t.Errorf("%d bounces of the provider with the spike were counted, want those before it, 19", got)
		}
		if got := w.count(`SELECT count(*) FROM subscribers WHERE hard_bounced_at > 0 AND id % 2 = 0`); got != 30 {
			t.Errorf("%d bounces of the other were counted, want all 30", got)
		}
	})
}
