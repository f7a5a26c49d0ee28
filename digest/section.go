package digest

// layout is a digest of one reader while it is laid out.
type layout struct {
	digest *Digest
	choice *choice
	window window
	at     int64 // to which ages count
	ranked []candidate
	index  *index // of ranked

	rooms   []room  // by the topic's place in the digest
	wanted  []int   // the places in the digest of the reader's topics, in the reader's order
	keys    keys    // of the matches
	matches []match // the best first
	latest  []int   // of the matches, the newest first
	chosen  int
	several bool // sources among the matches
}

// room is the section of a topic.
type room struct {
	place  int // of the topic in the reader's order, -1 if it is not wanted
	taken  int
	source int64 // of its first story
	mixed  bool  // another story has another source
}

// prefer opens a room for each topic of the digest, in the reader's order.
func (l *layout) prefer() {
	l.rooms, l.wanted = emptied(l.rooms, len(l.digest.topics)), l.wanted[:0]
	for i := range l.rooms {
		l.rooms[i].place = -1
		if l.choice.all {
			l.want(i)
		}
	}
	for _, topic := range l.choice.order {
		if i, ok := l.digest.topics[topic]; ok && l.rooms[i].place < 0 {
			l.want(i)
		}
	}
}

// want gives a topic the next place in the reader's order.
func (l *layout) want(topic int) {
	l.rooms[topic].place = len(l.wanted)
	l.wanted = append(l.wanted, topic)
}

// emptied returns n zero values, in the memory of a slice if they have room there.
func emptied[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// match finds and ranks the reader's stories.
func (l *layout) match() {
	l.findKeys()
	sorted := l.keys.sorted()
	l.matches, l.several = emptied(l.matches, len(sorted)), false
	for m, key := range sorted {
		l.matches[m].in = inOf(key)
		l.several = l.several || l.index.mixed && l.of(m).sourceID != l.of(0).sourceID
	}
}

// of returns the candidate of a match.
func (l *layout) of(m int) *candidate { return &l.ranked[l.matches[m].in] }

// bestPlace is the place of a story's best topic in the reader's order.
func (l *layout) bestPlace(a *candidate) int {
	best := topicHours
	for i := range a.topics {
		if t := &a.topics[i]; l.fits(t) {
			best = min(best, l.rooms[t.at].place)
		}
	}
	return best
}

// preference is by how much the place of its best topic makes a story higher.
// Who wants all topics prefers none of them.
func (l *layout) preference(place int) int {
	if l.choice.all {
		return 0
	}
	return max(topicHours-place, 0)
}

// lay gives the matches their sections. The section of the best is worth having
// only where it leaves at least as many stories to the others.
func (l *layout) lay() {
	if l.choice.article != 0 {
		l.layOne()
		return
	}
	top := l.digest.Top
	if 2*top > min(len(l.matches), l.digest.MaxItems) {
		top = 0
	}
	l.fill(top)
	if l.chosen < 2*top {
		l.fill(0)
	}
}

// layOne gives breaking news a section, if it is the reader's.
func (l *layout) layOne() {
	for m := range l.matches {
		a := l.of(m)
		section, best := SectionTop, len(l.rooms)
		for i := range a.topics {
			if t := &a.topics[i]; l.fits(t) && l.rooms[t.at].place < best {
				section, best = t.topic, l.rooms[t.at].place
			}
		}
		l.matches[m].section = section
		l.chosen++
	}
}

// fill lays the matches out with so many in the section of the best.
func (l *layout) fill(top int) {
	l.chosen, l.latest = 0, l.latest[:0]
	for i := range l.rooms {
		l.rooms[i] = room{place: l.rooms[i].place}
	}
	for m := range l.matches {
		l.matches[m].section, l.matches[m].change = 0, asRanked
	}
	l.fillTop(top)
	for m := range l.matches {
		if l.matches[m].section == 0 {
			l.seat(m)
		}
	}
	if l.several {
		l.mix()
	}
	l.fillLatest()
}

// fillTop puts the best stories into the section over all topics.
func (l *layout) fillTop(top int) {
	for m := range top {
		l.matches[m].section = SectionTop
	}
	l.chosen = top
	if top < 2 {
		return
	}
	source := l.of(0).sourceID
	other := func(m int) bool { return l.of(m).sourceID != source }
	for m := range top {
		if other(m) {
			return
		}
	}
	last := top - 1
	for last >= 0 && l.of(last).fixed() {
		last--
	}
	in := top
	for in < len(l.matches) && !other(in) {
		in++
	}
	if last < 0 || in == len(l.matches) {
		return
	}
	l.matches[last].section, l.matches[last].change = 0, gaveWay
	l.matches[in].section, l.matches[in].change = SectionTop, movedUp
}

// seat puts a story into the first of its topics, in the reader's order, that
// has room.
func (l *layout) seat(m int) {
	if l.chosen >= l.digest.MaxItems {
		return
	}
	var best *topicSeq
	for i, a := 0, l.of(m); i < len(a.topics); i++ {
		t := &a.topics[i]
		if l.fits(t) && l.hasRoom(t) && (best == nil || l.rooms[t.at].place < l.rooms[best.at].place) {
			best = t
		}
	}
	if best != nil {
		l.chosen++
		l.enter(m, best)
	}
}

func (l *layout) hasRoom(t *topicSeq) bool {
	return l.digest.PerTopic == 0 || l.rooms[t.at].taken < l.digest.PerTopic
}

// enter puts a story into the section of a topic.
func (l *layout) enter(m int, t *topicSeq) {
	l.matches[m].section, l.matches[m].room = t.topic, int32(t.at)
	r, source := &l.rooms[t.at], l.of(m).sourceID
	if r.taken == 0 {
		r.source = source
	}
	r.mixed = r.mixed || r.source != source
	r.taken++
}

// fillLatest puts the newest of those that were left out into a section of
// their own.
func (l *layout) fillLatest() {
	for len(l.latest) < l.digest.Latest && l.chosen < l.digest.MaxItems {
		best := -1
		for m := range l.matches {
			if l.matches[m].section == 0 && (best < 0 || newest(l.of(m), l.of(best)) < 0) {
				best = m
			}
		}
		if best < 0 {
			return
		}
		l.matches[best].section = SectionLatest
		l.latest = append(l.latest, best)
		l.chosen++
	}
}
