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
// opened. It knows no readers. What it counted is in memory until it is flushed.
// It is safe for concurrent use.
type Clicks struct {
	store *Store
	log   *slog.Logger

	mu     sync.Mutex
	counts map[clickKey]*clickTally
	opens  map[openKey]*clickTally
	bursts map[burstKey]*burst
	lost   int64 // clicks for which there was no room
}

type clickKey struct {
	edition, article int64
	slot             string
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
	flushEvery = 10 * time.Second
	// mostCounted bounds what waits to be flushed while the database is away.
	mostCounted = 200_000
)

// NewClicks returns a counter that has counted nothing.
func NewClicks(store *Store, log *slog.Logger) *Clicks {
	return &Clicks{
		store: store, log: log, counts: map[clickKey]*clickTally{}, opens: map[openKey]*clickTally{}, bursts: map[burstKey]*burst{},
	}
}

// Add counts a click.
func (c *Clicks) Add(click Click, v Visit) {
	now := c.store.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	key := clickKey{click.EditionID, click.ArticleID, click.Slot, click.Position, hourOf(now)}
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
}

func (c *Clicks) count(key clickKey, scanner bool) {
	if c.counts[key] == nil {
		if len(c.counts) >= mostCounted {
			c.lost++
			return
		}
		c.counts[key] = new(clickTally)
	}
	c.counts[key].add(scanner)
}

// hourOf is the hour of a time since 1970.
func hourOf(t time.Time) int64 { return db.Millis(t) / time.Hour.Milliseconds() }

// Run flushes now and then until ctx ends, and then all that is left.
func (c *Clicks) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.flush(ctx, c.store.now())
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			c.flush(last, c.store.now().Add(burstWindow))
			return nil
		}
	}
}

// Flush writes what was counted, with what is not yet told apart from a burst.
func (c *Clicks) Flush(ctx context.Context) { c.flush(ctx, c.store.now().Add(burstWindow)) }

// flush writes what was counted and, of what came in bursts, what had settled
// by a time. What could not be written is tried again with the next flush.
func (c *Clicks) flush(ctx context.Context, settled time.Time) {
	c.mu.Lock()
	c.settle(settled)
	counts, opens, lost := c.counts, c.opens, c.lost
	c.counts, c.opens, c.lost = map[clickKey]*clickTally{}, map[openKey]*clickTally{}, 0
	c.mu.Unlock()
	if lost > 0 {
		c.log.WarnContext(ctx, "clicks not counted, too many wait for the database", "clicks", lost)
	}
	if len(counts)+len(opens) == 0 {
		return
	}
	err := c.store.addClicks(ctx, counts, opens)
	switch {
	case err == nil:
	case errors.Is(err, db.ErrOutcomeUnknown): // rather too few than twice
		c.log.WarnContext(ctx, "clicks may be lost", "error", err)
	default:
		c.log.WarnContext(ctx, "clicks not written, trying again", "error", err)
		c.restore(counts, opens)
	}
}

func (c *Clicks) restore(counts map[clickKey]*clickTally, opens map[openKey]*clickTally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	merge(c.counts, counts)
	merge(c.opens, opens)
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
