package digest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// owe notes that something is owed to readers, as package subscribers does.
func (w *world) owe(kind digest.EditionKind, ids ...int64) {
	w.t.Helper()
	for _, id := range ids {
		w.exec(`UPDATE subscriptions SET owed = $1 WHERE subscriber_id = $2`, string(kind), id)
	}
}

// nothingOwed checks that no reader is owed anything any more.
func (w *world) nothingOwed() {
	w.t.Helper()
	if n := w.count(`SELECT COUNT(*) FROM subscriptions WHERE owed <> ''`); n != 0 {
		w.t.Errorf("%d readers are still owed something", n)
	}
}

// welcoming is a digest with a welcome of the last three days.
func welcoming(set *digest.Setup) { localTime(set); set.Digests[0].Welcome = 72 * time.Hour }

func TestWelcome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, welcoming)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.clock.advance(48 * time.Hour)
		w.put(story(2, "sport"), story(3, "world"))
		w.tick()
		w.clock.advance(26 * time.Hour) // story 1 is older than three days
		w.tick()
		w.put(story(4, "world"))
		w.subscribe(2, newYork)
		w.subscribe(3, "Asia/Tokyo", "sport") // a new cohort
		w.subscribe(4, newYork, "local")      // for whom there is nothing
		w.owe(digest.Welcome, 2, 3, 4)
		w.minutes(1)
		w.nothingOwed()
		welcome := "daily/2026-11-26T09:01:01"
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-25 1: 3 2", welcome+" 2: 4 3 2", welcome+" 3: 2")
		e, err := w.store.EditionByKey(t.Context(), welcome)
		if err != nil || e.Kind != digest.Welcome || !e.Partial || !slices.Equal(e.Recipients, []int64{2, 3, 4}) {
			t.Errorf("got %+v, %v, want a partial edition of welcome to those three", e, err)
		}
		w.put(story(5, "sport"), story(6, "world"))
		w.hours(24)
		mails := w.mails()
		same(t, "the rhythm after the welcome", mails[len(mails)-3:], []string{
			"daily/2026-11-27 1: 6 5 4", "daily/2026-11-27 2: 6 5", "daily/2026-11-27 3: 5",
		})
		w.balanced()
	})
}

func TestNoWelcome(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"nothing is there":   func(*world) {},
		"nothing for them":   func(w *world) { w.put(story(1, "local")) },
		"all is too old":     func(w *world) { w.put(story(1, "world")); w.clock.advance(80 * time.Hour) },
		"welcome is off":     func(w *world) { w.put(story(1, "world")); w.daily.Welcome = 0 },
		"the reader left":    func(w *world) { w.put(story(1, "world")); w.exec(`UPDATE subscriptions SET state = 'ended'`) },
		"all was taken back": func(w *world) { w.put(story(1, "world")); w.exec(`UPDATE articles SET withdrawn_at = 1`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, dbtest.Open(t, db.SQLite), welcoming)
			w.begin()
			w.clock.advance(time.Hour)
			w.subscribe(1, newYork, "world")
			change(w)
			w.owe(digest.Welcome, 1)
			w.minutes(1)
			w.nothingOwed()
			if n := w.count(`SELECT COUNT(*) FROM editions`); n != 0 {
				t.Errorf("%d editions, want none", n)
			}
		})
	}
}

// TestWelcomeInQuietHours comes in the morning.
func TestWelcomeInQuietHours(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { welcoming(set); set.Digests[0].QuietHours = "21:00-06:30" })
	w.put(story(1, "world"))
	w.subscribe(1, "Asia/Tokyo") // 21:00
	w.owe(digest.Welcome, 1)
	w.tick()
	w.wantReady("daily/2026-11-23T07:00:01", w.clock.Now().Add(9*time.Hour+30*time.Minute))
}

