package digest

// turned reports whether a text overrides the direction of its letters, so that
// it reads as something else than it is, or leaves a change of direction open
// that would reach what stands after it. Marks and changes that end are fine:
// Arabic and Hebrew lines need them.
func turned(text string) bool {
	var open []rune
	for _, r := range text {
		switch r {
		case '\u202d', '\u202e': // overrides
			return true
		case '\u202a', '\u202b': // embeddings
			open = append(open, '\u202c')
		case '\u2066', '\u2067', '\u2068': // isolates
			open = append(open, '\u2069')
		case '\u202c', '\u2069':
			if len(open) > 0 && open[len(open)-1] == r {
				open = open[:len(open)-1]
			}
		}
	}
	return len(open) > 0
}
