package ingest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// newsPage is a story as a page of its own.
func newsPage(n int, at time.Time) string {
	body := strings.Repeat("<p>The council voted on the bridge after a debate that lasted until midnight, and the harbour pays half of it, as the mayor said.</p>", 5)
	return fmt.Sprintf(`<!doctype html><html lang="en"><head><title>Story %d | Courier</title><meta property="og:type" content="article">
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Story %d", "datePublished": %q, "articleSection": "World"}</script>
</head><body><main><article><h1>Story %d</h1>%s</article></main></body></html>`, n, n, at.Format(time.RFC3339), n, body)
}

// pageOf is a page that links to stories from..to, the latest first.
func pageOf(from, to int) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html><head><title>Courier</title></head><body><nav><a href="/about">About</a><a href="/tag/harbour">Harbour</a></nav><main>`)
	for i := to; i >= from; i-- {
		fmt.Fprintf(&b, `<article><h2><a href="/2026/11/23/council-votes-on-bridge-number-%d">Council votes on bridge number %d</a></h2></article>`, i, i)
	}
	return b.String() + `</main></body></html>`
}

// TestFetchOfAPageOfLinks: the stories that a page links to come in at most 20 at a
// time, none is asked for twice, and what was there at first is no news.
func TestFetchOfAPageOfLinks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		page := pageOf(1, 45)
		asked := map[string]int{}
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			var n int
			asked[r.URL.Path]++
			switch {
			case r.URL.Path == "/home":
				fmt.Fprint(w, page)
			case strings.HasSuffix(r.URL.Path, "-7"):
				http.NotFound(w, r)
			default:
				fmt.Sscanf(r.URL.Path, "/2026/11/23/council-votes-on-bridge-number-%d", &n)
				fmt.Fprint(w, newsPage(n, time.Date(2026, 11, 20, 12, n, 0, 0, time.UTC)))
			}
		}, "home")
		d.setup.Sources[0].Kind = "page"
		if err := d.store.Sync(t.Context(), d.setup); err != nil {
			t.Fatal(err)
		}
		p := d.poller()
		for i, want := range []int64{20, 39, 44, 44} {
			p.FetchDue(t.Context())
			if got := d.state("home"); got.Articles != want || got.Failures != 0 {
				t.Errorf("fetch %d: got %+v, want %d stories", i+1, got, want)
			}
			if wait := d.state("home").NextFetchAt.Sub(d.now()); (wait == time.Minute) != (i < 2) {
				t.Errorf("fetch %d: the next one comes after %s", i+1, wait)
			}
			d.advance(every)
		}
		for path, n := range asked {
			if path != "/home" && n != 1 {
				t.Errorf("%s was asked for %d times", path, n)
			}
		}
		if asked["/about"]+asked["/tag/harbour"] > 0 {
			t.Error("navigation was taken for stories")
		}
		page = pageOf(1, 46)
		p.FetchDue(t.Context())
		got := d.tables(base)
		fresh := slices.DeleteFunc(slices.Clone(got), func(line string) bool { return !strings.HasSuffix(line, " new") })
		if len(got) != 45 || len(fresh) != 1 || !strings.Contains(fresh[0], `"Story 46"`) {
			t.Errorf("%d stories, %v of them news, want the last one", len(got), fresh)
		}
	})
}

// TestFetchOfAPageThatNamesAFeed reads that.
func TestFetchOfAPageThatNamesAFeed(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/home":
			fmt.Fprint(w, `<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/broken.xml"><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head><body></body></html>`)
		case "/feed.xml":
			fmt.Fprint(w, rss(numbered(1, 3)...))
		default:
			http.NotFound(w, r)
		}
	}, "home")
	d.setup.Sources[0].Kind = "page"
	got := d.fetch(d.poller())
	notes := strings.Join(got.Notes, "\n")
	if got.Result.New != 3 || !strings.Contains(notes, "/broken.xml that the page names cannot be used") || !strings.Contains(notes, "names the feed") {
		t.Errorf("got %+v", got)
	}
}

