package digest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"broadsheet/internal/db"
)

// Visit is what of a request matters to counting. It is kept for a minute, and
// in memory only.
type Visit struct {
	Network uint64 // where it came from, as a number that means nothing elsewhere; 0 if that is not known
	Scanner bool   // it is known for a machine that looks at mails
}

// Clicks counts the links of mails that were followed, and the mails that were
// opened. It knows no readers. While Run runs, a click is written as it comes;
// where many come, what came since is written once a second. It is safe for
// concurrent use.
type Clicks struct {
	store *Store
	log   *slog.Logger
	wake  chan struct{} // something waits to be written

	mu     sync.Mutex
	counts map[clickKey]*clickTally
	opens  map[openKey]*clickTally
	bursts map[burstKey]*burst
	lost   int64 // clicks for which there was no room
}

type clickKey struct {
	edition, article int64
	slot             string // its slug, or the marked name of a place
	position         int
	hour             int64
}

type openKey struct{ edition, hour int64 }

// clickTally counts people and machines.
type clickTally struct{ people, scanners int64 }

func (t *clickTally) add(scanner bool) {
	if scanner {
		t.scanners++
	} else {
		t.people++
	}
}

const (
	// flushGap is between two writes, and what a process that is killed loses.
	flushGap = time.Second
	// flushRetry is between two tries while the database is away.
	flushRetry = 10 * time.Second
	// mostCounted bounds what waits to be flushed while the database is away.
	mostCounted = 200_000
)

// NewClicks returns a counter that has counted nothing.
func NewClicks(store *Store, log *slog.Logger) *Clicks {
	return &Clicks{
		store: store, log: log, wake: make(chan struct{}, 1), counts: map[clickKey]*clickTally{}, opens: map[openKey]*clickTally{}, bursts: map[burstKey]*burst{},
	}
}

// Add counts a click.
func (c *Clicks) Add(click Click, v Visit) {
	now := c.store.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	key := clickKey{click.EditionID, click.ArticleID, click.name(), click.Position, hourOf(now)}
	if v.Scanner || v.Network == 0 {
		c.count(key, v.Scanner)
		return
	}
	c.watch(key, v.Network, now)
}

// AddOpen counts that the pixel of an edition was fetched.
func (c *Clicks) AddOpen(editionID int64, v Visit) {
	now := c.store.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	key := openKey{editionID, hourOf(now)}
	if c.opens[key] == nil {
		if len(c.opens) >= mostCounted {
			c.lost++
			return
		}
		c.opens[key] = new(clickTally)
	}
	c.opens[key].add(v.Scanner)
	c.signal()
}

func (c *Clicks) count(key clickKey, scanner bool) {
	if t := c.tally(key); t != nil {
		t.add(scanner)
	}
}

// recount makes a scanner's what was counted as a reader's, and maybe written.
func (c *Clicks) recount(key clickKey) {
	if t := c.tally(key); t != nil {
		t.people--
		t.scanners++
	}
}

// tally is what waits to be written of a link, nil where there is no room.
func (c *Clicks) tally(key clickKey) *clickTally {
	if c.counts[key] == nil {
		if len(c.counts) >= mostCounted {
			c.lost++
			return nil
		}
		c.counts[key] = new(clickTally)
	}
	c.signal()
	return c.counts[key]
}

// signal wakes who writes.
func (c *Clicks) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// hourOf is the hour of a time since 1970.
func hourOf(t time.Time) int64 { return db.Millis(t) / time.Hour.Milliseconds() }

// Run writes what is counted until ctx ends, and then all that is left.
func (c *Clicks) Run(ctx context.Context) error {
	tidy := time.NewTicker(burstWindow)
	defer tidy.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tidy.C:
			c.forget()
		case <-c.wake:
			gap := flushGap
			if !c.flush(ctx) {
				gap = flushRetry
			}
			wait(ctx, gap)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	c.flush(last)
	return nil
}

// wait waits for so long, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Flush writes what was counted.
func (c *Clicks) Flush(ctx context.Context) { c.flush(ctx) }

// flush writes what was counted. What could not be written is tried again with
// the next flush; then it returns false.
func (c *Clicks) flush(ctx context.Context) (written bool) {
	c.mu.Lock()
	counts, opens, lost := c.counts, c.opens, c.lost
	c.counts, c.opens, c.lost = map[clickKey]*clickTally{}, map[openKey]*clickTally{}, 0
	c.mu.Unlock()
	if lost > 0 {
		c.log.WarnContext(ctx, "clicks not counted, too many wait for the database", "clicks", lost)
	}
	if len(counts)+len(opens) == 0 {
		return true
	}
	err := c.store.addClicks(ctx, counts, opens)
	switch {
	case err == nil:
	case errors.Is(err, db.ErrOutcomeUnknown): // rather too few than twice
		c.log.WarnContext(ctx, "clicks may be lost", "error", err)
	default:
		c.log.WarnContext(ctx, "clicks not written, trying again", "error", err)
		c.restore(counts, opens)
		return false
	}
	return true
}

func (c *Clicks) restore(counts map[clickKey]*clickTally, opens map[openKey]*clickTally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	merge(c.counts, counts)
	merge(c.opens, opens)
	c.signal()
}

func merge[K comparable](into, from map[K]*clickTally) {
	for key, t := range from {
		if have := into[key]; have != nil {
			have.people, have.scanners = have.people+t.people, have.scanners+t.scanners
		} else {
			into[key] = t
		}
	}
}
