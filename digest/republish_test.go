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
		for _, in := range []digest.Incoming{fresh, old, undated} {
			if got := w.told(in); got.New != 1 {
				t.Fatalf("got %+v, want it new", got)
			}
		}
		w.tick()
		same(t, "mails", w.mails(), []string{"daily/2026-11-23 1: 3 1"})
	})
}

// TestToldOutOfOrder: of what a system tells, an older change never undoes a newer
// one, however late it comes and however often.
func TestToldOutOfOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.clock.advance(time.Hour)
		start := w.clock.Now().Add(-time.Hour)
		at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
		for i, step := range []struct {
			minute int // of the change
			title  string
			now    int // minutes until it is told
			want   string
		}{
			{10, "first", 0, "first open"},
			{20, "second", 0, "second open"},
			{10, "first", 0, "second open"}, // sent once more
			{20, "third", 0, "third open"},  // in the same second
			{30, "", 0, "third withdrawn"},  // taken back
			{20, "second", 0, "third withdrawn"},
			{30, "fourth", 0, "third withdrawn"}, // deleted without a later date
			{40, "fifth", 0, "fifth open"},
			{30, "", 0, "fifth open"},           // taken back before
			{0, "sixth", 0, "sixth open"},       // without a date
			{900, "seventh", 0, "seventh open"}, // by a clock that is ahead
			{70, "eighth", 20, "eighth open"},
		} {
			w.clock.advance(time.Duration(step.now) * time.Minute)
			told := digest.Told{URL: story(1).URL, GUID: "ghost:site:1", Who: "webhook:site"}
			if step.minute > 0 {
				told.At = at(step.minute)
			}
			outdated := false
			if step.title == "" {
				outdated = w.must(w.store.Unpublish(t.Context(), told)).Outdated
			} else {
				in := story(1, "world")
				in.GUID, in.Title = told.GUID, step.title
				put, err := w.store.PutTold(t.Context(), w.tagger, told, in)
				if err != nil {
					t.Fatal(err)
				}
				if outdated = put.Outdated > 0; !outdated {
					w.must(w.store.Republish(t.Context(), told))
				}
			}
			got := w.article(told.URL)
			if state := got.Title + " " + string(got.State(w.clock.Now())); state != step.want {
				t.Errorf("step %d: it is %s, want %s", i+1, state, step.want)
			}
			if outdated != (step.title != "" && got.Title != step.title || step.title == "" && got.WithdrawnAt.IsZero()) {
				t.Errorf("step %d: outdated %v", i+1, outdated)
			}
		}
		later := digest.Told{URL: story(1).URL, GUID: "ghost:site:1", Who: "webhook:site", At: at(75)}
		w.must(w.store.Unpublish(t.Context(), later))
		later.At = at(74)
		if got := w.must(w.store.Republish(t.Context(), later)); got.Changed || !got.Outdated {
			t.Errorf("taken back meanwhile: got %+v, want nothing done", got)
		}
	})
}
