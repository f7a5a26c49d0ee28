package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSummary is how many runes of a summary readers get to see.
const MaxSummary = 220

// Summary returns PlainText(html) on one line, at most max runes long. A
// longer text ends at its last whole sentence, unless that would leave less
// than a third; then it ends after a word with "…".
func Summary(html string, max int) string {
	return cutSummary(PlainText(html), max)
}

func cutSummary(text string, max int) string {
	text = foldSpace(text)
	if utf8.RuneCountInString(text) <= max {
		return text
	}
	if max <= 0 {
		return ""
	}
	runes := []rune(firstRunes(text, max+1))
	if end := sentenceEnd(runes, max); end > 0 && end >= max/3 {
		return string(runes[:end])
	}
	return cutAtWord(runes, max-1) + "…"
}

// sentenceEnd returns the index after the last sentence that ends within max
// runes, 0 if there is none. runes holds one rune more than max.
func sentenceEnd(runes []rune, max int) int {
	end := 0
	for i := 0; i < max; i++ {
		if !isStop(runes[i]) {
			continue
		}
		after := i + 1
		for after < max && isCloser(runes[after]) {
			after++
		}
		switch {
		case isWideStop(runes[i]):
			end = after
		case after < len(runes) && unicode.IsSpace(runes[after]) && !(runes[i] == '.' && isAbbreviation(runes[:i])):
			end = after
		}
	}
	return end
}

func isStop(r rune) bool {
	return r == '.' || r == '!' || r == '?' || r == '…' || r == '؟' || r == '।' || isWideStop(r)
}

func isWideStop(r rune) bool {
	return r == '。' || r == '！' || r == '？'
}

func isCloser(r rune) bool {
	return strings.ContainsRune(`"'”’»›)]」』`, r)
}

// isAbbreviation says whether the word before a full stop is one that is
// written with it: an initial, "U.S", or a title.
func isAbbreviation(before []rune) bool {
	start := len(before)
	for start > 0 && !unicode.IsSpace(before[start-1]) {
		start--
	}
	word := strings.TrimLeft(string(before[start:]), `"'“‘«(`)
	if utf8.RuneCountInString(word) == 1 && unicode.IsLetter([]rune(word)[0]) {
		return true
	}
	if i := strings.LastIndex(word, "."); i >= 0 && utf8.RuneCountInString(word[i+1:]) <= 1 {
		return true
	}
	switch word {
	case "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Sen", "Rep", "Gov", "Gen", "Col", "Lt", "Sgt", "Capt", "Rev", "Hon",
		"Jr", "Sr", "No", "Nr", "vs", "Inc", "Ltd", "Co", "Corp", "Mme", "Mlle", "Sra", "Hr", "Fr", "bzw", "ca", "etc",
		"Jan", "Feb", "Aug", "Sept", "Oct", "Nov", "Dec", "approx", "Ave", "Blvd", "Rd", "Mt", "Ft":
		return true
	}
	return false
}

// cutAtWord returns at most max runes, ending after a word. Text without
// spaces is cut between characters.
func cutAtWord(runes []rune, max int) string {
	end := max
	for end > 0 && !unicode.IsSpace(runes[end]) {
		end--
	}
	if end < max/2 {
		end = max
		for end > 0 && joins(runes[end-1], runes[end]) {
			end--
		}
	}
	return strings.TrimRightFunc(string(runes[:end]), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:-–—.…(", r)
	})
}

// joins says whether b belongs to the character that a ends.
func joins(a, b rune) bool {
	return unicode.Is(unicode.M, b) || a == '\u200d' || b == '\u200d' ||
		b >= 0x1f3fb && b <= 0x1f3ff || b >= 0x1f1e6 && b <= 0x1f1ff
}

// firstRunes returns the first n runes of s.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