// TestFetchOfAnIndexOfSitemaps reads that of the news.
func TestFetchOfAnIndexOfSitemaps(t *testing.T) {
	const namespaces = `xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"`
	asked := map[string]int{}
	var host string
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		switch r.URL.Path {
		case "/index":
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"index"`)
			fmt.Fprintf(w, `<sitemapindex %s>`, namespaces)
			for _, name := range []string{"2019", "2020", "2021", "2022", "news"} {
				fmt.Fprintf(w, `<sitemap><loc>%s/%s.xml</loc></sitemap>`, host, name)
			}
			fmt.Fprint(w, `</sitemapindex>`)
		case "/news.xml":
			fmt.Fprintf(w, `<urlset %s><url><loc>https://courier.example/a</loc><news:news><news:publication><news:name>Courier</news:name></news:publication>
				<news:title>Bridge opens</news:title><news:publication_date>2026-11-23</news:publication_date></news:news></url></urlset>`, namespaces)
		default:
			fmt.Fprintf(w, `<urlset %s><url><loc>https://courier.example/old</loc></url></urlset>`, namespaces)
		}
	}, "index")
	host = strings.TrimSuffix(d.setup.Sources[0].URL, "/index")
	d.setup.Sources[0].Kind = "sitemap"
	got := d.fetch(d.poller())
	if got.Result.New != 1 || asked["/news.xml"] != 1 || len(asked) > 4 {
		t.Errorf("got %+v, asked %v", got, asked)
	}
	if got := d.fetch(d.poller()); got.NotModified || asked["/news.xml"] != 2 {
		t.Errorf("got %+v, want the sitemaps read though the index is unchanged", got)
	}
	for _, kind := range []string{"", "feed"} { // found out, or wrong
		d.setup.Sources[0].Kind = kind
		_, stories, err := d.poller().Preview(t.Context(), &d.setup.Sources[0])
		if (kind == "") != (err == nil && len(stories) == 1) {
			t.Errorf("as %q: %d stories, error %v", kind, len(stories), err)
		}
	}
	if state := d.state("index"); state.Condition(d.now(), 0) != digest.SourceOK {
		t.Errorf("got %+v", state)
	}
}

// pageDesk is a desk whose only source is the page at /home.
func pageDesk(t *testing.T, base *db.DB, answer http.HandlerFunc) *desk {
	t.Helper()
	d := newDesk(t, base, answer, "home")
	d.setup.Sources[0].Kind = "page"
	if err := d.store.Sync(t.Context(), d.setup); err != nil {
		t.Fatal(err)
	}
	return d
}

