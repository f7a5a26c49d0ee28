package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Pick is one story of a selection, as it was chosen: what is changed later
// about its topics or its pin does not reach mails that are already planned.
type Pick struct {
	ArticleID int64
	TopicID   int64   // the section in which it stands: a topic, SectionTop or SectionLatest
	Also      []int64 // the digest's other topics that it has
	Pinned    bool
	Body      bool // the reader gets its body
}

// Sections that belong to no topic. Ids of topics are positive.
const (
	SectionTop    int64 = -1 // the best over all topics of the reader
	SectionLatest int64 = -2 // the newest that found no room under their topics
)

// Selection is a frozen, ranked list of stories. Readers with equal ones share
// it.
type Selection struct {
	Stories     []Pick  // best first
	More        int     // stories of the window that the limits left out
	Order       []int64 // in which the sections of topics stand for the reader, nil if that is the digest's
	Corrections []int64 // of what the readers got wrong before, by their ids
	Language    string  // BCP 47, of the words around the stories, "" for the site's
	Slots       []PlacedSlot
}

// String is the stored form: a field for each story in order, which is
// "article:section" (a topic, "top" or "latest"), the other topics after commas,
// "!" if it was pinned and "=" if its body is given; then "+n" for n stories
// that were left out, "/" before the order of sections, "~" before each
// correction, "$" before the position of a slot and its slug, and "@" before a
// language. "7:2,5! 4:3= +3 /3,2 ~12 $top:bank @de" is two stories of five, a
// correction and a slot, in German.
func (s Selection) String() string {
	b := make([]byte, 0, len(s.Stories)*16+8)
	for i := range s.Stories {
		b = append(s.Stories[i].append(b), ' ')
	}
	b = append(b, '+')
	b = strconv.AppendInt(b, int64(s.More), 10)
	sep := " /"
	for _, topic := range s.Order {
		b = strconv.AppendInt(append(b, sep...), topic, 10)
		sep = ","
	}
	for _, id := range s.Corrections {
		b = strconv.AppendInt(append(b, ' ', '~'), id, 10)
	}
	b = append(b, joinSlots(s.Slots)...)
	if s.Language != "" {
		b = append(append(b, " @"...), s.Language...)
	}
	return string(b)
}

func (p *Pick) append(b []byte) []byte {
	b = append(strconv.AppendInt(b, p.ArticleID, 10), ':')
	switch p.TopicID {
	case SectionTop:
		b = append(b, topText...)
	case SectionLatest:
		b = append(b, latestText...)
	default:
		b = strconv.AppendInt(b, p.TopicID, 10)
	}
	for _, id := range p.Also {
		b = strconv.AppendInt(append(b, ','), id, 10)
	}
	if p.Pinned {
		b = append(b, '!')
	}
	if p.Body {
		b = append(b, '=')
	}
	return b
}

// How the sections that belong to no topic are stored.
const (
	topText    = "top"
	latestText = "latest"
)

// ID is the first eight bytes of the SHA-256 of the stored form, so that equal
// selections of an edition are one row without anyone asking first.
func (s Selection) ID() int64 { return selectionID(s.String()) }

func selectionID(stored string) int64 {
	sum := sha256.Sum256([]byte(stored))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

func (s Selection) articleIDs() []int64 {
	ids := make([]int64, len(s.Stories))
	for i, p := range s.Stories {
		ids[i] = p.ArticleID
	}
	return ids
}

// parseSelection reads the stored form, exactly as String writes it.
func parseSelection(text string) (Selection, error) {
	s, err := readSelection(text)
	if err != nil {
		return Selection{}, fmt.Errorf("selection %q: %w", text, err)
	}
	return s, nil
}

func readSelection(text string) (s Selection, err error) {
	stories, end, ok := strings.Cut(text, "+")
	if !ok {
		return s, errors.New("it does not say how many stories were left out")
	}
	for stories != "" {
		field, more, ok := strings.Cut(stories, " ")
		if !ok {
			return s, fmt.Errorf("no space after story %q", field)
		}
		p, err := parsePick(field)
		if err != nil {
			return s, err
		}
		s.Stories, stories = append(s.Stories, p), more
	}
	fields := strings.Split(end, " ")
	n, err := parseNumber(fields[0])
	if err != nil || int64(int(n)) != n {
		return s, fmt.Errorf("bad number %q of stories left out", fields[0])
	}
	s.More = int(n)
	fields = fields[1:]
	if len(fields) > 0 && strings.HasPrefix(fields[0], "/") {
		if s.Order, err = parseOrder(fields[0][1:]); err != nil {
			return s, err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && strings.HasPrefix(fields[len(fields)-1], "@") {
		if s.Language = fields[len(fields)-1][1:]; s.Language == "" {
			return s, errors.New("no language after @")
		}
		fields = fields[:len(fields)-1]
	}
	slots := len(fields)
	for slots > 0 && strings.HasPrefix(fields[slots-1], "$") {
		slots--
	}
	if s.Slots, err = parseSlots(fields[slots:]); err != nil {
		return s, err
	}
	s.Corrections, err = parseCorrections(fields[:slots])
	return s, err
}

func parseCorrections(fields []string) (ids []int64, err error) {
	for _, field := range fields {
		number, ok := strings.CutPrefix(field, "~")
		id, err := parseNumber(number)
		if !ok || err != nil {
			return nil, fmt.Errorf("bad correction %q", field)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func parseOrder(field string) (order []int64, err error) {
	for topic := range strings.SplitSeq(field, ",") {
		id, err := parseNumber(topic)
		if err != nil {
			return nil, fmt.Errorf("bad order of sections %q", field)
		}
		order = append(order, id)
	}
	return order, nil
}

func parsePick(field string) (p Pick, err error) {
	rest, body := strings.CutSuffix(field, "=")
	rest, pinned := strings.CutSuffix(rest, "!")
	p.Body, p.Pinned = body, pinned
	article, topics, _ := strings.Cut(rest, ":")
	if p.ArticleID, err = parseNumber(article); err != nil {
		return Pick{}, fmt.Errorf("bad story %q", field)
	}
	section, also, more := strings.Cut(topics, ",")
	switch section {
	case topText:
		p.TopicID = SectionTop
	case latestText:
		p.TopicID = SectionLatest
	default:
		if p.TopicID, err = parseNumber(section); err != nil {
			return Pick{}, fmt.Errorf("bad section of story %q", field)
		}
	}
	for more {
		var topic string
		topic, also, more = strings.Cut(also, ",")
		id, err := parseNumber(topic)
		if err != nil {
			return Pick{}, fmt.Errorf("bad topic of story %q", field)
		}
		p.Also = append(p.Also, id)
	}
	return p, nil
}

// parseNumber reads a number that is not negative and has one spelling only.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text || n < 0 {
		return 0, fmt.Errorf("bad number %q", text)
	}
	return n, nil
}
