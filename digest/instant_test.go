package digest_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/schedule"
	"broadsheet/subscribers"
)

// instant makes the digest one of breaking news about world and sport.
func instant(set *digest.Setup) {
	one := &set.Digests[0]
	one.Instant, one.LocalTime, one.Schedule, one.Topics = true, true, schedule.Schedule{}, []string{"world", "sport"}
}

// minutes lets n minutes pass under the eyes of the planner.
func (w *world) minutes(n int) {
	w.t.Helper()
	for range n {
		w.clock.advance(time.Minute)
		w.tick()
	}
}

func TestInstant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, instant)
		w.put(story(1, "world")) // before anybody read it
		w.subscribe(1, newYork)
		w.subscribe(2, "Asia/Tokyo", "sport")
		w.minutes(2)
		w.put(story(2, "sport"), story(3, "world"))
		w.minutes(2)
		w.put(story(4, "culture")) // not of the digest
		w.minutes(2)
		w.put(story(5, "sport"))
		w.minutes(1)
		w.wantMails("daily/2026-11-23T07:03:01 1: 3 2", "daily/2026-11-23T07:03:01 2: 2",
			"daily/2026-11-23T07:07:01 1: 5", "daily/2026-11-23T07:07:01 2: 5")
		if n := w.count(`SELECT COUNT(*) FROM editions`); n != 2 {
			t.Errorf("%d editions, want one for each time something came", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM runs WHERE expires_at <> due_at + $1`, w.daily.ExpireAfter.Milliseconds()); n != 0 {
			t.Errorf("%d runs expire at another time than expire_after", n)
		}
		w.balanced()
		w.exec(`UPDATE articles SET held_at = 1`)
		w.put(story(6, "world"))
		w.exec(`UPDATE articles SET held_at = 1`)
		w.minutes(1)
		if n := w.count(`SELECT COUNT(*) FROM editions`); n != 2 {
			t.Errorf("%d editions, want none of a story that is held", n)
		}
	})
}

// TestInstantBeforeItsFirstTick: what arrives after a reader came to a new cohort,
// and before a planner saw that, is the reader's.
func TestInstantBeforeItsFirstTick(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, instant)
		w.put(story(1, "world"))
		people := subscribers.NewStore(d, w.clock.Now)
		add := func(address, zone string) int64 {
			t.Helper()
			if err := people.Add(t.Context(), w.catalog(), subscribers.Add{Address: address, Zone: zone, Confirmed: true, Consent: "by telephone"}); err != nil {
				t.Fatal(err)
			}
			return w.count(`SELECT id FROM subscribers WHERE address = $1`, address)
		}
		ended, first := add("ann@reader.example", newYork), add("bob@reader.example", "Asia/Tokyo")
		w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = $1`, ended)
		w.put(story(2, "world"))
		w.minutes(2)
		second := add("eve@reader.example", newYork) // nothing waits for the first reader of a cohort without
		w.put(story(3, "sport"))
		w.minutes(1)
		w.wantMails(fmt.Sprintf("daily/2026-11-23T07:02:01 %d: 2", first), fmt.Sprintf("daily/2026-11-23T07:03:01 %d: 3", first),
			fmt.Sprintf("daily/2026-11-23T07:03:01 %d: 3", second))
	})
}

// TestInstantKeepsToQuietHours has a reader for whom it is night.
func TestInstantKeepsToQuietHours(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { instant(set); set.Digests[0].QuietHours = "21:05-07:30" })
		w.subscribe(1, "Europe/Berlin") // 13:00
		w.subscribe(2, "Asia/Tokyo")    // 21:00
		w.minutes(1)
		w.put(story(1, "world"))
		w.minutes(1)
		w.clock.advance(10 * time.Minute)
		w.put(story(2, "world"))
		w.minutes(1)
		if got := w.statements(); len(got) != 1 {
			t.Errorf("%d statements of a tick in quiet hours, want one", len(got))
		}
		w.put(story(3, "world"))
		for range 12 * 11 {
			w.clock.advance(5 * time.Minute)
			w.tick()
		}
		w.wantMails("daily/2026-11-23T07:02:01 1: 1", "daily/2026-11-23T07:02:01 2: 1", "daily/2026-11-23T07:13:01 1: 2",
			"daily/2026-11-23T07:18:01 1: 3", "daily/2026-11-23T17:33:01 2: 3 2")
	})
}

