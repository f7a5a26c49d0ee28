package phrase_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"broadsheet/internal/phrase"
)

// benchWords are words of a language, the frequent ones first: short function
// words, then stems with the endings of the language.
func benchWords(language string, random *rand.Rand) []string {
	function := strings.Fields("the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which")
	syllables := strings.Fields("ab ac ber cal con dem der el fer gov hal in kor lan mar min nat ol par por qua rel ser sta ter un val vor wes zen tion ment")
	endings := strings.Fields("s ed ing ly er ers ation ations ment - - - -")
	if language == "de" {
		function = strings.Fields("der die das und in zu den von mit ist des sich auf für nicht ein eine dem es im an auch als über nach bei aus wird sie er")
		syllables = strings.Fields("ab ähn ber bürg dem der ein für gel grö haus in kön land mär mit nach öl par reg schul sta ter über un ver vor wes zei ßen lich keit")
		endings = strings.Fields("en er es e em ung ungen keit lich liche lichen - - -")
	}
	seen := map[string]bool{}
	words := append([]string(nil), function...)
	for len(words) < 30_000 {
		var b strings.Builder
		for range 1 + random.IntN(3) {
			b.WriteString(syllables[random.IntN(len(syllables))])
		}
		b.WriteString(strings.Trim(endings[random.IntN(len(endings))], "-"))
		if word := b.String(); !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// benchText is about so many bytes of news in which words are as frequent as
// Zipf found them to be.
func benchText(words []string, size int, random *rand.Rand) string {
	zipf := rand.NewZipf(random, 1.07, 3, uint64(len(words)-1))
	var b strings.Builder
	begins := true
	for n := 1; b.Len() < size; n++ {
		word := words[zipf.Uint64()]
		if begins || random.IntN(12) == 0 {
			first := []rune(word)
			word = strings.ToUpper(string(first[:1])) + string(first[1:])
		}
		b.WriteString(word)
		begins = n%17 == 0
		switch {
		case n%85 == 0:
			b.WriteString(".\n\n")
		case begins:
			b.WriteString(". ")
		case n%9 == 0:
			b.WriteString(", ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func BenchmarkFind(b *testing.B) {
	for _, language := range []string{"en", "de"} {
		for _, count := range []int{100, 5000} {
			b.Run(fmt.Sprintf("%s/phrases=%d", language, count), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 2))
				words := benchWords(language, random)
				all := make([]phrase.Phrase, count)
				for i := range all {
					var parts []string
					for range 1 + random.IntN(3) {
						parts = append(parts, words[100+random.IntN(len(words)-100)])
					}
					all[i].Text = strings.Join(parts, " ")
				}
				m := phrase.New(all)
				text := benchText(words, 1<<20, random)
				hits := 0
				for range m.Find(text, language) {
					hits++
				}
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					for range m.Find(text, language) {
					}
				}
				b.ReportMetric(float64(hits)*1024*1024/float64(len(text)), "hits/MB")
			})
		}
	}
}

func BenchmarkNew(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	words := benchWords("en", random)
	all := make([]phrase.Phrase, 5000)
	for i := range all {
		all[i].Text = words[100+random.IntN(len(words)-100)] + " " + words[random.IntN(len(words))]
	}
	for b.Loop() {
		for range phrase.New(all).Find("a text", "en") {
		}
	}
}
