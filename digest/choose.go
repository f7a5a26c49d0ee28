package digest

import (
	"fmt"
	"slices"
	"strings"
)

// candidate is an article of a window as ranking and choosing see it.
type candidate struct {
	id          int64
	priority    int
	pinned      bool
	publishedAt int64
	topics      []topicSeq // of those that the digest offers, in its order

	freshAt  int64  // what its age counts from
	sourceID int64  // 0 for the API and files
	sources  int    // how many sources carry it
	language string // BCP 47, "" if unknown
	audience string // as attributes are stored, "" for everybody
	paid     bool
	again    bool // it was eligible before it got its numbers: deliveries tell who had it
	place    int  // in the order that editors gave the edition, from 1; 0 if they gave none
}

// topicSeq is a topic of an article and the number at which it came. A topic
// that was taken off again is gone, but still tells what was offered before.
type topicSeq struct {
	topic, seq int64
	gone       bool
}

// orderTopics puts the topics of a candidate in the digest's order.
func (a *candidate) orderTopics(d *Digest) {
	slices.SortFunc(a.topics, func(x, y topicSeq) int { return d.topics[x.topic] - d.topics[y.topic] })
}

// pick places the candidate in the section of a topic.
func (a *candidate) pick(section int64) Pick {
	p := Pick{ArticleID: a.id, TopicID: section, Pinned: a.pinned}
	for _, t := range a.topics {
		if t.topic != section && !t.gone {
			p.Also = append(p.Also, t.topic)
		}
	}
	return p
}

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

// choice is what a reader asks for, and an editor for them.
type choice struct {
	all     bool
	topics  map[int64]bool
	only    int64          // stories of this topic only, 0 for all
	exclude map[int64]bool // articles that the reader already has
	former  []formerChoice // the earliest first

	order      []int64 // topics in the reader's order, nil for the digest's
	attributes string  // of the reader, as they are stored
	language   string  // of the reader, BCP 47
	article    int64   // this story only, whatever its window; 0 for all
}

// formerChoice is what the reader asked for until the window that began at a
// number.
type formerChoice struct {
	until int64
	choice
}

func (c *choice) wants(topic int64) bool { return c.all || c.topics[topic] }

// fits reports whether a topic of an article can bring it to the reader.
func (c *choice) fits(t topicSeq) bool {
	return !t.gone && c.wants(t.topic) && (c.only == 0 || c.only == t.topic)
}

// offered reports whether an earlier run offered a story for one of its topics:
// whether the reader wanted that when it came.
func (c *choice) offered(t topicSeq) bool {
	for i := range c.former {
		if t.seq <= c.former[i].until {
			return c.former[i].wants(t.topic)
		}
	}
	return c.wants(t.topic)
}

// isNew reports whether a story is the reader's in this window: it is if a topic
// of the reader's came in it and no earlier run offered the story already.
func (c *choice) isNew(a *candidate, w window) bool {
	came, fits := false, false
	for _, t := range a.topics {
		if t.seq <= w.from && c.offered(t) {
			return false
		}
		came = came || t.seq > w.from && t.seq <= w.to && c.wants(t.topic)
		fits = fits || c.fits(t)
	}
	return came && fits && !c.exclude[a.id]
}

// choose picks from ranked candidates the stories of one reader. Each stands
// once, in the section of its first topic that still has room. Ages count to the
// given time; trace is told what became of each candidate, nil for nobody.
func choose(d *Digest, w window, at int64, ranked []candidate, c *choice, trace func(Verdict)) Selection {
	var s Selection
	taken := make([]int, len(d.topics)) // by the place of the topic
	hasRoom := func(topic int64) bool { return d.PerTopic == 0 || taken[d.topics[topic]] < d.PerTopic }
	for i := range ranked {
		a := &ranked[i]
		if !c.isNew(a, w) {
			continue
		}
		n := slices.IndexFunc(a.topics, func(t topicSeq) bool { return c.fits(t) && hasRoom(t.topic) })
		if n < 0 || len(s.Stories) >= d.MaxItems {
			s.More++
			continue
		}
		section := a.topics[n].topic
		taken[d.topics[section]]++
		s.Stories = append(s.Stories, a.pick(section))
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

// parseFormer reads the former_topics column of a subscription.
func parseFormer(text string) ([]formerChoice, error) {
	var out []formerChoice
	for field := range strings.FieldsSeq(text) {
		number, topics, _ := strings.Cut(field, ":")
		until, err := parseNumber(number)
		if err != nil {
			return nil, fmt.Errorf("former topics %q: %w", text, err)
		}
		out = append(out, formerChoice{until, parseTopics(topics)})
	}
	return out, nil
}
