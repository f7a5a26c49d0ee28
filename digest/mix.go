package digest

// mix sees to it that no section has stories of one source only if one of
// another was left out that could stand there. A story that gives way may go to
// another section, so all are looked at again; a mixed one stays mixed.
func (l *layout) mix() {
	for again := true; again; {
		again = false
		for i := range l.rooms {
			if r := &l.rooms[i]; r.taken > 1 && !r.mixed && l.mixRoom(i) {
				again = true
			}
		}
	}
}

// mixRoom lets the lowest ranked story of a room that no editor put there give
// way to the best of another source.
func (l *layout) mixRoom(room int) bool {
	in, topic := l.other(room)
	if topic == nil {
		return false
	}
	for out := len(l.matches) - 1; out >= 0; out-- {
		if m := &l.matches[out]; m.section <= 0 || int(m.room) != room || l.of(out).fixed() {
			continue
		}
		l.matches[out].section, l.matches[out].change = 0, gaveWay
		l.matches[in].change = movedUp
		l.rooms[room].taken--
		l.enter(in, topic)
		l.seat(out)
		return true
	}
	return false
}

// other finds the best story that was left out, has another source than those of
// a room and could stand there, for one of its topics.
func (l *layout) other(room int) (int, *topicSeq) {
	for m := range l.matches {
		a := l.of(m)
		if l.matches[m].section != 0 || a.sourceID == l.rooms[room].source {
			continue
		}
		for i := range a.topics {
			if t := &a.topics[i]; t.at == room && l.fits(t) {
				return m, t
			}
		}
	}
	return 0, nil
}
