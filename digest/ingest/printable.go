package ingest

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxError is how many runes of an error's text are kept.
const maxError = 2000

// printableError is an error about something foreign, whose text can be shown
// on a terminal, logged and stored as it is: it may hold names from a host's
// certificate or from a document.
type printableError struct{ err error }

// Error returns the text with whatever a terminal might obey written out.
func (e printableError) Error() string { return printable(shorten(e.err.Error(), maxError)) }

// Unwrap returns the error itself.
func (e printableError) Unwrap() error { return e.err }

// printable writes out, as Go's quotes do, what is no character that a person
// sees: controls, direction overrides, line breaks and invalid bytes. The
// joiners that emoji and some scripts need stay.
func printable(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, isUnprintable) < 0 {
		return s
	}
	out := make([]byte, 0, len(s)+16)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || isUnprintable(r) {
			quoted := strconv.QuoteToASCII(s[:size])
			out = append(out, quoted[1:len(quoted)-1]...)
		} else {
			out = append(out, s[:size]...)
		}
		s = s[size:]
	}
	return string(out)
}

func isUnprintable(r rune) bool {
	return !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d'
}
