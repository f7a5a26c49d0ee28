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

	arrivedAt int64
	gone      []topicSeq // topics that may have brought it to readers and do not any more
	unproven  bool       // deliveries do not tell who had it for one of those

	freshAt  int64  // what its age counts from
	sourceID int64  // 0 for the API and files
	sources  int    // how many sources carry it
	language string // BCP 47, "" if unknown
	audience string // as attributes are stored, "" for everybody
	paid     bool
	again    bool // it was eligible before it got its numbers: deliveries tell who had it
	place    int  // in the order that editors gave the edition, from 1; 0 if they gave none

	insteadOf []int64 // withdrawn stories whose place it took

	group uint32 // of those that editors made equal; set by rank
}

// topicSeq is a topic of an article and the number at which it came.
type topicSeq struct {
	topic, seq int64
	at         int // place of the topic in the digest, set by orderTopics; -1 of one that is gone
}

// orderTopics puts the topics of a candidate in the digest's order.
func (a *candidate) orderTopics(d *Digest) {
	for i := range a.topics {
		a.topics[i].at = d.topics[a.topics[i].topic]
	}
	slices.SortFunc(a.topics, func(x, y topicSeq) int { return x.at - y.at })
}

// window is the interval (from, to] of sequence numbers.
type window struct{ from, to int64 }

// choice is what a reader asks for, and an editor for them.
type choice struct {
	all     bool
	order   []int64        // topics in the reader's order; nil with all, which has the digest's
	only    int64          // stories of this topic only, 0 for all
	exclude map[int64]bool // articles that the reader already has
	former  []formerChoice // the earliest first

	attributes string // all of the reader, like ",name=value,"
	language   string // of the reader, BCP 47
	article    int64  // this story only, whatever its topics and its window; 0 for all
}

// formerChoice is what the reader asked for until the window that began at a
// number.
type formerChoice struct {
	until int64
	choice
}

func (c *choice) wants(topic int64) bool { return c.all || slices.Contains(c.order, topic) }

// choose picks from ranked candidates the stories of one reader and lays them
// out. Each stands once. Ages count to the given time; trace is told what became
// of each candidate, nil for nobody. A layout can be used again for the next
// reader.
func (l *layout) choose(trace func(Verdict)) Selection {
	l.chosen, l.latest = 0, l.latest[:0]
	l.prefer()
	l.match()
	l.lay()
	if trace != nil {
		l.tell(trace)
	}
	return l.selection()
}

// parseTopics reads the topics column of a subscription.
func parseTopics(text string) choice {
	if text == "*" {
		return choice{all: true}
	}
	return choice{order: splitIDs(text)}
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