// TestWelcomeFromMany: several planners give each reader one welcome.
func TestWelcomeFromMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { welcoming(set); set.Digests[0].MaxItems = 2 })
		for n := range 6 {
			w.put(story(n, "world"))
		}
		const readers = 40
		for id := range int64(readers) {
			w.subscribe(id+1, []string{newYork, "Asia/Tokyo", "Europe/Berlin"}[id%3])
		}
		w.begin()
		for round := range int64(2) {
			var wg sync.WaitGroup
			for n := range int64(4) {
				for id := round*readers/2 + 1; id <= (round+1)*readers/2; id++ {
					if id%4 == n {
						w.owe(digest.Welcome, id)
					}
				}
				wg.Go(func() {
					if err := w.newPlanner().Tick(t.Context(), w.clock.Now()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			w.tick()
		}
		w.nothingOwed()
		w.balanced()
		if n, people := w.count(`SELECT COUNT(*) FROM deliveries d JOIN editions e ON e.id = d.edition_id WHERE e.kind = 'welcome'`),
			w.count(`SELECT COUNT(DISTINCT subscriber_id) FROM deliveries d JOIN editions e ON e.id = d.edition_id WHERE e.kind = 'welcome'`); n != readers || people != readers {
			t.Errorf("%d welcomes to %d readers, want one to each of %d", n, people, readers)
		}
	})
}

// TestOwedAsARunBegins: where a run of the cohort begins just then, whose number
// and window it would have else, what is owed waits for the next look.
func TestOwedAsARunBegins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, welcoming)
		w.subscribe(1, newYork)
		w.begin()
		w.tick()
		w.put(story(1, "world"))
		w.owe(digest.Welcome, 1)
		w.meanwhile(func() error { return w.planner.Tick(t.Context(), w.clock.Now()) },
			`UPDATE cohorts SET runs = runs + 1, next_slot = '2026-11-25T07:00'`)
		w.tick()
		w.nothingOwed()
		w.wantMails("daily/2026-11-23T07:00:01 1: 1")
		if n := w.count(`SELECT COUNT(*) FROM runs r JOIN cohorts c ON c.id = r.cohort_id JOIN editions e ON e.id = r.edition_id
			WHERE e.partial = 1 AND r.number <> c.runs`); n != 0 {
			t.Errorf("%d runs have a number that was taken", n)
		}
	})
}

// relocate moves a reader to another zone, as the preference page does.
func (w *world) relocate(id int64, from, to string) {
	w.t.Helper()
	if err := w.move(id, w.cohort(from), w.cohort(to)); err != nil {
		w.t.Fatal(err)
	}
	w.owe(digest.Moved, id)
}

// TestMovedOverASlot moves a reader to zones where the slot of the date is past
// or yet to come: one digest a date, wherever that is.
func TestMovedOverASlot(t *testing.T) {
	tests := []struct {
		name     string
		from, to string
		at       time.Duration // after seven in New York
		want     []string      // that the reader gets until the next evening
	}{
		{"east before the slot", newYork, "America/Sao_Paulo", -time.Hour, []string{"daily/2026-11-23T07:00:01", "daily/2026-11-24"}},
		{"east after the slot", newYork, "America/Sao_Paulo", time.Hour, []string{"daily/2026-11-23", "daily/2026-11-24"}},
		{"west before the slot there", newYork, "America/Los_Angeles", time.Hour, []string{"daily/2026-11-23", "daily/2026-11-24"}},
		{"west before both", newYork, "America/Los_Angeles", -time.Hour, []string{"daily/2026-11-23", "daily/2026-11-24"}},
		{"to the next date", newYork, "Pacific/Auckland", 6 * time.Hour, []string{"daily/2026-11-23", "daily/2026-11-24"}},
		{"to a date whose slot is past", newYork, "Pacific/Auckland", 12 * time.Hour, []string{"daily/2026-11-23", "daily/2026-11-24T07:00:01"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MaxItems = 200 })
				slot := w.clock.Now()
				w.subscribe(1, test.from)
				w.subscribe(2, test.to)
				w.clock.set(slot.Add(-26 * time.Hour))
				n, moved := 0, false
				for w.clock.Now().Before(slot.Add(28 * time.Hour)) {
					if !moved && !w.clock.Now().Before(slot.Add(test.at)) {
						moved = true
						w.relocate(1, test.from, test.to)
					}
					n++
					w.put(story(n, "world"))
					w.tick()
					w.clock.advance(30 * time.Minute)
				}
				w.nothingOwed()
				w.balanced()
				keys := w.rows(`SELECT e.key FROM deliveries d JOIN editions e ON e.id = d.edition_id WHERE d.subscriber_id = 1 AND e.slot >= '2026-11-23'
					ORDER BY e.slot`, nil)
				if keys = keys[:min(len(keys), 2)]; !slices.Equal(keys, test.want) {
					t.Errorf("got %q, want %q", keys, test.want)
				}
				w.eachStoryOnce(1)
			})
		})
	}
}

