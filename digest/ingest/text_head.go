package ingest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"broadsheet/internal/pattern"
)

// isAside says whether a part above or below the headline is something else,
// such as the date, the weather or a menu.
func (s *textStory) isAside(i int) bool {
	text := s.parts[i].text
	mark := foldMark(text)
	if navigation[mark] || sectionNames[mark] || endHeadings[mark] || boxHeadings[mark] || isFurnitureLine(text) || isCaption(text) || isTrail(text) {
		return true
	}
	if copyright.MatchString(text) || releaseHead.MatchString(text) || contactHead.MatchString(text) || len(text) <= 120 && contactLine.MatchString(text) || endMark.MatchString(text) {
		return true
	}
	if _, ok := s.readEmbargo(text); ok {
		return true
	}
	if isAgency(text) || s.isPlace(i) {
		return true
	}
	_, ok := s.metaOf(i)
	return ok
}

// trailMark separates the steps of a breadcrumb trail or the words of a menu.
var trailMark = pattern.New(`\s*(?:[>›»/|•·→]|::)\s*`)

// isTrail says whether a part is a menu or a breadcrumb trail on one line.
func isTrail(text string) bool {
	return len(text) <= 200 && len(trailOf(text)) > 0
}

// trailOf returns the steps of a trail, nil for what is none: a line of short
// words, one of which at least is known.
func trailOf(text string) []string {
	steps := trailMark.Split(strings.Trim(text, " >›»/|•·→"), -1)
	if len(steps) < 2 {
		return nil
	}
	known := 0
	for _, step := range steps {
		mark := foldMark(step)
		if wordCount(step) > 3 {
			return nil
		}
		if navigation[mark] || sectionNames[mark] {
			known++
		}
	}
	if known*2 < len(steps) {
		return nil
	}
	return steps
}

// isPlace says whether a part near the top is where the page was looked at: a
// name beside the weather or the date.
func (s *textStory) isPlace(i int) bool {
	text := s.parts[i].text
	if mark := foldMark(text); sectionNames[mark] || navigation[mark] {
		return false
	}
	if wordCount(text) > 4 || utf8.RuneCountInString(text) > 40 || !capitalised(text) || endsSentence(text) || strings.ContainsAny(text, "0123456789") {
		return false
	}
	for _, j := range [...]int{i - 1, i + 1} {
		if j < 0 || j >= len(s.parts) {
			continue
		}
		if isWeather(s.parts[j].text) {
			return true
		}
		if d, ok := s.readDate(s.parts[j].text); ok && j > i && !d.modified && i < 6 && !nameOnly.MatchString(text) {
			return true
		}
	}
	return false
}

// readTop says what the parts above the headline are.
func (s *textStory) readTop(end int) {
	s.press = slices.ContainsFunc(s.parts[:end], func(p textPart) bool { return releaseHead.MatchString(p.text) })
	for i := 0; i < end; i++ {
		text := s.parts[i].text
		switch meta, ok := s.metaOf(i); {
		case s.takeNotice(i):
		case ok && !slices.ContainsFunc(meta, func(m metaPiece) bool { return m.as == takenByline }):
			s.takePageDate(i, meta)
		case ok:
			s.takeMeta(i, meta)
		case isAgency(text):
			s.takeAgency(i, text)
		case s.isPlace(i):
			s.takeAll(i, takenPlace)
		case s.isSection(i, end):
			s.takeSection(i)
		default:
			s.takeAll(i, takenFurniture)
		}
	}
}

// takeNotice takes what is neither of the story nor of the page: an embargo,
// the head of a press release, whom to ask.
func (s *textStory) takeNotice(i int) bool {
	text := s.parts[i].text
	if until, ok := s.readEmbargo(text); ok {
		s.takeAll(i, takenEmbargo)
		if until.IsZero() {
			s.problems.add("embargo_until", "%s: %q does not say clearly until when; write such as EMBARGOED UNTIL 24 November 2026 00:01 GMT", s.parts[i].from(), shorten(text, 80))
		} else if s.in.EmbargoUntil.Before(until) {
			s.in.EmbargoUntil = until
		}
		return true
	}
	switch {
	case releaseHead.MatchString(text) && len(text) <= 120:
		s.takeAll(i, takenRelease)
	case s.isContact(i):
		s.takeAll(i, takenContact)
	default:
		return false
	}
	return true
}

// isContact says whether a part tells whom to ask about a press release.
func (s *textStory) isContact(i int) bool {
	text := s.parts[i].text
	if _, ok := s.metaOf(i); ok || len(text) > 200 {
		return false
	}
	if contactHead.MatchString(text) {
		return true
	}
	goesOn := i > 0 && len(s.taken[i-1]) > 0 && s.taken[i-1][0].As == takenContact && !s.parts[i].gap
	return len(text) <= 120 && !isSentence(text) && (goesOn || s.press && contactLine.MatchString(text))
}