// answerHome answers with a page, but 304 to those who have it.
func answerHome(w http.ResponseWriter, r *http.Request, page string) {
	if r.Header.Get("If-None-Match") == `"home"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", `"home"`)
	fmt.Fprint(w, page)
}

func numberOf(r *http.Request) (n int) {
	fmt.Sscanf(r.URL.Path, "/2026/11/23/council-votes-on-bridge-number-%d", &n)
	return n
}

// TestFetchOfAPageTriesItsStoriesAgain: a story that could not be read for now
// comes in later, though the page has not changed.
func TestFetchOfAPageTriesItsStoriesAgain(t *testing.T) {
	asked := map[int]int{}
	d := pageDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		n := numberOf(r)
		asked[n]++
		switch {
		case n == 0:
			answerHome(w, r, pageOf(1, 3))
		case n == 2 && asked[n] == 1:
			w.WriteHeader(http.StatusInternalServerError)
		case n == 3 && asked[n] == 1:
			panic(http.ErrAbortHandler)
		default:
			fmt.Fprint(w, newsPage(n, time.Date(2026, 11, 23, 11, n, 0, 0, time.UTC)))
		}
	})
	p := d.poller()
	for i, want := range []int64{1, 3} {
		d.fetch(p)
		if got := d.state("home"); got.Articles != want {
			t.Errorf("fetch %d: got %d stories, want %d", i+1, got.Articles, want)
		}
		d.advance(every)
	}
	if got := d.fetch(p); !got.NotModified {
		t.Errorf("got %+v, want the page asked for only if it changed", got)
	}
}

// TestFetchOfAPageWhoseStoriesFail: stories that never can be read keep neither
// others from coming in nor the site from its peace.
func TestFetchOfAPageWhoseStoriesFail(t *testing.T) {
	d := pageDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		switch n := numberOf(r); {
		case n == 0:
			fmt.Fprint(w, pageOf(1, 45))
		case n > 20:
			w.WriteHeader(http.StatusForbidden)
		default:
			fmt.Fprint(w, newsPage(n, time.Date(2026, 11, 23, 11, n, 0, 0, time.UTC)))
		}
	})
	p := d.poller()
	for i, want := range []int64{0, 15, 20, 20} {
		d.fetch(p)
		got := d.state("home")
		if got.Articles != want || !got.NextFetchAt.Equal(d.now().Add(every)) {
			t.Errorf("fetch %d: got %+v, want %d stories and the next fetch in %s", i+1, got, want, every)
		}
		d.advance(every)
	}
	if got := d.state("home"); got.OKAt.IsZero() {
		t.Error("the first fetch does not end")
	}
}

// TestFetchOfAPageThatIsAskedTooOften leaves the site alone for as long as it asks.
func TestFetchOfAPageThatIsAskedTooOften(t *testing.T) {
	asked := 0
	d := pageDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		if numberOf(r) == 0 {
			fmt.Fprint(w, pageOf(1, 9))
			return
		}
		asked++
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	d.fetch(d.poller())
	if got := d.state("home"); asked != 1 || !got.NextFetchAt.Equal(d.now().Add(2*time.Hour)) {
		t.Errorf("%d stories were asked for, the next fetch comes after %s", asked, got.NextFetchAt.Sub(d.now()))
	}
}

// TestFetchOfAPageReadsAStoryOnce, though it says that it has another address.
func TestFetchOfAPageReadsAStoryOnce(t *testing.T) {
	asked := map[int]int{}
	d := pageDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		n := numberOf(r)
		if asked[n]++; n == 0 {
			fmt.Fprint(w, pageOf(1, 2))
			return
		}
		page := newsPage(n, time.Date(2026, 11, 23, 11, n, 0, 0, time.UTC))
		fmt.Fprint(w, strings.Replace(page, "<head>", fmt.Sprintf(`<head><link rel="canonical" href="/stories/%d-council-votes-on-bridge">`, n), 1))
	})
	p := d.poller()
	for range 3 {
		d.fetch(p)
		d.advance(every)
	}
	if got := d.state("home"); got.Articles != 2 || asked[1] != 1 || asked[2] != 1 {
		t.Errorf("got %d stories, asked for %v", got.Articles, asked)
	}
}

// TestFetchOfAPageThatDoesNotChange reads the feed that it names nevertheless.
func TestFetchOfAPageThatDoesNotChange(t *testing.T) {
	stories := 3
	d := pageDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		switch n := numberOf(r); {
		case r.URL.Path == "/home":
			feed := `<link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>`
			answerHome(w, r, strings.Replace(pageOf(1, 1), "</head>", feed, 1))
		case n > 0:
			fmt.Fprint(w, newsPage(n, time.Date(2026, 11, 23, 11, n, 0, 0, time.UTC)))
		case stories == 0:
			w.WriteHeader(http.StatusInternalServerError)
		default:
			fmt.Fprint(w, rss(numbered(1, stories)...))
		}
	})
	p := d.poller()
	d.fetch(p)
	d.advance(every)
	for _, step := range []struct{ stories, want int }{{4, 1}, {0, 1}, {5, 1}} { // without the feed it is what the page links to
		stories = step.stories
		if got := d.fetch(p); got.Result.New != step.want {
			t.Errorf("%d stories in the feed: got %+v, want %d new", stories, got, step.want)
		}
		d.advance(every)
	}
}
