package templates

import (
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/text/width"
)

// columns is the width of the text part.
const columns = 72

// wrap breaks one paragraph into lines of at most 72 columns. A URL is never
// broken; another word that is too long for a line is.
func wrap(s string) string {
	return strings.Join(wrapTo(s, columns), "\n")
}

// hanging is how far hang moves in what follows the mark.
const hanging = 4

// hang is wrap for a paragraph with a mark, such as "12.", before it: all lines
// begin at the same column.
func hang(mark, s string) string {
	column := max(hanging, textWidth(mark)+1)
	lines := wrapTo(s, columns-column)
	for i := range lines {
		lines[i] = mark + strings.Repeat(" ", column-textWidth(mark)) + lines[i]
		mark = ""
	}
	return strings.Join(lines, "\n")
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

// breakable splits a word where a line may end inside it: where scripts without
// spaces allow it (UAX 14), and every so many columns of what is longer.
func breakable(word string, width int) []string {
	if isNarrow(word) && len(word) <= width || strings.Contains(word, "://") {
		return []string{word}
	}
	if !strings.ContainsFunc(word, isWide) {
		return chopped(nil, word, width)
	}
	var pieces []string
	for state := -1; word != ""; {
		var segment string
		segment, word, _, state = uniseg.FirstLineSegmentInString(word, state)
		pieces = chopped(pieces, segment, width)
	}
	return pieces
}

// chopped appends a text in pieces that fit into a line. What is one character
// to readers stays whole.
func chopped(pieces []string, s string, width int) []string {
	start, end, at := 0, 0, 0
	for state := -1; end < len(s); {
		var character string
		var w int
		character, _, w, state = uniseg.FirstGraphemeClusterInString(s[end:], state)
		if at > 0 && at+w > width {
			pieces = append(pieces, s[start:end])
			start, at = end, 0
		}
		at += w
		end += len(character)
	}
	return append(pieces, s[start:])
}

// textWidth is the columns that a text takes: none for what joins what stands
// before it, two for wide East Asian characters and emoji.
func textWidth(s string) int {
	if isNarrow(s) {
		return len(s)
	}
	return uniseg.StringWidth(s)
}

// isNarrow reports whether each octet of a text takes a column.
func isNarrow(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isWide reports whether a rune is of a script between whose characters lines
// may end.
func isWide(r rune) bool {
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}
