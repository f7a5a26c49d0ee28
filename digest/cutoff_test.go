package digest_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// cutoff closes the daily digest half an hour before seven.
func cutoff(set *digest.Setup) { set.Digests[0].Cutoff = 30 * time.Minute }

// wantReady checks when the first batch of an edition becomes ready.
func (w *world) wantReady(key string, want time.Time) {
	w.t.Helper()
	got := w.count(`SELECT COALESCE(MIN(b.ready_at), 0) FROM batches b JOIN editions e ON e.id = b.edition_id WHERE e.key = $1`, key)
	if got != db.Millis(want) {
		w.t.Errorf("%s is ready at %s, want %s", key, db.Time(got), want)
	}
}

func TestCutoff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, cutoff)
		w.subscribe(1, newYork)
		slot := w.clock.Now()
		w.clock.set(slot.Add(-31 * time.Minute))
		w.put(story(1, "world"))
		w.tick()
		w.wantMails()
		w.clock.set(slot.Add(-30 * time.Minute))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.wantReady("daily/2026-11-23", slot)
		w.clock.advance(10 * time.Minute)
		w.put(story(2, "world")) // after the stories closed
		if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.tick()
		p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 1}, w.clock.Now())
		if err != nil || titles(p) != "2" || p.Edition.Key != "daily/2026-11-24" {
			t.Errorf("the preview is %+v, %v, want story 2 in the edition of tomorrow", p, err)
		}
		for w.clock.Now().Before(slot.Add(24 * time.Hour)) {
			w.tick()
			w.clock.advance(10 * time.Minute)
		}
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-24 1: 2")
		w.wantReady("daily/2026-11-24", slot.AddDate(0, 0, 1))
		w.balanced()
	})
}

// TestCutoffAndCatchUp has stories 1 and 2 before and after Monday's closed, 3
// before Tuesday's; nobody planned until then.
func TestCutoffAndCatchUp(t *testing.T) {
	tests := []struct {
		catchUp digest.CatchUp
		back    time.Duration // after Tuesday's slot
		ready   time.Duration
		want    []string
	}{
		{digest.CatchUpMerge, -40 * time.Minute, -40 * time.Minute, []string{"daily/2026-11-23 1: 3 2 1"}},
		{digest.CatchUpMerge, -20 * time.Minute, 0, []string{"daily/2026-11-24 1: 3 2 1"}},
		{digest.CatchUpMerge, 5 * time.Minute, 5 * time.Minute, []string{"daily/2026-11-24 1: 3 2 1"}},
		{digest.CatchUpEach, -20 * time.Minute, 0, []string{"daily/2026-11-23 1: 1", "daily/2026-11-24 1: 3 2"}},
		{digest.CatchUpSkip, -20 * time.Minute, 0, []string{"daily/2026-11-24 1: 3 2 1"}}, // that slot is not late
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.catchUp, " ", test.back), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) {
					cutoff(set)
					set.Digests[0].CatchUp, set.Digests[0].ExpireAfter = test.catchUp, 36*time.Hour
				})
				w.subscribe(1, newYork)
				monday := w.clock.Now()
				w.clock.set(monday.Add(-time.Hour))
				w.tick()
				w.put(story(1, "world"))
				w.clock.set(monday.Add(-10 * time.Minute))
				w.put(story(2, "world"))
				w.clock.set(monday.Add(22 * time.Hour))
				w.put(story(3, "world"))
				tuesday := monday.AddDate(0, 0, 1)
				w.clock.set(tuesday.Add(test.back))
				w.tick()
				w.wantMails(test.want...)
				if len(test.want) > 0 {
					last := test.want[len(test.want)-1]
					w.wantReady(last[:len("daily/2026-11-23")], tuesday.Add(test.ready))
				}
			})
		})
	}
}

// TestCatchUpWithin is a day late with a digest that expires after twelve
// hours and comes each Monday.
func TestCatchUpWithin(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		catchUp digest.CatchUp
		within  time.Duration
		late    time.Duration
		want    []string
	}{
		{digest.CatchUpMerge, 0, day, nil},
		{digest.CatchUpMerge, day, day, []string{"daily/2026-11-23 1: 1"}},
		{digest.CatchUpMerge, day, day + time.Minute, nil},
		{digest.CatchUpMerge, time.Hour, time.Hour, []string{"daily/2026-11-23 1: 1"}},
		{digest.CatchUpMerge, time.Hour, time.Hour + time.Minute, nil},
		{digest.CatchUpSkip, time.Hour, time.Hour, []string{"daily/2026-11-23 1: 1"}},
		{digest.CatchUpSkip, time.Hour, time.Hour + time.Minute, nil},
		{digest.CatchUpSkip, 2 * day, day, []string{"daily/2026-11-23 1: 1"}},
		{digest.CatchUpEach, 0, day, []string{"daily/2026-11-23 1: 1"}},
		{digest.CatchUpEach, time.Hour, time.Hour, []string{"daily/2026-11-23 1: 1"}},
		{digest.CatchUpEach, time.Hour, time.Hour + time.Minute, nil},
		{digest.CatchUpEach, time.Hour, day, nil},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.catchUp, " ", test.within, " ", test.late), func(t *testing.T) {
			w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) {
				one := &set.Digests[0]
				one.Schedule, one.CatchUp, one.CatchUpWithin = cron(t, "0 7 * * 1"), test.catchUp, test.within
			})
			w.subscribe(1, newYork)
			w.begin()
			w.put(story(1, "world"))
			w.clock.advance(test.late)
			w.tick()
			w.wantMails(test.want...)
			if n := w.count(`SELECT COUNT(*) FROM runs WHERE expires_at <= $1`, db.Millis(w.clock.Now())); n != 0 {
				t.Errorf("%d runs were planned that have expired", n)
			}
			w.clock.set(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
			w.tick()
			if test.want == nil {
				w.wantMails("daily/2026-11-30 1: 1")
			} else {
				w.wantMails(test.want...)
			}
		})
	}
}

// TestClockJumps goes a month ahead for a tick and is set right again.
func TestClockJumps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		monday := w.clock.Now()
		w.put(story(1, "world"))
		w.tick()
		w.put(story(2, "world"))
		w.clock.set(monday.AddDate(0, 1, 0).Add(time.Minute))
		w.tick()
		w.clock.set(monday.Add(-10 * time.Minute)) // and to before what was sent
		if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			w.clock.advance(10 * time.Minute)
			w.tick()
		}
		for n := range 2 {
			w.clock.set(monday.AddDate(0, 0, n+1))
			w.put(story(n+3, "world"))
			w.tick()
		}
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-24 1: 3", "daily/2026-11-25 1: 4", "daily/2026-12-23 1: 2")
		w.balanced()
	})
}

// TestNewCohortAfterTheClose: whose first slot has closed gets it all the same.
func TestNewCohortAfterTheClose(t *testing.T) {
	for _, refresh := range []bool{false, true} {
		w := newWorld(t, dbtest.Open(t, db.SQLite), cutoff)
		slot := w.clock.Now()
		w.subscribe(1, newYork)
		w.clock.set(slot.Add(-10 * time.Minute))
		w.put(story(1, "world"))
		if refresh {
			if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.wantReady("daily/2026-11-23", slot)
	}
}
