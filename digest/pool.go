package digest

import (
	"math"
	"strings"
)

// pool is what can be chosen in a window.
type pool struct {
	ranked   []candidate
	first    int64         // the lowest number under which one of them got a topic
	oldest   int64         // when the first of them arrived, never for none
	again    int64         // the same of those that were eligible before they got their numbers
	reserved bool          // one of them is not for everybody, or its body is not
	place    map[int64]int // of a story in ranked

	had map[ref][]byte // which of them a selection has, as bits by their place
}

// emptyPool has nothing yet.
func emptyPool() *pool {
	return &pool{first: math.MaxInt64, oldest: never, again: never, place: map[int64]int{}, had: map[ref][]byte{}}
}

// take adds a topic to the last candidate of the pool.
func (p *pool) take(t topicSeq) {
	last := &p.ranked[len(p.ranked)-1]
	last.topics = append(last.topics, t)
	p.first = min(p.first, t.seq)
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
