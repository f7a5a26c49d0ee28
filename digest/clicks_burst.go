package digest

import (
	"slices"
	"time"
)

// A network that follows burstLinks different links of an edition within
// burstWindow is a scanner: a filter of mail opens all of them at once, and people
// one after the other. What it followed before it was known for one is counted
// anew as its own, and what it follows for burstMemory longer.
const (
	burstLinks  = 5
	burstWindow = 10 * time.Second
	burstMemory = time.Minute
	mostBursts  = 100_000
)

// burstKey is a network that looks at an edition.
type burstKey struct {
	network uint64
	edition int64
}

// burst is what a network followed of an edition lately.
type burst struct {
	began   time.Time
	counted []clickKey // as a reader's
	scanner bool       // it followed too many: all else is its own, too
}

// watch counts a click as a reader's, until it is clear that it is part of a burst.
func (c *Clicks) watch(key clickKey, network uint64, now time.Time) {
	at := burstKey{network, key.edition}
	b := c.bursts[at]
	if b != nil && b.over(now) {
		delete(c.bursts, at)
		b = nil
	}
	if b == nil {
		if len(c.bursts) >= mostBursts {
			c.count(key, false)
			return
		}
		b = &burst{began: now}
		c.bursts[at] = b
	}
	c.count(key, b.scanner)
	if b.scanner {
		b.began = now
		return
	}
	if b.counted = append(b.counted, key); b.links() >= burstLinks {
		b.scanner, b.began = true, now
		for _, earlier := range b.counted {
			c.recount(earlier)
		}
		b.counted = nil
	}
}

// over reports whether nothing more belongs to a burst, or the clock was set
// back.
func (b *burst) over(now time.Time) bool {
	lasts := burstWindow
	if b.scanner {
		lasts = burstMemory
	}
	return now.Sub(b.began) >= lasts || now.Before(b.began)
}

// links is how many different links were followed.
func (b *burst) links() int {
	n := 0
	for i, key := range b.counted {
		earlier := func(other clickKey) bool {
			return other.article == key.article && other.slot == key.slot && other.position == key.position
		}
		if !slices.ContainsFunc(b.counted[:i], earlier) {
			n++
		}
	}
	return n
}

// forget drops the networks whose bursts are over.
func (c *Clicks) forget() {
	now := c.store.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, b := range c.bursts {
		if b.over(now) {
			delete(c.bursts, at)
		}
	}
}
