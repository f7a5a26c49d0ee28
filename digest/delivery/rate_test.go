package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// rated lets the readers' provider get so many messages a second.
func rated(rate float64) func(*delivery.Options) {
	return func(o *delivery.Options) {
		o.Providers = mail.NewProviders([]mail.Provider{{Name: "slow", Domains: []string{"x.example"}, Rate: rate}})
	}
}

// timeAll notes when each message comes.
func (w *world) timeAll() (times func() []time.Time) {
	var mu sync.Mutex
	var all []time.Time
	w.relay.set(func(context.Context, string, int, []byte, func() error) *mail.Outcome {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, time.Now())
		return nil
	})
	return func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// neverEarly checks that no message came before its time at a rate; a busy machine may make any of them late.
func neverEarly(t *testing.T, began time.Time, times []time.Time, rate float64) {
	t.Helper()
	for i, at := range times {
		if earliest := time.Duration(float64(i) / rate * float64(time.Second)); at.Sub(began) < earliest {
			t.Fatalf("message %d came after %s, at %g a second that is before %s", i, at.Sub(began), rate, earliest)
		}
	}
}

// TestRateOverTwoWorkers has two workers of one database send what takes three seconds at the rate, of which much has to
// be put aside. They wait for it.
func TestRateOverTwoWorkers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const n, rate = 600, 150
		w := newWorld(t, d, n, 1)
		times := w.timeAll()
		began := time.Now()
		var wg sync.WaitGroup
		for range 2 {
			state := t.TempDir()
			wg.Go(func() {
				if b := w.mustSend(rated(rate), func(o *delivery.Options) { o.StateDir = state }); b.Sent != n {
					t.Errorf("%+v, want all sent", b)
				}
			})
		}
		wg.Wait()
		neverEarly(t, began, times(), rate)
		if took := time.Since(began); took < (n-1)*time.Second/rate {
			t.Errorf("all went in %s", took)
		}
		w.eachOnce(n)
		if got := w.count(`SELECT count(*) FROM deliveries WHERE attempts <> 1 OR next_try_at > 0 OR reason <> ''`); got != 0 {
			t.Errorf("%d deliveries are not as after a first try", got)
		}
	})
}

// TestRunEditionWaitsForARate that lets the second of two messages out four seconds after the first.
func TestRunEditionWaitsForARate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2, 1)
		times := w.timeAll()
		began := time.Now()
		if b := w.mustSend(rated(0.25)); b.Sent != 2 {
			t.Errorf("%+v, want both sent", b)
		}
		neverEarly(t, began, times(), 0.25)
	})
}

// TestRateHoldsUpNobodyElse sends to a provider with a rate of one message in ten seconds and to one without.
func TestRateHoldsUpNobodyElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 500, 1)
		w.exec(`UPDATE subscribers SET address = 'r' || id || '@y.example' WHERE id > 100`)
		began := w.clock.Now()
		w.runUntilAside(rated(0.1), func(o *delivery.Options) { o.Lanes = 1 })
		if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent' AND subscriber_id > 100`); got != 400 {
			t.Errorf("%d went to the other provider, want 400", got)
		}
		if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent' AND subscriber_id <= 100`); got > 1 {
			t.Errorf("%d went to the provider with a rate, want one at most", got)
		}
		var waits []int64
		err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Select(t.Context(), &waits, `SELECT next_try_at FROM deliveries WHERE state = 'pending' AND reason = 'rate' AND attempts = 0 ORDER BY next_try_at`)
		})
		if err != nil || len(waits) < 99 {
			t.Fatalf("%d wait for the rate, %v, want 99", len(waits), err)
		}
		for i := 1; i < len(waits); i++ {
			if gap := waits[i] - waits[i-1]; gap < 9_990 || gap > 10_010 {
				t.Fatalf("the tries are %d ms apart, want ten seconds", gap)
			}
		}
		if first := db.Time(waits[0]).Sub(began); first < 0 || first > time.Minute {
			t.Errorf("the first is tried again in %s, want soon", first)
		}
	})
}

