package delivery

import (
	"container/list"
	"context"
	"sync"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
)

// Compose makes the mail of a selection with its stories as they were at asOf, or as they are now if asOf is zero. For
// the same asOf it always returns the same mail.
type Compose func(ctx context.Context, editionID, selectionID int64, asOf time.Time) (*digest.Composed, error)

const (
	// cacheSize is how many octets of composed mails are kept.
	cacheSize = 32 << 20
	// freshFor is how long a mail that was composed from the stories as they are now serves: a correction or a
	// withdrawal takes effect within that time.
	freshFor = 5 * time.Second
)

// cache keeps composed mails, the least recently used ones going first. A mail that several lanes want at once is
// composed once.
type cache struct {
	compose Compose
	now     func() time.Time
	limit   int

	mu      sync.Mutex
	entries map[cacheKey]*cached
	order   *list.List // of finished entries, the most recently used first
	size    int
}

type cacheKey struct{ edition, selection, asOf int64 }

type cached struct {
	key      cacheKey
	ready    chan struct{} // closed when composed or err is set
	composed *digest.Composed
	err      error
	madeAt   time.Time
	size     int
	place    *list.Element // nil until finished
}

func newCache(compose Compose, now func() time.Time, limit int) *cache {
	return &cache{compose: compose, now: now, limit: limit, entries: map[cacheKey]*cached{}, order: list.New()}
}

// get returns the mail of a selection. Errors are not kept.
func (c *cache) get(ctx context.Context, edition, selection int64, asOf time.Time) (*digest.Composed, error) {
	key := cacheKey{edition, selection, db.Millis(asOf)}
	c.mu.Lock()
	e := c.entries[key]
	if e != nil && e.place != nil && asOf.IsZero() && c.now().Sub(e.madeAt) > freshFor {
		c.drop(e)
		e = nil
	}
	if e != nil {
		if e.place != nil {
			c.order.MoveToFront(e.place)
		}
		c.mu.Unlock()
		select {
		case <-e.ready:
			return e.composed, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e = &cached{key: key, ready: make(chan struct{}), madeAt: c.now()}
	c.entries[key] = e
	c.mu.Unlock()
	e.composed, e.err = c.compose(ctx, edition, selection, asOf)
	close(e.ready)
	c.keep(e)
	return e.composed, e.err
}

func (c *cache) keep(e *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.err != nil {
		delete(c.entries, e.key)
		return
	}
	e.size = 1024
	if e.composed.Body != nil {
		e.size += e.composed.Body.Size()
	}
	c.size += e.size
	e.place = c.order.PushFront(e)
	for c.size > c.limit && c.order.Len() > 1 {
		c.drop(c.order.Back().Value.(*cached))
	}
}

func (c *cache) drop(e *cached) {
	c.order.Remove(e.place)
	c.size -= e.size
	delete(c.entries, e.key)
}
