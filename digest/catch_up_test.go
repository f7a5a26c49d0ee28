package digest_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func TestCatchUp(t *testing.T) {
	// Stories 1 before Monday's slot, 2 before Tuesday's, 3 before Wednesday's,
	// 4 after it; nobody planned from Sunday to Wednesday.
	tests := []struct {
		catchUp digest.CatchUp
		back    time.Duration // after Wednesday's slot
		want    []string
	}{
		{digest.CatchUpMerge, 5 * time.Minute, []string{"daily/2026-11-25 1: 4 3 2 1", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpMerge, 11 * time.Hour, []string{"daily/2026-11-25 1: 4 3 2 1", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpMerge, 12 * time.Hour, []string{"daily/2026-11-26 1: 5 4 3 2 1"}},
		{digest.CatchUpEach, 5 * time.Minute, []string{"daily/2026-11-23 1: 1", "daily/2026-11-24 1: 2", "daily/2026-11-25 1: 4 3", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpSkip, 5 * time.Minute, []string{"daily/2026-11-25 1: 4 3 2 1", "daily/2026-11-26 1: 5"}},
		{digest.CatchUpSkip, 16 * time.Minute, []string{"daily/2026-11-26 1: 5 4 3 2 1"}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.catchUp, " ", test.back), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].CatchUp = test.catchUp })
				w.subscribe(1, newYork)
				w.begin()
				monday := w.clock.Now()
				for i := range 3 {
					w.clock.set(monday.AddDate(0, 0, i).Add(-time.Hour))
					w.put(story(i+1, "world"))
				}
				w.clock.advance(time.Hour + time.Minute)
				w.put(story(4, "world"))
				w.clock.advance(test.back - time.Minute)
				w.tick()
				w.put(story(5, "world"))
				w.clock.set(monday.AddDate(0, 0, 3))
				w.tick()
				w.wantMails(test.want...)
				if n := w.count(`SELECT COUNT(*) FROM runs r JOIN cohorts c ON c.id = r.cohort_id WHERE r.expires_at <= r.due_at`); n != 0 {
					t.Errorf("%d runs expire before they are due", n)
				}
			})
		})
	}
}

func TestCatchUpSkipOfOneSlot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].CatchUp = digest.CatchUpSkip })
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(10 * time.Minute) // a restart, no downtime
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.put(story(2, "world"))
		w.clock.advance(24*time.Hour + 10*time.Minute)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.put(story(3, "world"))
		w.clock.set(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-25 1: 3 2")
	})
}

func TestCatchUpEachHasAnEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].CatchUp = digest.CatchUpEach })
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.set(w.clock.Now().AddDate(0, 0, 60).Add(time.Minute))
		w.put(story(2, "world"))
		w.tick()
		w.wantMails("daily/2027-01-16 1: 1", "daily/2027-01-22 1: 2")
		if n := w.count(`SELECT COUNT(*) FROM editions`); n != 7 {
			t.Errorf("%d editions after two months, want those of a week", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM runs WHERE expires_at <= $1`, db.Millis(w.clock.Now())); n != 0 {
			t.Errorf("%d runs were planned that have expired", n)
		}
	})
}

// TestFirstSlotPassed keeps the stories of a new cohort that missed its slot.
func TestFirstSlotPassed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(13 * time.Hour)
		w.tick()
		w.wantMails()
		w.put(story(2, "world"))
		w.clock.advance(11 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-24 1: 2 1")
	})
}

func TestRefreshTakesANewScheduleOver(t *testing.T) {
	schedule := func(expr string) func(*digest.Setup) {
		return func(set *digest.Setup) { set.Digests[0].Schedule = cron(t, expr); set.Digests[0].LocalTime = true }
	}
	before := []string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-24 1: 2"}
	tests := []struct {
		name, expr string
		want       []string
	}{
		{"the same", "0 7 * * *", []string{"daily/2026-11-24 2: 2", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3"}},
		{"later: who had the date's edition gets no second one", "0 9 * * *", []string{"daily/2026-11-24 2: 2", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3"}},
		{"earlier: whose time has passed waits for tomorrow", "0 4 * * *", []string{"daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3 2"}},
		{"twice a day", "0 7,18 * * *", []string{"daily/2026-11-24 2: 2", "daily/2026-11-24T18:00 1: 3", "daily/2026-11-24T18:00 2: 3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, schedule("0 7 * * *"))
				w.subscribe(1, newYork)
				w.subscribe(2, "America/Los_Angeles")
				w.begin()
				w.put(story(1, "world"))
				w.hours(24)
				w.put(story(2, "world"))
				w.tick()
				w.clock.advance(90 * time.Minute) // 08:30 in New York, 05:30 in Los Angeles
				w.configure(newSetup(t, schedule(test.expr)))
				if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
					t.Fatal(err)
				}
				rows := w.dump()
				if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
					t.Fatal(err)
				}
				same(t, "refreshing again", w.dump(), rows)
				w.hours(7)
				w.put(story(3, "world"))
				w.hours(26)
				w.wantMails(append(before, test.want...)...)
			})
		})
	}
}

// hours lets n hours pass under the eyes of the planner.
func (w *world) hours(n int) {
	w.t.Helper()
	for range 2 * n {
		w.tick()
		w.clock.advance(30 * time.Minute)
	}
}

// TestRefreshKeepsAMissedSlot: a service that was down over a slot catches up.
func TestRefreshKeepsAMissedSlot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(2 * time.Hour)
		if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
	})
}
