package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// TestSourceCommands looks at a site's feed and sitemap, and lets in a feed
// whose ids all change.
func TestSourceCommands(t *testing.T) {
	t.Parallel()
	var prefix atomic.Value
	prefix.Store("old")
	now := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("/feed", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<rss><channel><ttl>30</ttl>")
		for i := range 6 {
			fmt.Fprintf(w, "<item><guid isPermaLink=\"false\">%s-%d</guid><title>Story %d</title><link>https://courier.example/topic-0/%d</link><pubDate>%s</pubDate></item>",
				prefix.Load(), i, i, i, now.Format(time.RFC1123Z))
		}
		fmt.Fprint(w, "<item><title>Without a link</title></item></channel></rss>")
	})
	mux.HandleFunc("/news.xml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
			xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><loc>https://courier.example/topic-1/bridge?utm_source=x</loc><news:news><news:publication><news:name>Courier</news:name>
			<news:language>en</news:language></news:publication><news:publication_date>%s</news:publication_date><news:title>Bridge &amp; tunnel</news:title>
			<news:keywords>roads, harbour</news:keywords></news:news><image:image><image:loc>https://courier.example/b.jpg</image:loc></image:image></url>
			<url><loc>https://courier.example/about</loc></url></urlset>`, now.Format(time.RFC3339))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	n := newNewsroom(t, settings{feeds: map[string]string{"site": server.URL + "/feed"}}, sink.Options{})

	r := n.must("source", "test", server.URL+"/news.xml", "--allow-private", "127.0.0.0/8", "--output", "json")
	var stories []map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &stories); err != nil || len(stories) != 1 {
		t.Fatalf("got %s, error %v", r.stdout, err)
	}
	if s := stories[0]; s["title"] != "Bridge & tunnel" || s["url"] != "https://courier.example/topic-1/bridge" || s["picture"] != "https://courier.example/b.jpg" ||
		s["language"] != "en" || s["published_at"] != now.UTC().Format(time.RFC3339) || !strings.Contains(fmt.Sprint(s["topics"]), "topic-1") {
		t.Errorf("got %v", s)
	}
	r.says(t, `1 story from a sitemap; nothing was stored`, `without a title of news: 1 of 2 entries`)
	n.must("source", "test", "site").says(t, `item 7 .*Without a link.*skipped`, `6 stories from a feed`)
	n.run("source", "test", "site-x").want(t, 2, ``)
	n.run("source", "test", server.URL+"/feed").says(t, `allow_private`)

	n.must("source", "fetch").want(t, 0, `6 new`)
	prefix.Store("new")
	n.must("source", "fetch").want(t, 0, `^site: held, nothing was stored: 6 of 6 stories are known`)
	n.must("source", "list").want(t, 0, `(?s)site +feed +held +6 .*6 of 6 stories`)
	n.must("source", "accept", "site", "--dry-run").want(t, 0, `would be accepted`)
	n.must("source", "fetch").want(t, 0, `held`)
	n.must("source", "accept", "site", "--by", "maria").want(t, 0, `is accepted`)
	n.must("source", "fetch").want(t, 0, `0 new, 0 updated, 6 unchanged`)
	n.must("source", "accept", "site").want(t, 0, `nothing to accept`)
	n.must("source", "list").want(t, 0, `site +feed +ok +6 `)
}
