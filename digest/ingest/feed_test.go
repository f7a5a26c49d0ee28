package ingest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

func readTestdata(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func parseTestdata(t *testing.T, name, base string) *ingest.Feed {
	t.Helper()
	feed, err := ingest.ParseFeed(readTestdata(t, name), "", base)
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

func checkFeed(t *testing.T, got, want *ingest.Feed) {
	t.Helper()
	if got.Title != want.Title || got.Language != want.Language {
		t.Errorf("feed is %q in %q, want %q in %q", got.Title, got.Language, want.Title, want.Language)
	}
	if len(got.Items) != len(want.Items) {
		t.Errorf("%d items, want %d", len(got.Items), len(want.Items))
	}
	for i := range min(len(got.Items), len(want.Items)) {
		if !reflect.DeepEqual(got.Items[i], want.Items[i]) {
			t.Errorf("item %d:\n got %+v\nwant %+v", i+1, got.Items[i], want.Items[i])
		}
	}
	if !slices.Equal(got.Notes, want.Notes) {
		t.Errorf("notes:\n got %s\nwant %s", strings.Join(got.Notes, "\n     "), strings.Join(want.Notes, "\n     "))
	}
}

func TestParseFeedReadsRSS(t *testing.T) {
	checkFeed(t, parseTestdata(t, "rss.xml", "https://reader:secret@post.example/feeds/all.xml"), &ingest.Feed{
		Title:    "Harbour Post & Gazette",
		Language: "en-US",
		Items: []digest.Incoming{
			{
				GUID: "post-1001", URL: "https://post.example/world/ferry?page=2", Title: "Ferry line reopens after “long” winter",
				Summary: "The first boat left at dawn. It was full.",
				Body:    "The first boat left at dawn.\n\nIt was full, and the captain smiled.", Author: "Ada Quist",
				ImageURL: "https://img.example/ferry-l.jpg?sig=a%2Bb&utm_x=1", ImageAlt: "The ferry at dawn", ImageWidth: 1200, Language: "en-US",
				Categories: []string{"World", "Harbour & sea"}, PublishedAt: time.Date(2026, 11, 23, 11, 30, 0, 0, time.UTC),
			},
			{
				GUID: "https://post.example/id-is-link", URL: "https://post.example/id-is-link", Title: "The id is the link",
				Summary: "A short text.", ImageURL: "https://post.example/img/town.png", ImageAlt: "The town", Language: "en-US",
				PublishedAt: time.Date(2099, 11, 24, 4, 30, 0, 0, time.UTC),
			},
			{URL: "https://post.example/sport/match", Title: "Relative link", ImageURL: "https://img.example/match.jpg", Language: "en-US"},
			{GUID: "post-1005", Title: "Only an id", Language: "en-US", PublishedAt: time.Date(2026, 11, 22, 17, 30, 0, 0, time.UTC)},
		},
		Notes: []string{
			`item 3 (https://post.example/untitled): skipped, title: missing`,
			`item 4: the date "some day last week" is not understood, it counts as unknown`,
			`item 5 (https://post.example/sport/match): skipped, it is item 4 again`,
			`item 6: URL "mailto:desk@post.example" has the scheme mailto, only http and https are accepted`,
			`item 7 (Neither link nor id): skipped, url: missing; give url or id, so that the story is known when it comes again`,
		},
	})
}

func TestParseFeedReadsAtom(t *testing.T) {
	checkFeed(t, parseTestdata(t, "atom.xml", "https://berg.example/feeds/atom"), &ingest.Feed{
		Title:    "Berg & Tal",
		Language: "de-AT",
		Items: []digest.Incoming{
			{
				GUID: "tag:berg.example,2026:1", URL: "https://berg.example/feeds/2026/schnee", Title: "Vec<T> & Schnee",
				Summary: "Es schneit.", Body: "Es schneit.\n\nUnd schneit.", Author: "Redaktion",
				ImageURL: "https://berg.example/feeds/bilder/schnee.png", Language: "de-AT", Categories: []string{"Wetter"},
				PublishedAt: time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC), ModifiedAt: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC),
			},
			{
				GUID: "tag:berg.example,2026:2", URL: "https://berg.example/zwei", Title: "Zwei", Author: "Bo, Cy",
				ImageURL: "https://img.example/t.jpg", ImageAlt: "Alt zwei", Language: "de-AT",
				PublishedAt: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
			},
		},
	})
}

func TestParseFeedReadsRDF(t *testing.T) {
	checkFeed(t, parseTestdata(t, "rdf.xml", "https://rdf.example/rss"), &ingest.Feed{
		Title:    "RDF Times",
		Language: "fr",
		Items: []digest.Incoming{{
			URL: "https://rdf.example/un", Title: "Un", Author: "Zoé", Language: "fr", Categories: []string{"Monde"},
			PublishedAt: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC),
		}},
	})
}

func TestParseFeedReadsJSONFeed(t *testing.T) {
	checkFeed(t, parseTestdata(t, "feed.json", ""), &ingest.Feed{
		Title:    "JSON Journal",
		Language: "en",
		Items: []digest.Incoming{
			{
				GUID: "17", URL: "https://json.example/one", Title: "One", Summary: "First. Second.", Body: "First.\n\nSecond.",
				Author: "The Journal", ImageURL: "https://img.example/one.png", Language: "en", Categories: []string{"world"},
				PublishedAt: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC),
			},
			{GUID: "https://json.example/two", URL: "https://json.example/two", Title: "Two", Summary: "Short.", Body: "Text.", Author: "Dee", Language: "en"},
		},
		Notes: []string{"item 3 (3): skipped, title: missing"},
	})
}

