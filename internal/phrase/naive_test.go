package phrase_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"broadsheet/internal/phrase"
)

// naive looks for each phrase at each word. It is for European languages.
type naive struct {
	tag  string
	stem func(*snowballstem.Env) bool
}

func naives() []naive {
	return []naive{
		{"en", english.Stem}, {"de", german.Stem}, {"fr", french.Stem}, {"es", spanish.Stem}, {"ru", russian.Stem}, {"tr", turkish.Stem}, {"pl", nil},
	}
}

type naiveWord struct {
	start, end int
	stemFirst  string
	foldFirst  string
}

func (n naive) words(text string) []naiveWord {
	inside := func(r rune) bool { return unicode.In(r, unicode.L, unicode.Nd, unicode.M) }
	var out []naiveWord
	start := -1
	for i, r := range text + " " {
		switch {
		case inside(r) && start < 0:
			start = i
		case !inside(r) && r != '\u00ad' && start >= 0:
			end := start + len(strings.TrimRight(text[start:i], "\u00ad"))
			low := cases.Lower(language.Make(n.tag)).String(norm.NFKC.String(strings.ReplaceAll(text[start:end], "\u00ad", "")))
			out = append(out, naiveWord{start, end, n.fold(n.stemmed(low)), n.stemmed(n.fold(low))})
			start = -1
		}
	}
	return out
}

func (n naive) stemmed(word string) string {
	if n.stem == nil {
		return word
	}
	env := snowballstem.NewEnv(word)
	n.stem(env)
	if env.Current() == "" {
		return word
	}
	return env.Current()
}

func (n naive) fold(word string) string {
	out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), word)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("ß", "ss", "ı", "i", "ø", "o", "ł", "l", "đ", "d", "æ", "ae", "œ", "oe").Replace(out)
}

func (n naive) find(phrases []phrase.Phrase, text string) []phrase.Hit {
	words := n.words(text)
	var hits []phrase.Hit
	for id, p := range phrases {
		want := n.words(p.Text)
		for i := 0; len(want) > 0 && i+len(want) <= len(words); i++ {
			here := words[i : i+len(want)]
			if slices.EqualFunc(here, want, func(a, b naiveWord) bool { return a.stemFirst == b.stemFirst }) ||
				slices.EqualFunc(here, want, func(a, b naiveWord) bool { return a.foldFirst == b.foldFirst }) {
				hits = append(hits, phrase.Hit{Phrase: id, Start: here[0].start, End: here[len(here)-1].end})
			}
		}
	}
	return hits
}

// texts makes texts of few words in many forms, so that phrases of them meet.
type texts struct{ random *rand.Rand }

func (x texts) pick(all []string) string { return all[x.random.IntN(len(all))] }

func (x texts) word() string {
	stems := []string{
		"wahl", "straß", "Größ", "élection", "sécurit", "côt", "elecci", "niñ", "выбор", "район", "съёмк", "ışı", "İstanbul", "kitap",
		"nation", "treat", "run", "o", "l", "G7", "2026", "Łódź", "Ærø", "œuvr", "IŞI", "ı", "i", "ﬁn",
	}
	endings := []string{"", "", "", "s", "en", "e", "es", "ation", "ions", "ly", "ing", "é", "ées", "ón", "ones", "ах", "ов", "ый", "lar", "ların", "ßen", "da", "y", "ies"}
	word := x.pick(stems) + x.pick(endings)
	switch x.random.IntN(8) {
	case 0:
		word = strings.ToUpper(word)
	case 1:
		word = norm.NFD.String(word)
	case 2:
		word = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFD.String(word))
	case 3:
		at := x.random.IntN(len([]rune(word)) + 1)
		word = string([]rune(word)[:at]) + "\u00ad" + string([]rune(word)[at:])
	}
	return word
}

func (x texts) text(words int) string {
	separators := []string{" ", " ", " ", " ", "-", "'", "’", "\n", ", ", ". “", " — ", "\u00a0", "...", "\u200b"}
	var b strings.Builder
	for range words {
		b.WriteString(x.word())
		b.WriteString(x.pick(separators))
	}
	return b.String()
}

func sorted(hits []phrase.Hit) []string {
	var out []string
	for _, hit := range hits {
		out = append(out, fmt.Sprintf("%5d %5d %d", hit.Start, hit.End, hit.Phrase))
	}
	slices.Sort(out)
	return out
}

// TestFindLikeNaive compares with a search that is too simple to be wrong.
func TestFindLikeNaive(t *testing.T) {
	for _, n := range naives() {
		t.Run(n.tag, func(t *testing.T) {
			x := texts{rand.New(rand.NewPCG(7, uint64(n.tag[0])<<8|uint64(n.tag[1])))}
			total := 0
			for range 100 {
				phrases := make([]phrase.Phrase, 20)
				for i := range phrases {
					phrases[i].Text = x.text(x.random.IntN(4))
				}
				m := phrase.New(phrases)
				for range 3 {
					text := x.text(60)
					got, want := slices.Collect(m.Find(text, n.tag)), n.find(phrases, text)
					total += len(want)
					if a, b := sorted(got), sorted(want); !slices.Equal(a, b) {
						t.Fatalf("text %q, phrases %q:\ngot  %v\nwant %v", text, phrases, a, b)
					}
					if !slices.IsSortedFunc(got, func(a, b phrase.Hit) int { return a.End - b.End }) {
						t.Fatalf("the hits are not in the order of their ends: %v", got)
					}
				}
			}
			if total < 150 {
				t.Errorf("only %d hits were compared", total)
			}
		})
	}
}

func FuzzFind(f *testing.F) {
	f.Add("united nations", "The United\u00ad Nations’ treaty", "en")
	f.Add("ışık", "IŞIK ışığın", "tr")
	f.Add("กรุง", "กรุงเทพ", "th")
	f.Add("a\u0301 b", "\u0301a \u200d\u0301 b", "fr")
	f.Fuzz(func(t *testing.T, text, in, language string) {
		if len(text) > 200 || len(in) > 10_000 {
			return
		}
		m := phrase.New(phrases(text, in, "the"))
		for hit := range m.Find(in+" "+text+"\n"+in, language) {
			if hit.Start < 0 || hit.Start >= hit.End || hit.End > 2*len(in)+len(text)+2 {
				t.Fatalf("hit %v", hit)
			}
		}
		alone := 0
		for hit := range m.Find(text, language) {
			if hit.Phrase == 0 {
				alone++
			}
		}
		found := false
		for hit := range m.Find(". "+text+" .", language) {
			found = found || hit.Phrase == 0
		}
		if found != (alone > 0) {
			t.Fatalf("found alone: %d, found between full stops: %t", alone, found)
		}
	})
}
