package digest

import (
	"math/bits"
	"slices"
)

// index has what choosing from ranked candidates needs of each and what does not
// depend on readers. A candidate has a place in it: the order of keys for readers
// who prefer none of its topics. Sets of candidates are bits by these places.
type index struct {
	keys   []uint64            // in ascending order
	topics [][]uint64          // those with a topic, by its place in the digest
	plain  map[window][]uint64 // of a window those that everybody gets who wants one of their topics
	mixed  bool                // they have several sources
}

const wordBits = 64

// mostPlain bounds the windows for which it is kept which candidates are plain.
const mostPlain = 32

// newIndex returns that of candidates whose ages count to a time.
func newIndex(d *Digest, ranked []candidate, at int64) *index {
	x := &index{keys: make([]uint64, len(ranked)), topics: make([][]uint64, len(d.topics)), plain: map[window][]uint64{}}
	for in := range ranked {
		x.keys[in] = keyOf(&ranked[in], in, ranked[in].score(at))
		x.mixed = x.mixed || ranked[in].sourceID != ranked[0].sourceID
	}
	slices.Sort(x.keys)
	for topic := range x.topics {
		x.topics[topic] = noBits(len(ranked))
	}
	for i, key := range x.keys {
		for _, t := range ranked[inOf(key)].topics {
			setBit(x.topics[t.at], i)
		}
	}
	return x
}

// noBits returns room for n bits.
func noBits(n int) []uint64 { return make([]uint64, (n+wordBits-1)/wordBits) }

func setBit(set []uint64, i int) { set[i/wordBits] |= 1 << (i % wordBits) }

// plain returns the candidates that no rule keeps from a reader who wants one of
// their topics and has not had them.
func (l *layout) plain() []uint64 {
	known, ok := l.index.plain[l.window]
	if ok {
		return known
	}
	set := noBits(len(l.ranked))
	for i, key := range l.index.keys {
		if l.isPlain(&l.ranked[inOf(key)]) {
			setBit(set, i)
		}
	}
	if len(l.index.plain) >= mostPlain {
		clear(l.index.plain)
	}
	l.index.plain[l.window] = set
	return set
}

// isPlain reports whether judge returns no rule for all who want one of a
// candidate's topics and have not had it.
func (l *layout) isPlain(a *candidate) bool {
	for i := range a.topics {
		if t := &a.topics[i]; t.seq <= l.window.from || t.seq > l.window.to {
			return false
		}
	}
	return !a.unproven && a.audience == "" && !l.digest.ReaderLanguage && !l.tooOld(a)
}

// keys are those of a reader's stories, in runs that are in ascending order.
type keys struct {
	all, spare []uint64
	ends       []int    // of the runs
	seen, rest []uint64 // bits
}

// findKeys finds the keys of the reader's stories. The first topic of the
// reader's that a story has is its best: each that the reader prefers has a run,
// the others have one together.
func (l *layout) findKeys() {
	k := &l.keys
	k.all, k.ends = k.all[:0], k.ends[:0]
	if l.choice.article != 0 {
		l.findOne()
		return
	}
	plain := l.plain()
	k.seen, k.rest = emptied(k.seen, len(plain)), emptied(k.rest, len(plain))
	for _, topic := range l.wanted {
		if !l.brings(topic) {
			continue
		}
		set := l.index.topics[topic]
		if higher := l.preference(l.rooms[topic].place); higher > 0 {
			l.addRun(set, plain, higher)
			continue
		}
		for n := range set {
			k.rest[n] |= set[n]
		}
	}
	l.addRun(k.rest, plain, 0)
}

// brings reports whether the edition has stories of the topic at a place in the
// digest.
func (l *layout) brings(topic int) bool {
	if l.choice.only == 0 {
		return true
	}
	only, ok := l.digest.topics[l.choice.only]
	return ok && only == topic
}

// addRun adds the stories of a set that are the reader's and were in none before.
func (l *layout) addRun(set, plain []uint64, higher int) {
	k := &l.keys
	from := len(k.all)
	for n, word := range set {
		word &^= k.seen[n]
		k.seen[n] |= word
		for ; word != 0; word &= word - 1 {
			key := l.index.keys[n*wordBits+bits.TrailingZeros64(word)]
			if plain[n]&(word&-word) != 0 && len(l.choice.exclude) == 0 || l.judge(&l.ranked[inOf(key)]) == "" {
				k.all = append(k.all, key-uint64(higher)<<keyBits)
			}
		}
	}
	if len(k.all) > from {
		k.ends = append(k.ends, len(k.all))
	}
}

// findOne finds the key of the story that breaking news is, if it is the
// reader's.
func (l *layout) findOne() {
	for _, key := range l.index.keys {
		if l.judge(&l.ranked[inOf(key)]) == "" {
			l.keys.all, l.keys.ends = append(l.keys.all, key), append(l.keys.ends, 1)
		}
	}
}

// sorted merges the runs, each with its neighbour, until one is left.
func (k *keys) sorted() []uint64 {
	for len(k.ends) > 1 {
		k.spare = k.spare[:0]
		ends, from := k.ends[:0], 0
		for i := 0; i < len(k.ends); i += 2 {
			end := k.ends[i]
			if i+1 < len(k.ends) {
				end = k.ends[i+1]
			}
			k.spare = merged(k.spare, k.all[from:k.ends[i]], k.all[k.ends[i]:end])
			ends, from = append(ends, end), end
		}
		k.all, k.spare, k.ends = k.spare, k.all, ends
	}
	return k.all
}

// merged appends what two runs have, in ascending order.
func merged(to, a, b []uint64) []uint64 {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if x, y := a[i], b[j]; x < y {
			to = append(to, x)
			i++
		} else {
			to = append(to, y)
			j++
		}
	}
	return append(append(to, a[i:]...), b[j:]...)
}
