package ingest

import (
	"strings"

	"broadsheet/internal/pattern"
)

// metaPiece is a part of a line such as "By Jane Doe | Nov. 23, 2026 | 5 min
// read".
type metaPiece struct {
	as    string
	text  string
	names []string
	date  textDate
}

// metaMark separates the pieces of such a line.
var metaMark = pattern.New(`\s*[|•·]\s*|\s+[-–—/]\s+|\s*;\s+|\s+(?i:updated|aktualisiert|mis à jour|actualizado)\s*:?\s+`)

// metaOf is readMeta of a part, which is asked for more than once.
func (s *textStory) metaOf(i int) ([]metaPiece, bool) {
	if found, ok := s.metas[i]; ok {
		return found, found != nil
	}
	found, ok := s.readMeta(s.parts[i].text)
	if !ok {
		found = nil
	}
	s.metas[i] = found
	return found, ok
}

// readMeta reads a line that holds bylines and dates and nothing else.
func (s *textStory) readMeta(text string) (pieces []metaPiece, ok bool) {
	if len(text) > 250 {
		return nil, false
	}
	whole, ok := s.readPiece(text)
	marks := metaMark.FindAllStringIndex(text, 8)
	if ok && (len(marks) == 0 || whole.as != takenUnknown) {
		return []metaPiece{whole}, true
	}
	var loose []int
	start, known := 0, false
	for n := 0; n <= len(marks); n++ {
		end, next := len(text), len(text)
		if n < len(marks) {
			end, next = marks[n][0], marks[n][1]
			if strings.ContainsAny(strings.ToLower(text[end:next]), "aeiou") {
				next = end + len(text[end:next]) - len(strings.TrimLeft(text[end:next], " ")) // the word belongs to the date
			}
		}
		piece := strings.TrimSpace(text[start:end])
		start = next
		if piece == "" {
			continue
		}
		found, ok := s.readPiece(piece)
		known = known || ok
		if !ok {
			loose = append(loose, len(pieces))
			found = metaPiece{as: takenFurniture, text: piece}
		}
		pieces = append(pieces, found)
	}
	return s.settle(pieces, loose, known)
}

// settle decides about the pieces that could not be read by themselves: a name
// is one beside a role or a date, and a place or a section may stand there.
func (s *textStory) settle(pieces []metaPiece, loose []int, known bool) ([]metaPiece, bool) {
	if !known || len(pieces) < 2 {
		return nil, false
	}
	for _, n := range loose {
		piece := &pieces[n]
		if names, ok := readNames(piece.text); ok && wordCount(piece.text) <= 8 {
			piece.as, piece.names = takenByline, names
		} else if sectionNames[foldMark(piece.text)] {
			piece.as = takenSection
		} else if wordCount(piece.text) > 4 || endsSentence(piece.text) {
			return nil, false
		}
	}
	return pieces, true
}

// readPiece reads a byline, a role, a date or how long reading takes.
func (s *textStory) readPiece(text string) (metaPiece, bool) {
	if names, ok := readByline(text); ok {
		return metaPiece{as: takenByline, text: text, names: names}, true
	}
	if d, ok := s.readDate(text); ok {
		as := takenPublished
		switch {
		case d.at.IsZero():
			as = takenUnknown
		case d.modified:
			as = takenModified
		}
		return metaPiece{as: as, text: text, date: d}, true
	}
	switch {
	case isAgency(text):
		return metaPiece{as: takenAgency, text: text}, true
	case isRole(text):
		return metaPiece{as: takenByline, text: text}, true
	case readTime.MatchString(text), relative.MatchString(text), clock.MatchString(text), counts.MatchString(text):
		return metaPiece{as: takenFurniture, text: text}, true
	}
	return metaPiece{}, false
}

// takeMeta takes what such a line says.
func (s *textStory) takeMeta(i int, pieces []metaPiece) {
	for _, piece := range pieces {
		switch piece.as {
		case takenByline:
			s.addAuthors(piece.names)
			if mark := byWord.FindString(piece.text); mark != "" && isAgency(piece.text[len(mark):]) {
				s.takeAgency(i, piece.text[len(mark):])
				continue
			}
		case takenAgency:
			s.takeAgency(i, piece.text)
			continue
		case takenSection:
			s.in.Categories = append(s.in.Categories, piece.text)
		case takenPublished:
			if s.published.IsZero() {
				s.published = piece.date.at
			}
		case takenModified:
			if s.modified.Before(piece.date.at) {
				s.modified = piece.date.at
			}
		case takenPageDate:
			if s.pageDate.IsZero() {
				s.pageDate = piece.date.at
			}
		}
		s.take(i, piece.as, piece.text)
		if piece.date.note != "" {
			s.take(i, takenOddity, piece.date.note)
		}
	}
}
