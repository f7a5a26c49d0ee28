package digest_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func (w *world) send(s digest.Send) *digest.Edition {
	w.t.Helper()
	s.Digest = w.daily
	e, err := w.planner.SendNow(w.t.Context(), s, w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// nothingDue checks that a send reaches nobody and writes nothing.
func (w *world) nothingDue(s digest.Send) {
	w.t.Helper()
	s.Digest = w.daily
	before := w.dump()
	if e, err := w.planner.SendNow(w.t.Context(), s, w.clock.Now()); !errors.Is(err, digest.ErrNothingDue) {
		w.t.Errorf("got %v, %v, want ErrNothingDue", e, err)
	}
	same(w.t, "a send with nothing due", w.dump(), before)
}

func TestSendNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "Asia/Tokyo", "sport")
		w.nothingDue(digest.Send{})
		w.put(story(1, "culture"), story(2, "sport"))
		e := w.send(digest.Send{})
		if e.Key != "daily/2026-11-23T07:00:01" || e.Kind != digest.Manual || e.Partial {
			t.Errorf("got %+v, want a manual edition beside the slot's", e)
		}
		w.wantMails("daily/2026-11-23T07:00:01 1: 2 1", "daily/2026-11-23T07:00:01 2: 2")
		w.nothingDue(digest.Send{})
		w.put(story(1, "culture"), story(2, "sport"), story(3, "culture")) // as a feed does
		w.send(digest.Send{})
		w.wantMails("daily/2026-11-23T07:00:01 1: 2 1", "daily/2026-11-23T07:00:01 2: 2", "daily/2026-11-23T07:00:02 1: 3")
		w.begin()
		w.put(story(4, "sport"))
		w.hours(24)
		w.wantMails("daily/2026-11-23 1: 4", "daily/2026-11-23T07:00:01 1: 2 1", "daily/2026-11-23T07:00:01 2: 2",
			"daily/2026-11-23T07:00:02 1: 3", "daily/2026-11-24 2: 4")
	})
}

func TestSendNowKeepsTheSchedule(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.clock.advance(-time.Hour)
		w.put(story(1, "world"))
		w.send(digest.Send{})
		w.clock.advance(time.Hour)
		w.tick() // the slot comes, with nothing new
		w.put(story(2, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23T06:00:01 1: 1", "daily/2026-11-24 1: 2")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 nothing-new 1"})
	})
}

func TestSendNowOfOneTopic(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.subscribe(3, newYork, "culture")
		w.begin()
		sport := digest.Send{TopicID: w.topic("sport")}
		w.put(story(1, "culture"))
		w.nothingDue(sport)
		w.put(story(2, "sport", "culture"), story(3, "sport"))
		e := w.send(sport)
		if !e.Partial || e.TopicID != w.topic("sport") {
			t.Errorf("got %+v, want a partial edition of sport", e)
		}
		w.nothingDue(sport)
		w.put(story(1, "culture", "sport")) // a topic added
		w.send(sport)
		w.tick()
		w.wantMails("daily/2026-11-23 3: 2 1",
			"daily/2026-11-23T07:00:01 1: 3 2", "daily/2026-11-23T07:00:01 2: 3 2",
			"daily/2026-11-23T07:00:02 1: 1", "daily/2026-11-23T07:00:02 2: 1")
	})
}

func TestSendNowToSome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.subscribe(3, "Asia/Tokyo")
		w.begin()
		w.put(story(1, "world"))
		w.nothingDue(digest.Send{Recipients: []int64{}})
		w.nothingDue(digest.Send{Recipients: []int64{99}})
		e := w.send(digest.Send{Recipients: []int64{2}})
		if !e.Partial || !slices.Equal(e.Recipients, []int64{2}) {
			t.Errorf("got %+v, want a partial edition to subscriber 2", e)
		}
		if runs, err := w.store.Runs(t.Context(), e.ID); err != nil || len(runs) != 1 {
			t.Errorf("got %v, %v, want a run of New York only", runs, err)
		}
		w.nothingDue(digest.Send{Recipients: []int64{2}})
		w.put(story(2, "world"))
		w.send(digest.Send{Recipients: []int64{2, 3}})
		w.tick()
		w.put(story(3, "world"))
		w.hours(25)
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23T07:00:01 2: 1",
			"daily/2026-11-23T07:00:02 2: 2", "daily/2026-11-23T07:00:02 3: 2 1",
			"daily/2026-11-24 1: 3", "daily/2026-11-24 2: 3", "daily/2026-11-24 3: 3")
	})
}

// TestSendNowAfterAFailure: what did not reach the reader is not taken for sent.
func TestSendNowAfterAFailure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for id := range int64(5) {
			w.subscribe(id+1, newYork)
		}
		w.begin()
		w.put(story(1, "world"))
		w.send(digest.Send{Recipients: []int64{1, 2, 3, 4, 5}})
		for id, state := range []string{"sent", "failed", "uncertain", "expired", "skipped"} {
			w.exec(`UPDATE deliveries SET state = $1 WHERE subscriber_id = $2`, state, id+1)
		}
		w.tick()
		got := slices.DeleteFunc(w.mails(), func(mail string) bool { return strings.Contains(mail, "T07") })
		same(t, "mails", got, []string{"daily/2026-11-23 2: 1", "daily/2026-11-23 4: 1", "daily/2026-11-23 5: 1"})
	})
}

