package ingest

import (
	"bytes"

	"broadsheet/internal/pattern"
)

// numericDates are dates of a JSON Feed that are numbers, where the parser
// wants text.
var numericDates = pattern.New(`("date_(?:published|modified)"\s*:\s*)(-?\d+(?:\.\d+)?)`)

// mendJSON corrects what makes a parser refuse a JSON Feed as a whole: line
// breaks and other control characters within texts, dates that are numbers,
// and an end that is missing after some items. It reports whether it was cut.
func mendJSON(text []byte) (mended []byte, cut bool) {
	text = bytes.Map(func(r rune) rune {
		if r < 0x20 {
			return ' '
		}
		return r
	}, text)
	text = numericDates.ReplaceAll(text, []byte(`$1"$2"`))
	return closeJSON(text)
}

// closeJSON ends a document that was cut off after the last whole item of its
// outermost list.
func closeJSON(text []byte) (closed []byte, cut bool) {
	var open []byte
	end := -1 // after the last object in a list of the document
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if open = append(open, c); len(open) > maxDepth {
				return text, false
			}
		case c == '}' || c == ']':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
			if string(open) == "{[" && c == '}' {
				end = i + 1
			}
		}
	}
	if len(open) == 0 || end < 0 {
		return text, false
	}
	return append(bytes.Clone(text[:end]), "]}"...), true
}
