package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

const every = 15 * time.Minute

// desk is a site whose sources are paths of one server.
type desk struct {
	t      *testing.T
	store  *digest.Store
	setup  *digest.Setup
	tagger *digest.Tagger
	log    *bytes.Buffer
	logger *slog.Logger

	mu    sync.Mutex
	at    time.Time
	asked map[string]int // requests by slug of source
}

func (d *desk) now() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }

func (d *desk) advance(by time.Duration) { d.mu.Lock(); d.at = d.at.Add(by); d.mu.Unlock() }

func (d *desk) requests(slug string) int { d.mu.Lock(); defer d.mu.Unlock(); return d.asked[slug] }

// newDesk begins on Monday, 2026-11-23, 12:00 UTC. The sources are served by
// answer, at /SLUG, each from a host of its own.
func newDesk(t *testing.T, base *db.DB, answer http.HandlerFunc, slugs ...string) *desk {
	t.Helper()
	d := &desk{t: t, at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), log: &bytes.Buffer{}, asked: map[string]int{}}
	counted := func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.asked[r.URL.Path[1:]]++
		d.mu.Unlock()
		answer(w, r)
	}
	d.logger = slog.New(slog.NewTextHandler(d.log, nil))
	d.setup = &digest.Setup{Topics: []digest.Topic{{Slug: "world", Name: "World"}}}
	for _, slug := range slugs {
		d.setup.Sources = append(d.setup.Sources, digest.Source{
			Slug: slug, Kind: "feed", URL: serve(t, counted) + "/" + slug, Topics: []string{"world"}, Every: every, AllowPrivate: loopback(),
		})
	}
	d.store = digest.NewStore(base, d.now)
	if err := d.store.Sync(t.Context(), d.setup); err != nil {
		t.Fatal(err)
	}
	d.tagger = digest.NewTagger(d.setup)
	return d
}

func (d *desk) poller() *ingest.Poller {
	p := ingest.NewPoller(d.store, d.setup, d.tagger, ingest.NewFetcher("test"), d.logger, d.now)
	p.Steady()
	return p
}

func (d *desk) state(slug string) digest.SourceState {
	d.t.Helper()
	states, err := d.store.SourceStates(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, state := range states {
		if state.Slug == slug {
			return state
		}
	}
	d.t.Fatalf("no state of source %s", slug)
	return digest.SourceState{}
}

// answerStory answers with a feed of one story, that of the source.
func answerStory(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "<rss><channel><item><title>Story of %s</title><link>https://courier.example%s</link></item></channel></rss>", r.URL.Path[1:], r.URL.Path)
}

func TestFetchDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, answerStory, "one", "two")
		p := d.poller()
		for _, step := range []struct {
			name  string
			after time.Duration
			want  int
		}{
			{"never fetched", 0, 1},
			{"at once again", 0, 1},
			{"a second early", every - time.Second, 1},
			{"due", time.Second, 2},
		} {
			d.advance(step.after)
			p.FetchDue(t.Context())
			if one, two := d.requests("one"), d.requests("two"); one != step.want || two != step.want {
				t.Errorf("%s: fetched %d and %d times, want %d", step.name, one, two, step.want)
			}
		}
		got := d.state("one")
		if got.Articles != 1 || got.Failures != 0 || got.LastError != "" || !got.OKAt.Equal(d.now()) || !got.NextFetchAt.Equal(d.now().Add(every)) {
			t.Errorf("got %+v", got)
		}
	})
}

// TestFirstFetch: what is old or has no date is in no window, until a fetch has
// gone well.
func TestFirstFetch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		asked := 0
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == 1 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			fmt.Fprint(w, "<rss><channel>")
			for n, date := range []string{"", "Fri, 20 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:00 GMT"} {
				fmt.Fprintf(w, "<item><title>Story</title><link>https://courier.example/%d/%d</link><pubDate>%s</pubDate></item>", asked, n, date)
			}
			fmt.Fprint(w, "</channel></rss>")
		}, "one")
		p := d.poller()
		for i, want := range []struct{ stored, numbered int64 }{{0, 0}, {3, 1}, {6, 4}} {
			p.FetchDue(t.Context())
			d.advance(2 * every)
			count := func(query string) (n int64) {
				t.Helper()
				if err := base.View(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), &n, query) }); err != nil {
					t.Fatal(err)
				}
				return n
			}
			if stored, numbered := count(`SELECT COUNT(*) FROM articles`), count(`SELECT COUNT(*) FROM article_topics WHERE seq > 0`); stored != want.stored || numbered != want.numbered {
				t.Errorf("fetch %d: %d stories, %d with a number, want %d and %d", i+1, stored, numbered, want.stored, want.numbered)
			}
		}
	})
}

func TestFetchDueOfTwoPollers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		slugs := []string{"a", "b", "c", "d", "e", "f"}
		d := newDesk(t, base, answerStory, slugs...)
		var both sync.WaitGroup
		for _, p := range []*ingest.Poller{d.poller(), d.poller()} {
			both.Go(func() { p.FetchDue(t.Context()) })
		}
		both.Wait()
		for _, slug := range slugs {
			if n := d.requests(slug); n != 1 {
				t.Errorf("source %s was fetched %d times, want once", slug, n)
			}
		}
	})
}

func TestFetchDueBacksOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		broken := true
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			if broken && r.URL.Path == "/one" {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			answerStory(w, r)
		}, "one", "two")
		p := d.poller()
		waits := []time.Duration{every, 2 * every, 4 * every, 8 * every, 16 * every, 6 * time.Hour, 6 * time.Hour}
		for i, wait := range waits {
			p.FetchDue(t.Context())
			got := d.state("one")
			if got.Failures != i+1 || !strings.Contains(got.LastError, "500 Internal Server Error") || !got.OKAt.IsZero() || !got.NextFetchAt.Equal(d.now().Add(wait)) {
				t.Errorf("after failure %d: got %+v, want the next fetch after %s", i+1, got, wait)
			}
			d.advance(wait)
		}
		if !strings.Contains(d.log.String(), "source not fetched") || d.state("two").Articles != 1 {
			t.Error("the failure was not logged, or kept the other source from being fetched")
		}
		broken = false
		p.FetchDue(t.Context())
		if got := d.state("one"); got.Failures != 0 || got.LastError != "" || got.Articles != 1 || !got.NextFetchAt.Equal(d.now().Add(every)) {
			t.Errorf("mended: got %+v", got)
		}
	})
}

func TestFetchRevalidates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"1"`)
			answerStory(w, r)
		}, "one")
		p := d.poller()
		first, err := p.Fetch(t.Context(), &d.setup.Sources[0])
		if err != nil || first.NotModified || first.Stories != 1 || first.Result.New != 1 {
			t.Fatalf("first fetch: got %+v, %v, want one new story", first, err)
		}
		d.advance(every)
		second, err := p.Fetch(t.Context(), &d.setup.Sources[0])
		if err != nil || !second.NotModified || second.Result != (digest.PutResult{}) {
			t.Fatalf("second fetch: got %+v, %v, want not modified", second, err)
		}
		if got := d.state("one"); got.ETag != `"1"` || !got.OKAt.Equal(d.now()) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestFetchDropsValidatorsThatAreNoText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", "\"\xff\"")
			answerStory(w, r)
		}, "one")
		if got, err := d.poller().Fetch(t.Context(), &d.setup.Sources[0]); err != nil || got.Result.New != 1 {
			t.Errorf("got %+v, %v, want one new story", got, err)
		}
		if got := d.state("one"); got.ETag != "" || !got.OKAt.Equal(d.now()) {
			t.Errorf("got %+v, want no ETag", got)
		}
	})
}

func TestFetchObeysRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name       string
		code       int
		retryAfter string
		want       time.Duration
	}{
		{"of an error", http.StatusServiceUnavailable, "7200", 2 * time.Hour},
		{"shorter than the interval", http.StatusTooManyRequests, "60", every},
		{"of an answer", http.StatusOK, "7200", 2 * time.Hour},
		{"none", http.StatusOK, "", every},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", c.retryAfter)
				w.WriteHeader(c.code)
				answerStory(w, r)
			}, "one")
			d.poller().FetchDue(t.Context())
			if got := d.state("one"); !got.NextFetchAt.Equal(d.now().Add(c.want)) {
				t.Errorf("the next fetch is after %s, want %s", got.NextFetchAt.Sub(d.now()), c.want)
			}
		})
	}
}

func TestFetchByForce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, answerStory, "one")
		p := d.poller()
		p.FetchDue(t.Context())
		if got, err := p.Fetch(t.Context(), &d.setup.Sources[0]); err != nil || got.Result.Unchanged != 1 || d.requests("one") != 2 {
			t.Errorf("got %+v, %v after %d requests, want the source fetched though it is not due", got, err, d.requests("one"))
		}
		if got := d.state("one"); !got.NextFetchAt.Equal(d.now().Add(every)) {
			t.Errorf("the next fetch is at %s, want it an interval after this one", got.NextFetchAt)
		}
	})
}

func TestFetchOfARetiredSource(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, answerStory, "one")
		if err := d.store.Sync(t.Context(), &digest.Setup{Topics: d.setup.Topics}); err != nil {
			t.Fatal(err)
		}
		p := d.poller() // of a process that still has the old configuration
		p.FetchDue(t.Context())
		_, err := p.Fetch(t.Context(), &d.setup.Sources[0])
		if err == nil || !strings.Contains(err.Error(), "source one has been retired") || d.requests("one") != 0 {
			t.Errorf("got error %v after %d requests, want one and none", err, d.requests("one"))
		}
	})
}

func TestFetchOfAPage(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>`)
	}, "one")
	_, err := d.poller().Fetch(t.Context(), &d.setup.Sources[0])
	var page *ingest.PageError
	if !errors.As(err, &page) || !strings.HasSuffix(page.Feed, "/rss") {
		t.Errorf("got error %v, want one that names the feed", err)
	}
	if got := d.state("one"); got.Failures != 1 || !strings.Contains(got.LastError, page.Feed) {
		t.Errorf("got %+v, want the error in the state", got)
	}
}

func TestPreviewStoresNothing(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), answerStory, "one")
	before := d.state("one")
	got, stories, err := d.poller().Preview(t.Context(), &d.setup.Sources[0])
	if err != nil || got.Stories != 1 || len(stories) != 1 || stories[0].Title != "Story of one" {
		t.Errorf("got %+v, %+v, %v, want one story", got, stories, err)
	}
	if after := d.state("one"); after != before {
		t.Errorf("the state became %+v, it was %+v", after, before)
	}
}
