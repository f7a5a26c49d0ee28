package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// readBody says what the body and all after it are.
func (s *textStory) readBody(begin int) {
	end := min(s.findEnd(begin), max(s.to, begin))
	s.countProse(begin, end)
	for i := begin; i < end; i++ {
		text := s.parts[i].text
		mark := foldMark(text)
		switch {
		case s.takeNotice(i):
		case boxHeadings[mark] || endHeadings[mark]:
			i = s.takeBox(i, end)
		case isAlsoRead(text):
			s.takeAll(i, takenFurniture)
			if strings.HasSuffix(text, ":") && i+1 < end && !isSentence(s.parts[i+1].text) {
				i++
				s.takeAll(i, takenFurniture)
			}
		case s.takeKeywords(i):
		case isFurnitureLine(text) || copyright.MatchString(text):
			s.takeAll(i, takenFurniture)
		case isCaption(text):
			s.takeAll(i, takenCaption)
		case s.takePeople(i):
		default:
			s.takeText(i, end)
		}
	}
	for i := end; i < len(s.parts); i++ {
		s.takeRest(i)
	}
}

// takeRest takes what stands after the story.
func (s *textStory) takeRest(i int) {
	text := s.parts[i].text
	switch {
	case endMark.MatchString(text) && len(text) <= 60:
		s.takeAll(i, takenEnd)
	case s.press && s.takeNotice(i):
	default:
		s.takeAll(i, takenFurniture)
	}
}

// findEnd returns where the story ends: at an end mark, or at a heading after
// which a page goes on with something else.
func (s *textStory) findEnd(begin int) int {
	prose := 0
	for i := begin; i < len(s.parts); i++ {
		text := s.parts[i].text
		if endMark.MatchString(text) && len(text) <= 60 {
			return i
		}
		if prose > 0 && s.endsBefore(i) && s.longest[i+1] <= max(2*prose, leastStory) {
			return i
		}
		if isSentence(text) {
			prose += len(text)
		}
	}
	return len(s.parts)
}

// leastStory is how many bytes of paragraphs may follow on each other after the
// story; where more than that and than twice the story does, it is the story,
// and what comes before is not.
const leastStory = 1500

// endsBefore says whether a part begins what follows the story on a page.
func (s *textStory) endsBefore(i int) bool {
	text := s.parts[i].text
	mark := foldMark(text)
	switch {
	case s.press && aboutSender.MatchString(text) && len(text) <= 120 && !isSentence(text):
		return true
	case endHeadings[mark]:
		return true
	case counts.MatchString(text) && strings.ContainsAny(mark, "0123456789") && isCommentCount(mark):
		return true
	case boxHeadings[mark], len(text) <= 250 && copyright.MatchString(text):
		return !s.resumes(i + 1)
	}
	return false
}

func isCommentCount(mark string) bool {
	return strings.Contains(mark, "omment") || strings.Contains(mark, "oment")
}

// resumes says whether the story goes on after a box: two paragraphs follow on
// each other, with little before them.
func (s *textStory) resumes(i int) bool {
	run := 0
	for limit := i + 12; i < len(s.parts) && i < limit; i++ {
		text := s.parts[i].text
		switch {
		case endHeadings[foldMark(text)] || endMark.MatchString(text) || copyright.MatchString(text):
			return false
		case isSentence(text) && utf8.RuneCountInString(text) >= 60 && !isFurnitureLine(text) && !isCaption(text):
			if run++; run == 2 {
				return true
			}
		case !isFurnitureLine(text):
			run = 0
		}
	}
	return false
}

// takeBox leaves out a box in the middle of the story, its heading and the
// lines up to the next paragraph, and returns the last of them.
func (s *textStory) takeBox(i, end int) int {
	s.takeAll(i, takenFurniture)
	for i+1 < end && !isSentence(s.parts[i+1].text) {
		i++
		s.takeAll(i, takenFurniture)
	}
	return i
}

