package digest

import (
	"slices"
	"time"
)

// A network that follows burstLinks different links of an edition within
// burstWindow is a scanner: a filter of mail opens all of them at once, and people
// one after the other. What it follows is counted as its own for burstMemory
// longer.
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
	waiting []clickKey // not counted yet
	scanner bool       // it followed too many: all else is its own, too
}

// watch counts a click as soon as it is clear whether it is part of a burst.
func (c *Clicks) watch(key clickKey, network uint64, now time.Time) {
	at := burstKey{network, key.edition}
	b := c.bursts[at]
	if b != nil && b.over(now) {
		c.end(at, b)
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
	if b.scanner {
		b.began = now
		c.count(key, true)
		return
	}
	if b.waiting = append(b.waiting, key); b.links() >= burstLinks {
		b.scanner, b.began = true, now
		for _, waiting := range b.waiting {
			c.count(waiting, true)
		}
		b.waiting = nil
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

// links is how many different links wait.
func (b *burst) links() int {
	n := 0
	for i, key := range b.waiting {
		earlier := func(other clickKey) bool {
			return other.article == key.article && other.slot == key.slot && other.position == key.position
		}
		if !slices.ContainsFunc(b.waiting[:i], earlier) {
			n++
		}
	}
	return n
}

// end counts what waits in a burst that was none, and forgets it.
func (c *Clicks) end(at burstKey, b *burst) {
	for _, waiting := range b.waiting {
		c.count(waiting, false)
	}
	delete(c.bursts, at)
}

// settle ends what is over by a time.
func (c *Clicks) settle(now time.Time) {
	for at, b := range c.bursts {
		if b.over(now) {
			c.end(at, b)
		}
	}
}
