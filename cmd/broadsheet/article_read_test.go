package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

const storyPage = `<!doctype html><html lang="en"><head><title>Ferry sails again | City Courier</title>
<meta property="og:type" content="article"><meta property="og:site_name" content="City Courier"><meta property="og:image" content="https://courier.example/ferry.jpg">
<link rel="canonical" href="https://courier.example/topic-0/ferry">
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Ferry sails again",
"datePublished": "2026-11-23T07:30:00+01:00", "author": {"@type": "Person", "name": "Ada Byron"}}</script></head>
<body><nav><a href="/">Home</a></nav><main><article><h1>Ferry sails again</h1>%s</article></main></body></html>`

const storyText = `Partly cloudy, 12°C
Springfield
Monday, November 23, 2026

Ferry sails again from Monday

By Ada Byron

The ferry between the two halves of the city sails again from Monday after eleven months.

A quiet engine

Its old engine was replaced by an electric one, and the mayor called it a good day for the harbour.

Also Read: Bridge closed until spring

Tickets cost as much as before, and bicycles travel free of charge until the end of the year.

Ada Byron covers the harbour for the City Courier.

Latest posts
Council votes on schools
Stay in touch
`

// TestArticlesFromPagesAndTexts adds a story by its address, from a saved page
// and from plain text.
func TestArticlesFromPagesAndTexts(t *testing.T) {
	t.Parallel()
	page := fmt.Sprintf(storyPage, strings.Repeat("<p>The ferry between the two halves of the city sails again from Monday, after eleven months in which it got an engine.</p>", 5))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ferry":
			fmt.Fprint(w, page)
		case "/":
			fmt.Fprint(w, `<!doctype html><html><head><title>City Courier</title></head><body><ul><li><a href="/a">A</a></li></ul></body></html>`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	n := newNewsroom(t, settings{}, sink.Options{})
	n.write("page.html", page)
	n.write("story.txt", storyText)
	n.write("empty.txt", "\n\n")
	n.steps([]step{
		{args: "migrate"},
		{args: "article add --url " + server.URL + "/ferry", code: 1, stderr: `allow_private|--allow-private`},
		{args: "article add --allow-private 127.0.0.0/8 --url " + server.URL + "/missing", code: 1, stderr: `404`},
		{args: "article add --allow-private 127.0.0.0/8 --url " + server.URL + "/", code: 1, stderr: `no story`},
		{args: "article add --html page.html --dry-run", stdout: `(?s)headline +json-ld.*Ferry sails again.*would store "Ferry sails again" with topics: .*topic-0`},
		{args: "article add --html page.html", stdout: `^1 new, 0 updated, 0 unchanged\n$`},
		{args: "article add --html page.html", stdout: `^0 new, 0 updated, 1 unchanged\n$`},
		{args: "article import page.html", stdout: `^0 new, 0 updated, 1 unchanged\n$`},
		{args: "article add --html page.html --title 'Ferry is back' --topic topic-1", stdout: `^0 new, 1 updated, 0 unchanged\n$`},
		{args: "article show https://courier.example/topic-0/ferry", stdout: `(?s)title +Ferry is back\n.*source +City Courier.*author +Ada Byron.*image +https://courier.example/ferry.jpg.*published_at +2026-11-23T06:30:00Z`},
		{args: "article add --text story.txt --topic topic-1", stdout: `^1 new, 0 updated, 0 unchanged\n$`},
		{args: "article import story.txt", stdout: `^0 new, \d updated, \d unchanged\n$`},
		{args: "article list --query 'from Monday'", stdout: `Ferry sails again from Monday`},
		{args: "article add --text empty.txt", code: 1, stderr: `empty.txt`},
		{args: "article add --text story.txt --html page.html", code: 2, stderr: `html|text`},
		{args: "article add --text nowhere.txt", code: 1, stderr: `nowhere.txt`},
		{args: "article import empty.txt", code: 4, stderr: `empty.txt:1: `},
	})
	r := n.must("article", "add", "--text", "story.txt", "--dry-run", "--output", "json")
	var taken []struct{ As, From, Text string }
	if err := json.Unmarshal([]byte(r.stdout), &taken); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	for as, want := range map[string]string{"headline": "Ferry sails again from Monday", "byline": "By Ada Byron", "furniture": "Partly cloudy, 12°C"} {
		found := false
		for _, part := range taken {
			found = found || part.As == as && part.Text == want
		}
		if !found {
			t.Errorf("no %s %q in %+v", as, want, taken)
		}
	}
}
