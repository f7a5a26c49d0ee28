package mail

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

const (
	maxEncodedWord = 75 // RFC 2047 section 2
	maxLine        = 78 // RFC 5322 section 2.1.1, without CRLF
	encodedLine    = 76 // RFC 2047 section 2: a line that holds an encoded word
)

// phrase returns a display name as words that may be folded between each other: atoms, one quoted string, or encoded
// words, of which the first has at most first octets.
func phrase(s string, first int) []string {
	switch {
	case !isPrintable(s) || strings.Contains(s, "=?") || s != strings.TrimSpace(s) || len(s) > first:
		return encodeWords(s, first)
	case isAtoms(s):
		return strings.Split(s, " ")
	}
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	if len(quoted) > first {
		return encodeWords(s, first)
	}
	return []string{quoted}
}

// unstructured returns the words of a text field such as Subject, joined by single spaces; it encodes all of s where
// reading it back would not give s.
func unstructured(s string, first int) []string {
	plain := isPrintable(s) && !strings.Contains(s, "=?") && !strings.Contains(s, "  ") && s == strings.TrimSpace(s)
	if !plain {
		return encodeWords(s, first)
	}
	words := strings.Split(s, " ")
	for i, w := range words {
		if len(w) > maxLine-1 || i == 0 && len(w) > first {
			return encodeWords(s, first)
		}
	}
	return words
}

// encodeWords returns s as RFC 2047 encoded words, cut between characters. The first has at most first octets, the
// others 75. It takes whichever of Q and B is shorter.
func encodeWords(s string, first int) []string {
	var words []string
	q := 0
	for i := range len(s) {
		q += wordCost(s[i])
	}
	base64Shorter := (len(s)+2)/3*4 < q
	for room := first; s != ""; room = maxEncodedWord {
		n := fit(s, room-len("=?utf-8?q??="), base64Shorter)
		if base64Shorter {
			words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		} else {
			words = append(words, "=?utf-8?q?"+encodeQ(s[:n])+"?=")
		}
		s = s[n:]
	}
	return words
}

// fit returns how many octets of s, whole characters and at least one, fit into room encoded octets.
func fit(s string, room int, base64Form bool) int {
	n, cost := 0, 0
	for n < len(s) {
		_, size := utf8.DecodeRuneInString(s[n:])
		if base64Form {
			cost = (n + size + 2) / 3 * 4
		} else {
			for i := n; i < n+size; i++ {
				cost += wordCost(s[i])
			}
		}
		if cost > room && n > 0 {
			return n
		}
		n += size
	}
	return n
}

func encodeQ(s string) string {
	b := make([]byte, 0, 3*len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b = append(b, '_')
		case wordCost(c) == 1:
			b = append(b, c)
		default:
			b = appendHex(b, c)
		}
	}
	return string(b)
}

// wordCost is the length of c in Q encoding under the rules for phrases, the strictest of RFC 2047 section 5.
func wordCost(c byte) int {
	if isAlphanumeric(c) || c == ' ' || c == '!' || c == '*' || c == '+' || c == '-' || c == '/' {
		return 1
	}
	return 3
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isAtoms tells whether s is atoms with single spaces between them.
func isAtoms(s string) bool {
	for word := range strings.SplitSeq(s, " ") {
		if word == "" {
			return false
		}
		for i := range len(word) {
			if !isAtom(word[i]) {
				return false
			}
		}
	}
	return true
}
