package digest_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func withFeed(url string) func(*digest.Setup) {
	return func(set *digest.Setup) {
		set.Sources = append(set.Sources, digest.Source{Slug: "feed", Name: "Courier", Kind: "feed", URL: url})
	}
}

func TestSyncGivesIDsAndKeepsThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, withFeed("https://courier.example/feed"))
		first := w.setup
		for _, topic := range first.Topics {
			if topic.ID == 0 {
				t.Errorf("topic %s has no id", topic.Slug)
			}
		}
		if first.Sources[0].ID == 0 || first.Digests[0].ID == 0 {
			t.Errorf("source has id %d, digest %d, want some", first.Sources[0].ID, first.Digests[0].ID)
		}
		before := w.dump()
		again := newSetup(t, withFeed("https://courier.example/feed"))
		if err := w.store.Sync(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		same(t, "syncing again", w.dump(), before)
		loaded := newSetup(t, withFeed("https://courier.example/feed"))
		if err := w.store.Load(t.Context(), loaded); err != nil {
			t.Fatal(err)
		}
		for i := range first.Topics {
			if again.Topics[i].ID != first.Topics[i].ID || loaded.Topics[i].ID != first.Topics[i].ID {
				t.Errorf("topic %s has the ids %d, %d, %d", first.Topics[i].Slug, first.Topics[i].ID, again.Topics[i].ID, loaded.Topics[i].ID)
			}
		}
		same(t, "loading", w.dump(), before)
	})
}

func TestSyncRetiresAndTakesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, withFeed("https://courier.example/feed"))
		ids := map[string]int64{}
		for _, topic := range w.setup.Topics {
			ids[topic.Slug] = topic.ID
		}
		without := func(set *digest.Setup) { set.Topics = set.Topics[1:]; set.Sources = nil }
		w.configure(newSetup(t, without))
		if n := w.count(`SELECT COUNT(*) FROM topics WHERE slug = 'world' AND retired_at > 0`); n != 1 {
			t.Errorf("%d retired topics, want world to be", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM sources WHERE retired_at > 0`); n != 1 {
			t.Errorf("%d retired sources, want 1", n)
		}
		err := w.store.Load(t.Context(), newSetup(t, nil))
		if !errors.Is(err, digest.ErrNotSynced) || !strings.Contains(err.Error(), "topic world") {
			t.Errorf("load with a topic that retired: got %v, want ErrNotSynced of topic world", err)
		}
		w.configure(newSetup(t, withFeed("https://courier.example/feed")))
		for slug, id := range ids {
			if got := w.topic(slug); got != id {
				t.Errorf("topic %s came back with id %d, want %d", slug, got, id)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM topics WHERE retired_at > 0`); n != 0 {
			t.Errorf("%d topics are retired, want none", n)
		}
	})
}

func TestSyncOfAChangedSourceStartsItAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, withFeed("https://courier.example/feed"))
		w.exec(`UPDATE sources SET etag = 'e', next_fetch_at = 99, failures = 3`)
		w.configure(newSetup(t, withFeed("https://courier.example/new")))
		states, err := w.store.SourceStates(t.Context())
		if err != nil || len(states) != 1 {
			t.Fatalf("got %v, %v, want one source", states, err)
		}
		if st := states[0]; st.URL != "https://courier.example/new" || st.ETag != "" || !st.NextFetchAt.IsZero() || st.Failures != 0 {
			t.Errorf("got %+v, want a fresh state", st)
		}
	})
}

func TestLoadBeforeSync(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		store := digest.NewStore(d, (&clock{}).Now)
		if err := store.Load(t.Context(), newSetup(t, nil)); !errors.Is(err, digest.ErrNotSynced) {
			t.Errorf("got %v, want ErrNotSynced", err)
		}
	})
}

func TestSyncFromManyProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		store := digest.NewStore(d, (&clock{}).Now)
		setups := make([]*digest.Setup, 4)
		errs := make([]error, len(setups))
		var wg sync.WaitGroup
		for i := range setups {
			setups[i] = newSetup(t, nil)
			wg.Go(func() { errs[i] = store.Sync(t.Context(), setups[i]) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, set := range setups[1:] {
			for i := range set.Topics {
				if got, want := set.Topics[i].ID, setups[0].Topics[i].ID; got != want || got == 0 {
					t.Errorf("topic %s has the ids %d and %d", set.Topics[i].Slug, got, want)
				}
			}
		}
	})
}
