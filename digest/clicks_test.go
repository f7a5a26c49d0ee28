package digest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// counting is a planned edition of three stories, whose clicks are counted.
type counting struct {
	*world
	edition int64
	clicks  *digest.Clicks
	log     bytes.Buffer
}

func newCounting(t *testing.T, d *db.DB) *counting {
	c := &counting{world: fillCompose(t, d, nil)}
	c.edition = c.count(`SELECT MAX(id) FROM editions`)
	c.clicks = digest.NewClicks(c.store, slog.New(slog.NewTextHandler(&c.log, nil)))
	return c
}

// follow is a click on the story at a position.
func (c *counting) follow(position int, v digest.Visit) {
	c.t.Helper()
	c.clicks.Add(digest.Click{EditionID: c.edition, ArticleID: c.article(position), Position: position}, v)
}

func (c *counting) article(position int) int64 {
	return c.world.count(`SELECT id FROM articles WHERE url LIKE $1`, fmt.Sprintf("%%/%d", position))
}

// counted is "position: clicks scanners" of each link that was counted.
func (c *counting) counted() (out []string) {
	c.t.Helper()
	counts, err := c.store.ClickCounts(c.t.Context(), "", 100)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, n := range counts {
		out = append(out, fmt.Sprintf("%s%d: %d %d", n.Slot, n.Position, n.Clicks, n.Scanners))
	}
	return out
}

func (c *counting) want(counts ...string) {
	c.t.Helper()
	if got := c.counted(); !slices.Equal(got, counts) {
		c.t.Errorf("got %q, want %q", got, counts)
	}
}

func TestClicks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCounting(t, d)
		for n := range 10 {
			c.follow(1, digest.Visit{Network: uint64(n + 1)})
		}
		c.follow(1, digest.Visit{Scanner: true})
		c.follow(2, digest.Visit{})
		c.clicks.Add(digest.Click{EditionID: c.edition, Slot: "house-ad", Position: 1}, digest.Visit{})
		c.want()
		c.clicks.Flush(t.Context())
		c.want("1: 10 1", "2: 1 0", "house-ad1: 1 0")

		c.clock.advance(time.Hour)
		c.follow(1, digest.Visit{Network: 1})
		c.clicks.AddOpen(c.edition, digest.Visit{})
		c.clicks.AddOpen(c.edition, digest.Visit{Scanner: true})
		c.clicks.AddOpen(c.edition+99, digest.Visit{})
		c.clicks.Add(digest.Click{EditionID: c.edition + 99, ArticleID: 1, Position: 1}, digest.Visit{})
		c.clicks.Flush(t.Context())
		c.clicks.Flush(t.Context())
		c.want("1: 11 1", "2: 1 0", "house-ad1: 1 0")
		if hours := c.count(`SELECT COUNT(DISTINCT hour) FROM click_counts`); hours != 2 {
			t.Errorf("got %d hours, want 2", hours)
		}
		opens, err := c.store.OpenCounts(t.Context(), "daily/2026-11-23", 9)
		if want := []digest.OpenCount{{Edition: "daily/2026-11-23", Opens: 1, Scanners: 1}}; err != nil || !slices.Equal(opens, want) {
			t.Errorf("got %v, %v, want %v", opens, err, want)
		}
		counts, err := c.store.ClickCounts(t.Context(), "daily/2026-11-23", 1)
		if err != nil || len(counts) != 1 || counts[0].Title != "Story 1" || counts[0].URL != "https://courier.example/1" || counts[0].Article != c.article(1) {
			t.Errorf("got %+v, %v", counts, err)
		}
		if none, err := c.store.ClickCounts(t.Context(), "daily/2026-11-22", 9); err != nil || len(none) > 0 {
			t.Errorf("got %+v, %v of another edition", none, err)
		}
	})
}

// A filter that follows all links of a mail at once is told from a reader who
// follows some of them, also from those of its clicks that came first.
func TestClicksInBursts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every time.Duration // between clicks
		n     int           // links, one after the other
		want  []string
	}{
		{"four at once", 0, 4, []string{"1: 1 0", "2: 1 0", "3: 1 0", "4: 1 0"}},
		{"five at once", 0, 5, []string{"1: 0 1", "2: 0 1", "3: 0 1", "4: 0 1", "5: 0 1"}},
		{"in nine seconds", 2 * time.Second, 5, []string{"1: 0 1", "2: 0 1", "3: 0 1", "4: 0 1", "5: 0 1"}},
		{"in a minute", 12 * time.Second, 5, []string{"1: 1 0", "2: 1 0", "3: 1 0", "4: 1 0", "5: 1 0"}},
		{"and then slowly", 2 * time.Second, 7, []string{"1: 0 1", "2: 0 1", "3: 0 1", "4: 0 1", "5: 0 1", "6: 0 1", "7: 0 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCounting(t, dbtest.Open(t, db.SQLite))
			for n := range tt.n {
				c.clicks.Add(digest.Click{EditionID: c.edition, ArticleID: int64(n + 1), Position: n + 1}, digest.Visit{Network: 7})
				c.clock.advance(tt.every)
			}
			c.clicks.Flush(t.Context())
			c.want(tt.want...)
		})
	}
}

