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
