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

// told is a story as the newsroom's system tells it by a webhook.
func (w *world) told(in digest.Incoming) digest.PutResult {
	w.t.Helper()
	r, err := w.store.PutTold(w.t.Context(), w.tagger, digest.Told{Who: "webhook:site", At: in.ModifiedAt}, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// aliases are the names that articles have besides their own.
func (w *world) aliases() []string {
	return w.rows(`SELECT kind || ' ' || CAST(source_id AS TEXT) || ' ' || name || ': ' || CAST(article_id AS TEXT) FROM article_aliases ORDER BY kind, source_id, name`, nil)
}

// TestOneStoryByFeedAndWebhook: a story that the site's feed and its system both
// bring is one, whoever is first, and stays so when its address changes.
func TestOneStoryByFeedAndWebhook(t *testing.T) {
	const feed, section, hook = 0, 1, -1
	at := func(guid, path string) digest.Incoming {
		return digest.Incoming{GUID: guid, URL: "https://courier.example/" + path, Title: "Ferry", Summary: "It sails.", Topics: []string{"world"}}
	}
	titled := func(in digest.Incoming, title string) digest.Incoming { in.Title = title; return in }
	type put struct {
		from int
		in   digest.Incoming
	}
	tests := []struct {
		name string
		puts []put
		urls []string // of the articles afterwards, by id
	}{
		{"the system moves it", []put{{feed, at("f", "a")}, {hook, at("ghost:site:1", "a")}, {hook, at("ghost:site:1", "b")}, {feed, at("f", "b")}}, []string{"b"}},
		{"the feed moves it", []put{{feed, at("f", "a")}, {hook, at("ghost:site:1", "a")}, {feed, at("f", "b")}, {hook, at("ghost:site:1", "b")}}, []string{"b"}},
		{"the system first", []put{{hook, at("ghost:site:1", "a")}, {feed, at("f", "a")}, {hook, at("ghost:site:1", "b")}, {feed, at("f", "b")}}, []string{"b"}},
		{"the system first, the feed moves it", []put{{hook, at("ghost:site:1", "a")}, {feed, at("f", "a")}, {feed, at("f", "b")}, {hook, at("ghost:site:1", "b")}}, []string{"b"}},
		{"two moves at once", []put{{feed, at("f", "a")}, {hook, at("ghost:site:1", "a")}, {hook, at("ghost:site:1", "b")}, {hook, at("ghost:site:1", "c")}, {feed, at("f", "c")}}, []string{"c"}},
		{"a feed that is behind", []put{{feed, at("f", "a")}, {section, at("s", "a")}, {section, at("s", "b")}, {section, at("s", "a")}}, []string{"b"}},
		{"an address without an id", []put{{feed, at("f", "a")}, {feed, at("f", "b")}, {hook, at("", "a")}}, []string{"b"}},
		{"an id whose address is the address", []put{{hook, at("ghost:site:1", "a")}, {feed, at("", "a")}, {hook, at("ghost:site:1", "b")}, {feed, at("", "a")}, {feed, at("", "b")}}, []string{"b"}},
		{"another story at the address that became free", []put{{feed, at("f", "a")}, {feed, at("f", "b")}, {feed, titled(at("g", "a"), "Bridge")}}, []string{"b", "a"}},
		{"the same by the system", []put{{hook, at("ghost:site:1", "a")}, {hook, at("ghost:site:1", "b")}, {hook, titled(at("ghost:site:2", "a"), "Bridge")}, {hook, titled(at("ghost:site:2", "c"), "Bridge")}}, []string{"b", "c"}},
		{"the id of another source with the address of another site", []put{{feed, at("f", "a")}, {section, at("s", "a")}, {section, digest.Incoming{GUID: "s", URL: "https://other.example/a", Title: "Ferry"}}}, []string{"a"}},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		for n, test := range tests {
			once := func(p put) {
				p.in.URL += fmt.Sprint("?case=", n)
				if p.in.GUID != "" {
					p.in.GUID += fmt.Sprint("-", n)
				}
				if p.from == hook {
					w.told(p.in)
				} else {
					w.putFrom(p.from, p.in)
				}
			}
			for _, p := range test.puts {
				once(p)
				before := slices.Concat(w.dump(), w.aliases())
				once(p)
				same(t, test.name+": once more", slices.Concat(w.dump(), w.aliases()), before)
			}
			var want []string
			for _, path := range test.urls {
				want = append(want, fmt.Sprintf("https://courier.example/%s?case=%d", path, n))
			}
			got := w.rows(`SELECT v.url FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
				WHERE v.url = a.url AND a.url LIKE '%case=`+fmt.Sprint(n)+`' ORDER BY a.id`, nil)
			same(t, test.name, got, want)
		}
	})
}

// TestLinkOfAnEditedStoryMoves: the link is the source's, the words are the
// newsroom's.
func TestLinkOfAnEditedStoryMoves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		w.subscribe(1, newYork, "world")
		w.begin()
		in := story(1, "world")
		in.GUID = "f"
		w.putFrom(0, in)
		edited := in
		edited.GUID, edited.Title = "", "The newsroom's headline"
		w.put(edited)
		before := w.clock.Now()
		w.clock.advance(time.Minute)
		moved := in
		moved.URL, moved.Title = in.URL+"-moved", "The feed's next headline"
		w.putFrom(0, moved)
		id := w.article(moved.URL).ID
		for _, step := range []struct {
			at  time.Time
			url string
		}{{before, in.URL}, {w.clock.Now(), moved.URL}} {
			var got *digest.Article
			err := d.View(t.Context(), func(tx *db.Tx) error {
				articles, err := digest.ArticlesAsOf(t.Context(), tx, []int64{id}, step.at)
				got = articles[id]
				return err
			})
			if err != nil || got.URL != step.url || got.Title != edited.Title {
				t.Errorf("at %v: got %q at %s, error %v, want the newsroom's words at %s", step.at, got.Title, got.URL, err, step.url)
			}
		}
		if old := w.article(in.URL); old.ID != id {
			t.Errorf("its old address leads to article %d, want %d", old.ID, id)
		}
		w.tick()
		same(t, "mails", w.mails(), []string{"daily/2026-11-23 1: 1-moved"})
	})
}

