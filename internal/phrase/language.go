package phrase

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/unicode/norm"
)

// primary is the first part of a language tag, in lower case.
func primary(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag)
}

// stemmer returns the algorithm of a language, nil if there is none.
func stemmer(language string) func(*snowballstem.Env) bool {
	switch language {
	case "ar":
		return arabic.Stem
	case "da":
		return danish.Stem
	case "de":
		return german.Stem
	case "en":
		return english.Stem
	case "es":
		return spanish.Stem
	case "fi":
		return finnish.Stem
	case "fr":
		return french.Stem
	case "ga":
		return irish.Stem
	case "hu":
		return hungarian.Stem
	case "it":
		return italian.Stem
	case "nl":
		return dutch.Stem
	case "no", "nb", "nn":
		return norwegian.Stem
	case "pt":
		return portuguese.Stem
	case "ro":
		return romanian.Stem
	case "ru":
		return russian.Stem
	case "sv":
		return swedish.Stem
	case "ta":
		return tamil.Stem
	case "tr":
		return turkish.Stem
	}
	return nil
}

// dotted reports whether a language has an i with and one without a dot, of
// which each has its own capital.
func dotted(language string) bool { return language == "tr" || language == "az" }

// language is how words are reduced.
type language struct {
	stemmer func(*snowballstem.Env) bool
	dotted  bool
}

func newLanguage(tag string) language {
	return language{stemmer: stemmer(tag), dotted: dotted(tag)}
}

// keys reduces a word in both ways: stemmed and then folded, as a stemmer wants
// words with their accents; and folded and then stemmed, so that what is
// written without them is the same.
func (l language) keys(word string) [2]string {
	low := l.lower(word)
	folded := fold(low)
	second := l.stem(folded)
	if low == folded {
		return [2]string{second, second}
	}
	return [2]string{fold(l.stem(low)), second}
}

// lower takes out what is invisible, composes, and turns to lower case.
func (l language) lower(word string) string {
	if !isASCII(word) {
		word = norm.NFKC.String(strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, word))
		word = strings.ReplaceAll(word, "ς", "σ")
	}
	if l.dotted {
		word = strings.NewReplacer("I", "ı", "İ", "i").Replace(word)
	}
	return strings.ToLower(word)
}

func (l language) stem(word string) string {
	if l.stemmer == nil {
		return word
	}
	env := snowballstem.NewEnv(word)
	l.stemmer(env)
	if stem := env.Current(); stem != "" {
		return stem
	}
	return word
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold takes the accents off a word in lower case. Marks of scripts in which
// they are more than accents stay.
func fold(low string) string {
	if isASCII(low) {
		return low
	}
	var b strings.Builder
	base := ' '
	for _, r := range norm.NFD.String(low) {
		if unicode.Is(unicode.Mn, r) {
			if !unicode.In(base, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic) {
				b.WriteRune(r)
			}
			continue
		}
		base = r
		if plain := plainLetter(r); plain != "" {
			b.WriteString(plain)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// plainLetter is how a letter is written without what makes it special, for
// those that Unicode does not take apart; "" for all others.
func plainLetter(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ŧ':
		return "t"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	}
	return ""
}
