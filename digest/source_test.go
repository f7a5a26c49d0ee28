package digest_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func TestClaimSource(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		id, now := w.setup.Sources[0].ID, w.clock.Now()
		claim := func(at time.Time, force bool) bool {
			t.Helper()
			st, ok, err := w.store.ClaimSource(t.Context(), id, at, at.Add(15*time.Minute), force)
			if err != nil {
				t.Fatal(err)
			}
			if ok && (st.SourceID != id || st.URL != "https://courier.example/one" || !st.NextFetchAt.Equal(at.Add(15*time.Minute))) {
				t.Errorf("claimed %+v", st)
			}
			return ok
		}
		for _, step := range []struct {
			name  string
			at    time.Time
			force bool
			want  bool
		}{
			{"never fetched", now, false, true},
			{"claimed by another", now, false, false},
			{"a minute early", now.Add(14 * time.Minute), false, false},
			{"due again", now.Add(15 * time.Minute), false, true},
			{"by force, though it was just claimed", now.Add(16 * time.Minute), true, true},
		} {
			if got := claim(step.at, step.force); got != step.want {
				t.Errorf("%s: got %v, want %v", step.name, got, step.want)
			}
		}
		w.exec(`UPDATE sources SET next_fetch_at = $1`, db.Millis(now.AddDate(0, 0, 9)))
		if claim(now.Add(time.Hour), false) || !claim(now.Add(time.Hour), true) {
			t.Error("a source that waits long was claimed without force, or not by force")
		}
		w.exec(`UPDATE sources SET retired_at = 1`)
		if claim(now.AddDate(1, 0, 0), true) {
			t.Error("a retired source was claimed")
		}
	})
}

func TestClaimSourceOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		now := w.clock.Now()
		claimed := make([]bool, 6)
		var wg sync.WaitGroup
		for i := range claimed {
			wg.Go(func() {
				var err error
				if _, claimed[i], err = w.store.ClaimSource(t.Context(), w.setup.Sources[0].ID, now, now.Add(time.Minute), false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, ok := range claimed {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of %d claimed the source, want 1", n, len(claimed))
		}
	})
}

func TestRecordFetch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		now := w.clock.Now()
		w.putFrom(0, story(1, "world"), story(2))
		w.putFrom(1, story(1, "world"))
		st, _, err := w.store.ClaimSource(t.Context(), w.setup.Sources[0].ID, now, now.Add(time.Minute), false)
		if err != nil {
			t.Fatal(err)
		}
		st.ETag, st.LastModified, st.FetchedAt, st.OKAt, st.NextFetchAt = `"1"`, "Mon", now, now, now.Add(time.Hour)
		st.Failures, st.LastError = 2, "went wrong"
		if err := w.store.RecordFetch(t.Context(), st); err != nil {
			t.Fatal(err)
		}
		states, err := w.store.SourceStates(t.Context())
		if err != nil || len(states) != 2 {
			t.Fatalf("got %v, %v, want two sources", states, err)
		}
		st.Articles = 2
		if states[0] != st {
			t.Errorf("got  %+v\nwant %+v", states[0], st)
		}
		if states[1].Articles != 0 {
			t.Errorf("source two has %d articles, want none of its own", states[1].Articles)
		}
		healths, err := w.store.SourceHealths(t.Context())
		want := []digest.SourceState{states[0], states[1]} // but for the number of articles
		want[0].Articles = 0
		if err != nil || !slices.Equal(healths, want) {
			t.Errorf("got %v, %v, want %v", healths, err, want)
		}

		moved := st
		moved.URL, moved.ETag = "https://courier.example/old", "stale"
		if err := w.store.RecordFetch(t.Context(), moved); err != nil {
			t.Fatal(err)
		}
		states, err = w.store.SourceStates(t.Context())
		if err != nil || states[0].ETag != `"1"` {
			t.Errorf("got %+v, %v: the fetch of an address that was replaced meanwhile counted", states[0], err)
		}
	})
}
