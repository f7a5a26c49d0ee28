package phrase

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// cache keeps what words are, so that those that come often are not stemmed
// again. A word may push out another one.
type cache struct {
	seed  maphash.Seed
	slots []atomic.Pointer[cached]
}

// A cached word does not change.
type cached struct {
	word string
	ids  [2]uint32
}

// cacheSlots is more than the words of a language that make up most of its
// texts. It is a power of two.
const cacheSlots = 1 << 16

func newCache() *cache {
	return &cache{seed: maphash.MakeSeed(), slots: make([]atomic.Pointer[cached], cacheSlots)}
}

// pair returns the two slots in one of which a word is.
func (c *cache) pair(word string) (a, b *atomic.Pointer[cached]) {
	n := maphash.String(c.seed, word) % cacheSlots
	return &c.slots[n], &c.slots[n^1]
}

func (c *cache) get(word string) (ids [2]uint32, ok bool) {
	a, b := c.pair(word)
	if have := a.Load(); have != nil && have.word == word {
		return have.ids, true
	}
	if have := b.Load(); have != nil && have.word == word {
		return have.ids, true
	}
	return ids, false
}

// put lets the word that it pushes out of its slot push out the one beside.
func (c *cache) put(word string, ids [2]uint32) {
	a, b := c.pair(word)
	if last := a.Swap(&cached{strings.Clone(word), ids}); last != nil {
		b.Store(last)
	}
}
