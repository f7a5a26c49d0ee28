package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"broadsheet/digest/ingest"
)

const frontAddress = "https://courier.example/"

func TestPageLinksFeeds(t *testing.T) {
	for name, test := range map[string]struct {
		address, page string
		want          []string
	}{
		"named": {frontAddress, `<link rel="alternate" type="application/rss+xml" href="/feed/"><link rel="alternate" type="application/atom+xml; charset=utf-8" href="https://feeds.example/c.atom">` +
			`<link rel="alternate" hreflang="de" href="/de"><link rel="stylesheet" type="application/rss+xml" href="/x">`, []string{"https://courier.example/feed/", "https://feeds.example/c.atom"}},
		"linked": {frontAddress, `<a href="/rss">RSS</a><a href="feed.xml">Feed</a><a href="/world.rss">World</a><a href="https://other.example/feed.xml">Other</a><a href="/feedback">Write to us</a>`,
			[]string{"https://courier.example/rss", "https://courier.example/feed.xml", "https://courier.example/world.rss"}},
		"named before linked": {frontAddress, `<a href="/rss.xml">RSS</a><link rel="alternate" type="application/feed+json" href="/feed.json"><a href="/feed.json">JSON</a>`,
			[]string{"https://courier.example/feed.json", "https://courier.example/rss.xml"}},
		"comments": {frontAddress, `<link rel="alternate" type="application/rss+xml" title="Courier » Comments Feed" href="/c/feed/"><link rel="alternate" type="application/rss+xml" href="/comments/feed/">`, nil},
		"of the story at hand": {pageAddress, `<link rel="alternate" type="application/rss+xml" href="` + pageAddress + `/feed/"><link rel="alternate" type="application/rss+xml" href="/feed/">`,
			[]string{"https://courier.example/feed/"}},
		"of the section": {"https://courier.example/world/", `<link rel="alternate" type="application/rss+xml" href="/world/feed/">`, []string{"https://courier.example/world/feed/"}},
		"a base":         {frontAddress, `<base href="https://courier.example/en/"><link rel="alternate" type="application/rss+xml" href="feed">`, []string{"https://courier.example/en/feed"}},
		"a user in it":   {frontAddress, `<link rel="alternate" type="application/rss+xml" href="https://jane:secret@courier.example/feed#top">`, []string{"https://courier.example/feed"}},
	} {
		t.Run(name, func(t *testing.T) {
			if feeds, _ := ingest.PageLinks([]byte(test.page), "text/html", test.address); !slices.Equal(feeds, test.want) {
				t.Errorf("feeds %q, want %q", feeds, test.want)
			}
		})
	}
}

