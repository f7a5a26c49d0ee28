package ingest

// A whole page that was copied as text has a hundred lines of menus, boxes and
// links for the dozen paragraphs of its story. Which lines those are is found by
// the segment of the text with the greatest sum, where paragraphs count by their
// words and all else costs (Pasternack and Roth, Extracting Article Text from the
// Web with Maximum Subsequence Segmentation, 2009).
const (
	leastDump = 40 // lines of a text that is taken for a whole page
	lineCosts = 10 // words that a line costs which is no sentence
	pageCosts = 20 // the same of one that belongs to the page
)

// isDump says whether a text is a whole page: most of its lines are no sentences.
func (s *textStory) isDump() bool {
	short := 0
	for i := range s.parts {
		if !isSentence(s.parts[i].text) {
			short++
		}
	}
	return len(s.parts) >= leastDump && short*2 > len(s.parts)
}

// segment returns the parts from the first to before the last in which the story
// is: all of them, unless a text is a whole page with a menu above its story. A
// story with a long list has none.
func (s *textStory) segment() (from, to int) {
	if !s.isDump() {
		return 0, len(s.parts)
	}
	best, sum, begin := 0, 0, 0
	for i := range s.parts {
		if sum <= 0 {
			sum, begin = 0, i
		}
		if sum += s.worth(i); sum > best {
			best, from, to = sum, begin, i+1
		}
	}
	if from <= crowdedTop {
		return 0, len(s.parts)
	}
	return from, to
}

// worth is what a part says for being of the story, in words.
func (s *textStory) worth(i int) int {
	text := s.parts[i].text
	mark := foldMark(text)
	switch {
	case endHeadings[mark] || boxHeadings[mark] || isFurnitureLine(text) || isAlsoRead(text) || copyright.MatchString(text):
		return -pageCosts
	case isProse(text):
		return wordCount(text)
	case isSentence(text):
		return wordCount(text) / 2
	}
	return -lineCosts
}