// eachStoryOnce checks that a reader got no story twice, and none was left out
// between the first and the last.
func (w *world) eachStoryOnce(id int64) {
	w.t.Helper()
	got := w.storiesOf(id)
	for i, n := range got {
		if n != got[0]+i {
			w.t.Fatalf("got stories %v, want each once", got)
		}
	}
}

// storiesOf returns the numbers of the stories that a reader got, sorted.
func (w *world) storiesOf(id int64) []int {
	w.t.Helper()
	var got []int
	for _, mail := range w.mails() {
		head, stories, _ := strings.Cut(mail, ": ")
		if !strings.HasSuffix(head, fmt.Sprint(" ", id)) {
			continue
		}
		for _, number := range strings.Fields(stories) {
			n, err := strconv.Atoi(number)
			if err != nil {
				w.t.Fatal(err)
			}
			got = append(got, n)
		}
	}
	slices.Sort(got)
	return got
}

// TestMovedToAnEarlierHour moves to an earlier hour in the same zone, between the two.
func TestMovedToAnEarlierHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.begin()
		w.clock.advance(-30 * time.Minute) // 06:30
		w.put(story(1, "world"))
		w.tick()
		w.atHour(1, "06:00")
		w.owe(digest.Moved, 1)
		w.minutes(1)
		w.put(story(2, "world"))
		w.clock.advance(24 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23T07:00:01 1: 1", "daily/2026-11-24 1: 2")
		w.nothingOwed()
	})
}

func TestEmbargoEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"), story(2, "world"))
		w.exec(`UPDATE articles SET embargo_until = $1 WHERE url LIKE '%/2'`, db.Millis(w.clock.Now().Add(time.Hour)))
		w.tick()
		w.clock.advance(time.Hour - time.Minute)
		w.tick()
		if n := w.count(`SELECT COUNT(*) FROM articles WHERE embargo_until > 0`); n != 1 {
			t.Error("the embargo ended early")
		}
		w.minutes(1)
		if n := w.count(`SELECT COUNT(*) FROM articles WHERE embargo_until > 0`); n != 0 {
			t.Error("the embargo did not end")
		}
	})
}

// TestMovedJustBeforeTheSlot: the run that begins in the same tick has the
// reader, and nothing is made up for.
func TestMovedJustBeforeTheSlot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, "America/Los_Angeles")
		w.subscribe(2, newYork)
		slot := w.clock.Now()
		w.clock.set(slot.Add(-24 * time.Hour))
		w.hours(23)
		w.put(story(1, "world"))
		w.clock.set(slot.Add(-time.Minute))
		w.relocate(1, "America/Los_Angeles", newYork)
		w.clock.set(slot)
		w.tick()
		w.minutes(2)
		w.nothingOwed()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1")
		w.balanced()
	})
}

// TestMovedThereAndBack moves a reader east after the slot there, and back before
// the one at home.
func TestMovedThereAndBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		slot := w.clock.Now()
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Sao_Paulo")
		w.clock.set(slot.Add(-27 * time.Hour))
		w.hours(24)
		w.put(story(1, "world"))
		w.hours(2)
		w.relocate(1, newYork, "America/Sao_Paulo")
		w.tick()
		w.put(story(2, "world"))
		w.relocate(1, "America/Sao_Paulo", newYork)
		w.hours(2)
		w.put(story(3, "world"))
		w.hours(24)
		w.wantMails("daily/2026-11-23 2: 1", "daily/2026-11-23T07:00:01 1: 1", "daily/2026-11-24 1: 3 2", "daily/2026-11-24 2: 3 2")
		same(t, "skips", w.skips(), []string{"daily/2026-11-22 nothing-new 1", "daily/2026-11-22 nothing-new 1", "daily/2026-11-23 moved 1"})
		w.nothingOwed()
		w.balanced()
	})
}