func TestParseFeedRefuses(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"nothing", " \n", "not a feed: it is empty"},
		{"text", "Not found", `neither XML nor JSON, it begins with "Not found"`},
		{"sitemap", `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>`, "it is a sitemap"},
		{"other XML", `<opml version="2.0"><body/></opml>`, "<opml>"},
		{"JSON list", `[{"title": "A"}]`, "it is a JSON list"},
		{"other JSON", `{"error": "no"}`, "no version of JSON Feed"},
		{"broken JSON", `{"version": "https://jsonfeed.org/version/1", "items": [`, "read JSON Feed"},
		{"broken XML", `<rss><channel><1a></1a></channel></rss>`, "read feed"},
		{"nested XML", "<rss><channel>" + strings.Repeat("<x:a>", 100_000), "nested deeper than 2000"},
		{"long tag", "<rss><channel><item " + strings.Repeat("a=b ", 300_000) + "/>", "a tag of "},
		{"too many items", "<feed>" + strings.Repeat("<entry/>", 50_001) + "</feed>", "more than 50000 children"},
		{"fanned out XML", "<rss><channel><x:a>" + strings.Repeat("a<b/>", 6_000) + "</x:a></channel></rss>", "more than 5000 children"},
	} {
		t.Run(c.name, func(t *testing.T) {
			feed, err := ingest.ParseFeed([]byte(c.body), "", "")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, error %v, want one with %q", feed, err, c.want)
			}
		})
	}
}

func TestParseFeedNamesTheFeedOfAPage(t *testing.T) {
	page := string(readTestdata(t, "page.html"))
	for _, c := range []struct{ name, page, want string }{
		{"named", page, "https://post.example/feed/rss.xml?a=1&b=2"},
		{"named under a base", strings.Replace(page, "<head>", `<head><base href="https://other.example/x/">`, 1), "https://other.example/feed/rss.xml?a=1&b=2"},
		{"without a doctype", strings.Replace(page, "<!DOCTYPE html>", "", 1), "https://post.example/feed/rss.xml?a=1&b=2"},
		{"none named", `<!doctype html><html><head></head><body>A</body></html>`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ingest.ParseFeed([]byte(c.page), "text/html; charset=utf-8", "https://u:p@post.example/")
			var page *ingest.PageError
			if !errors.As(err, &page) {
				t.Fatalf("got error %v, want a PageError", err)
			}
			if page.Feed != c.want || !strings.Contains(page.Error(), c.want) {
				t.Errorf("got feed %q in %q, want %q", page.Feed, page, c.want)
			}
		})
	}
}

func TestParseFeedReadsWhatIsThereOfACutFeed(t *testing.T) {
	body := string(readTestdata(t, "rss.xml"))
	body = body[:strings.Index(body, "A short text.")]
	feed, err := ingest.ParseFeed([]byte(body), "", "https://post.example/")
	if err != nil {
		t.Fatal(err)
	}
	if len(feed.Items) != 2 || feed.Items[1].Title != "The id is the link" {
		t.Errorf("got %+v, want the two items that have a title", feed.Items)
	}
	if !slices.Contains(feed.Notes, "the XML is cut off, what was there of it is read") {
		t.Errorf("notes %q, want one about the cut", feed.Notes)
	}
}

func TestParseFeedReadsJSONFeedWithNull(t *testing.T) {
	body := `{"version": "https://jsonfeed.org/version/1", "authors": [null], "items": [null, {"id": "1", "title": "A", "authors": [null, {"name": "Dee"}]}]}`
	feed, err := ingest.ParseFeed([]byte(body), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(feed.Items) != 1 || feed.Items[0].Author != "Dee" {
		t.Errorf("got %+v, want one item by Dee", feed.Items)
	}
}

func TestParseFeedReadsAtMostMaxItems(t *testing.T) {
	var b strings.Builder
	b.WriteString("<rss><channel><title>Long</title>")
	for i := range ingest.MaxItems + 200 {
		fmt.Fprintf(&b, "<item><title>Story</title><guid>%d</guid></item>", i)
	}
	b.WriteString("</channel></rss>")
	feed, err := ingest.ParseFeed([]byte(b.String()), "", "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"the feed has 1200 items, only the first 1000 are read"}
	if len(feed.Items) != ingest.MaxItems || !slices.Equal(feed.Notes, want) {
		t.Errorf("got %d items, notes %q, want %d, %q", len(feed.Items), feed.Notes, ingest.MaxItems, want)
	}
}

func TestParseFeedKeepsNotesShort(t *testing.T) {
	body := "<rss><channel>" + strings.Repeat("<item><link>https://a.example/</link></item>", 500) + "</channel></rss>"
	feed, err := ingest.ParseFeed([]byte(body), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(feed.Notes); n != 100 || feed.Notes[99] != "more oddities are not listed" {
		t.Errorf("got %d notes, the last %q", n, feed.Notes[n-1])
	}
}

func FuzzParseFeed(f *testing.F) {
	for _, name := range []string{"rss.xml", "atom.xml", "rdf.xml", "feed.json", "page.html"} {
		body, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "application/xml; charset=utf-8")
	}
	f.Add([]byte("<\x00r\x00s\x00s\x00/\x00>\x00"), "")
	f.Add([]byte("<rss><channel><item><title>a</title><guid>b"), "text/xml; charset=iso-2022-jp")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		feed, err := ingest.ParseFeed(body, contentType, "https://post.example/feed")
		if err != nil {
			return
		}
		for _, in := range feed.Items {
			if in.Title == "" || in.URL == "" && in.GUID == "" {
				t.Errorf("item without title or identity: %+v", in)
			}
			if in.URL != "" {
				if again, err := ingest.CanonicalURL(in.URL); err != nil || again != in.URL {
					t.Errorf("URL %q is not canonical: %q, %v", in.URL, again, err)
				}
			}
		}
	})
}
