package digest

import (
	"cmp"
	"slices"
)

// A score counts hours: a story is one lower for each hour of its age. Each
// further source that carries it, up to mostFurther, makes it sourceHours higher,
// the reader's first topic topicHours, and each topic after it one less.
const (
	sourceHours = 6
	mostFurther = 4
	topicHours  = 6

	mostHours = 1 << 18 // beyond any age that matters
	hourMS    = 60 * 60 * 1000
)

// rank orders candidates by what does not depend on readers: by the place that
// editors gave them, the pinned ones, the editor's priority, and then the newest.
// Those that differ in the last alone are a group, within which the score comes
// first.
func rank(candidates []candidate) {
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(byEditors(&a, &b), newest(&a, &b))
	})
	group := uint32(0)
	for i := range candidates {
		if i > 0 && byEditors(&candidates[i-1], &candidates[i]) != 0 {
			group++
		}
		candidates[i].group = group
	}
}

// byEditors compares what editors said of two candidates.
func byEditors(a, b *candidate) int {
	switch {
	case a.place != b.place:
		return before(b.place == 0 || a.place != 0 && a.place < b.place)
	case a.pinned != b.pinned:
		return before(a.pinned)
	}
	return cmp.Compare(b.priority, a.priority)
}

// newest compares ages; the id decides between equals, so that the order is
// always the same.
func newest(a, b *candidate) int {
	return cmp.Or(cmp.Compare(b.freshAt, a.freshAt), cmp.Compare(b.publishedAt, a.publishedAt), cmp.Compare(b.id, a.id))
}

func before(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

// fixed reports whether an editor wants the candidate where it is ranked.
func (a *candidate) fixed() bool { return a.pinned || a.place > 0 }

// score is what ranks a candidate within its group for a reader who prefers none
// of its topics.
func (a *candidate) score(at int64) int {
	return min(max(a.sources-1, 0), mostFurther)*sourceHours - a.hours(at)
}

// hours is the age of a candidate in full hours.
func (a *candidate) hours(at int64) int {
	return int(min(max(at-a.freshAt, 0)/hourMS, mostHours))
}

// match is a candidate that is the reader's.
type match struct {
	section int64 // where it stands, 0 if it was left out
	in      int32 // where it is among the candidates
	room    int32 // of the topic under which it stands
	change  change
}

// change says whether a story stands where its rank would put it.
type change int8

const (
	asRanked change = iota
	gaveWay         // to one of another source
	movedUp         // for its source
)

// A key is what matches are sorted by, in one number: the group, the score, and
// where the candidate is, which decides between equals. It is less by the
// reader's preference times 1 << keyBits.
const keyBits = 22

func keyOf(a *candidate, in, score int) uint64 {
	return uint64(a.group)<<(2*keyBits-2) | uint64(2*mostHours-score)<<keyBits | uint64(in)
}

// inOf returns where the candidate of a key is.
func inOf(key uint64) int32 { return int32(key & (1<<keyBits - 1)) }
