package digest

// index tells which of ranked candidates have a topic: by the topic's place in
// the digest, bits by the place of the candidate.
type index [][]uint64

const wordBits = 64

func newIndex(d *Digest, ranked []candidate) index {
	in := make(index, len(d.topics))
	for at := range in {
		in[at] = make([]uint64, (len(ranked)+wordBits-1)/wordBits)
	}
	for i := range ranked {
		for _, t := range ranked[i].topics {
			in[t.at][i/wordBits] |= 1 << (i % wordBits)
		}
	}
	return in
}

// wanted appends bits of the candidates that can be the reader's: those with one
// of the reader's topics, and all for breaking news.
func (l *layout) wanted(to []uint64) []uint64 {
	if l.choice.article != 0 {
		for i := range l.ranked {
			if i%wordBits == 0 {
				to = append(to, 0)
			}
			to[i/wordBits] |= 1 << (i % wordBits)
		}
		return to
	}
	for at := range l.rooms {
		if l.rooms[at].place < 0 {
			continue
		}
		for n, word := range l.index[at] {
			if n == len(to) {
				to = append(to, 0)
			}
			to[n] |= word
		}
	}
	return to
}
