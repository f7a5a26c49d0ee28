package ingest

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"broadsheet/internal/pattern"
)

// maxHeadline is how many runes a headline has at most; longer parts are
// paragraphs.
const maxHeadline = 250

// findHeadline returns the part that is the headline, -1 if there is none: the
// first before any paragraph that has the length of one and is nothing else.
// Where a menu or a notice stands above the story, it is looked for from the
// story upwards.
func (s *textStory) findHeadline() int {
	if s.from > 0 {
		if at := s.headlineAbove(s.from); at >= 0 {
			return at
		}
	}
	candidates, next := s.headlines()
	if crowded := len(candidates) > crowdedTop; crowded || next < len(s.parts) && s.runs[next]*3 < s.longest[0] {
		if at := s.headlineAbove(slices.Index(s.runs, s.longest[0])); at >= 0 {
			return at
		}
	}
	best := -1
	for _, i := range candidates {
		text := s.parts[i].text
		switch words := wordCount(text); {
		case words >= 4 && best >= 0 && endsSentence(text) && !strings.HasSuffix(text, "?") && isShortHeadline(s.parts[best].text):
			return best // it is the standfirst below that
		case words >= 4:
			return i
		case best < 0 || words >= 2 && (wordCount(s.parts[best].text) < words || capitalised(s.parts[best].text) && !capitalised(text)):
			best = i
		}
	}
	return best
}

// crowdedTop is how many lines above a story may be headlines before they are
// taken for a menu.
const crowdedTop = 8

// headlines returns the parts above the first paragraph that can be headlines,
// and that paragraph.
func (s *textStory) headlines() (candidates []int, next int) {
	for i, part := range s.parts {
		if s.isAside(i) {
			continue
		}
		if isProse(part.text) || utf8.RuneCountInString(part.text) > maxHeadline {
			return candidates, i
		}
		if _, ok := readDateline(part.text); ok && isSentence(part.text) && len(candidates) > 0 {
			return candidates, i
		}
		candidates = append(candidates, i)
	}
	return candidates, len(s.parts)
}

// headlineAbove returns the longest line of some above a story that reads like
// a headline, -1 if none does. Paragraphs above it are of the story as well.
func (s *textStory) headlineAbove(story int) int {
	best, longest := -1, 0
	for i := story - 1; i >= 0 && i >= story-20; i-- {
		text := s.parts[i].text
		if isProse(text) && len(text) >= 200 && endsSentence(text) {
			best, longest, story = -1, 0, i
			continue
		}
		long := utf8.RuneCountInString(text)
		first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, `"“„«‘'¿¡[(`))
		last, _ := utf8.DecodeLastRuneInString(text)
		if wordCount(text) < 4 || long > maxHeadline || unicode.IsLower(first) || isStop(last) && last != '?' || last == ':' || s.isAside(i) {
			continue
		}
		if long >= longest {
			best, longest = i, long
		}
	}
	return best
}

// wireSlug is what agencies put before the headline of a story that they sent
// before.
var wireSlug = pattern.New(`^(?:(?:UPDATE|WRAPUP) \d{1,2}|RPT|REFILE)-\b`)

func (s *textStory) takeHeadline(i int) {
	s.headline = s.parts[i].text
	if slug := wireSlug.FindString(s.headline); slug != "" {
		s.take(i, takenFurniture, slug)
		s.headline = strings.TrimSpace(s.headline[len(slug):])
	}
	s.take(i, takenHeadline, s.headline)
}

// isShortHeadline tells "Bridge closed" from a place or the name of a paper.
func isShortHeadline(text string) bool { return wordCount(text) >= 2 && !capitalised(text) }
