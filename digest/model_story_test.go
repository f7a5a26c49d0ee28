package digest_test

import "slices"

// retag gives a story of late other topics.
func (w *modelWorld) retag() {
	if w.next == 0 {
		return
	}
	n, topics := w.next-w.random.IntN(min(w.next, 15)), w.topics()
	w.put(ranked(n, topics...))
	w.model.retag(n, topics)
}

// reserve lets a story of late be for those alone who pay, or for everybody.
func (w *modelWorld) reserve() {
	if w.next == 0 {
		return
	}
	n := w.next - w.random.IntN(min(w.next, 15))
	var topics []string
	for topic, has := range w.stories[n] {
		if has {
			topics = append(topics, topic)
		}
	}
	in := ranked(n, topics...)
	if w.paid[n] {
		in.Clears.Audience = true
	} else {
		in.Audience = []string{"tier=paid"}
	}
	w.put(in)
	w.model.reserve(n)
}

// reserve brings a story that is for everybody now to all readers of its topics
// but those who got it.
func (m *model) reserve(n int) {
	m.paid[n] = !m.paid[n]
	if m.paid[n] || m.kept[n] {
		return
	}
	m.offer(n)
}

// retag takes topics off a story, for which it then came to nobody, and gives it
// others.
func (m *model) retag(n int, topics []string) {
	for topic, has := range m.stories[n] {
		if !has || slices.Contains(topics, topic) {
			continue
		}
		m.stories[n][topic] = false
		for _, z := range m.zones {
			delete(z.open[n], topic)
		}
		for _, r := range m.readers {
			delete(r.open[n], topic)
			delete(r.over[n], topic)
		}
	}
	for _, topic := range topics {
		if !m.stories[n][topic] {
			m.give(n, topic)
		}
	}
}
