package digest

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TagKind names a kind of rule that gives a topic, or what belongs to one.
type TagKind string

// The kinds of rules, in the order in which they are asked.
const (
	TagGiven    TagKind = "given"    // named by who sent the article
	TagSource   TagKind = "source"   // given to all stories of the source
	TagCategory TagKind = "category" // its value is the article's, folded
	TagPath     TagKind = "path"     // its value is what the path begins with
	TagPhrases  TagKind = "phrases"  // its value is "5 of 2": the points and those that are needed
	TagPhrase   TagKind = "phrase"   // one of these; where tells its parts with the points, "title 3, body 1"
	TagExcluded TagKind = "excluded" // a phrase that speaks against the topic; where tells its parts
	TagKeyword  TagKind = "keyword"  // what stood in title or summary, in articles from before phrases had points
	TagMore     TagKind = "more"     // its value is how many rules did not find room
)

// TagRule is a rule that hit.
type TagRule struct {
	Kind  TagKind
	Value string
	Where string
}

// String returns the rule as reasons have it: "given", "category:sport" or
// "phrase:treaty (title 3, body 1)".
func (r TagRule) String() string {
	text := string(r.Kind)
	if r.Value != "" {
		text += ":" + shortened(tagValue(r.Value), 150)
	}
	if r.Where != "" {
		text += " (" + r.Where + ")"
	}
	return text
}

// Reasons are bounded, also when FoldReason comes before them.
const (
	maxReason = 500 - len(FoldReason)
	tagBar    = " | " // between two rules
)

// tagReason writes the rules that hit as the reason for a topic.
func tagReason(rules []TagRule) string {
	text := ""
	for i, rule := range rules {
		next := rule.String()
		if i == 0 {
			text = next
			continue
		}
		more := TagRule{Kind: TagMore, Value: strconv.Itoa(len(rules) - i)}.String()
		room := maxReason - len(text) - len(tagBar)
		if len(next) > room || i < len(rules)-1 && len(next)+len(tagBar)+len(more) > room {
			return text + tagBar + more
		}
		text += tagBar + next
	}
	return text
}

// tagValue takes out what ends a rule or a line.
func tagValue(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '|':
			return '/'
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, value)
}

// shortened cuts a text to most bytes of whole characters.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// ParseReason reads the reason of a topic, also as it was written before. It
// reports whether the topic came from a story that is folded into the article.
func ParseReason(reason string) (rules []TagRule, folded bool) {
	for strings.HasPrefix(reason, FoldReason) {
		reason, folded = reason[len(FoldReason):], true
	}
	for text := range strings.SplitSeq(reason, tagBar) {
		kind, value, _ := strings.Cut(text, ":")
		rule := TagRule{Kind: TagKind(kind), Value: value}
		if rule.Kind == TagPhrase || rule.Kind == TagExcluded {
			if at := strings.LastIndex(value, " ("); at > 0 && strings.HasSuffix(value, ")") {
				rule.Value, rule.Where = value[:at], value[at+2:len(value)-1]
			}
		}
		rules = append(rules, rule)
	}
	return rules, folded
}
