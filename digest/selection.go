package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Pick is one story of a selection and the topic whose section it stands in.
type Pick struct {
	ArticleID int64
	TopicID   int64
}

// Selection is a frozen, ranked list of stories. Readers with equal ones share
// it.
type Selection struct {
	Stories []Pick // best first
	More    int    // stories of the window that the limits left out
}

// String is the stored form: "article:topic" pairs in order, then "+n" if n
// stories were left out.
func (s Selection) String() string {
	b := make([]byte, 0, len(s.Stories)*8)
	for _, p := range s.Stories {
		b = strconv.AppendInt(b, p.ArticleID, 10)
		b = append(b, ':')
		b = strconv.AppendInt(b, p.TopicID, 10)
		b = append(b, ' ')
	}
	b = append(b, '+')
	return string(strconv.AppendInt(b, int64(s.More), 10))
}

// ID is the first eight bytes of the SHA-256 of the stored form, so that equal
// selections of an edition are one row without anyone asking first.
func (s Selection) ID() int64 {
	sum := sha256.Sum256([]byte(s.String()))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

func (s Selection) articleIDs() []int64 {
	ids := make([]int64, len(s.Stories))
	for i, p := range s.Stories {
		ids[i] = p.ArticleID
	}
	return ids
}

// parseSelection reads the stored form.
func parseSelection(text string) (Selection, error) {
	var s Selection
	for field := range strings.FieldsSeq(text) {
		var err error
		if more, ok := strings.CutPrefix(field, "+"); ok {
			s.More, err = strconv.Atoi(more)
		} else {
			var p Pick
			_, err = fmt.Sscanf(field, "%d:%d", &p.ArticleID, &p.TopicID)
			s.Stories = append(s.Stories, p)
		}
		if err != nil {
			return Selection{}, fmt.Errorf("selection %q: bad field %q", text, field)
		}
	}
	return s, nil
}

// candidate is an article of a window as ranking and choosing see it.
type candidate struct {
	id          int64
	priority    int
	pinned      bool
	publishedAt int64
	topics      []topicSeq // offered topics that it matched, in the digest's order
}

type topicSeq struct{ topic, seq int64 }

// rank orders candidates: pinned ones first, then by the editor's priority,
// then the newest; the id decides between equals, so that the order is always
// the same.
func rank(candidates []candidate) {
	slices.SortFunc(candidates, func(a, b candidate) int {
		switch {
		case a.pinned != b.pinned:
			return before(a.pinned)
		case a.priority != b.priority:
			return before(a.priority > b.priority)
		case a.publishedAt != b.publishedAt:
			return before(a.publishedAt > b.publishedAt)
		}
		return before(a.id > b.id)
	})
}

func before(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

// window is the interval (from, to] of sequence numbers.
type window struct{ from, to int64 }

// choice is what a subscription asks for.
type choice struct {
	all     bool
	topics  map[int64]bool
	exclude map[int64]bool // articles that the reader already has
}

func (c *choice) wants(topic int64) bool { return c.all || c.topics[topic] }

// choose picks from ranked candidates the stories of one reader. A story is in
// the window if the first of the reader's topics that it got came in it: had
// one come before, an earlier run offered the story already. It stands once,
// in the section of its first topic that still has room.
func choose(d *Digest, w window, ranked []candidate, c *choice) Selection {
	var s Selection
	perTopic := map[int64]int{}
	for i := range ranked {
		a := &ranked[i]
		section, first := int64(0), int64(-1)
		for _, t := range a.topics {
			if !c.wants(t.topic) {
				continue
			}
			if first < 0 || t.seq < first {
				first = t.seq
			}
			if section == 0 && (d.PerTopic == 0 || perTopic[t.topic] < d.PerTopic) {
				section = t.topic
			}
		}
		if first <= w.from || first > w.to || c.exclude[a.id] {
			continue
		}
		if section == 0 || len(s.Stories) >= d.MaxItems {
			s.More++
			continue
		}
		perTopic[section]++
		s.Stories = append(s.Stories, Pick{a.id, section})
	}
	return s
}

// parseTopics reads the topics column of a subscription.
func parseTopics(text string) choice {
	if text == "*" {
		return choice{all: true}
	}
	c := choice{topics: map[int64]bool{}}
	for _, id := range splitIDs(text) {
		c.topics[id] = true
	}
	return c
}
