package delivery_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

var burstRules = delivery.Bursts{Share: 0.1, Least: 5, Within: 15 * time.Minute}

// leave lets the readers first to last leave by links of theirs, so long ago.
func (w *world) leave(first, last, digest int, ago time.Duration) {
	w.t.Helper()
	for id := first; id <= last; id++ {
		w.exec(`INSERT INTO leavings (subscriber_id, digest_id, at, origin) VALUES ($1, $2, $3, 'one-click')`, id, digest, db.Millis(w.clock.Now().Add(-ago)))
	}
}

// TestBursts tells apart what pauses an edition and what does not.
func TestBursts(t *testing.T) {
	for name, c := range map[string]struct {
		readers int
		happens func(w *world)
		rules   func(r *delivery.Bursts)
		pauses  bool
	}{
		"a share":                {200, func(w *world) { w.leave(1, 20, digestN, time.Minute) }, nil, true},
		"less than the share":    {200, func(w *world) { w.leave(1, 19, digestN, time.Minute) }, nil, false},
		"few readers, the least": {20, func(w *world) { w.leave(1, 5, digestN, time.Minute) }, nil, true},
		"less than the least":    {20, func(w *world) { w.leave(1, 4, digestN, time.Minute) }, nil, false},
		"too long ago":           {20, func(w *world) { w.leave(1, 9, digestN, 16*time.Minute) }, nil, false},
		"another digest":         {20, func(w *world) { w.leave(1, 9, digestN+1, time.Minute) }, nil, false},
		"not its readers":        {20, func(w *world) { w.leave(1001, 1009, digestN, time.Minute) }, nil, false},
		"one reader again and again": {20, func(w *world) {
			for i := range 9 {
				w.leave(1, 1, digestN, time.Duration(i+1)*time.Second)
			}
		}, nil, false},
		"switched off": {20, func(w *world) { w.leave(1, 9, digestN, time.Minute) }, func(r *delivery.Bursts) { r.Share = 0 }, false},
		"sent long ago": {20, func(w *world) {
			w.clock.advance(time.Hour)
			w.leave(1, 9, digestN, time.Minute)
		}, nil, false},
		"paused before": {20, func(w *world) {
			w.exec(`UPDATE editions SET burst_at = 1`)
			w.leave(1, 9, digestN, time.Minute)
		}, nil, false},
		"cancelled": {20, func(w *world) {
			w.exec(`UPDATE editions SET state = 'cancelled'`)
			w.leave(1, 9, digestN, time.Minute)
		}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, c.readers, 1)
				w.mustSend()
				c.happens(w)
				rules := burstRules
				if c.rules != nil {
					c.rules(&rules)
				}
				got, err := w.store().PauseBursts(t.Context(), rules)
				if err != nil {
					t.Fatal(err)
				}
				paused := w.count(`SELECT count(*) FROM editions WHERE state = 'paused' AND burst_at > 1`) == 1
				if paused != c.pauses || (len(got) == 1) != c.pauses {
					t.Errorf("paused %v, told %+v, want %v", paused, got, c.pauses)
				}
				if c.pauses && (got[0].Edition != key || got[0].Have != int64(c.readers)) {
					t.Errorf("told %+v", got)
				}
				if again, err := w.store().PauseBursts(t.Context(), rules); err != nil || again != nil {
					t.Errorf("again: %+v, %v", again, err)
				}
			})
		})
	}
}

// TestBurstWhileSending pauses an edition in the middle: who was not sent it does
// not count, the rest stays pending, and whoever resumes it is not asked again.
func TestBurstWhileSending(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 500, 1) // two batches
		w.exec(`UPDATE batches SET ready_at = $1 WHERE id = 2`, db.Millis(w.clock.Now().Add(time.Hour)))
		w.runUntil(func() bool { return w.count(`SELECT count(*) FROM batches WHERE done_at > 0`) == 1 })
		w.leave(240, 270, digestN, time.Second) // 11 of them have it
		if got, err := w.store().PauseBursts(t.Context(), burstRules); err != nil || got != nil {
			t.Fatalf("paused %+v, %v for readers who were not sent it", got, err)
		}
		w.leave(1, 14, digestN, time.Second)
		got, err := w.store().PauseBursts(t.Context(), burstRules)
		if err != nil || len(got) != 1 || got[0].Left != 25 || got[0].Have != 250 {
			t.Fatalf("paused %+v, %v, want for 25 of 250", got, err)
		}
		alerts, err := w.store().BurstAlerts(t.Context(), burstRules)
		if err != nil || len(alerts) != 1 || alerts[0].Key != "edition "+key+" burst" {
			t.Fatalf("alerts are %+v, %v", alerts, err)
		}
		for _, part := range []string{"25 of 250 readers", "edition show " + key, "subscriber restore --since 20", "edition resume " + key} {
			if !strings.Contains(alerts[0].Text, part) {
				t.Errorf("the alert %q lacks %q", alerts[0].Text, part)
			}
		}
		w.exec(`UPDATE batches SET ready_at = 1 WHERE id = 2`)
		if _, err := w.send(); err == nil || !strings.Contains(err.Error(), "25 of 250 readers left") {
			t.Errorf("sending what is paused = %v", err)
		}
		if n := w.count(`SELECT count(*) FROM deliveries WHERE state = 'pending'`); n != 250 {
			t.Errorf("%d deliveries are pending while the edition is paused, want 250", n)
		}
		w.exec(`UPDATE editions SET state = 'sending', reason = ''`) // as edition resume does
		if alerts, err := w.store().BurstAlerts(t.Context(), burstRules); err != nil || alerts != nil {
			t.Errorf("resumed, alerts are %+v, %v", alerts, err)
		}
		if got, err := w.store().PauseBursts(t.Context(), burstRules); err != nil || got != nil {
			t.Errorf("paused once more: %+v, %v", got, err)
		}
	})
}
