package digest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// feedOf is a feed of three stories as change makes them.
func feedOf(change func(n int, in *digest.Incoming)) []digest.Incoming {
	var out []digest.Incoming
	for n := 1; n <= 3; n++ {
		in := story(n, "world")
		in.GUID, in.Summary = fmt.Sprint("id-", n), fmt.Sprintf("What happened in the case of number %d, as far as anybody can tell by now.", n)
		change(n, &in)
		out = append(out, in)
	}
	return out
}

// TestChangedFeedSendsNothingAgain: whatever a feed changes of stories that its
// readers had, they are not sent again.
func TestChangedFeedSendsNothingAgain(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	none := func(int, *digest.Incoming) {}
	nameless := func(_ int, in *digest.Incoming) { in.URL = "" }
	tests := []struct {
		name          string
		before, after func(n int, in *digest.Incoming)
	}{
		{"all ids changed", none, func(n int, in *digest.Incoming) { in.GUID = fmt.Sprint("new-", n) }},
		{"all ids gone", none, func(_ int, in *digest.Incoming) { in.GUID = "" }},
		{"all ids changed, without addresses", nameless, func(n int, in *digest.Incoming) { in.URL, in.GUID = "", fmt.Sprint("new-", n) }},
		{"the same, and a word of the text", nameless, func(n int, in *digest.Incoming) {
			in.URL, in.GUID, in.Summary = "", fmt.Sprint("new-", n), in.Summary+" More soon."
		}},
		{"titles only, with dates", func(n int, in *digest.Incoming) {
			in.URL, in.Summary, in.PublishedAt = "", "", noon.Add(-time.Duration(n)*time.Minute)
		}, func(n int, in *digest.Incoming) {
			in.URL, in.Summary, in.PublishedAt, in.GUID = "", "", noon.Add(-time.Duration(n)*time.Minute), fmt.Sprint("new-", n)
		}},
		{"ids changed twice", func(n int, in *digest.Incoming) { in.URL, in.GUID = "", fmt.Sprint("old-", n) }, nameless},
		{"dated anew", func(_ int, in *digest.Incoming) { in.PublishedAt = noon.Add(-time.Hour) }, func(_ int, in *digest.Incoming) { in.PublishedAt = noon.Add(20 * time.Hour) }},
		{"dated in the future", func(_ int, in *digest.Incoming) { in.PublishedAt = noon.AddDate(1, 0, 0) }, func(_ int, in *digest.Incoming) { in.PublishedAt = noon.AddDate(2, 0, 0) }},
		{"without id or date", func(_ int, in *digest.Incoming) { in.GUID = "" }, func(_ int, in *digest.Incoming) { in.GUID = "" }},
		{"another address under the same id", none, func(_ int, in *digest.Incoming) { in.URL += "-moved" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, twoFeeds)
				w.subscribe(1, newYork)
				w.begin()
				w.putFrom(0, feedOf(test.before)...)
				w.tick()
				if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 1 {
					t.Fatalf("%d mails, want 1", n)
				}
				w.clock.advance(time.Hour)
				if got := w.putFrom(0, feedOf(test.after)...); got.New != 0 {
					t.Errorf("got %+v, want nothing new", got)
				}
				stored := w.dump()
				w.putFrom(0, feedOf(test.after)...)
				same(t, "fetched once more", w.dump(), stored)
				w.clock.advance(-time.Hour)
				w.nextDay()
				if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 1 {
					t.Errorf("%d mails, want no second one", n)
				}
			})
		})
	}
}

// TestNamelessStoriesThatDiffer are not taken for one another.
func TestNamelessStoriesThatDiffer(t *testing.T) {
	column := func(id, summary string) digest.Incoming {
		return digest.Incoming{GUID: id, Title: "Morning briefing", Summary: summary, Topics: []string{"world"}}
	}
	const monday = "The council meets at noon, the library opens its new wing, and farmers hope for rain."
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		for i, in := range [][]digest.Incoming{
			{column("mon", monday)},
			{column("tue", "The harbour reopens after the storm, and two schools get new roofs before winter.")}, // another text
			{column("mon", monday), column("wed", monday)},                                                       // the first is still there
			{column("w1", "The water of the river stands at 3 metres and 20 centimetres this morning at the old bridge, and is expected to fall in the days to come.")},
			{column("w2", "The water of the river stands at 3 metres and 40 centimetres this morning at the old bridge, and is expected to fall in the days to come.")}, // another number
			{column("thu", "")}, // nothing to tell by
			{column("fri", "")},
		} {
			if got := w.putFrom(0, in...); got.New != 1 {
				t.Errorf("step %d: got %+v, want one new story", i, got)
			}
		}
		if got := w.putFrom(1, column("sat", monday)); got.New != 1 {
			t.Errorf("another source: got %+v, want a story of its own", got)
		}
		for _, id := range []string{"a", "b"} {
			if got := w.put(digest.Incoming{GUID: id, Title: "Note", Summary: monday}); got.New != 1 {
				t.Errorf("id %s of the newsroom: got %+v, want a story of its own", id, got)
			}
		}
	})
}

// TestFirstFetchIsNoFlood: of 300 items the two from the last days are sent.
func TestFirstFetchIsNoFlood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { twoFeeds(set); set.Digests[0].MaxItems = 500 })
		w.subscribe(1, newYork)
		w.begin()
		var items []digest.Incoming
		for n := range 300 {
			in := story(n, "world")
			if n != 7 { // one has no date
				in.PublishedAt = w.clock.Now().Add(-time.Duration(n)*24*time.Hour - time.Hour)
			}
			items = append(items, in)
		}
		if _, err := w.store.PutFirst(t.Context(), w.tagger, &w.setup.Sources[0], items); err != nil {
			t.Fatal(err)
		}
		w.tick()
		want := []string{"daily/2026-11-23 1: 0 1"}
		same(t, "first", w.mails(), want)
		if n := w.count(`SELECT COUNT(*) FROM article_topics WHERE seq = 0`); n != 298 {
			t.Errorf("%d stories are in no window, want 298", n)
		}
		before := w.dump()
		w.putFrom(0, items...)
		same(t, "fetched once more", w.dump(), before)

		w.put(story(299, "world", "sport")) // an editor brings an old one up
		w.must(w.store.Hold(t.Context(), w.id(298), time.Time{}, maria))
		got := w.must(w.store.Release(t.Context(), w.id(298), maria))
		if seqs := w.seqs(298); !slices.Equal(seqs, []string{"0"}) {
			t.Errorf("released with number %v: %+v", seqs, got)
		}
		w.subscribe(2, newYork, "sport")
		w.nextDay()
		same(t, "then", w.mails(), append(want, "daily/2026-11-24 2: 299"))
	})
}

// TestFirstFetchBeforeTheFirstRun: the first window of a cohort, which begins
// with what has arrived since the slot before, has no old stories either.
func TestFirstFetchBeforeTheFirstRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		old, fresh := story(1, "world"), story(2, "world")
		old.PublishedAt, fresh.PublishedAt = w.clock.Now().AddDate(0, 0, -9), w.clock.Now().Add(-time.Hour)
		w.clock.advance(-time.Hour)
		if _, err := w.store.PutFirst(t.Context(), w.tagger, &w.setup.Sources[0], []digest.Incoming{old, fresh}); err != nil {
			t.Fatal(err)
		}
		w.clock.advance(time.Hour)
		w.subscribe(1, newYork)
		w.begin()
		w.tick()
		same(t, "first run", w.mails(), []string{"daily/2026-11-23 1: 2"})
	})
}
