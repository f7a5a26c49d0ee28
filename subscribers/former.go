package subscribers

import (
	"slices"
	"strconv"
	"strings"
)

// former is what a reader chose before, as the column former_topics keeps it:
// "120:,3,7, 180:*" is a choice up to the window that began at number 120,
// another one up to the window at 180.
type former string

// mostFormer is how many choices a subscription remembers apart.
const mostFormer = 4

// add remembers what had been chosen up to the window that begins at start. A
// choice that no window began with is forgotten: it was never used. Of too many
// the oldest two become one, of the topics of both.
func (f former) add(start int64, topics Topics) former {
	choices := strings.Fields(string(f))
	if start < 0 {
		return f // no window has begun
	}
	if n := len(choices); n > 0 {
		if last, _ := splitFormer(choices[n-1]); last >= start {
			return f
		}
	}
	choices = append(choices, formerChoice(start, topics))
	if len(choices) > mostFormer {
		_, first := splitFormer(choices[0])
		seq, second := splitFormer(choices[1])
		choices = choices[1:]
		choices[0] = formerChoice(seq, first.with(second))
	}
	return former(strings.Join(choices, " "))
}

func formerChoice(seq int64, topics Topics) string {
	return strconv.FormatInt(seq, 10) + ":" + string(topics)
}

func splitFormer(choice string) (seq int64, topics Topics) {
	number, rest, _ := strings.Cut(choice, ":")
	seq, _ = strconv.ParseInt(number, 10, 64) // as formerChoice wrote it
	return seq, Topics(rest)
}

// with returns the topics of both.
func (t Topics) with(other Topics) Topics {
	if t == AllTopics || other == AllTopics {
		return AllTopics
	}
	ids := append(t.IDs(), other.IDs()...)
	slices.Sort(ids)
	return TopicsOf(slices.Compact(ids))
}

// same reports whether both are the same topics, in whatever order.
func (t Topics) same(other Topics) bool {
	return t == other || t != AllTopics && other != AllTopics && t.with("") == other.with("")
}
