package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"broadsheet/digest"
)

// TextOptions are what is known of a story besides its plain text. All may be
// zero.
type TextOptions struct {
	URL      string         // the address of the story; without it the story is known by what it says
	Zone     *time.Location // of dates that name none; nil for UTC
	Now      time.Time      // gives the year to dates without one
	Language string         // BCP 47
}

// What ReadText takes parts of a text for, as Taken.As has it.
const (
	takenHeadline   = "headline"
	takenStandfirst = "standfirst"
	takenByline     = "byline"
	takenNote       = "author's note"
	takenDateline   = "dateline"
	takenPlace      = "place"
	takenAgency     = "agency"
	takenPublished  = "published"
	takenModified   = "modified"
	takenPageDate   = "page date"
	takenUnknown    = "date not understood"
	takenOddity     = "oddity"
	takenSection    = "section"
	takenKeywords   = "keywords"
	takenBody       = "body"
	takenSubhead    = "subhead"
	takenEmbargo    = "embargo"
	takenRelease    = "press release"
	takenContact    = "contact"
	takenEnd        = "end mark"
	takenCaption    = "caption"
	takenFurniture  = "furniture"
)

// ReadText reads the copy of a news page, wire copy or a press release as plain
// text in any charset, and returns the story, checked as by Check, and what
// each part of the text was taken for, in its order. What belongs to the page
// and not to the story is left out. The page's own date is the published date
// of a story that has none. Without an address the story has a GUID made of its
// headline and body. An embargo that is not understood is an error, and so is
// a text without a headline or without anything below it; what was taken is
// returned even then.
func ReadText(text []byte, o TextOptions) (digest.Incoming, []Taken, error) {
	s := textStory{options: o, metas: map[int][]metaPiece{}}
	decoded, note := decodeText(text, "")
	if note != "" {
		s.note("charset", note)
	}
	parts, cut := textParts(decoded)
	if cut {
		s.note("end", fmt.Sprintf("only the first megabyte and %d lines are read", maxTextParts))
	}
	s.parts, s.taken = parts, make([][]Taken, len(parts))
	err := s.read()
	if err == nil {
		err = s.finish()
	}
	if err != nil {
		return digest.Incoming{}, s.allTaken(), err
	}
	return s.in, s.allTaken(), nil
}

// textStory is a plain text that is taken apart.
type textStory struct {
	options TextOptions
	parts   []textPart
	taken   [][]Taken           // of each part
	metas   map[int][]metaPiece // of the parts that were looked at, nil where there is nothing of the kind
	notes   []Taken             // of the whole text

	in         digest.Incoming
	headline   string
	standfirst string
	authors    []string
	body       []textBlock
	published  time.Time
	modified   time.Time
	pageDate   time.Time
	yearless   string // the date of a dateline that has no year
	press      bool   // it is a press release
	from, to   int    // the parts in which the story is, of a whole page some of them
	runs       []int  // of each part, how long the run of paragraphs from there on is
	longest    []int  // of each part, how long the longest run from there on is
	proseAfter []int  // of each part of the body, how many paragraphs follow it
	problems   FieldErrors
}

// textBlock is a paragraph or a subhead of the body.
type textBlock struct {
	text    string
	subhead bool
}

func (s *textStory) note(from, text string) {
	s.notes = append(s.notes, Taken{As: takenOddity, From: from, Text: text})
}

func (s *textStory) take(i int, as, text string) {
	s.taken[i] = append(s.taken[i], Taken{As: as, From: s.parts[i].from(), Text: text})
}

// takeAll takes a whole part for something.
func (s *textStory) takeAll(i int, as string) { s.take(i, as, s.parts[i].text) }

func (s *textStory) allTaken() []Taken {
	return append(slices.Concat(s.taken...), s.notes...)
}

// read finds out what each part is.
func (s *textStory) read() error {
	if len(s.parts) == 0 {
		return errors.New("the text is empty")
	}
	s.countRuns()
	s.from, s.to = s.segment()
	at := s.findHeadline()
	if at < 0 {
		for i := range s.parts {
			s.takeAll(i, takenFurniture)
		}
		return errors.New("no headline found: nothing in the text looks like the headline of a story, and what is above a story must be on a line of its own")
	}
	s.readTop(at)
	s.takeHeadline(at)
	begin := s.readHead(at + 1)
	for ; begin < s.from; begin++ {
		s.takeAll(begin, takenFurniture)
	}
	s.readBody(begin)
	if len(s.problems) > 0 {
		return s.problems
	}
	if len(s.body) == 0 && s.standfirst == "" {
		return fmt.Errorf("no story found below the headline %q", shorten(s.headline, 80))
	}
	return nil
}

// finish makes the story out of what was found.
func (s *textStory) finish() error {
	in := &s.in
	in.URL, in.Language, in.Title = strings.TrimSpace(s.options.URL), s.options.Language, s.headline
	in.Author = strings.Join(s.authors, ", ")
	in.Body = s.bodyText()
	if in.URL == "" {
		sum := sha256.Sum256([]byte(in.Title + "\n" + in.Body))
		in.GUID = "text:" + hex.EncodeToString(sum[:10])
	}
	if in.Summary = s.standfirst; in.Summary == "" {
		in.Summary = s.lead()
	}
	if s.published.IsZero() && s.yearless != "" {
		around := s.pageDate
		if around.IsZero() {
			around = s.options.Now
		}
		s.published = s.dateWithoutYear(s.yearless, around)
	}
	if s.published.IsZero() {
		s.published = s.pageDate
		if !s.modified.IsZero() && s.modified.Before(s.published) {
			s.published = s.modified
		}
	}
	in.PublishedAt, in.ModifiedAt = s.published, s.modified
	for _, field := range [...]*string{&in.Title, &in.Summary, &in.Body, &in.Author} {
		*field = strings.ReplaceAll(*field, "<", "&#60;") // it is no HTML, not even one that was escaped twice
	}
	return Check(in)
}

func (s *textStory) bodyText() string {
	texts := make([]string, len(s.body))
	for i, block := range s.body {
		texts[i] = block.text
	}
	return strings.Join(texts, "\n\n")
}

// lead returns as many of the first paragraphs as a summary can hold.
func (s *textStory) lead() string {
	lead := ""
	for i, block := range s.body {
		if block.subhead && lead != "" || utf8.RuneCountInString(lead) >= MaxSummary || i > 5 {
			break
		}
		if !block.subhead {
			lead = strings.TrimSpace(lead + " " + block.text)
		}
	}
	return lead
}