// takePageDate takes a date above the headline, which is that of the page, if
// no word says that it is of the story.
func (s *textStory) takePageDate(i int, meta []metaPiece) {
	for n := range meta {
		if m := &meta[n]; m.as == takenPublished && !publishedMark.MatchString(m.text) {
			m.as = takenPageDate
		}
	}
	s.takeMeta(i, meta)
}

// isSection says whether a part above the headline names the section of the
// story: a trail, or a word that is not one of a menu.
func (s *textStory) isSection(i, end int) bool {
	if trail := trailOf(s.parts[i].text); trail != nil {
		menu := func(step string) bool { return foldMark(step) != "home" && navigation[foldMark(step)] }
		return strings.ContainsAny(s.parts[i].text, ">›»/→") && !slices.ContainsFunc(trail[1:], menu) && len(trail) <= 5
	}
	named := func(j int) bool {
		mark := foldMark(s.parts[j].text)
		return j >= 0 && (sectionNames[mark] || navigation[mark])
	}
	return i+3 >= end && sectionNames[foldMark(s.parts[i].text)] && (i == 0 || !named(i-1)) && !named(i+1)
}

func (s *textStory) takeSection(i int) {
	s.takeAll(i, takenSection)
	steps := trailOf(s.parts[i].text)
	if steps == nil {
		steps = []string{s.parts[i].text}
	}
	for _, step := range steps {
		if foldMark(step) != "home" && foldMark(step) != "startseite" && foldMark(step) != "accueil" && foldMark(step) != "inicio" {
			s.in.Categories = append(s.in.Categories, strings.TrimSpace(step))
		}
	}
}

func (s *textStory) takeAgency(i int, text string) {
	s.take(i, takenAgency, text)
	if s.in.SiteName == "" {
		name, _, _ := strings.Cut(text, "/") // dpa/lno is a part of dpa
		s.in.SiteName = strings.Trim(name, " ()")
	}
}

// readHead says what stands between the headline and the body, and returns
// where that begins.
func (s *textStory) readHead(i int) int {
	for ; i < len(s.parts); i++ {
		text := s.parts[i].text
		meta, isMeta := s.metaOf(i)
		switch {
		case s.takeNotice(i):
		case isMeta:
			s.takeMeta(i, meta)
		case isFurnitureLine(text) || isAlsoRead(text) || navigation[foldMark(text)]:
			s.takeAll(i, takenFurniture)
		case isCaption(text):
			s.takeAll(i, takenCaption)
		case isAgency(text):
			s.takeAgency(i, text)
		case sectionNames[foldMark(text)] || isTrail(text):
			s.takeSection(i)
		case s.isStandfirst(i):
			s.standfirst = text
			s.takeAll(i, takenStandfirst)
		case s.isNameLine(i):
			s.addAuthors([]string{personOf(text)})
			s.takeAll(i, takenByline)
		default:
			return i
		}
	}
	return i
}

// isNameLine says whether a part below the headline is nothing but a name.
func (s *textStory) isNameLine(i int) bool {
	text := s.parts[i].text
	return wordCount(text) <= 4 && nameOnly.MatchString(text) && personOf(text) != "" && len(s.authors) == 0 && i+1 < len(s.parts) &&
		(isSentence(s.parts[i+1].text) || s.headGoesOn(i+1, 1))
}

// isStandfirst says whether a part between headline and body sums the story
// up: no sentence, or one with more of the head below it.
func (s *textStory) isStandfirst(i int) bool {
	text := s.parts[i].text
	if s.standfirst != "" || utf8.RuneCountInString(text) > 500 || wordCount(text) < 5 || i+1 >= len(s.parts) {
		return false
	}
	if _, ok := readDateline(text); ok {
		return false
	}
	return !isSentence(text) || s.headGoesOn(i+1, 3)
}

// headGoesOn says whether a byline, a date or a dateline comes within some
// parts, pictures and buttons aside.
func (s *textStory) headGoesOn(i, within int) bool {
	for ; i < len(s.parts) && within > 0; i++ {
		text := s.parts[i].text
		if meta, ok := s.metaOf(i); ok && slices.ContainsFunc(meta, func(m metaPiece) bool { return m.as != takenFurniture && m.as != takenAgency }) {
			return true
		}
		if _, ok := readDateline(text); ok {
			return true
		}
		if !isFurnitureLine(text) && !isCaption(text) {
			return s.isNameLineAt(i)
		}
		within--
	}
	return false
}

func (s *textStory) isNameLineAt(i int) bool {
	text := s.parts[i].text
	return wordCount(text) <= 4 && nameOnly.MatchString(text) && personOf(text) != "" && i+1 < len(s.parts) && isSentence(s.parts[i+1].text)
}

// addAuthors adds people whom the byline does not have yet.
func (s *textStory) addAuthors(names []string) {
	for _, name := range names {
		if !slices.Contains(s.authors, name) && len(s.authors) < 20 {
			s.authors = append(s.authors, name)
		}
	}
}
