package digest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// articleID returns the id of a story that was put.
func (w *world) articleID(n int) int64 {
	w.t.Helper()
	a, err := w.store.Article(w.ctx(), 0, story(n).URL)
	if err != nil {
		w.t.Fatal(err)
	}
	return a.ID
}

// TestBreakingNews sends one story to all who have not got it, whatever their
// topics and their windows.
func TestBreakingNews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 2 })
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "culture")
		w.subscribe(3, "Asia/Tokyo", "sport")
		w.begin()
		w.put(story(1, "sport"), story(2, "world"))
		w.tick() // the first reader gets both
		one := digest.Send{ArticleID: w.articleID(1)}
		e := w.send(one)
		if !e.Partial || e.ArticleID != w.articleID(1) || e.Kind != digest.Manual {
			t.Errorf("got %+v, want a partial edition of story 1", e)
		}
		w.nothingDue(one)
		w.send(digest.Send{ArticleID: w.articleID(2), Recipients: []int64{2}})
		w.put(story(3, "culture"), story(4, "culture"), story(5, "sport"), story(6, "sport"))
		w.hours(25)
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23T07:00:01 2: 1", "daily/2026-11-23T07:00:01 3: 1", "daily/2026-11-23T07:00:02 2: 2",
			"daily/2026-11-24 1: 6 5 4 3", "daily/2026-11-24 2: 4 3", "daily/2026-11-24 3: 6 5")
		w.balanced()
	})
}

// TestBreakingNewsAsARunBegins: the readers of a cohort whose scheduled run begins
// while the send looks for whom it reaches are reached all the same.
func TestBreakingNewsAsARunBegins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "sport")
		w.begin()
		w.tick()
		w.put(story(1, "world"))
		s := digest.Send{Digest: w.daily, ArticleID: w.articleID(1)}
		w.meanwhile(func() error { _, err := w.planner.SendNow(t.Context(), s, w.clock.Now()); return err },
			`UPDATE cohorts SET runs = runs + 1, last_seq = 1, next_slot = '2026-11-25T07:00'`)
		w.wantMails("daily/2026-11-23T07:00:01 1: 1")
		w.balanced()
	})
}

func TestBreakingNewsThatCannotBeSent(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	w.subscribe(1, newYork)
	for n, change := range []string{
		`withdrawn_at = 1`, `held_at = 1`, `held_at = 1, embargo_until = 9999999999999`, `lead_id = 1`,
	} {
		w.put(story(n, "world"))
		s := digest.Send{Digest: w.daily, ArticleID: w.articleID(n)}
		w.exec(`UPDATE articles SET `+change+` WHERE id = $1`, s.ArticleID)
		if e, err := w.planner.SendNow(t.Context(), s, w.clock.Now()); !errors.Is(err, digest.ErrNotOffered) {
			t.Errorf("%s: got %v, %v, want ErrNotOffered", change, e, err)
		}
		if _, err := w.planner.DrySend(t.Context(), s, w.clock.Now()); !errors.Is(err, digest.ErrNotOffered) {
			t.Errorf("%s: a dry run got %v, want ErrNotOffered", change, err)
		}
	}
	if _, err := w.planner.SendNow(t.Context(), digest.Send{Digest: w.daily, ArticleID: 99}, w.clock.Now()); !errors.Is(err, digest.ErrNotFound) {
		t.Errorf("got %v of a story that is not there, want ErrNotFound", err)
	}
	if n := w.count(`SELECT COUNT(*) FROM editions`); n != 0 {
		t.Errorf("%d editions were made", n)
	}
}

// TestBreakingNewsGoesAhead plans urgent news while a large edition is being
// planned, and does not wait for it.
func TestBreakingNewsGoesAhead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			breaking := set.Digests[0]
			breaking.Slug, breaking.Name, breaking.Urgent = "breaking", "Breaking news", true
			set.Digests = append(set.Digests, breaking)
		})
		w.pages(digest.PageSize + 1)
		breaking := &w.setup.Digests[1]
		w.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (900, $1, $2)`, breaking.ID, newYork)
		w.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) VALUES (1, $1, 900, 'active', '*', 1)`, breaking.ID)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.tickUntil(3) // in the second page
		w.put(story(2, "world"))
		s := digest.Send{Digest: breaking, ArticleID: w.articleID(2)}
		e, err := w.planner.SendNow(t.Context(), s, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM deliveries WHERE edition_id = $1`, e.ID); n != 1 {
			t.Errorf("%d deliveries of breaking news, want one", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM runs WHERE planned_at = 0`); n != 1 {
			t.Errorf("%d runs are still being planned, want that of the large edition", n)
		}
	})
}

// TestDailyCapOfInstantDigests gives a reader two mails a date and the rest on
// the next.
func TestDailyCapOfInstantDigests(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { instant(set); set.Digests[0].DailyCap = 2 })
		w.subscribe(1, newYork)
		w.minutes(1)
		for n := range 4 {
			w.put(story(n+1, "world"))
			w.minutes(1)
		}
		w.clock.advance(24 * time.Hour)
		w.put(story(5, "sport"))
		w.minutes(1)
		mails := w.mails()
		want := []string{"daily/2026-11-23T07:02:01 1: 1", "daily/2026-11-23T07:03:01 1: 2", "daily/2026-11-24T07:06:01 1: 5 4 3"}
		if !slices.Equal(mails, want) {
			t.Errorf("got %q, want %q", mails, want)
		}
		same(t, "skips", w.skips(), []string{"daily/2026-11-23T07:04:01 daily-cap 1", "daily/2026-11-23T07:05:01 daily-cap 1"})
	})
}
