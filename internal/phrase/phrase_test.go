package phrase_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"broadsheet/internal/phrase"
)

// found lists what stands in a text, as it stands there.
func found(m *phrase.Matcher, text, language string) []string {
	var out []string
	for hit := range m.Find(text, language) {
		out = append(out, fmt.Sprintf("%d:%s", hit.Phrase, text[hit.Start:hit.End]))
	}
	return out
}

func phrases(texts ...string) []phrase.Phrase {
	out := make([]phrase.Phrase, len(texts))
	for i, text := range texts {
		out[i].Text = text
	}
	return out
}

func TestFind(t *testing.T) {
	tests := []struct {
		name, phrase, language, text string
		want                         string // the places, with | between them
	}{
		{"whole words", "cup", "en", "The cup, cupboards and a hiccup.", "cup"},
		{"in the plural", "cup", "en", "Two cups", "cups"},
		{"a phrase in the plural", "election results", "en", "the election's results; election result", "election result"},
		{"over punctuation and lines", "united nations", "en", "“United\n Nations”: a report", "United\n Nations"},
		{"in another order", "united nations", "en", "Nations united", ""},
		{"with a word between", "united nations", "en", "united the nations", ""},
		{"hyphens", "by-election", "en", "A by election, by-elections", "by election|by-elections"},
		{"apostrophes", "people's party", "en", "the People’s Party", "People’s Party"},
		{"French elision", "Élysée", "fr", "à l'Élysée, à l’ELYSEE", "Élysée|ELYSEE"},
		{"accents of a stem, with", "sécurité", "fr", "les sécurités", "sécurités"},
		{"accents of a stem, without", "sécurité", "fr", "SECURITE, SECURITES", "SECURITE|SECURITES"},
		{"decomposed accents", "Élysée", "fr", "l'E\u0301lyse\u0301e", "E\u0301lyse\u0301e"},
		{"German", "Bürgermeisterwahl", "de", "Bürgermeisterwahlen", "Bürgermeisterwahlen"},
		{"sharp s", "Straße", "de", "STRASSE, STRAẞE, Straßen", "STRASSE|STRAẞE|Straßen"},
		{"sharp s without stems", "straße", "xx", "Strasse", "Strasse"},
		{"Spanish", "elección", "es", "las elecciones", "elecciones"},
		{"Portuguese", "eleição", "pt", "eleição, eleicao", "eleição|eleicao"},
		{"Russian", "выборы", "ru", "на выборах", "выборах"},
		{"Russian short i", "новый район", "ru", "в новом районе", "новом районе"},
		{"Russian yo", "съёмка", "ru", "съемка", "съемка"},
		{"Turkish capital of i", "istanbul", "tr", "İSTANBUL", "İSTANBUL"},
		{"Turkish capital of dotless i", "ışık", "tr", "IŞIK", "IŞIK"},
		{"Turkish ending", "İstanbul", "tr", "İstanbul'da", "İstanbul"},
		{"Turkish in English", "istanbul", "en", "ISTANBUL, İstanbul", "ISTANBUL|İstanbul"},
		{"Azeri", "işıq", "az", "İŞIQ", "İŞIQ"},
		{"Nordic letters", "Løkke", "da", "LOKKE", "LOKKE"},
		{"Polish letters", "Łódź", "pl", "Lodz, ŁÓDŹ, Łodzi", "Lodz|ŁÓDŹ"},
		{"no stems of an unknown language", "cup", "xx", "cups cup", "cup"},
		{"no stems without a language", "cup", "", "cups cup", "cup"},
		{"region of a language", "cup", "en-GB", "cups", "cups"},
		{"Chinese", "北京", "zh", "在北京市", "北京"},
		{"Japanese keeps its marks", "かき", "ja", "かぎ、かき", "かき"},
		{"Japanese decomposed", "ガ", "ja", "カ\u3099", "カ\u3099"},
		{"Japanese long vowel", "データ", "ja", "データ", "データ"},
		{"Korean", "서울", "ko", "서울에서", "서울"},
		{"Thai", "กรุงเทพ", "th", "ในกรุงเทพมหานคร", "กรุงเทพ"},
		{"Thai keeps its marks", "กา", "th", "ก้า กา", "กา"},
		{"Latin beside Chinese", "NATO", "zh", "加入NATO后", "NATO"},
		{"Hindi keeps its vowels", "कि", "hi", "की कि", "कि"},
		{"Hebrew points", "שלום", "he", "שָׁלוֹם", "שָׁלוֹם"},
		{"Arabic marks", "مدرسة", "ar", "مَدْرَسَة", "مَدْرَسَة"},
		{"full width", "NATO", "ja", "ＮＡＴＯ", "ＮＡＴＯ"},
		{"ligature", "office", "en", "oﬃces", "oﬃces"},
		{"soft hyphen", "cooperation", "en", "co\u00ADoperation", "co\u00ADoperation"},
		{"zero width space", "united nations", "en", "united\u200bnations", "united\u200bnations"},
		{"digits", "G7", "en", "The G7's, a G77", "G7"},
		{"no word", " – ", "en", "a – b", ""},
		{"broken text", "cup", "en", "\xffcup\xc3", "cup"},
		{"final sigma", "ΟΔΟΣ", "el", "οδος", "οδος"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := phrase.New(phrases(test.phrase))
			var want []string
			for place := range strings.SplitSeq(test.want, "|") {
				if place != "" {
					want = append(want, "0:"+place)
				}
			}
			if got := found(m, test.text, test.language); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestFindSeveral(t *testing.T) {
	m := phrase.New(phrases("new york", "york", "new york times", "York", "times square", "the new", "times"))
	got := found(m, "the New York Times Square of York", "en")
	want := []string{"5:the New", "0:New York", "1:York", "3:York", "2:New York Times", "6:Times", "4:Times Square", "1:York", "3:York"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := found(phrase.New(nil), "a text", "en"); got != nil {
		t.Errorf("without phrases: got %q", got)
	}
	for hit := range m.Find("York, York", "en") {
		if hit.Start != 0 {
			t.Errorf("it goes on after the end: %v", hit)
		}
		break
	}
}

func TestFindInLanguagesOfAPhrase(t *testing.T) {
	m := phrase.New([]phrase.Phrase{{Text: "Gift", Languages: []string{"de", "pl-PL"}}, {Text: "gift"}, {Text: "gift", Languages: []string{}}})
	for language, want := range map[string]string{"en": "1", "de": "0 1", "de-AT": "0 1", "DE_CH": "0 1", "pl": "0 1", "xx": "1", "": "1"} {
		var got []string
		for hit := range m.Find("gift", language) {
			got = append(got, fmt.Sprint(hit.Phrase))
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q: got %s, want %s", language, got, want)
		}
	}
}

func TestLongWords(t *testing.T) {
	long := strings.Repeat("a", 192)
	m := phrase.New(phrases(long, long+"a"))
	if got := found(m, long+" "+long+"a", ""); len(got) != 1 || got[0] != "0:"+long {
		t.Errorf("got %d hits: %.20q", len(got), got)
	}
}

func TestFindSideBySide(t *testing.T) {
	m := phrase.New(phrases("treaty", "Vertrag", "traité"))
	texts := map[string]string{"en": "two treaties", "de": "die Verträge, des Vertrags", "fr": "les TRAITES", "": "traité"}
	want := map[string]string{"en": "[0:treaties]", "de": "[1:Verträge 1:Vertrags]", "fr": "[2:TRAITES]", "": "[2:traité]"}
	var group sync.WaitGroup
	for range 4 {
		for language, text := range texts {
			group.Go(func() {
				for range 100 {
					if got := fmt.Sprint(found(m, text, language)); got != want[language] {
						t.Errorf("%q: got %s, want %s", language, got, want[language])
						return
					}
				}
			})
		}
	}
	group.Wait()
}