// TestAnOlderAddressStays: a copy that is behind does not bring an address back
// that a story had before, one that changed later does.
func TestAnOlderAddressStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		at := func(path string, minutes int) digest.Incoming {
			return digest.Incoming{GUID: "f", URL: "https://courier.example/" + path, Title: "Ferry", ModifiedAt: w.clock.Now().Add(time.Duration(minutes-60) * time.Minute)}
		}
		for i, step := range []struct {
			in   digest.Incoming
			want string
		}{
			{at("a", 1), "a"}, {at("b", 5), "b"}, {at("a", 1), "b"}, {at("a", 9), "a"}, {at("b", 5), "a"},
		} {
			w.putFrom(0, step.in)
			if got := w.rows(`SELECT url FROM articles`, nil); !slices.Equal(got, []string{"https://courier.example/" + step.want}) {
				t.Errorf("step %d: %v, want %s", i+1, got, step.want)
			}
		}
	})
}

// TestCopyGivesItsAddressUp: a story that moved and came in by its new address
// first is one with the story that it folded into, once somebody says so.
func TestCopyGivesItsAddressUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		old := ferryAt("courier", "world")
		old.GUID = old.URL
		w.putFrom(0, old)
		hook := old
		hook.GUID = "ghost:site:1"
		w.told(hook)
		moved := old
		moved.URL += "-moved"
		moved.GUID = moved.URL
		if got := w.putFrom(0, moved); got.Folded != 1 {
			t.Fatalf("got %+v, want it folded", got)
		}
		hook.URL = moved.URL
		w.told(hook)
		w.putFrom(0, moved)
		if got := w.article(moved.URL); got.ID != 1 || got.LeadID != 0 || got.URL != moved.URL {
			t.Errorf("got article %d at %s, want the first one", got.ID, got.URL)
		}
	})
}

// TestAliasesAreBounded: a source that makes up ids and addresses for ever does
// not fill the table.
func TestAliasesAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		in := story(1, "world")
		in.GUID = "f"
		w.putFrom(0, in)
		for i := range 20 {
			w.clock.advance(time.Minute)
			other, moved := in, in
			other.GUID = fmt.Sprint("s", i)
			other.URL = w.rows(`SELECT url FROM articles`, nil)[0]
			w.putFrom(1, other)
			moved.URL += fmt.Sprint("-", i)
			w.putFrom(0, moved)
		}
		got := strings.Join(w.rows(`SELECT kind || ' ' || COUNT(*) FROM article_aliases GROUP BY kind ORDER BY kind`, nil), ", ")
		if want := "id 4, url 8"; got != want || w.count(`SELECT COUNT(*) FROM articles`) != 1 {
			t.Errorf("%s, want %s of one article", got, want)
		}
	})
}
