package digest_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// warmUp gives the planner a ramp with a ceiling of some readers on its first day, 2026-11-23, that doubles for days.
func (w *world) warmUp(first, days int) {
	w.planner = w.newPlanner().WarmUp(subscribers.NewRamp(subscribers.NewStore(w.db, w.clock.Now), subscribers.RampOptions{
		Start: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Zone: zone(w.t, newYork), First: first, Growth: 2, Days: days,
		Providers: mail.NewProviders(nil), Log: slog.New(slog.DiscardHandler),
		Clock: func(context.Context) (time.Time, error) { return w.clock.Now(), nil },
	}))
}

// sent lets all that is planned be accepted, without which no ceiling rises.
func (w *world) sent() { w.exec(`UPDATE deliveries SET state = 'sent'`) }

// confirmed says when readers confirmed, the later the earlier they are admitted.
func (w *world) confirmed(at map[int64]int) {
	for id, hour := range at {
		w.exec(`UPDATE subscribers SET confirmed_at = $1 WHERE id = $2`, int64(hour)*3_600_000, id)
	}
}

func TestNotAdmittedReadersWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for id := range int64(5) {
			w.subscribe(id+1, newYork)
		}
		w.subscribe(6, newYork, "sport")
		w.confirmed(map[int64]int{1: 10, 2: 60, 3: 30, 4: 20, 5: 15, 6: 50})
		w.warmUp(1, 3)
		w.begin()
		w.put(story(1, "world"), story(2, "sport"))
		w.tick()
		w.sent()
		w.put(story(3, "world"))
		w.nextDay()
		w.sent()
		w.put(story(4, "sport"))
		w.nextDay()
		w.sent()
		w.put(story(5, "world"))
		w.nextDay() // the ramp is over
		w.wantMails("daily/2026-11-23 2: 2 1", "daily/2026-11-24 2: 3", "daily/2026-11-24 6: 2",
			"daily/2026-11-25 2: 4", "daily/2026-11-25 3: 4 3 2 1", "daily/2026-11-25 4: 4 3 2 1", "daily/2026-11-25 6: 4",
			"daily/2026-11-26 1: 5 4 3 2 1", "daily/2026-11-26 2: 5", "daily/2026-11-26 3: 5", "daily/2026-11-26 4: 5", "daily/2026-11-26 5: 5 4 3 2 1")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 not-admitted 5", "daily/2026-11-24 not-admitted 4",
			"daily/2026-11-25 not-admitted 2", "daily/2026-11-26 nothing-new 1"})
		w.balanced()
	})
}

// TestWelcomeWaitsForTheRamp: who confirms and is not admitted is welcomed when
// that has happened, and has no part in what others are owed.
func TestWelcomeWaitsForTheRamp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, welcoming)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.confirmed(map[int64]int{1: 10, 2: 20})
		w.warmUp(4, 9) // there is room for two more, whom it admits the next day
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.sent()
		w.clock.advance(time.Hour)
		w.subscribe(3, newYork, "world")
		w.subscribe(4, newYork, "sport")
		w.subscribe(5, newYork)
		w.confirmed(map[int64]int{3: 30, 4: 40, 5: 5})
		w.owe(digest.Welcome, 3, 4, 5)
		w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = 5`)
		w.minutes(2)
		if n := w.count(`SELECT COUNT(*) FROM subscriptions WHERE owed <> ''`); n != 2 {
			t.Errorf("%d readers are owed a welcome, want the two who wait", n)
		}
		w.put(story(2, "sport"))
		w.clock.advance(16 * time.Hour) // a new day of the ramp, before the slot
		w.minutes(1)
		w.nothingOwed()
		w.hours(12)
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-24T00:03:01 3: 1", "daily/2026-11-24T00:03:01 4: 2",
			"daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2")
		w.balanced()
	})
}

// TestPlannersAdmitTogether lets two planners meet the new day at once.
func TestPlannersAdmitTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for id := range int64(9) {
			w.subscribe(id+1, newYork)
		}
		w.warmUp(4, 9)
		w.begin()
		w.put(story(1, "world"))
		w.clock.set(w.clock.Now().AddDate(0, 0, 2)) // a ceiling of four, for nobody got mail yet
		ended := make(chan error)
		for range 2 {
			go func() { ended <- w.planner.Tick(context.Background(), w.clock.Now()) }()
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 4 {
			t.Errorf("%d deliveries, want 4", n)
		}
		same(t, "skips", w.skips(), []string{"daily/2026-11-25 not-admitted 5"})
		w.balanced()
	})
}

// TestSendsByHandKeepToTheRamp sends to everybody, to somebody, and only looks.
func TestSendsByHandKeepToTheRamp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.confirmed(map[int64]int{1: 10, 2: 20})
		w.warmUp(1, 3)
		w.put(story(1, "world"))
		w.send(digest.Send{}) // admits the first reader
		w.wantMails("daily/2026-11-23T07:00:01 2: 1")
		w.nothingDue(digest.Send{Recipients: []int64{1}})
		before := w.dump()
		dry, err := w.planner.DryRun(w.ctx(), w.daily, w.clock.Now())
		if err != nil || dry.Due != 2 || dry.WouldGet != 0 || dry.Skips[digest.SkipNotAdmitted] != 1 {
			t.Errorf("got %+v, %v, want one who waits", dry, err)
		}
		composer := digest.NewComposer(w.store, w.setup, digest.Links{}, w.clock.Now)
		preview, err := w.planner.Preview(w.ctx(), composer, w.daily, digest.Reader{SubscriberID: 1}, w.clock.Now())
		if err != nil || preview.Skip != digest.SkipNotAdmitted {
			t.Errorf("got %+v, %v, want the reader to wait", preview, err)
		}
		same(t, "looking", w.dump(), before)
		w.sent()
		w.clock.advance(24 * time.Hour)
		w.put(story(2, "world"))
		w.send(digest.Send{})
		w.wantMails("daily/2026-11-23T07:00:01 2: 1", "daily/2026-11-24T07:00:01 1: 2 1", "daily/2026-11-24T07:00:01 2: 2")
	})
}
