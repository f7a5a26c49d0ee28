// Package phrase finds thousands of phrases in texts at once, by whole words,
// with case and accents folded and words reduced to their stems.
package phrase

import (
	"iter"
	"slices"
	"sync"
)

// Phrase is some words that stand one after the other.
type Phrase struct {
	Text      string
	Languages []string // BCP 47, of texts in which it is looked for; nil for all
}

// Hit is a place where a phrase stands in a text.
type Hit struct {
	Phrase     int // its index
	Start, End int // the bytes of the text, from its first word to its last
}

// Matcher finds phrases. It is safe for concurrent use and does not change in
// what it finds.
//
// A word is letters and digits with their marks; all else separates words, so
// that a phrase is found over hyphens, apostrophes and line ends. Of scripts
// that put no spaces between words each character is one. Two words are the
// same if they are so after stemming and then folding case and accents, or
// after folding and then stemming; a phrase is found if one of the two ways
// makes all its words the same. Stems are those of the text's language, for
// which Snowball has an algorithm or not; without one, words are folded only.
type Matcher struct {
	phrases   []Phrase
	languages map[string]bool // that phrases name

	mu      sync.Mutex
	readers map[string]*reader // by language, made when they are needed
}

// New returns a matcher of phrases. One without a word is never found.
func New(phrases []Phrase) *Matcher {
	m := &Matcher{phrases: slices.Clone(phrases), languages: map[string]bool{}, readers: map[string]*reader{}}
	for _, p := range phrases {
		for _, tag := range p.Languages {
			m.languages[primary(tag)] = true
		}
	}
	return m
}

// Find yields the places of all phrases in a text of a language, a BCP 47 tag
// of which the first part counts; what is unknown or "" has no stems. Hits come
// in the order of their ends, of those that end together the longest first.
// Words of more than 192 bytes are part of no hit.
func (m *Matcher) Find(text, language string) iter.Seq[Hit] {
	return func(yield func(Hit) bool) {
		if len(m.phrases) > 0 {
			m.reader(language).find(text, yield)
		}
	}
}

// reader returns what finds the phrases in texts of a language. Languages that
// make no difference share one, so that there are not many.
func (m *Matcher) reader(tag string) *reader {
	language := primary(tag)
	if stemmer(language) == nil && !dotted(language) && !m.languages[language] {
		language = ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.readers[language]
	if r == nil {
		r = newReader(m.phrases, language)
		m.readers[language] = r
	}
	return r
}

// reader finds phrases in texts of one language, two ways at once.
type reader struct {
	language language
	cache    *cache
	vocab    [2]map[string]uint32 // of the phrases, by the two keys of a word; ids begin with 1
	tries    [2]*trie
	longest  int // words of a phrase
}

func newReader(phrases []Phrase, tag string) *reader {
	r := &reader{language: newLanguage(tag), cache: newCache()}
	var builders [2]builder
	for i := range r.vocab {
		r.vocab[i] = map[string]uint32{}
		builders[i] = newBuilder()
	}
	for id, p := range phrases {
		if p.Languages != nil && !slices.ContainsFunc(p.Languages, func(other string) bool { return primary(other) == tag }) {
			continue
		}
		var words [2][]uint32
		for word := range each(p.Text) {
			for i, key := range r.language.keys(p.Text[word.start:word.end]) {
				words[i] = append(words[i], r.intern(i, key))
			}
		}
		r.longest = max(r.longest, len(words[0]))
		for i := range builders {
			builders[i].add(words[i], id)
		}
	}
	for i := range builders {
		r.tries[i] = builders[i].build(len(r.vocab[i]) + 1)
	}
	return r
}

func (r *reader) intern(way int, key string) uint32 {
	id, ok := r.vocab[way][key]
	if !ok {
		id = uint32(len(r.vocab[way]) + 1)
		r.vocab[way][key] = id
	}
	return id
}

// ids returns what a word is in the two vocabularies, 0 if no phrase has it.
func (r *reader) ids(word string) [2]uint32 {
	if len(word) > maxWord {
		return [2]uint32{}
	}
	if ids, ok := r.cache.get(word); ok {
		return ids
	}
	var ids [2]uint32
	for i, key := range r.language.keys(word) {
		ids[i] = r.vocab[i][key]
	}
	r.cache.put(word, ids)
	return ids
}

func (r *reader) find(text string, yield func(Hit) bool) {
	starts := make([]int, max(r.longest, 1)) // of the last words, a ring
	n := 0
	var states [2]uint32
	for word := range each(text) {
		starts[n%len(starts)] = word.start
		n++
		ids := r.ids(text[word.start:word.end])
		if ids == ([2]uint32{}) {
			states = [2]uint32{}
			continue
		}
		for i := range states {
			states[i] = r.tries[i].step(states[i], ids[i])
		}
		if states == ([2]uint32{}) {
			continue
		}
		for length, id := range r.ending(states) {
			if !yield(Hit{Phrase: id, Start: starts[(n-length)%len(starts)], End: word.end}) {
				return
			}
		}
	}
}

// ending yields the phrases that end where the tries are, by their length in
// words, the longest first, each once.
func (r *reader) ending(states [2]uint32) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		a, b := r.tries[0].first(states[0]), r.tries[1].first(states[1])
		for a != 0 || b != 0 {
			x, y := &r.tries[0].nodes[a], &r.tries[1].nodes[b] // the root has depth 0
			depth := max(x.depth, y.depth)
			var ids []int32
			if x.depth == depth {
				ids, a = x.phrases, x.report
			}
			for _, id := range ids {
				if !yield(int(depth), int(id)) {
					return
				}
			}
			if y.depth < depth {
				continue
			}
			b = y.report
			for _, id := range y.phrases {
				if !slices.Contains(ids, id) && !yield(int(depth), int(id)) {
					return
				}
			}
		}
	}
}