func (s *textStory) takeKeywords(i int) bool {
	text := s.parts[i].text
	m := keywords.FindStringSubmatch(text)
	if m == nil || isSentence(text) || len(text) > 300 {
		return false
	}
	s.takeAll(i, takenKeywords)
	for _, word := range strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune(",;|•·#/", r) }) {
		if word = foldSpace(word); word != "" {
			s.in.Categories = append(s.in.Categories, word)
		}
	}
	return true
}

// takePeople takes bylines, dates and the author's note in the body: those
// that stand at its end, and a name or date only with its mark.
func (s *textStory) takePeople(i int) bool {
	text := s.parts[i].text
	if names, ok := readReporting(text); ok {
		if len(s.authors) == 0 {
			s.addAuthors(names)
		}
		s.takeAll(i, takenByline)
		return true
	}
	if name, ok := s.readNote(text); ok && s.proseAfter[i] <= 1 {
		if name != "" && len(s.authors) == 0 {
			s.addAuthors([]string{name})
		}
		s.takeAll(i, takenNote)
		return true
	}
	meta, ok := s.metaOf(i)
	if signed := strings.TrimLeft(text, "-–— "); signed != text {
		meta, ok = s.readMeta(signed)
	}
	if !ok || s.proseAfter[i] > 0 && !publishedMark.MatchString(text) && !modifiedMark.MatchString(text) && !byWord.MatchString(text) {
		return false
	}
	s.takeMeta(i, meta)
	return true
}

// countProse notes of each part how many paragraphs follow it before the end.
func (s *textStory) countProse(begin, end int) {
	s.proseAfter = make([]int, len(s.parts))
	count := 0
	for i := end - 1; i >= begin; i-- {
		s.proseAfter[i] = count
		text := s.parts[i].text
		if _, note := s.readNote(text); !note && isProse(text) {
			count++
		}
	}
}

// takeText takes a paragraph, and the dateline off the first one, or a subhead.
func (s *textStory) takeText(i, end int) {
	text := s.parts[i].text
	if len(s.body) == 0 {
		if d, ok := readDateline(text); ok {
			s.takeDateline(i, d)
			text = strings.TrimSpace(text[len(d.text):])
		}
	}
	block := textBlock{text: text, subhead: s.isSubhead(i, end)}
	s.body = append(s.body, block)
	if block.subhead {
		s.take(i, takenSubhead, text)
	} else {
		s.take(i, takenBody, text)
	}
}

func (s *textStory) takeDateline(i int, d dateline) {
	s.take(i, takenDateline, strings.TrimSpace(d.text))
	if d.place != "" {
		s.take(i, takenPlace, d.place)
	}
	if d.agency != "" {
		s.takeAgency(i, d.agency)
	}
	if d.date == "" {
		return
	}
	if found, ok := s.readDate(d.date); ok && !found.at.IsZero() {
		if s.published.IsZero() {
			s.published = found.at
		}
	} else {
		s.yearless = d.date
	}
	s.take(i, takenPublished, d.date)
}

// isSubhead says whether a part is a heading within the body: short, no
// sentence, and with a paragraph below it.
func (s *textStory) isSubhead(i, end int) bool {
	text := s.parts[i].text
	if utf8.RuneCountInString(text) > 90 || wordCount(text) > 14 || i+1 >= end {
		return false
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, `"“„«‘'¿¡`))
	last, _ := utf8.DecodeLastRuneInString(text)
	if !unicode.IsUpper(first) && !unicode.IsDigit(first) && !isUnspaced(first) && !unicode.Is(unicode.Lo, first) {
		return false
	}
	if isStop(last) && last != '?' || strings.ContainsRune(",;:", last) || isCloser(last) && endsSentence(text) {
		return false
	}
	for j := i + 1; j < end; j++ {
		if next := s.parts[j].text; !isFurnitureLine(next) && !isCaption(next) && !isAlsoRead(next) {
			return isSentence(next)
		}
	}
	return false
}
