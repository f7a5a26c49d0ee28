package digest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"broadsheet/internal/phrase"
)

// StoryPart is a part of a story in which phrases are looked for.
type StoryPart string

// The parts of a story, those that count most first. The lead is the summary
// or, without one, the first paragraph, which is then no part of the body.
const (
	PartTitle StoryPart = "title"
	PartLead  StoryPart = "lead"
	PartBody  StoryPart = "body"
)

// StoryParts returns all parts in their order.
func StoryParts() []StoryPart { return []StoryPart{PartTitle, PartLead, PartBody} }

// points is what a phrase of weight 1 is worth in a part, however often it
// stands there.
func (p StoryPart) points() float64 {
	switch p {
	case PartTitle:
		return 3
	case PartLead:
		return 2
	}
	return 1
}

// DefaultNeeds is how many points the phrases of a topic need to give it: one
// in title or lead is enough, one in the body alone is not.
const DefaultNeeds = 2

// TopicPhrase is a phrase that speaks for a topic.
type TopicPhrase struct {
	Text   string
	Weight float64     // by which its points are multiplied, 0 for 1
	In     []StoryPart // where it counts, nil for all parts
}

// tagPhrases finds the phrases of all topics at once.
type tagPhrases struct {
	matcher *phrase.Matcher
	owners  []tagPhrase // by the number of the phrase in the matcher
}

// tagPhrase is a phrase of a topic.
type tagPhrase struct {
	TopicPhrase
	topic    int // its index
	excludes bool
}

func newTagPhrases(topics []Topic) *tagPhrases {
	p := &tagPhrases{}
	var texts []phrase.Phrase
	for i := range topics {
		t := &topics[i]
		add := func(one TopicPhrase, excludes bool) {
			texts = append(texts, phrase.Phrase{Text: one.Text, Languages: t.Languages})
			if one.Weight == 0 {
				one.Weight = 1
			}
			p.owners = append(p.owners, tagPhrase{one, i, excludes})
		}
		for _, text := range t.Keywords {
			add(TopicPhrase{Text: text}, false)
		}
		for _, one := range t.Phrases {
			add(one, false)
		}
		for _, text := range t.Exclude {
			add(TopicPhrase{Text: text}, true)
		}
	}
	p.matcher = phrase.New(texts)
	return p
}

// find returns what hit of each topic of which something did, by its index.
func (p *tagPhrases) find(in *Incoming, language string) map[int]*topicHits {
	found := map[int]*topicHits{}
	for part, text := range storyTexts(in) {
		for hit := range p.matcher.Find(text, language) {
			owner := &p.owners[hit.Phrase]
			hits := found[owner.topic]
			if hits == nil {
				hits = &topicHits{phrases: p, parts: map[int][]StoryPart{}}
				found[owner.topic] = hits
			}
			hits.add(hit, part)
		}
	}
	return found
}

// storyTexts yields the parts of a story.
func storyTexts(in *Incoming) func(yield func(StoryPart, string) bool) {
	lead, body := in.Summary, in.Body
	if lead == "" {
		lead, body, _ = strings.Cut(body, "\n\n")
	}
	return func(yield func(StoryPart, string) bool) {
		_ = yield(PartTitle, in.Title) && yield(PartLead, lead) && yield(PartBody, body)
	}
}

// topicHits are the phrases of one topic that stand in a story.
type topicHits struct {
	phrases *tagPhrases
	numbers []int // of the phrases
	parts   map[int][]StoryPart
	last    phrase.Hit // that counts
	part    StoryPart  // where that was
}

// add counts a phrase in a part. Hits come one part after the other, and at the
// same place one after the other.
func (h *topicHits) add(hit phrase.Hit, part StoryPart) {
	owner := &h.phrases.owners[hit.Phrase]
	if owner.In != nil && !slices.Contains(owner.In, part) {
		return
	}
	if !owner.excludes {
		if h.part == part && h.last.Start == hit.Start && h.last.End == hit.End { // two forms of the same words count as one
			if owner.Weight <= h.phrases.owners[h.last.Phrase].Weight {
				return
			}
			h.remove(h.last.Phrase, part)
		}
		h.last, h.part = hit, part
	}
	have, known := h.parts[hit.Phrase]
	if !known {
		h.numbers = append(h.numbers, hit.Phrase)
	}
	if !slices.Contains(have, part) {
		h.parts[hit.Phrase] = append(have, part)
	}
}

func (h *topicHits) remove(number int, part StoryPart) {
	h.parts[number] = slices.DeleteFunc(h.parts[number], func(p StoryPart) bool { return p == part })
	if len(h.parts[number]) == 0 {
		delete(h.parts, number)
		h.numbers = slices.DeleteFunc(h.numbers, func(n int) bool { return n == number })
	}
}

// points is what a phrase is worth in its parts.
func (h *topicHits) points(number int) float64 {
	sum := 0.0
	for _, part := range h.parts[number] {
		sum += part.points() * h.phrases.owners[number].Weight
	}
	return sum
}

// judge adds what the phrases say to the finding of their topic.
func (h *topicHits) judge(f *TopicFinding) {
	var hits, exclusions []TagRule
	slices.SortFunc(h.numbers, func(a, b int) int { return cmp.Or(cmp.Compare(h.points(b), h.points(a)), cmp.Compare(a, b)) })
	for _, number := range h.numbers {
		rule := h.rule(number)
		if rule.Kind == TagExcluded {
			exclusions = append(exclusions, rule)
			continue
		}
		f.Points = hundredths(f.Points + h.points(number))
		hits = append(hits, rule)
	}
	f.Excluded = len(exclusions) > 0
	f.Given = f.Given || len(hits) > 0 && f.Points >= f.Needs && !f.Excluded
	if len(hits) > 0 {
		f.Rules = append(f.Rules, TagRule{Kind: TagPhrases, Value: decimal(f.Points) + " of " + decimal(f.Needs)})
	}
	f.Rules = append(append(f.Rules, hits...), exclusions...)
}

// rule tells where a phrase stands, and what it is worth there.
func (h *topicHits) rule(n int) TagRule {
	owner := &h.phrases.owners[n]
	rule := TagRule{Kind: TagPhrase, Value: owner.Text}
	var places []string
	for _, part := range h.parts[n] {
		place := string(part)
		if !owner.excludes {
			place += " " + decimal(part.points()*owner.Weight)
		}
		places = append(places, place)
	}
	if owner.excludes {
		rule.Kind = TagExcluded
	}
	rule.Where = strings.Join(places, ", ")
	return rule
}

func decimal(points float64) string { return strconv.FormatFloat(hundredths(points), 'f', -1, 64) }
