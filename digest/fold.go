package digest

import (
	"hash/fnv"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// When a story folds into another one. A false fold costs readers a story and a
// missed one shows them two that are alike, so all of it leans to the latter.
const (
	foldWithin  = 72 * time.Hour   // how long before it the lead has arrived
	foldHead    = 0.6              // of the pairs of words in title and summary that both have
	foldTwin    = 0.9              // the same of what no bodies tell apart
	foldBody    = 0.6              // of the shorter body's triples of words that the other has
	foldWire    = 0.85             // the same where headlines and summaries differ: agency copy that each paper heads itself
	foldOwnBody = 0.8              // of the triples of both bodies, where one source has both
	foldTitle   = 0.25             // of the shorter title's long words that the other has
	foldMoment  = 10 * time.Minute // between the dates of twins
	headWords   = 15               // fewer in title and summary say too little
	bodyWords   = 60               // fewer are no body
	mostBody    = 2000             // words of a body that are compared
)

// foldText is what folding compares of a story.
type foldText struct {
	title, summary, body string
	language             string
	sourceID             int64 // 0 for the API and files
	host                 string
	published            int64
}

func newFoldText(c *articleContent, sourceID, published int64) *foldText {
	t := &foldText{title: c.Title, summary: c.Summary, body: c.Body, language: c.Language, sourceID: sourceID, published: published}
	if u, err := url.Parse(c.URL); err == nil {
		t.host = strings.TrimPrefix(u.Hostname(), "www.")
	}
	return t
}

// sameStory reports whether one of two texts says nothing that the other does
// not, so that a reader of one needs no other.
func sameStory(a, b *foldText) bool {
	head, other := foldTokens(a.title+" "+a.summary), foldTokens(b.title+" "+b.summary)
	if len(head) < headWords || len(other) < headWords || !sameLanguage(a.language, b.language) || numbersDiffer(head, other) {
		return false
	}
	alike := resemblance(shingles(head, 2), shingles(other, 2))
	body, otherBody := a.bodyTokens(), b.bodyTokens()
	oneSource := a.host != "" && a.host == b.host || a.sourceID != 0 && a.sourceID == b.sourceID
	if len(body) < bodyWords || len(otherBody) < bodyWords {
		return alike >= foldHead && a.sameInShort(b, oneSource, alike)
	}
	triples, otherTriples := shingles(body, 3), shingles(otherBody, 3)
	switch {
	case numbersDiffer(body, otherBody):
		return false
	case oneSource:
		return alike >= foldHead && resemblance(triples, otherTriples) >= foldOwnBody
	case alike < foldHead:
		return containment(triples, otherTriples) >= foldWire
	}
	return containment(triples, otherTriples) >= foldBody
}

// sameInShort decides where there are no bodies. Of one source only what it
// published once more under the same date is the same, for title and summary of
// a column may be the same each day. Of two, the headline may be another of the
// same matter, but then all of the summary is the same: columns differ in little
// as well, and some feeds describe their paper where the summary should be.
func (t *foldText) sameInShort(other *foldText, oneSource bool, alike float64) bool {
	sameTitle := words(t.title) == words(other.title)
	if oneSource {
		apart := time.Duration(max(t.published-other.published, other.published-t.published)) * time.Millisecond
		return alike >= foldTwin && sameTitle && apart <= foldMoment
	}
	if sameTitle {
		return true
	}
	summary, otherSummary := foldTokens(t.summary), foldTokens(other.summary)
	return min(len(summary), len(otherSummary)) >= headWords &&
		resemblance(shingles(summary, 2), shingles(otherSummary, 2)) >= foldTwin &&
		containment(longWords(t.title), longWords(other.title)) >= foldTitle
}

// longWords are the hashes of the words of a title that say what it is about.
func longWords(title string) map[uint64]bool {
	out := map[uint64]bool{}
	for _, word := range foldTokens(title) {
		if utf8.RuneCountInString(word) >= 4 {
			out[hashWords(word)] = true
		}
	}
	return out
}

func (t *foldText) bodyTokens() []string {
	tokens := foldTokens(t.body)
	return tokens[:min(len(tokens), mostBody)]
}

// sameLanguage compares the languages of two tags; one that is not known is any.
func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return a == "" || b == "" || strings.EqualFold(a, b)
}

// numbersDiffer reports whether either text has a number that the other lacks:
// then they tell different results, days or counts.
func numbersDiffer(a, b []string) bool {
	left, right := numbersOf(a), numbersOf(b)
	return lacks(left, right) && lacks(right, left)
}

func numbersOf(tokens []string) map[string]bool {
	out := map[string]bool{}
	for _, word := range tokens {
		if strings.ContainsFunc(word, unicode.IsDigit) {
			out[word] = true
		}
	}
	return out
}

func lacks(have, want map[string]bool) bool {
	for word := range want {
		if !have[word] {
			return true
		}
	}
	return false
}

// foldTokens are the folded words of a text; characters of scripts that put no
// spaces between words stand for themselves.
func foldTokens(s string) []string {
	var out []string
	for _, word := range strings.Fields(words(s)) {
		start := 0
		for i, r := range word {
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
				if start < i {
					out = append(out, word[start:i])
				}
				out, start = append(out, string(r)), i+len(string(r))
			}
		}
		if start < len(word) {
			out = append(out, word[start:])
		}
	}
	return out
}

// shingles are the hashes of each n words in a row.
func shingles(tokens []string, n int) map[uint64]bool {
	out := make(map[uint64]bool, len(tokens))
	for i := 0; i+n <= len(tokens); i++ {
		out[hashWords(tokens[i:i+n]...)] = true
	}
	return out
}

// hashWords spreads what FNV leaves in the low bits over all of them.
func hashWords(tokens ...string) uint64 {
	h := fnv.New64a()
	for _, word := range tokens {
		_, _ = h.Write([]byte(word)) // a hash takes everything
		_, _ = h.Write([]byte{0})
	}
	return spread(h.Sum64())
}

func common(a, b map[uint64]bool) (n int) {
	for h := range a {
		if b[h] {
			n++
		}
	}
	return n
}

// resemblance is the part of all shingles that both texts have.
func resemblance(a, b map[uint64]bool) float64 {
	both := common(a, b)
	return float64(both) / float64(max(len(a)+len(b)-both, 1))
}

// containment is the part of the shorter text's shingles that the other has.
func containment(a, b map[uint64]bool) float64 {
	return float64(common(a, b)) / float64(max(min(len(a), len(b)), 1))
}
