package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Pick is one story of a selection, as it was chosen: what is changed later
// about its topics or its pin does not reach mails that are already planned.
type Pick struct {
	ArticleID int64
	TopicID   int64   // the topic in whose section it stands
	Also      []int64 // the digest's other topics that it has
	Pinned    bool
}

// Selection is a frozen, ranked list of stories. Readers with equal ones share
// it.
type Selection struct {
	Stories []Pick // best first
	More    int    // stories of the window that the limits left out
}

// String is the stored form: a field for each story in order, which is
// "article:topic", the other topics after commas and "!" if it was pinned, then
// "+n" if n stories were left out. "7:2,5! 4:2 +3" is two stories of five.
func (s Selection) String() string {
	b := make([]byte, 0, len(s.Stories)*16)
	for _, p := range s.Stories {
		b = strconv.AppendInt(b, p.ArticleID, 10)
		b = strconv.AppendInt(append(b, ':'), p.TopicID, 10)
		for _, id := range p.Also {
			b = strconv.AppendInt(append(b, ','), id, 10)
		}
		if p.Pinned {
			b = append(b, '!')
		}
		b = append(b, ' ')
	}
	b = append(b, '+')
	return string(strconv.AppendInt(b, int64(s.More), 10))
}

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
	var s Selection
	rest := text
	for {
		field, more, ok := strings.Cut(rest, " ")
		if !ok {
			break
		}
		p, err := parsePick(field)
		if err != nil {
			return Selection{}, fmt.Errorf("selection %q: %w", text, err)
		}
		s.Stories, rest = append(s.Stories, p), more
	}
	count, ok := strings.CutPrefix(rest, "+")
	n, err := parseNumber(count)
	if !ok || err != nil || int64(int(n)) != n {
		return Selection{}, fmt.Errorf("selection %q: its end %q is not a number of stories left out", text, rest)
	}
	s.More = int(n)
	return s, nil
}

func parsePick(field string) (p Pick, err error) {
	rest, pinned := strings.CutSuffix(field, "!")
	p.Pinned = pinned
	article, topics, _ := strings.Cut(rest, ":")
	if p.ArticleID, err = parseNumber(article); err != nil {
		return Pick{}, fmt.Errorf("bad story %q", field)
	}
	for i, topic := range strings.Split(topics, ",") {
		id, err := parseNumber(topic)
		if err != nil {
			return Pick{}, fmt.Errorf("bad topic of story %q", field)
		}
		if i == 0 {
			p.TopicID = id
		} else {
			p.Also = append(p.Also, id)
		}
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
