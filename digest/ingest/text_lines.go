package ingest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTextParts is how many lines of a plain text are looked at.
const maxTextParts = 3000

// textPart is a paragraph, a heading or whatever else stands by itself in a
// plain text.
type textPart struct {
	first, last int    // its lines, from 1
	text        string // on one line
	gap         bool   // a blank line stands before it
}

// from names the lines of a part.
func (p textPart) from() string {
	if p.last > p.first {
		return fmt.Sprintf("lines %d-%d", p.first, p.last)
	}
	return fmt.Sprintf("line %d", p.first)
}

// textParts splits a plain text into its parts: its lines, but those of a
// hard-wrapped text are joined to the paragraphs that they were. cut says that
// there was more of it than is looked at.
func textParts(text []byte) (parts []textPart, cut bool) {
	raw := string(text)
	cut = len(raw) > maxRaw
	clean := norm.NFC.String(cleanRunes(firstBytes(raw, maxRaw)))
	number, gap := 0, false
	for line := range strings.SplitSeq(clean, "\n") {
		number++
		line = foldSpace(line)
		if line == "" {
			gap = true
			continue
		}
		if len(parts) == maxTextParts {
			return unwrap(parts), true
		}
		parts = append(parts, textPart{first: number, last: number, text: line, gap: gap})
		gap = false
	}
	return unwrap(parts), cut
}

// maxWrap is the widest text that counts as hard-wrapped, in runes.
const maxWrap = 100

// unwrap joins the lines of paragraphs that were broken at a width: a line goes
// on with the next if the first word there had no room on it.
func unwrap(lines []textPart) []textPart {
	width := wrapWidth(lines)
	if width == 0 {
		return lines
	}
	var out []textPart
	for i, line := range lines {
		if i > 0 && !line.gap && goesOn(lines[i-1].text, line.text, width) {
			last := &out[len(out)-1]
			last.text, last.last = last.text+" "+line.text, line.last
			continue
		}
		out = append(out, line)
	}
	return out
}

// goesOn says whether a line was broken at the width and next is the rest.
func goesOn(line, next string, width int) bool {
	long := utf8.RuneCountInString(line)
	word, _, _ := strings.Cut(next, " ")
	if long+1+utf8.RuneCountInString(word) > width {
		return true
	}
	first, _ := utf8.DecodeRuneInString(next)
	last, _ := utf8.DecodeLastRuneInString(line)
	return long > width/2 && unicode.IsLower(first) && !isStop(last)
}

// wrapWidth returns the width at which a text was broken, 0 if it was not: no
// line passes it, and where lines follow on each other most come near it.
func wrapWidth(lines []textPart) int {
	width := 0
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(line.text))
	}
	if width > maxWrap || width < 20 {
		return 0
	}
	near := 0
	for i, line := range lines {
		ends := i+1 == len(lines) || lines[i+1].gap
		if !ends && utf8.RuneCountInString(line.text) > width*3/4 {
			near++
		}
	}
	if near < 5 || near*4 < len(lines) {
		return 0
	}
	return width
}

// wordCount counts words; scripts without spaces have one for two characters.
func wordCount(text string) int {
	wide := 0
	for _, r := range text {
		if isUnspaced(r) {
			wide++
		}
	}
	if wide > 0 {
		return (wide + 1) / 2
	}
	return len(strings.Fields(text))
}

func isUnspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// endsSentence says whether a text ends as a sentence does.
func endsSentence(text string) bool {
	runes := []rune(lastBytes(text, 40))
	for len(runes) > 0 && isCloser(runes[len(runes)-1]) {
		runes = runes[:len(runes)-1]
	}
	return len(runes) > 0 && (isStop(runes[len(runes)-1]) || runes[len(runes)-1] == ':')
}

func lastBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	at := len(s) - n
	for at < len(s) && !utf8.RuneStart(s[at]) {
		at++
	}
	return s[at:]
}

// isProse says whether a part can only be a paragraph.
func isProse(text string) bool {
	long := utf8.RuneCountInString(text)
	wide := wordCount(text) > len(strings.Fields(text)) // such scripts need fewer characters
	return long >= 160 || long >= 90 && endsSentence(text) || wide && long >= 40 && endsSentence(text)
}

// isSentence says whether a part reads like a sentence of a story.
func isSentence(text string) bool {
	return isProse(text) || endsSentence(text) && wordCount(text) >= 4
}

// countRuns notes how many bytes the paragraphs have that follow on each other
// from each part on, short lines between them and what belongs to the page
// aside, and the longest of such runs from there on.
func (s *textStory) countRuns() {
	s.runs, s.longest = make([]int, len(s.parts)+1), make([]int, len(s.parts)+1)
	short := 0
	for i := len(s.parts) - 1; i >= 0; i-- {
		text := s.parts[i].text
		run := s.runs[i+1]
		switch {
		case isProse(text):
			run, short = run+len(text), 0
		case !isFurnitureLine(text) && !isCaption(text):
			if short++; short > 2 {
				run = 0
			}
		}
		s.runs[i], s.longest[i] = run, max(s.longest[i+1], run)
	}
}

// capitalised says whether every word of a text begins with a capital letter,
// little words such as "de" aside.
func capitalised(text string) bool {
	words := strings.Fields(text)
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool {
		first, _ := utf8.DecodeRuneInString(word)
		return !unicode.IsUpper(first) && !particles[strings.ToLower(word)]
	})
}