func TestPageLinksArticles(t *testing.T) {
	taken := []string{
		`<a href="/world/2026/11/23/bridge-reopens">a</a>`, `<a href="/2026/nov/23/bridge-reopens">a</a>`, `<a href="/harbour-bridge-reopens-after-repairs">a</a>`,
		`<a href="/story/bridge-reopens-1234567.html">a</a>`, `<a href="https://www.courier.example/news/harbour-bridge-reopens-at-last">a</a>`,
		`<article><a href="/opinion/bridge-to-nowhere">a</a></article>`, `<main><a href="/a/20261123">a</a></main>`, `<h2><a href="/article?id=12345">a</a></h2>`,
		`<a href="/article?id=12346"><h3>a</h3></a>`, `<h3><a href="/новости/мост-открыт">a</a></h3>`, `<h3><a href="/news/橋が再開した">a</a></h3>`,
		`<h2><a href="/?p=123">a</a></h2>`, `<a href="/world/harbour-bridge-reopens-after-repairs/index.html">a</a>`,
	}
	left := []string{
		`<a href="/">Home</a>`, `<a href="/world/">World</a>`, `<a href="/tag/bridges-and-trams-of-the-city">tag</a>`, `<a href="/author/jane-mary-ann-doe">Jane</a>`,
		`<a href="/login?next=/world/2026/11/23/bridge-reopens">Log in</a>`, `<a href="/subscribe/for-a-year-and-save-a-lot">x</a>`, `<a href="/about-us">x</a>`,
		`<nav><a href="/world/2026/11/23/bridge-in-navigation">x</a></nav>`, `<footer><a href="/terms/all-of-our-many-terms">x</a></footer>`, `<div role="navigation"><a href="/a/b-c-d-e-f-long-one">x</a></div>`,
		`<a rel="tag" href="/world/2026/11/23/bridge-as-a-tag">x</a>`, `<a href="https://other.example/world/2026/11/23/bridge-elsewhere">x</a>`, `<a href="/img/2026/11/23/bridge-at-dawn.jpg">x</a>`,
		`<a href="/2026/11/23/bridge-of-sighs.pdf">x</a>`, `<a href="mailto:jane@courier.example">x</a>`, `<a href="javascript:void(0)">x</a>`, `<a href="#bridge-comments-and-more-here">x</a>`,
		`<a href="https://shop.courier.example/a-book-about-the-bridge">x</a>`, `<a href="/world/2026/11/23/bridge-reopens?share=x">x</a>`, `<a href="/page/2">older</a>`, `<a href="/search?q=a-bridge-too-far-away">x</a>`,
	}
	page := ""
	for i := range max(len(taken), len(left)) {
		if i < len(left) {
			page += left[i]
		}
		if i < len(taken) {
			page += taken[i]
		}
	}
	want := []string{
		"https://courier.example/world/2026/11/23/bridge-reopens", "https://courier.example/2026/nov/23/bridge-reopens", "https://courier.example/harbour-bridge-reopens-after-repairs",
		"https://courier.example/story/bridge-reopens-1234567.html", "https://www.courier.example/news/harbour-bridge-reopens-at-last",
		"https://courier.example/opinion/bridge-to-nowhere", "https://courier.example/a/20261123", "https://courier.example/article?id=12345", "https://courier.example/article?id=12346",
		"https://courier.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/%D0%BC%D0%BE%D1%81%D1%82-%D0%BE%D1%82%D0%BA%D1%80%D1%8B%D1%82",
		"https://courier.example/news/%E6%A9%8B%E3%81%8C%E5%86%8D%E9%96%8B%E3%81%97%E3%81%9F", "https://courier.example/?p=123",
		"https://courier.example/world/harbour-bridge-reopens-after-repairs/index.html",
	}
	_, got := ingest.PageLinks([]byte(page+page), "text/html; charset=utf-8", frontAddress)
	for _, address := range got {
		if !slices.Contains(want, address) {
			t.Errorf("%s is not a story", address)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("articles:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPageLinksLimits(t *testing.T) {
	var page strings.Builder
	page.WriteString(`<a href="` + pageAddress + `?utm_source=x">this page</a>`)
	for i := range 500 {
		fmt.Fprintf(&page, `<a href="/feed-%d/rss.xml">feed</a><a href="/world/2026/11/23/bridge-%d-reopens?utm_medium=x#top">story</a>`, i, i)
	}
	feeds, articles := ingest.PageLinks([]byte(page.String()), "text/html", pageAddress)
	if len(feeds) != 20 || len(articles) != 200 || articles[0] != "https://courier.example/world/2026/11/23/bridge-0-reopens" {
		t.Errorf("%d feeds, %d articles, the first %q", len(feeds), len(articles), articles[0])
	}
	if feeds, articles := ingest.PageLinks([]byte(strings.Repeat("<div>", 20_000)), "text/html", pageAddress); feeds != nil || articles != nil {
		t.Errorf("a page that cannot be read has feeds %q and articles %q", feeds, articles)
	}
}

// TestPartsOfAddresses: what makes a part of a path look like a story's.
func TestPartsOfAddresses(t *testing.T) {
	for part, want := range map[string]struct {
		id    bool
		words int
	}{
		"": {}, "a": {}, "bridge": {words: 1}, "a-new-bridge_of_steel": {words: 4}, "1234": {id: true}, "123": {}, "art1234": {id: true, words: 1}, "story1234": {words: 1},
		"Art1234": {words: 1}, "story12345": {id: true, words: 1}, "a1b2c3d4e5f60718": {id: true}, "a1b2c3d4e5f6071": {}, "a1b2c3d4e5f6071g": {}, "A1B2C3D4E5F6A718": {},
		"12-34-56": {}, "brücke": {words: 2}, "x-1234": {}, "covid-19-rules": {words: 2},
	} {
		if id, words := ingest.HasID(part), ingest.SlugWords(part); id != want.id || words != want.words {
			t.Errorf("%q: an id %v, %d words, want %v, %d", part, id, words, want.id, want.words)
		}
	}
}
