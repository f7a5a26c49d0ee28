package templates

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// columns is the width of the text part.
const columns = 72

// wrap breaks one paragraph into lines of at most 72 columns. A URL is never
// broken; another word that is too long for a line is.
func wrap(s string) string {
	return strings.Join(wrapTo(s, columns), "\n")
}

// wrapTo is wrap for lines of another width.
func wrapTo(s string, width int) []string {
	var lines []string
	var b strings.Builder
	at := 0
	for word := range strings.SplitSeq(s, " ") {
		for i, piece := range breakable(word, width) {
			w := textWidth(piece)
			gap := 0
			if i == 0 && at > 0 {
				gap = 1
			}
			switch {
			case at > 0 && at+gap+w > width:
				lines = append(lines, b.String())
				b.Reset()
				at = 0
			case gap == 1:
				b.WriteByte(' ')
				at++
			}
			b.WriteString(piece)
			at += w
		}
	}
	return append(lines, b.String())
}

// breakable splits a word where a line may end inside it: between characters
// of scripts that use no spaces, and every so many columns of a word that is
// longer.
func breakable(word string, width int) []string {
	if strings.Contains(word, "://") {
		return []string{word}
	}
	var pieces []string
	start, at := 0, 0
	var last rune
	for i, r := range word {
		w := runeWidth(r)
		if i > start && w > 0 && last != '\u200D' && (at+w > width || breaksBetween(last, r)) {
			pieces = append(pieces, word[start:i])
			start, at = i, 0
		}
		at += w
		last = r
	}
	return append(pieces, word[start:])
}

func breaksBetween(a, b rune) bool {
	if strings.ContainsRune("、。，．！？：；」』）】〉》’”", b) || strings.ContainsRune("「『（【〈《‘“", a) {
		return false
	}
	return runeWidth(a) == 2 || runeWidth(b) == 2
}

func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is the columns that a rune takes: 0 for what joins the one before
// it, 2 for wide East Asian characters and emoji.
func runeWidth(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || r >= 0x1F3FB && r <= 0x1F3FF {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
