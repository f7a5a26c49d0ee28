package ingest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/ingest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// patience is how long tests wait for what comes at once.
const patience = 20 * time.Second

func await(t *testing.T, what string, happened <-chan struct{}) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		t.Fatalf("%s: not after %s", what, patience)
	}
}

func TestFetchDueFetchesFourSideBySide(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	four := make(chan struct{})
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		now++
		if most = max(most, now); now == 4 && !isClosed(four) {
			close(four)
		}
		mu.Unlock()
		select {
		case <-four:
		case <-r.Context().Done():
		}
		answerStory(w, r)
		mu.Lock()
		now--
		mu.Unlock()
	}, "a", "b", "c", "d", "e", "f", "g", "h", "i")
	done := make(chan struct{})
	go func() { defer close(done); d.poller().FetchDue(t.Context()) }()
	await(t, "four fetches at once", four)
	await(t, "all fetches", done)
	if most != 4 {
		t.Errorf("%d sources were fetched at once, want 4", most)
	}
	for _, src := range d.setup.Sources {
		if got := d.state(src.Slug); got.Articles != 1 {
			t.Errorf("source %s: got %+v, want its story", src.Slug, got)
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestRunGoesOnBesideASlowFeed has a feed whose parsing does not end: the
// other source comes again and again, the slow one is not begun twice, and the
// end does not wait for it.
func TestRunGoesOnBesideASlowFeed(t *testing.T) {
	fetched := make(chan struct{}, 10)
	d := newDesk(t, dbtest.Open(t, db.SQLite), answerStory, "slow", "other")
	began, letGo, parsed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	p := d.poller()
	p.LookEvery(time.Millisecond)
	p.ParseWith(func(body []byte, contentType, base string) (*ingest.Feed, error) {
		if strings.HasSuffix(base, "/slow") {
			close(began) // panics if it is begun twice
			<-letGo
			defer close(parsed)
		} else {
			fetched <- struct{}{}
		}
		return ingest.ParseFeed(body, contentType, base)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	await(t, "the slow feed", began)
	for range 3 {
		await(t, "the other source", fetched)
		d.advance(time.Hour)
	}
	cancel()
	await(t, "the end", ended)
	if n := d.requests("slow"); n != 1 {
		t.Errorf("the slow source was fetched %d times, want once", n)
	}
	if got := d.state("slow"); got.Articles != 0 || got.Failures != 0 {
		t.Errorf("got %+v, want nothing recorded of a fetch that was broken off", got)
	}
	close(letGo)
	await(t, "the rest of the slow feed", parsed)
}

func TestRunEndsWhileAllSlotsAreTaken(t *testing.T) {
	reached := make(chan struct{}, 10)
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	}, "a", "b", "c", "d", "e", "f")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() { defer close(ended); d.poller().Run(ctx) }()
	for range 4 {
		await(t, "four requests", reached)
	}
	cancel()
	await(t, "the end", ended)
	if d.log.Len() > 0 {
		t.Errorf("the end was logged as failure: %s", d.log)
	}
}
