package digest_test

import "time"

// keepBack takes a story out of all windows.
func (m *model) keepBack(n int) {
	m.kept[n] = true
	for _, z := range m.zones {
		delete(z.open, n)
	}
	for _, r := range m.readers {
		delete(r.open, n)
	}
}

// letGo brings a story to all readers of its topics but those who got it.
func (m *model) letGo(n int) {
	delete(m.kept, n)
	delete(m.embargo, n)
	m.offer(n)
}

// offer lets a story come anew.
func (m *model) offer(n int) {
	for _, r := range m.readers {
		delete(r.over, n)
	}
	for topic, has := range m.stories[n] {
		if has {
			m.give(n, topic)
		}
	}
}

// endEmbargoes lets the stories go whose time has come.
func (m *model) endEmbargoes(now time.Time) {
	for n, until := range m.embargo {
		if !until.After(now) {
			m.letGo(n)
		}
	}
}

// desk is what an editor does to a story of late, or a reader who goes away.
func (w *modelWorld) desk(what int) {
	w.t.Helper()
	if w.next == 0 {
		return
	}
	n := w.next - w.random.IntN(min(w.next, 12))
	id := w.count(`SELECT id FROM articles WHERE url = $1`, story(n).URL)
	var err error
	switch {
	case what == 20:
		r := 1 + w.random.Int64N(int64(len(w.readers)))
		until := w.clock.Now().Add(time.Duration(w.random.IntN(60)) * time.Hour)
		w.exec(`UPDATE subscriptions SET paused_until = $1 WHERE subscriber_id = $2`, until.UnixMilli(), r)
		w.readers[r].paused = until
		return
	case w.gone[n]:
		return
	case what == 21:
		_, err = w.store.Withdraw(w.t.Context(), id, "model")
		w.gone[n] = true
		delete(w.embargo, n)
	case w.kept[n] && w.random.IntN(3) > 0:
		_, err = w.store.Release(w.t.Context(), id, "model")
		w.letGo(n)
	default:
		var until time.Time
		delete(w.embargo, n)
		if w.random.IntN(2) == 0 {
			until = w.clock.Now().Add(time.Duration(1+w.random.IntN(40)) * time.Hour)
			w.embargo[n] = until
		}
		_, err = w.store.Hold(w.t.Context(), id, until, "model")
		w.keepBack(n)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
