package paper_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/html"

	"broadsheet/internal/demo/paper"
)

func TestFeedThatDidNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paper.New(time.Now())
		first := get(p, "/feed.xml", nil).Header()
		byTag := http.Header{"If-None-Match": {first.Get("ETag")}}
		byTime := http.Header{"If-Modified-Since": {first.Get("Last-Modified")}}
		time.Sleep(time.Minute)
		for _, known := range []http.Header{byTag, byTime} {
			if rec := get(p, "/feed.xml", known); rec.Code != http.StatusNotModified || rec.Body.Len() > 0 {
				t.Errorf("%v: got %d and %d bytes, want 304 and none", known, rec.Code, rec.Body.Len())
			}
		}
		p.PublishLater(1)
		for _, known := range []http.Header{byTag, byTime} {
			if rec := get(p, "/feed.xml", known); rec.Code != http.StatusOK || rec.Body.Len() == 0 {
				t.Errorf("%v: got %d and %d bytes after a new story, want 200 and the feed", known, rec.Code, rec.Body.Len())
			}
		}
	})
}

// TestPagesAndLinks walks from the front page over every link.
func TestPagesAndLinks(t *testing.T) {
	p := paper.New(time.Now())
	p.PublishLater(100)
	seen := map[string]bool{"/": true}
	waiting := []string{"/"}
	for len(waiting) > 0 {
		path := waiting[0]
		waiting = waiting[1:]
		if strings.HasPrefix(path, "/picture/") { // drawn in their own test
			continue
		}
		rec := get(p, path, nil)
		if rec.Code != http.StatusOK {
			t.Errorf("%s was answered with %d", path, rec.Code)
		}
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
			continue
		}
		if got := rec.Header().Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
			t.Errorf("%s has the policy %q", path, got)
		}
		for _, link := range checkPage(t, path, rec.Body.String()) {
			if !seen[link] {
				seen[link] = true
				waiting = append(waiting, link)
			}
		}
	}
	for _, s := range stories(t, p) {
		if !seen[strings.TrimPrefix(s.URL, base)] {
			t.Errorf("no page links to %s", s.URL)
		}
	}
	if !seen["/feed.xml"] || !seen["/paper.css"] || !seen["/section/science"] {
		t.Error("the feed, the stylesheet or a section is not linked")
	}
}

// checkPage returns the links of a page below the base.
func checkPage(t *testing.T, path, page string) []string {
	t.Helper()
	var links []string
	headings := 0
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		if token.Type == html.StartTagToken && token.Data == "h1" {
			headings++
		}
		if token.Data == "script" || token.Data == "style" {
			t.Errorf("%s has a <%s>", path, token.Data)
		}
		for _, a := range token.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s has the attribute %s", path, a.Key)
			case a.Key != "href" && a.Key != "src" || a.Val == "/subscribe":
			case !strings.HasPrefix(a.Val, base+"/"):
				t.Errorf("%s links to %s", path, a.Val)
			default:
				links = append(links, strings.TrimPrefix(a.Val, base))
			}
		}
	}
	if headings != 1 {
		t.Errorf("%s has %d <h1>, want 1", path, headings)
	}
	return links
}

func TestStoryPage(t *testing.T) {
	page := get(paper.New(time.Now()), "/story/shipyard-order", nil).Body.String()
	for _, want := range []string{
		"<title>Shipyard wins the order", "Corrigan &amp; Daughters has not built", "<p>Each is 46 metres long", "Bao Linh Serrano",
		`alt="Cranes lift containers over a ship in the early light"`, "More in",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAddresses(t *testing.T) {
	p := paper.New(time.Now())
	for path, want := range map[string]int{
		"/story/whale-in-the-roads": 200, // waits, but a mail of an earlier run may link to it
		"/story/nothing":            404,
		"/section/weather":          404,
		"/picture/night-ferry.png":  404,
		"/picture/nothing.jpg":      404,
		"/picture/first-frost.jpg":  404, // a story without
		"/paper":                    404,
	} {
		if got := get(p, path, nil).Code; got != want {
			t.Errorf("%s was answered with %d, want %d", path, got, want)
		}
	}
	if strings.Contains(get(p, "/", nil).Body.String(), "whale") {
		t.Error("the front page has a story that waits")
	}
}

func TestReadingWhilePublishing(t *testing.T) {
	p := paper.New(time.Now())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				p.PublishLater(1)
				get(p, "/", nil)
				get(p, "/story/whale-in-the-roads", nil)
				get(p, "/feed.xml", nil)
			}
		})
	}
	wg.Wait()
	if got := len(stories(t, p)); got < 50 {
		t.Errorf("got %d stories, want all", got)
	}
}
