package digest

import (
	"net/url"
	"path"
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
	keepDuplicates bool // it folds no story into another
}

type tagRules struct {
	id         int64
	slug       string
	keywords   []string // folded, with a space on either side
	categories []string // folded globs
	paths      []string
}

// NewTagger compiles the rules of the topics of setup, whose ids must have
// been loaded.
func NewTagger(set *Setup) *Tagger {
	t := &Tagger{keepDuplicates: set.KeepDuplicates}
	for _, topic := range set.Topics {
		rules := tagRules{id: topic.ID, slug: topic.Slug, paths: topic.URLPaths}
		for _, k := range topic.Keywords {
			if folded := words(k); folded != "  " {
				rules.keywords = append(rules.keywords, folded)
			}
		}
		for _, c := range topic.Categories {
			rules.categories = append(rules.categories, category(c))
		}
		t.topics = append(t.topics, rules)
	}
	return t
}

// Match returns the topics of an article in the order of configuration, each
// with the first rule that gave it: named by whoever sent the article, given
// to all stories of its source, by a category, by the path of its URL, by a
// keyword in title or summary. source is nil for the API and files.
func (t *Tagger) Match(in *Incoming, source *Source) []TopicMatch {
	given := map[string]bool{}
	for _, slug := range in.Topics {
		given[strings.ToLower(strings.TrimSpace(slug))] = true
	}
	ofSource := map[string]bool{}
	if source != nil {
		for _, slug := range source.Topics {
			ofSource[slug] = true
		}
	}
	categories := make([]string, len(in.Categories))
	for i, c := range in.Categories {
		categories[i] = category(c)
	}
	text := words(in.Title + " " + in.Summary)
	urlPath := ""
	if u, err := url.Parse(in.URL); err == nil {
		urlPath = u.Path
	}
	var out []TopicMatch
	for _, rules := range t.topics {
		reason := ""
		switch {
		case given[rules.slug]:
			reason = "given"
		case ofSource[rules.slug]:
			reason = "source"
		default:
			reason = rules.match(categories, urlPath, text)
		}
		if reason != "" {
			out = append(out, TopicMatch{TopicID: rules.id, Reason: reason})
		}
	}
	return out
}

func (r *tagRules) match(categories []string, urlPath, text string) string {
	for _, glob := range r.categories {
		for _, c := range categories {
			if ok, err := path.Match(glob, c); ok && err == nil {
				return "category:" + strings.ReplaceAll(c, "|", "/")
			}
		}
	}
	for _, prefix := range r.paths {
		if urlPath != "" && strings.HasPrefix(urlPath, prefix) {
			return "path:" + prefix
		}
	}
	for _, k := range r.keywords {
		if strings.Contains(text, k) {
			return "keyword:" + strings.TrimSpace(k)
		}
	}
	return ""
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

// words folds s to its words, a space between and around them, so that a
// phrase is found by whole words.
func words(s string) string {
	return " " + strings.Join(strings.FieldsFunc(fold(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ") + " "
}