// TestRateEndsWithTheRun: what a rate does not let out in time expires, and says so.
func TestRateEndsWithTheRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 50, 1)
		end := w.clock.Now().Add(5 * time.Minute)
		w.exec(`UPDATE runs SET expires_at = $1`, db.Millis(end))
		w.runUntilAside(rated(0.1))
		if got := w.count(`SELECT count(*) FROM deliveries WHERE next_try_at > $1`, db.Millis(end)); got != 0 {
			t.Errorf("%d are to be tried after the end of the run", got)
		}
		w.clock.advance(6 * time.Minute)
		b := w.mustSend(rated(0.1))
		if b.Expired < 49 || b.Pending != 0 {
			t.Errorf("%+v, want all but one expired", b)
		}
		if got, _ := w.show(50); got.State != delivery.Expired || got.Reason != delivery.ReasonRate {
			t.Errorf("the last one is %s %q, want it to say what it waited for", got.State, got.Reason)
		}
	})
}

// TestTokensAreTakenOnce lets four stores take tokens at once: they share one rate.
func TestTokensAreTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		newWorld(t, d, 1, 1)
		var mu sync.Mutex
		var all []time.Duration
		began := time.Now()
		later := map[time.Duration]bool{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					at := time.Since(began)
					tokens, aside, err := delivery.NewStore(d, time.Now).TakeTokens(t.Context(), "slow", 30, 20*time.Millisecond)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, token := range tokens {
						all = append(all, at+token)
					}
					if aside > 0 {
						later[aside] = true
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(all)
		limit := int((time.Since(began)+2*time.Second)/(20*time.Millisecond)) + 2
		if len(all) < 100 || len(all) > limit {
			t.Errorf("%d tokens were given, want those of two seconds ahead, %d at most", len(all), limit)
		}
		if len(later) < 2 {
			t.Errorf("all that got none are told to come back at once: %v", later)
		}
	})
}

// TestTokensDoNotPileUp: idle time gives no burst.
func TestTokensDoNotPileUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		if _, _, err := w.store().TakeTokens(t.Context(), "slow", 1, time.Second); err != nil {
			t.Fatal(err)
		}
		w.exec(`UPDATE rates SET next_at = next_at - 3600000000`) // an hour goes by
		tokens, aside, err := w.store().TakeTokens(t.Context(), "slow", 100, 100*time.Millisecond)
		if want := 20; err != nil || len(tokens) != want || aside == 0 {
			t.Fatalf("%d tokens and %s for the others, %v, want %d", len(tokens), aside, err, want)
		}
		for i, token := range tokens {
			if want := time.Duration(i) * 100 * time.Millisecond; token != want {
				t.Errorf("token %d is for after %s, want %s", i, token, want)
			}
		}
		if got := fmt.Sprint(aside); got != "2s" {
			t.Errorf("the others come back after %s, want 2s", got)
		}
		// Eighty stand in line before the next ones.
		if _, aside, err := w.store().TakeTokens(t.Context(), "slow", 100, 100*time.Millisecond); err != nil || aside < 5*time.Second || aside > 10*time.Second {
			t.Errorf("those who ask next come back after %s, %v, want ten seconds less what has gone by", aside, err)
		}
		if tokens, _, err := w.store().TakeTokens(t.Context(), "very slow", 5, time.Minute); err != nil || len(tokens) != 1 {
			t.Errorf("%d tokens of one a minute, %v, want one", len(tokens), err)
		}
	})
}

// TestLines: what got no token has a place in line. Nobody waits for places whose deliveries never came, urgent ones not
// for those that are not, and none for a clock that was ahead.
func TestLines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		const every = 100 * time.Millisecond
		asideAfter := func(what string, take func(context.Context, string, int, time.Duration) ([]time.Duration, time.Duration, error), least, most time.Duration) {
			t.Helper()
			if _, aside, err := take(t.Context(), "slow", 100, every); err != nil || aside < least || aside > most {
				t.Errorf("%s come back after %s, %v, want %s to %s", what, aside, err, least, most)
			}
		}
		asideAfter("the first", w.store().TakeTokens, 2*time.Second, 2*time.Second)
		asideAfter("who asks behind eighty", w.store().TakeTokens, 5*time.Second, 10*time.Second)
		asideAfter("urgent ones", w.store().TakeUrgentTokens, time.Second, 2*time.Second)
		w.exec(`UPDATE rates SET next_at = next_at - 6000000`) // six seconds in which nobody came
		asideAfter("who asks when nobody comes", w.store().TakeTokens, 2*time.Second, 2*time.Second)
		w.exec(`UPDATE rates SET next_at = next_at + 86400000000`) // a day that never was
		asideAfter("who asks after the clock was a day ahead", w.store().TakeTokens, 2*time.Second, 2*time.Second)
	})
}
