package ingest_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// longFeed is a feed of n stories with HTML in their summaries, from number on.
func longFeed(n, number int) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Courier</title>`)
	at := time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)
	for i := number; i < number+n; i++ {
		fmt.Fprintf(&b, `<item><guid>tag:courier.example,%d</guid><link>https://courier.example/city/%d?utm_source=rss</link><title>Council votes on bridge number %d &amp; its harbour</title>
<description><![CDATA[<p>The council voted on <b>bridge %d</b> after a debate that lasted until midnight, and the harbour pays half of it.</p><p>Work begins in spring. <a href="https://courier.example/%d">Read more</a></p><img src="https://courier.example/pixel.gif" width="1" height="1">]]></description>
<category>City</category><category>Transport</category><pubDate>%s</pubDate><media:content url="https://courier.example/p/%d.jpg" width="1200" height="800"/></item>`,
			i, i, i, i, i, at.Add(-time.Duration(i)*time.Minute).Format(time.RFC1123Z), i)
	}
	b.WriteString("</channel></rss>")
	return []byte(b.String())
}

// BenchmarkParseFeed reads a feed of 1,000 items.
func BenchmarkParseFeed(b *testing.B) {
	feed := longFeed(1000, 1)
	b.SetBytes(int64(len(feed)))
	for b.Loop() {
		got, err := ingest.ParseFeed(feed, "application/rss+xml", "https://courier.example/feed")
		if err != nil || len(got.Items) != 1000 {
			b.Fatalf("%d items, error %v", len(got.Items), err)
		}
	}
	b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkHourOfSources polls 200 sources of 50 stories for an hour of
// simulated time: five fetches each, with two new stories at a time.
func BenchmarkHourOfSources(b *testing.B) {
	const sources = 200
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			var peak uint64
			fetches := 0
			for b.Loop() {
				b.StopTimer()
				var round atomic.Int64
				at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
				set := &digest.Setup{Topics: []digest.Topic{{Slug: "world", Name: "World"}}}
				for i := range sources {
					server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						w.Write(longFeed(50, 1+100*i+2*int(round.Load())))
					}))
					defer server.Close()
					set.Sources = append(set.Sources, digest.Source{
						Slug: fmt.Sprint("s", i), Kind: "feed", URL: server.URL, Topics: []string{"world"}, Every: every, AllowPrivate: loopback(),
					})
				}
				store := digest.NewStore(dbtest.Open(b, dialect), func() time.Time { return at })
				if err := store.Sync(b.Context(), set); err != nil {
					b.Fatal(err)
				}
				p := ingest.NewPoller(store, set, digest.NewTagger(set), ingest.NewFetcher("bench"), slog.New(slog.DiscardHandler), func() time.Time { return at })
				b.StartTimer()
				for range 5 {
					p.FetchDue(b.Context())
					var mem runtime.MemStats
					runtime.ReadMemStats(&mem)
					peak = max(peak, mem.HeapInuse+mem.StackInuse)
					fetches += sources
					round.Add(1)
					at = at.Add(every)
				}
				b.StopTimer()
				states, err := store.SourceStates(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				for _, st := range states {
					if st.Articles != 58 || st.Failures != 0 {
						b.Fatalf("source %s: %+v", st.Slug, st)
					}
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(fetches)/b.Elapsed().Seconds(), "fetches/s")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}
