package digest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Verdict is what choosing made of one candidate for a reader.
type Verdict struct {
	ArticleID int64
	Chosen    bool
	Section   int64  // where it stands: a topic, SectionTop or SectionLatest; 0 if it was not chosen
	Rule      Rule   // the one that decided
	Detail    string // with its values, for people: "9 days old, max_age is 7 days"
}

// Rule names what decided about a candidate.
type Rule string

// The rules, in the order in which they are asked. A story is left out by the
// first that speaks against it.
const (
	RuleWithdrawn Rule = "withdrawn" // it was withdrawn
	RuleFolded    Rule = "folded"    // it was folded into another story
	RuleEmbargo   Rule = "embargo"   // it is held back until a time
	RuleHeld      Rule = "held"      // it is held back until it is released
	RuleArticle   Rule = "article"   // the edition is of another story alone
	RuleOffered   Rule = "offered"   // an earlier run offered it
	RuleGone      Rule = "topic"     // none of its topics brings it to the reader
	RuleWindow    Rule = "window"    // it did not come in the window
	RuleHad       Rule = "had"       // the reader already has it
	RuleAge       Rule = "max-age"   // it is too old
	RuleAudience  Rule = "audience"  // it is for other readers
	RuleLanguage  Rule = "language"  // it is in another language than the reader's
	RuleDiversity Rule = "diversity" // it gave way to a story of another source, or is one to which another gave way
	RuleMaxItems  Rule = "max-items" // the digest is full
	RulePerTopic  Rule = "per-topic" // the sections of its topics are full
	RuleTop       Rule = "top"       // it is among the best over all topics
	RuleSection   Rule = "section"   // it stands under the first of its topics that has room
	RuleLatest    Rule = "latest"    // it is among the newest that found no room under their topics
)

// tell gives the verdict about every candidate: first those that are the
// reader's, the best first, then the others as they were ranked.
func (l *layout) tell(trace func(Verdict)) {
	for m := range l.matches {
		a := l.of(m)
		v := Verdict{ArticleID: a.id, Section: l.matches[m].section, Rule: l.placing(m)}
		v.Chosen = v.Section != 0
		v.Detail = fmt.Sprintf("%s; rank %d of %d: %s", l.placed(v.Rule, m), m+1, len(l.matches), l.rankOf(a))
		trace(v)
	}
	for i := range l.ranked {
		a := &l.ranked[i]
		if rule := l.judge(a); rule != "" {
			trace(Verdict{ArticleID: a.id, Rule: rule, Detail: l.because(rule, a)})
		}
	}
}

// placing is the rule that gave a match its place, or none.
func (l *layout) placing(m int) Rule {
	match, a := &l.matches[m], l.of(m)
	switch {
	case match.change == movedUp, match.change == gaveWay && match.section == 0:
		return RuleDiversity
	case match.section == SectionLatest:
		return RuleLatest
	case match.section == SectionTop && l.choice.article == 0:
		return RuleTop
	case match.section != 0:
		return RuleSection
	case slices.ContainsFunc(a.topics, func(t topicSeq) bool { return l.fits(&t) && l.hasRoom(&t) }):
		return RuleMaxItems
	}
	return RulePerTopic
}

// placed says what a rule of placing means for a match.
func (l *layout) placed(rule Rule, m int) string {
	d := l.digest
	switch rule {
	case RuleDiversity:
		if l.matches[m].change == movedUp {
			return "a story of the source that has all others of the section gave way to it"
		}
		return "it gave way to a story of another source"
	case RuleTop:
		return fmt.Sprintf("among the best %d over all topics", d.Top)
	case RuleLatest:
		return fmt.Sprintf("found no room under its topics, among the newest %d of those", d.Latest)
	case RuleMaxItems:
		return fmt.Sprintf("the digest has its %d stories, max_items", d.MaxItems)
	case RulePerTopic:
		return fmt.Sprintf("the sections of its topics have their %d stories, per_topic", d.PerTopic)
	}
	if l.choice.article != 0 {
		return "the edition is of this story"
	}
	return "under the first of its topics that has room"
}

// rankOf says what ranks a candidate.
func (l *layout) rankOf(a *candidate) string {
	var said []string
	if a.place > 0 {
		said = append(said, fmt.Sprintf("number %d in the editors' order", a.place))
	}
	if a.pinned {
		said = append(said, "pinned")
	}
	if a.priority != 0 {
		said = append(said, fmt.Sprintf("priority %d", a.priority))
	}
	place := l.bestPlace(a)
	said = append(said, fmt.Sprintf("score %d", a.score(l.at)+l.preference(place)), many(a.hours(l.at), "hour")+" old")
	if a.sources > 1 {
		said = append(said, many(a.sources, "source"))
	}
	if place < topicHours && !l.choice.all {
		said = append(said, fmt.Sprintf("topic %d of the reader", place+1))
	}
	return strings.Join(said, ", ")
}

// because says with its values why a rule keeps a candidate from the reader.
func (l *layout) because(rule Rule, a *candidate) string {
	switch rule {
	case RuleArticle:
		return fmt.Sprintf("the edition is of story %d alone", l.choice.article)
	case RuleOffered:
		return l.cameBefore(l.before(a))
	case RuleGone:
		if l.choice.only != 0 {
			return "the edition is of another topic, or of one that the reader did not choose"
		}
		return "the reader chose none of its topics"
	case RuleWindow:
		return l.cameOutside(a)
	case RuleHad:
		return "an earlier mail brought it to the reader"
	case RuleAge:
		return fmt.Sprintf("%s old, max_age is %s", ageInWords(time.Duration(l.at-a.freshAt)*time.Millisecond), ageInWords(l.digest.MaxAge))
	case RuleAudience:
		return fmt.Sprintf("it is for %s, the reader has %s", pairsInWords(a.audience), pairsInWords(l.choice.attributes))
	case RuleLanguage:
		return fmt.Sprintf("it is in %q, the reader reads %q", cmp.Or(a.language, l.digest.language), cmp.Or(l.choice.language, l.digest.language))
	}
	return ""
}

func (l *layout) cameBefore(t *topicSeq) string {
	if t.seq == 0 {
		return "it came with the first fetch of its source, when it was old"
	}
	return fmt.Sprintf("it came as number %d, the window begins after %d", t.seq, l.window.from)
}

// cameOutside says when the first of the reader's topics came, of a story that
// did not come in the window.
func (l *layout) cameOutside(a *candidate) string {
	first := int64(math.MaxInt64)
	for i := range a.topics {
		if t := &a.topics[i]; l.wants(t) {
			first = min(first, t.seq)
		}
	}
	if first > l.window.to {
		return fmt.Sprintf("it came as number %d, the window ends at %d", first, l.window.to)
	}
	return fmt.Sprintf("it came as number %d, before the reader chose its topic; the window begins after %d", first, l.window.from)
}

// pairsInWords writes attributes as they are stored for people.
func pairsInWords(stored string) string {
	return cmp.Or(strings.Join(splitPairs(stored), ", "), "none")
}

// ageInWords writes an age in full days from two on, else in full hours.
func ageInWords(age time.Duration) string {
	if hours := int(age.Hours()); hours < 48 {
		return many(hours, "hour")
	}
	return many(int(age.Hours())/24, "day")
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