func TestSendNowHonoursMinItems(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(2))
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.nothingDue(digest.Send{})
		w.put(story(2, "world"))
		w.send(digest.Send{Recipients: []int64{1}})
		w.put(story(3, "world"))
		w.tick()
		w.put(story(4, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23T07:00:01 1: 2 1", "daily/2026-11-24 1: 4 3")
	})
}

// TestSendNowFromMany: each reader gets each story once, whoever sends.
func TestSendNowFromMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		for id := range int64(12) {
			w.subscribe(id+1, []string{newYork, "Asia/Tokyo", "Europe/Berlin"}[id%3])
		}
		w.begin()
		w.put(story(1, "world"), story(2, "sport"))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				_, err := w.newPlanner().SendNow(t.Context(), digest.Send{Digest: w.daily}, w.clock.Now())
				if err != nil && !errors.Is(err, digest.ErrNothingDue) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.balanced()
		if n, readers := w.count(`SELECT COUNT(*) FROM deliveries`), w.count(`SELECT COUNT(DISTINCT subscriber_id) FROM deliveries`); n != 12 || readers != 12 {
			t.Errorf("%d deliveries to %d readers, want one to each of 12", n, readers)
		}
	})
}

// TestTwoSendsInOneSecond: neither takes the other's readers for its own.
func TestTwoSendsInOneSecond(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for id := range int64(8) {
			w.subscribe(id+1, newYork)
		}
		w.begin()
		w.put(story(1, "world"))
		var wg sync.WaitGroup
		for id := range int64(8) {
			wg.Go(func() {
				if _, err := w.newPlanner().SendNow(t.Context(), digest.Send{Digest: w.daily, Recipients: []int64{id + 1}}, w.clock.Now()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.balanced()
		if n, editions := w.count(`SELECT COUNT(DISTINCT subscriber_id) FROM deliveries`), w.count(`SELECT COUNT(*) FROM editions`); n != 8 || editions != 8 {
			t.Errorf("%d readers in %d editions, want 8 in 8", n, editions)
		}
	})
}

// TestSendNowEndsAtTheNextSlot sends four hours before the next slot of a digest that is tried for twelve.
func TestSendNowEndsAtTheNextSlot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.clock.advance(20 * time.Hour)
		w.put(story(1, "world"))
		e := w.send(digest.Send{})
		runs, err := w.store.Runs(t.Context(), e.ID)
		if err != nil || len(runs) != 1 {
			t.Fatalf("runs %+v, %v, want one", runs, err)
		}
		if got, want := runs[0].ExpiresAt, w.clock.Now().Add(4*time.Hour); !got.Equal(want) {
			t.Errorf("it expires at %s, want at the slot, %s", got, want)
		}
	})
}

func TestUrgentEditions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			breaking := set.Digests[0]
			breaking.Slug, breaking.Name, breaking.Urgent = "breaking", "Breaking news", true
			set.Digests = append(set.Digests, breaking)
		})
		w.subscribe(1, newYork)
		w.put(story(1, "world"))
		w.send(digest.Send{})
		if got := w.count(`SELECT count(*) FROM editions WHERE urgent = 0`); got != 1 {
			t.Errorf("%d editions that are not urgent, want that of the daily digest", got)
		}
		w.exec(`UPDATE cohorts SET digest_id = $1`, w.setup.Digests[1].ID)
		w.exec(`UPDATE subscriptions SET digest_id = $1`, w.setup.Digests[1].ID)
		w.put(story(2, "world"))
		if _, err := w.planner.SendNow(t.Context(), digest.Send{Digest: &w.setup.Digests[1]}, w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got := w.count(`SELECT count(*) FROM editions WHERE urgent = 1 AND key LIKE 'breaking/%'`); got != 1 {
			t.Errorf("%d urgent editions, want that of the breaking news", got)
		}
	})
}

// TestTickOfOneDigest has two digests due and plans one.
func TestTickOfOneDigest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			evening := set.Digests[0]
			evening.Slug, evening.Name = "evening", "The Evening Courier"
			set.Digests = append(set.Digests, evening)
		})
		w.subscribe(1, newYork)
		w.exec(`INSERT INTO cohorts (id, digest_id, zone) SELECT 900, $1, zone FROM cohorts`, w.setup.Digests[1].ID)
		w.begin()
		w.put(story(1, "world"))
		w.clock.advance(24 * time.Hour)
		if err := w.planner.Tick(t.Context(), w.clock.Now(), w.setup.Digests[1].ID); err != nil {
			t.Fatal(err)
		}
		due := w.count(`SELECT count(*) FROM cohorts WHERE next_due_at <= $1`, db.Millis(w.clock.Now()))
		if due != 1 || w.count(`SELECT count(*) FROM editions`) != 0 {
			t.Errorf("%d cohorts are still due, want that of the other digest, and no edition", due)
		}
		w.tick()
		w.wantMails("daily/2026-11-24 1: 1")
	})
}
