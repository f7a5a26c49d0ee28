package digest

import (
	"math"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Tagger decides what an article belongs to when it arrives: its topics, and
// whether it may fold into another story. It is safe for concurrent use.
type Tagger struct {
	topics         []tagRules
	phrases        *tagPhrases
	language       string // of stories that name none
	keepDuplicates bool   // it folds no story into another
}

type tagRules struct {
	id         int64
	slug       string
	categories []string // folded globs
	paths      []string
	needs      float64
}

// NewTagger compiles the rules of the topics of setup, whose ids must have
// been loaded.
func NewTagger(set *Setup) *Tagger {
	t := &Tagger{phrases: newTagPhrases(set.Topics), language: set.Site.Language, keepDuplicates: set.KeepDuplicates}
	for i := range set.Topics {
		topic := &set.Topics[i]
		rules := tagRules{id: topic.ID, slug: topic.Slug, paths: topic.URLPaths, needs: topic.Needs}
		if rules.needs == 0 {
			rules.needs = DefaultNeeds
		}
		for _, c := range topic.Categories {
			rules.categories = append(rules.categories, category(c))
		}
		t.topics = append(t.topics, rules)
	}
	return t
}

// TopicFinding is what the rules of a topic say of a story.
type TopicFinding struct {
	TopicID  int64
	Given    bool
	Excluded bool      // a phrase that the topic excludes keeps its phrases from giving it
	Rules    []TagRule // that hit, in their order; if it is given, the one that decides first
	Points   float64   // that its phrases have
	Needs    float64   // points from which on its phrases give it
}

// Near reports whether phrases hit, but do not give the topic, nor does any
// other rule.
func (f *TopicFinding) Near() bool { return !f.Given && f.Points > 0 }

// Match returns the topics of an article in the order of configuration, each
// with the rule that gave it and all others that hit: named by whoever sent the
// article, given to all stories of its source, by a category, by the path of
// its URL, by phrases in title, lead or body. source is nil for the API and
// files.
func (t *Tagger) Match(in *Incoming, source *Source) []TopicMatch {
	var out []TopicMatch
	for _, f := range t.Explain(in, source) {
		if f.Given {
			out = append(out, TopicMatch{TopicID: f.TopicID, Reason: tagReason(f.Rules)})
		}
	}
	return out
}

// Explain returns what Match makes of an article for every topic, also those
// that it does not get.
func (t *Tagger) Explain(in *Incoming, source *Source) []TopicFinding {
	out := make([]TopicFinding, len(t.topics))
	story := newTagStory(in, source)
	found := t.phrases.find(in, t.languageOf(in))
	for i := range t.topics {
		rules, f := &t.topics[i], &out[i]
		f.TopicID, f.Needs, f.Rules = rules.id, rules.needs, rules.match(story)
		f.Given = len(f.Rules) > 0
		if hits := found[i]; hits != nil {
			hits.judge(f)
		}
	}
	return out
}

func (t *Tagger) languageOf(in *Incoming) string {
	if in.Language == "" {
		return t.language
	}
	return in.Language
}

// tagStory is what rules without phrases look at.
type tagStory struct {
	given, ofSource []string // slugs
	categories      []string // folded
	urlPath         string
}

func newTagStory(in *Incoming, source *Source) *tagStory {
	s := &tagStory{}
	for _, slug := range in.Topics {
		s.given = append(s.given, strings.ToLower(strings.TrimSpace(slug)))
	}
	if source != nil {
		s.ofSource = source.Topics
	}
	for _, c := range in.Categories {
		s.categories = append(s.categories, category(c))
	}
	if u, err := url.Parse(in.URL); err == nil {
		s.urlPath = u.Path
	}
	return s
}

// match returns the rules without phrases that hit, each of which gives the
// topic.
func (r *tagRules) match(s *tagStory) []TagRule {
	var out []TagRule
	add := func(kind TagKind, value string) {
		if rule := (TagRule{Kind: kind, Value: value}); !slices.Contains(out, rule) {
			out = append(out, rule)
		}
	}
	if slices.Contains(s.given, r.slug) {
		add(TagGiven, "")
	}
	if slices.Contains(s.ofSource, r.slug) {
		add(TagSource, "")
	}
	for _, glob := range r.categories {
		for _, c := range s.categories {
			if ok, err := path.Match(glob, c); ok && err == nil {
				add(TagCategory, strings.ReplaceAll(c, "|", "/"))
			}
		}
	}
	for _, prefix := range r.paths {
		if s.urlPath != "" && strings.HasPrefix(s.urlPath, prefix) {
			add(TagPath, prefix)
		}
	}
	return out
}

// category folds a category; a slash is a letter like others to its globs.
func category(s string) string { return strings.ReplaceAll(fold(s), "/", "|") }

// fold removes case and accents.
func fold(s string) string {
	strip := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	folded, _, err := transform.String(strip, strings.ToLower(s))
	if err != nil {
		return strings.ToLower(s)
	}
	return strings.TrimSpace(folded)
}

// words folds s to its words, a space between and around them.
func words(s string) string {
	return " " + strings.Join(strings.FieldsFunc(fold(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ") + " "
}

// hundredths keeps sums of decimal weights from ending in nines.
func hundredths(points float64) float64 { return math.Round(points*100) / 100 }
