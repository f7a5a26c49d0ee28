package digest

import "slices"

// selection freezes what was laid out: the section of the best, the others by
// rank, and the latest.
func (l *layout) selection() Selection {
	s := Selection{More: len(l.matches) - l.chosen}
	if l.chosen == 0 {
		return s
	}
	s.Stories = make([]Pick, 0, l.chosen)
	labels := make([]int64, 0, l.labels()) // of all picks
	pick := func(m int) {
		var p Pick
		p, labels = l.pick(m, labels)
		s.Stories = append(s.Stories, p)
	}
	for m := range l.matches {
		if l.matches[m].section == SectionTop {
			pick(m)
		}
	}
	for m := range l.matches {
		if l.matches[m].section > 0 {
			pick(m)
		}
	}
	for _, m := range l.latest {
		pick(m)
	}
	if l.ownOrder() {
		s.Order = l.order()
	}
	return s
}

// ownOrder reports whether the sections of topics that have stories stand in
// another order for the reader than in the digest.
func (l *layout) ownOrder() bool {
	last := -1
	for i := range l.rooms {
		if r := &l.rooms[i]; r.taken > 0 {
			if r.place < last {
				return true
			}
			last = r.place
		}
	}
	return false
}

// order returns the topics whose sections have stories in the reader's order.
func (l *layout) order() []int64 {
	var order []int64
	for _, topic := range l.choice.order {
		if i, ok := l.digest.topics[topic]; ok && l.rooms[i].taken > 0 && !slices.Contains(order, topic) {
			order = append(order, topic)
		}
	}
	return order
}

// labels is how many topics the chosen stories have at most.
func (l *layout) labels() (n int) {
	for m := range l.matches {
		if l.matches[m].section != 0 {
			n += len(l.of(m).topics)
		}
	}
	return n
}

// pick freezes one story, whose labels are appended to those of the others.
func (l *layout) pick(m int, labels []int64) (Pick, []int64) {
	a, from := l.of(m), len(labels)
	p := Pick{ArticleID: a.id, TopicID: l.matches[m].section, Pinned: a.pinned, Body: l.givesBody(a)}
	for i := range a.topics {
		if t := &a.topics[i]; t.topic != p.TopicID {
			labels = append(labels, t.topic)
		}
	}
	if len(labels) > from {
		p.Also = labels[from:len(labels):len(labels)]
	}
	return p, labels
}