// TestInstantFromAndToASchedule changes the configuration of a digest that has
// readers.
func TestInstantFromAndToASchedule(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.put(story(2, "world"))
		for _, change := range []func(*digest.Setup){instant, nil} {
			w.configure(newSetup(t, change))
			if err := w.planner.Refresh(t.Context(), w.clock.Now()); err != nil {
				t.Fatal(err)
			}
			w.minutes(1)
		}
		w.put(story(3, "world"))
		w.hours(25)
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23T07:01:01 1: 2", "daily/2026-11-24 1: 3")
	})
}

func TestSendNowInQuietHours(t *testing.T) {
	tests := []struct {
		name, quiet string
		due         time.Duration // after 07:00 in New York
	}{
		{"outside", "22:00-07:00", 0},
		{"in the night", "22:00-07:01", time.Minute},
		{"at its beginning", "07:00-07:30", 30 * time.Minute},
		{"over midnight", "06:00-05:00", 22 * time.Hour},
		{"of the afternoon", "13:00-15:00", 0},
		{"until the slot", "05:00-08:00", time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) {
				set.Digests[0].QuietHours, set.Digests[0].Schedule = test.quiet, cron(t, "0 8 * * *")
			})
			w.subscribe(1, newYork)
			w.begin()
			w.put(story(1, "world"))
			e := w.send(digest.Send{})
			due := w.clock.Now().Add(test.due)
			w.wantReady(e.Key, due)
			if n := w.count(`SELECT COUNT(*) FROM runs WHERE due_at = $1 AND expires_at > due_at`, db.Millis(due)); n != 1 {
				t.Errorf("%d runs are due at %s and go on after it, want one", n, due)
			}
		})
	}
}

// TestCatchUpInQuietHours is late for a slot of the evening.
func TestCatchUpInQuietHours(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) {
		set.Digests[0].QuietHours, set.Digests[0].Schedule = "22:00-06:30", cron(t, "0 21 * * *")
	})
	w.subscribe(1, newYork)
	w.begin()
	w.put(story(1, "world"))
	slot := w.clock.Now().Add(14 * time.Hour)
	w.clock.set(slot.Add(2 * time.Hour))
	w.tick()
	w.wantMails("daily/2026-11-23 1: 1")
	w.wantReady("daily/2026-11-23", slot.Add(9*time.Hour+30*time.Minute))
	if n := w.count(`SELECT COUNT(*) FROM runs WHERE expires_at > due_at`); n != 1 {
		t.Error("the run expires before the quiet hours are over")
	}
}

// TestSlotInQuietHours: the schedule of the digest wins.
func TestSlotInQuietHours(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { set.Digests[0].QuietHours = "22:00-09:00" })
	w.subscribe(1, newYork)
	w.begin()
	w.put(story(1, "world"))
	w.tick()
	w.wantReady("daily/2026-11-23", w.clock.Now())
}

// TestInstantFromMany lets planners meet the same stories at once: one edition
// for all of them, and each reader in it once.
func TestInstantFromMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, instant)
		for id := range int64(12) {
			w.subscribe(id+1, []string{newYork, "Asia/Tokyo", "Europe/Berlin", "America/Lima"}[id%4])
		}
		w.minutes(1)
		for n := range 3 {
			w.put(story(n, "world"))
			w.clock.advance(time.Minute)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := w.newPlanner().Tick(t.Context(), w.clock.Now()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if editions, mails := w.count(`SELECT COUNT(*) FROM editions`), w.count(`SELECT COUNT(*) FROM deliveries`); editions != int64(n+1) || mails != int64(12*(n+1)) {
				t.Errorf("%d editions with %d deliveries after %d stories, want one with twelve for each", editions, mails, n+1)
			}
		}
		w.balanced()
	})
}

// TestInstantKilled ends a planner between an edition and the page of its runs;
// another one goes on.
func TestInstantKilled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, instant)
		for id := range int64(6) {
			w.subscribe(id+1, []string{newYork, "Asia/Tokyo", "Europe/Berlin"}[id%3])
		}
		w.minutes(1)
		w.put(story(1, "world"))
		w.clock.advance(time.Minute)
		w.tickUntil(2)
		w.tick()
		w.minutes(2)
		if mails, readers := w.count(`SELECT COUNT(*) FROM deliveries`), w.count(`SELECT COUNT(DISTINCT subscriber_id) FROM deliveries`); mails != 6 || readers != 6 {
			t.Errorf("%d deliveries to %d readers, want one to each of six", mails, readers)
		}
		w.balanced()
	})
}