// What was written as a reader's is written anew once it is clear whose it was,
// also in the hour before.
func TestBurstsCorrectWhatIsWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCounting(t, d)
		c.clock.advance(time.Hour - time.Duration(c.clock.Now().UnixNano())%time.Hour - time.Second)
		add := func(position int) {
			c.clicks.Add(digest.Click{EditionID: c.edition, ArticleID: int64(position), Position: position}, digest.Visit{Network: 7})
			c.clicks.Flush(t.Context())
		}
		for n := range 4 {
			add(n + 1)
			c.clock.advance(time.Second)
		}
		c.want("1: 1 0", "2: 1 0", "3: 1 0", "4: 1 0")
		add(5)
		c.want("1: 0 1", "2: 0 1", "3: 0 1", "4: 0 1", "5: 0 1")
		if n := c.count(`SELECT COUNT(*) FROM click_counts WHERE clicks <> 0`); n > 0 {
			t.Errorf("%d rows have clicks of readers", n)
		}
	})
}

// A click is in the database before anybody could know of another one: a process
// that is killed loses what came in its last second, and no more.
func TestClicksAreWrittenAsTheyCome(t *testing.T) {
	c := newCounting(t, dbtest.Open(t, db.SQLite))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.clicks.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	written := func(want string) {
		t.Helper()
		for late := time.After(9 * time.Second); !slices.Contains(c.counted(), want); { // less than any interval would take
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("got %q, want %s", c.counted(), want)
			}
		}
	}
	c.follow(1, digest.Visit{Network: 1})
	written("1: 1 0")
	for n := range 20 { // what comes while a write is under way or just over is not left behind
		c.follow(2, digest.Visit{Network: uint64(n + 1)})
	}
	written("2: 20 0")
}

func TestClicksOfOneLinkAreNoBurst(t *testing.T) {
	c := newCounting(t, dbtest.Open(t, db.SQLite))
	for range 50 {
		c.follow(1, digest.Visit{Network: 7})
	}
	for n := range 4 { // another network, and another edition
		c.clicks.Add(digest.Click{EditionID: c.edition, ArticleID: 1, Position: n + 1}, digest.Visit{Network: 8})
		c.clicks.Add(digest.Click{EditionID: c.edition + 1, ArticleID: 1, Position: n + 5}, digest.Visit{Network: 8})
	}
	c.clicks.Flush(t.Context())
	c.want("1: 51 0", "2: 1 0", "3: 1 0", "4: 1 0")
}

// What could not be written is written later, and once.
func TestClicksOutliveTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCounting(t, d)
		c.follow(1, digest.Visit{Network: 1})
		c.clicks.AddOpen(c.edition, digest.Visit{})
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		c.clicks.Flush(ended)
		c.want()
		if !strings.Contains(c.log.String(), "clicks not written, trying again") {
			t.Errorf("nobody was told: %s", c.log.String())
		}
		c.follow(1, digest.Visit{Network: 2})
		c.clicks.Flush(t.Context())
		c.clicks.Flush(t.Context())
		c.want("1: 2 0")
		if opens := c.world.count(`SELECT SUM(opens) FROM open_counts`); opens != 1 {
			t.Errorf("got %d opens, want 1", opens)
		}
	})
}

func TestClicksAreFlushedAtTheEnd(t *testing.T) {
	c := newCounting(t, dbtest.Open(t, db.SQLite))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.clicks.Run(ctx) }()
	c.follow(1, digest.Visit{Network: 1})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v", err)
	}
	c.want("1: 1 0")
}

// Several services count the same links.
func TestClicksOfSeveralServices(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCounting(t, d)
		var all sync.WaitGroup
		for service := range 4 {
			clicks := digest.NewClicks(c.store, slog.New(slog.NewTextHandler(&c.log, nil)))
			all.Go(func() {
				for n := range 60 {
					clicks.Add(digest.Click{EditionID: c.edition, ArticleID: int64(n%3 + 1), Position: n%3 + 1}, digest.Visit{Scanner: service == 0})
					if n%10 == 9 {
						clicks.Flush(t.Context())
					}
				}
			})
		}
		all.Wait()
		c.want("1: 60 20", "2: 60 20", "3: 60 20")
	})
}
