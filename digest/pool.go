package digest

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// pool is what can be chosen in a window.
type pool struct {
	ranked   []candidate
	first    int64         // the lowest number under which one of them got a topic
	oldest   int64         // when the first of them arrived, never for none
	again    int64         // the same of those that were eligible before they got their numbers
	gone     []goneTopic   // that may have brought one of them before
	reserved bool          // one of them is not for everybody, or its body is not
	place    map[int64]int // of a story in ranked
	index    *index
	list     *madeList // of what was chosen from it

	had map[ref][]byte // which of them a selection has, as bits by their place
}

// goneTopic is a topic that does not bring a candidate any more, which has a
// newer one.
type goneTopic struct{ seq, newest, arrivedAt int64 }

// emptyPool has nothing yet.
func emptyPool() *pool {
	return &pool{first: math.MaxInt64, oldest: never, again: never, place: map[int64]int{}, had: map[ref][]byte{}}
}

// count adds to the pool what a candidate tells of all of them.
func (p *pool) count(a *candidate) {
	newest := int64(0)
	for _, t := range a.topics {
		p.first, newest = min(p.first, t.seq), max(newest, t.seq)
	}
	for _, t := range a.gone {
		if a.unproven {
			p.first = min(p.first, t.seq)
		} else if t.seq < newest {
			p.gone = append(p.gone, goneTopic{t.seq, newest, a.arrivedAt})
		}
	}
	p.oldest = min(p.oldest, a.arrivedAt)
	if a.again {
		p.again = min(p.again, a.arrivedAt)
	}
	p.reserved = p.reserved || a.audience != "" || a.paid
}

// asked is since when editions may have brought a candidate of the window that
// begins at from, and numbers do not tell: deliveries have to. It is never for
// none.
func (p *pool) asked(from int64) int64 {
	since := p.again
	for _, t := range p.gone {
		if t.seq <= from && from < t.newest {
			since = min(since, t.arrivedAt)
		}
	}
	return since
}

// brought returns which of the candidates deliveries brought, as bits by their
// place. Readers for whom that is the same share a choice, whatever else they
// had.
func (p *pool) brought(list []brought, contents map[ref]content) string {
	if len(list) == 0 || len(p.ranked) == 0 {
		return ""
	}
	var all []byte
	for _, b := range list {
		bits, ok := p.had[b.ref]
		if !ok {
			bits = p.bits(contents[b.ref].articles)
			if len(p.had) >= mostChoices {
				clear(p.had)
			}
			p.had[b.ref] = bits
		}
		for len(all) < len(bits) {
			all = append(all, 0)
		}
		for i := range bits {
			all[i] |= bits[i]
		}
	}
	return string(all)
}

func (p *pool) bits(articles []int64) []byte {
	var out []byte
	for _, id := range articles {
		n, ok := p.place[id]
		if !ok {
			continue
		}
		for len(out) <= n/8 {
			out = append(out, 0)
		}
		out[n/8] |= 1 << (n % 8)
	}
	return out
}

// stories returns the candidates that brought spelled as bits.
func (p *pool) stories(bits string) map[int64]bool {
	if bits == "" {
		return nil
	}
	out := map[int64]bool{}
	for n := range p.ranked {
		if n/8 < len(bits) && bits[n/8]&(1<<(n%8)) != 0 {
			out[p.ranked[n].id] = true
		}
	}
	return out
}

// judges returns former choices, or "" if they ended before any of the
// candidates came, so that readers who differ in nothing else share a choice.
func (p *pool) judges(former string) string {
	if former == "" {
		return ""
	}
	last := former[strings.LastIndexByte(former, ' ')+1:]
	number, _, _ := strings.Cut(last, ":")
	if until, err := parseNumber(number); err == nil && until < p.first {
		return ""
	}
	return former
}

// lookup is the last answer about a window, for most are of the same.
type lookup struct {
	from  int64
	pool  *pool
	asked int64
}

// findOldest sets where the earliest window begins, if one of the page begins
// before the run's own: carryFor before the slot that this comes from.
func (c *chooser) findOldest(ctx context.Context, tx *db.Tx, page []subscription) (err error) {
	early := func(sub subscription) bool { return c.ownStart(&sub) && sub.JoinedSeq < c.run.FromSeq }
	if c.oldest >= 0 || !slices.ContainsFunc(page, early) {
		return nil
	}
	var own time.Duration
	if slot := c.edition.Slot; !c.digest.Instant {
		own = slot.In(time.UTC).Sub(c.digest.Schedule.Prev(slot).In(time.UTC))
	}
	c.oldest, err = seqAt(ctx, tx, c.run.DueAt.Add(-own-carryFor))
	c.oldest = min(c.oldest, c.run.FromSeq)
	return err
}

// fillPools loads the candidates of the page's windows. Most begin with the
// run's own; of too many others the earliest serve the later ones, too.
func (c *chooser) fillPools(ctx context.Context, tx *db.Tx, page []subscription) error {
	c.last = lookup{}
	starts := map[int64]bool{}
	for i := range page {
		starts[c.from(&page[i])] = true
	}
	order := slices.Sorted(maps.Keys(starts))
	if len(c.pools)+len(starts) > c.together.mostPools && !c.covers(order[0]) {
		clear(c.pools)
	}
	if order[0] != wholeStock {
		order = append([]int64{c.run.FromSeq}, order...)
	}
	for _, from := range order {
		if c.pools[from] != nil || len(c.pools) >= c.together.mostPools {
			continue
		}
		p, err := c.loadPool(ctx, tx, from)
		if err != nil {
			return err
		}
		c.pools[from] = p
	}
	return nil
}

// covers reports whether candidates are loaded among which are all of the window
// that begins at from.
func (c *chooser) covers(from int64) bool {
	for start := range c.pools {
		if start <= from {
			return true
		}
	}
	return false
}

// pool returns candidates among which are all of the window that begins at from.
func (c *chooser) pool(from int64) *pool { return c.lookUp(from).pool }

func (c *chooser) lookUp(from int64) lookup {
	if c.last.pool == nil || c.last.from != from {
		p := c.find(from)
		c.last = lookup{from, p, p.asked(from)}
	}
	return c.last
}

func (c *chooser) find(from int64) *pool {
	if p := c.pools[from]; p != nil {
		return p
	}
	nearest := int64(wholeStock)
	for start := range c.pools {
		if start < from {
			nearest = max(nearest, start)
		}
	}
	return c.pools[nearest]
}
