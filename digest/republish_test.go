package digest_test

import (
	"errors"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestRepublish: a story that its system takes back and publishes again is in no
// digest meanwhile, then in that of those who had not got it.
func TestRepublish(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "world")
		w.begin()
		told := digest.Told{URL: story(1).URL, Who: "webhook:site"}
		do := func(name string, what func() (digest.DeskResult, error), changed bool) {
			t.Helper()
			if got, err := what(); err != nil || got.Changed != changed {
				t.Fatalf("%s: got %+v, error %v, want changed %v", name, got, err, changed)
			}
		}
		unpublish := func() (digest.DeskResult, error) { return w.store.Unpublish(t.Context(), told) }
		republish := func() (digest.DeskResult, error) { return w.store.Republish(t.Context(), told) }
		if _, err := unpublish(); !errors.Is(err, digest.ErrNotFound) {
			t.Errorf("never came in: error %v", err)
		}
		w.put(story(1, "world"), story(2, "world"))
		do("published", republish, false)
		do("taken back", unpublish, true)
		do("taken back twice", unpublish, false)
		w.tick()
		want := []string{"daily/2026-11-23 1: 2"}
		same(t, "withdrawn", w.mails(), want)
		w.clock.advance(time.Hour)
		do("again", republish, true)
		do("again, twice", republish, false)
		w.nextDay()
		want = append(want, "daily/2026-11-24 1: 1")
		same(t, "published again", w.mails(), want)
		do("taken back from who had it", unpublish, true)
		do("and published once more", republish, true)
		w.put(story(3, "world"))
		w.nextDay()
		same(t, "not twice", w.mails(), append(want, "daily/2026-11-25 1: 3"))

		w.must(w.store.Withdraw(t.Context(), w.article(told.URL).ID, "maria"))
		do("an editor has the last word", republish, false)
	})
}

// TestRepublishOfAHeldStory: what an editor holds back stays so while its system
// takes it back and publishes it again.
func TestRepublishOfAHeldStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "world")
		w.begin()
		told := digest.Told{URL: story(1).URL, Who: "webhook:site"}
		w.put(story(1, "world"), story(2, "world"))
		w.must(w.store.Edit(t.Context(), w.storyID(1), digest.DeskOrder{Action: digest.DeskHold, Who: "maria"}))
		w.must(w.store.Unpublish(t.Context(), told))
		w.clock.advance(time.Minute)
		if got := w.must(w.store.Republish(t.Context(), told)); !got.Changed {
			t.Errorf("got %+v, want it published again", got)
		}
		if got := w.article(told.URL); got.HeldAt.IsZero() || !got.WithdrawnAt.IsZero() {
			t.Errorf("got %+v, want it held back", got)
		}
		w.tick()
		want := []string{"daily/2026-11-23 1: 2"}
		same(t, "held back", w.mails(), want)
		w.must(w.store.Edit(t.Context(), w.storyID(1), digest.DeskOrder{Action: digest.DeskRelease, Who: "maria"}))
		w.nextDay()
		same(t, "released", w.mails(), append(want, "daily/2026-11-24 1: 1"))
	})
}

// TestPutTold: a system tells of each change, which makes an old story no news.
func TestPutTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "world")
		w.begin()
		fresh, old, undated := story(1, "world"), story(2, "world"), story(3, "world")
		old.PublishedAt, undated.PublishedAt = w.clock.Now().Add(-49*time.Hour), time.Time{}
		got, err := w.store.PutTold(t.Context(), w.tagger, "webhook:site", []digest.Incoming{fresh, old, undated})
		if err != nil || got.New != 3 {
			t.Fatalf("got %+v, error %v", got, err)
		}
		w.tick()
		same(t, "mails", w.mails(), []string{"daily/2026-11-23 1: 3 1"})
	})
}
