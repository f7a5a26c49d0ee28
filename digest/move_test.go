package digest_test

import (
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// feedItem is a story of a feed.
func feedItem(guid, path string) digest.Incoming {
	return digest.Incoming{GUID: guid, URL: "https://courier.example/" + path, Title: "Story " + guid, Topics: []string{"world"}}
}

// addresses lists the articles as "title url", by id.
func (w *world) addresses() []string {
	w.t.Helper()
	return w.rows(`SELECT v.title || ' ' || v.url || CASE WHEN v.url = a.url THEN '' ELSE ' but known as ' || a.url END
		FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version ORDER BY a.id`, nil)
}

// TestLinksFollowTheSite moves stories of a feed to other addresses.
func TestLinksFollowTheSite(t *testing.T) {
	const at = "https://courier.example/"
	for name, test := range map[string]struct {
		first, then []digest.Incoming
		want        []string
		puts        int // articles that the second fetch brings
	}{
		"moved": {[]digest.Incoming{feedItem("a", "1")}, []digest.Incoming{feedItem("a", "2")}, []string{"Story a " + at + "2"}, 0},
		"to an address that another story has": {[]digest.Incoming{feedItem("a", "1"), feedItem("b", "2")}, []digest.Incoming{feedItem("a", "2")},
			[]string{"Story a " + at + "1", "Story a " + at + "2"}, 0},
		"the old address is a new story's, which comes first": {[]digest.Incoming{feedItem("a", "live")},
			[]digest.Incoming{feedItem("b", "live"), feedItem("a", "monday")}, []string{"Story a " + at + "monday", "Story b " + at + "live"}, 1},
		"the old address is a new story's, which comes last": {[]digest.Incoming{feedItem("a", "live")},
			[]digest.Incoming{feedItem("a", "monday"), feedItem("b", "live")}, []string{"Story a " + at + "monday", "Story b " + at + "live"}, 1},
		"one after the other": {[]digest.Incoming{feedItem("a", "1"), feedItem("b", "2")}, []digest.Incoming{feedItem("b", "3"), feedItem("a", "2")},
			[]string{"Story a " + at + "2", "Story b " + at + "3"}, 0},
		"an id of many stories": {[]digest.Incoming{feedItem("a", "1")}, []digest.Incoming{feedItem("a", "2"), feedItem("a", "3")},
			[]string{"Story a " + at + "1"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, twoFeeds)
				w.subscribe(1, newYork)
				w.begin()
				w.putFrom(0, test.first...)
				w.tick()
				if got := w.putFrom(0, test.then...); got.New != test.puts {
					t.Errorf("got %+v, want %d new", got, test.puts)
				}
				same(t, "articles", w.addresses(), test.want)
				before := w.dump()
				w.putFrom(0, test.then...)
				same(t, "fetching again", w.dump(), before)
				w.nextDay()
				if got := w.mails(); len(got) != 1+test.puts {
					t.Errorf("got %q, want a second mail only for new stories", got)
				}
			})
		})
	}
}

// TestAMovedStoryIsComposedAsBefore: another try of a mail has the links of the
// first.
func TestAMovedStoryIsComposedAsBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		w.putFrom(0, feedItem("a", "1"))
		article := func() *digest.Article { return w.article(w.rows(`SELECT url FROM articles`, nil)[0]) }
		first := article()
		w.subscribe(1, newYork)
		w.begin()
		w.tick()
		compose := func(asOf time.Time) string { return w.message(w.compose(asOf)) }
		tried := w.clock.Now()
		before := compose(tried)
		w.clock.advance(time.Minute)
		w.putFrom(0, feedItem("a", "2"))
		if got := article(); got.ID != first.ID || got.Version != 2 || got.URL != "https://courier.example/2" {
			t.Errorf("got %+v, want version 2 at its new address", got)
		}
		if compose(tried) != before {
			t.Error("another try is not the same mail")
		}
		if now := compose(w.clock.Now()); now == before {
			t.Error("a first try has the old link")
		}
	})
}

// TestVersionsFollowOneAnother: neither waiting for another transaction nor a
// clock that is behind puts a version before the one that it replaces.
func TestVersionsFollowOneAnother(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		started := w.clock.Now()
		w.whileWaiting(func() error {
			_, err := w.store.Put(t.Context(), w.tagger, nil, []digest.Incoming{story(1, "world")})
			return err
		}, func() { w.clock.advance(time.Hour) }, `UPDATE counters SET value = value WHERE name = 'article_seq'`)
		in := story(1, "world")
		want := w.clock.Now()
		if d.Dialect() == db.SQLite { // where the hour passed after it
			want = started
		}
		first := w.article(in.URL)
		if !first.ArrivedAt.Equal(want) || !first.UpdatedAt.Equal(want) {
			t.Errorf("arrived %v, from %v, want both when its turn came, %v", first.ArrivedAt, first.UpdatedAt, want)
		}
		w.clock.set(want.Add(-time.Hour))
		in.Title = "Corrected"
		w.put(in)
		if got := w.article(in.URL); got.Version != 2 || !got.UpdatedAt.Equal(want) {
			t.Errorf("got version %d from %v, want the second no earlier than %v", got.Version, got.UpdatedAt, want)
		}
	})
}
