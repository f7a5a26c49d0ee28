package digest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func localTime(set *digest.Setup) { set.Digests[0].LocalTime = true }

func minItems(n int) func(*digest.Setup) {
	return func(set *digest.Setup) { set.Digests[0].MinItems = n }
}

func (w *world) wantMails(want ...string) {
	w.t.Helper()
	same(w.t, "mails", w.mails(), want)
	w.balanced()
}

func (w *world) skips() []string {
	w.t.Helper()
	return w.rows(`SELECT e.key || ' ' || k.reason || ' ' || CAST(k.n AS TEXT) FROM run_skips k
		JOIN runs r ON r.id = k.run_id JOIN editions e ON e.id = r.edition_id ORDER BY e.slot, k.reason`, nil)
}

func TestPlanADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.subscribe(3, newYork, "culture")
		w.begin()
		w.put(story(1, "world"), story(2, "sport", "world"))
		w.clock.advance(-time.Second)
		w.tick()
		w.wantMails()
		w.clock.advance(time.Second)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 nothing-new 1"})
		before := w.dump()
		w.tick()
		same(t, "planning again", w.dump(), before)
		w.put(story(3, "culture"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2", "daily/2026-11-24 1: 3", "daily/2026-11-24 3: 3")
	})
}

func TestPlanTwoZonesInOneEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.subscribe(3, "Asia/Tokyo")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.exec(`UPDATE editions SET state = 'done'`)
		w.put(story(2, "world"))
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1")
		e, err := w.store.EditionByKey(t.Context(), "daily/2026-11-23")
		if err != nil || e.State != digest.EditionSending {
			t.Fatalf("got %+v, %v, want the edition to be sending again", e, err)
		}
		runs, err := w.store.Runs(t.Context(), e.ID)
		if err != nil || len(runs) != 2 || runs[0].Zone != newYork || runs[1].Zone != "America/Los_Angeles" || !runs[1].DueAt.Equal(w.clock.Now()) {
			t.Errorf("got %+v, %v, want New York's and then Los Angeles' run", runs, err)
		}
		w.clock.advance(7 * time.Hour) // 07:00 of the next day in Tokyo
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-24 3: 2 1")
	})
}

// TestWindowsTouch lets stories arrive at all times around the cut-offs.
func TestWindowsTouch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		for i := range 20 {
			w.put(story(i, "world"))
			if i%3 == 0 {
				w.tick()
			}
			w.clock.advance(7 * time.Hour)
		}
		w.clock.set(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
		w.tick()
		for _, row := range w.rows(`SELECT 'run ' || CAST(a.number AS TEXT) FROM runs a JOIN runs b ON b.cohort_id = a.cohort_id AND b.number = a.number + 1
			WHERE b.from_seq <> a.to_seq`, nil) {
			t.Errorf("the window of %s does not touch the next", row)
		}
		var got []string
		for _, mail := range w.mails() {
			_, stories, _ := strings.Cut(mail, ": ")
			got = append(got, strings.Fields(stories)...)
		}
		slices.Sort(got)
		if len(got) != 20 || len(slices.Compact(got)) != 20 {
			t.Errorf("got %q, want each of 20 stories once", w.mails())
		}
	})
}

func TestMinItemsCarriesOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(3))
		w.subscribe(1, newYork, "world")
		w.subscribe(2, newYork, "world", "sport")
		w.begin()
		w.put(story(1, "world"), story(2, "sport"), story(3, "sport"))
		w.tick()
		w.wantMails("daily/2026-11-23 2: 1 3 2")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 too-few-stories 1"})
		w.nextDay() // nothing came: reader 1 still waits, reader 2 has nothing
		w.put(story(4, "world"))
		w.nextDay()
		w.put(story(5, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 2: 1 3 2", "daily/2026-11-26 1: 5 4 1")
		w.put(story(6, "world"))
		w.nextDay()
		w.put(story(7, "world"), story(8, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23 2: 1 3 2", "daily/2026-11-26 1: 5 4 1",
			"daily/2026-11-27 2: 6 5 4", "daily/2026-11-28 1: 8 7 6")
	})
}

func TestCancelledEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 2 })
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.subscribe(3, "America/Los_Angeles", "sport")
		w.begin()
		w.clock.advance(3 * time.Hour)
		w.put(story(1, "world"), story(2, "sport"))
		w.tick()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2 1")
		w.clock.set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
		w.put(story(3, "world"), story(4, "world"))
		w.tick()
		e, err := w.store.SetEditionState(t.Context(), "daily/2026-11-24", digest.EditionCancelled, "a mistake")
		if err != nil || e.State != digest.EditionCancelled || e.Reason != "a mistake" {
			t.Fatalf("got %+v, %v, want it cancelled", e, err)
		}
		w.clock.advance(3 * time.Hour) // Los Angeles has not begun: its stories come later
		w.tick()
		w.put(story(5, "sport"))
		w.clock.advance(24 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-24 1: 4 3",
			"daily/2026-11-25 2: 5 4 3", "daily/2026-11-25 3: 5 2")
		if e, err = w.store.SetEditionState(t.Context(), "daily/2026-11-24", digest.EditionSending, ""); err != nil || e.State != digest.EditionCancelled {
			t.Errorf("got %+v, %v, want a cancelled edition to stay so", e, err)
		}
	})
}

func TestCancellingEndsPlanning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.pages(digest.PageSize + 5)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.tickUntil(3)
		if _, err := w.store.SetEditionState(t.Context(), "daily/2026-11-23", digest.EditionCancelled, ""); err != nil {
			t.Fatal(err)
		}
		w.tick()
		w.balanced()
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != digest.PageSize {
			t.Errorf("%d deliveries, want the first page's %d", n, digest.PageSize)
		}
	})
}

func TestRetiredDigest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.pages(digest.PageSize + 5)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.tickUntil(3)
		w.configure(newSetup(t, func(set *digest.Setup) { set.Digests[0].Slug = "other" }))
		before := w.dump()
		w.tick()
		w.nextDay()
		same(t, "after the digest retired", w.dump(), before)
	})
}

func TestFirstWindowOfACohort(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		slot := w.clock.Now()
		at := func(since time.Duration, n int, topics ...string) {
			w.clock.set(slot.Add(since))
			w.put(story(n, topics...))
		}
		at(-25*time.Hour, 1, "world") // before the slot that the cohort did not see
		at(-24*time.Hour, 2, "world")
		at(-23*time.Hour, 3, "world")
		at(-time.Hour, 1, "world", "sport") // old, but with a new topic
		at(-time.Minute, 4, "world")
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.clock.set(slot)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 4 3", "daily/2026-11-23 2: 1")
	})
}

func TestABadCohortStopsNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, "Asia/Tokyo")
		w.exec(`UPDATE cohorts SET rule = '25:99'`)
		w.subscribe(2, newYork)
		w.clock.advance(-time.Minute)
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil || !strings.Contains(err.Error(), "25:99") {
			t.Errorf("got %v, want the hour to be named", err)
		}
		w.clock.advance(time.Minute)
		w.put(story(1, "world"))
		if err := w.planner.Refresh(t.Context(), w.clock.Now()); err == nil || !strings.Contains(err.Error(), "25:99") {
			t.Errorf("got %v, want the hour to be named", err)
		}
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil || strings.Count(err.Error(), "start run") != 1 {
			t.Errorf("got %v, want one error", err)
		}
		w.wantMails("daily/2026-11-23 2: 1")
	})
}

func TestTopicThatComesAndGoesRepeatsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.put(story(1, "world", "sport"))
		w.tick()
		for _, topics := range [][]string{{"world"}, {"sport"}, {"culture"}, {"world", "sport"}} {
			w.put(story(1, topics...))
			w.nextDay()
		}
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1")
	})
}

// TestFirstFetchSendsNoFlood: three hundred stories at once fill one mail.
func TestFirstFetchSendsNoFlood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { twoFeeds(set); set.Digests[0].MaxItems = 3 })
		w.subscribe(1, newYork)
		w.begin()
		var items []digest.Incoming
		for i := range 300 {
			in := story(i, "world")
			in.GUID, in.PublishedAt = fmt.Sprint(i), w.clock.Now().Add(time.Duration(i-300)*time.Hour)
			items = append(items, in)
		}
		w.putFrom(0, items...)
		w.tick()
		for i := range items { // all ids change
			items[i].GUID += "-new"
		}
		w.putFrom(0, items...)
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 299 298 297 +297")
	})
}

func TestHeldAndWithdrawnStoriesAreNotChosen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"), story(2, "world"), story(3, "world"))
		w.exec(`UPDATE articles SET held_at = 1 WHERE url LIKE '%/1'`)
		w.exec(`UPDATE articles SET withdrawn_at = 1 WHERE url LIKE '%/2'`)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 3")
	})
}
