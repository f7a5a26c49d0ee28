package templates_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

// foreign are the languages whose words are not English.
func foreign() []string {
	return slices.DeleteFunc(templates.Languages(), func(tag string) bool { return strings.HasPrefix(tag, "en") })
}

// TestNoEnglishIsLeft: what reads as in English was forgotten, but for words that
// the language has too.
func TestNoEnglishIsLeft(t *testing.T) {
	shared := []string{ // words and patterns that languages have in common
		"comma", "colon", "ReaderName", "ErrorPrefix", "PreferencesText", "EditionsPage",
	}
	for _, language := range foreign() {
		texts := templates.Texts(language)
		for name, text := range templates.Texts("en") {
			if texts[name] == text && strings.ContainsFunc(strings.ReplaceAll(text, "%[1]s", ""), isLatin) && !slices.Contains(shared, name) {
				t.Errorf("%s: %s is English: %s", language, name, text)
			}
		}
	}
}

// TestLatinWordsAmongOthers: in Arabic and Japanese only names of formats,
// settings, commands and examples are in Latin letters.
func TestLatinWordsAmongOthers(t *testing.T) {
	known := []string{"alerts", "broadsheet", "source", "list", "name", "example", "com", "SMTP", "HTML", "form", "html"}
	word := regexp.MustCompile(`[A-Za-z]+`)
	for _, language := range []string{"ar", "ja"} {
		for name, text := range templates.Texts(language) {
			if name == "language" {
				continue
			}
			for _, w := range word.FindAllString(regexp.MustCompile(`%\[\d\].`).ReplaceAllString(text, ""), -1) {
				if !slices.Contains(known, w) {
					t.Errorf("%s: %s has %q: %s", language, name, w, text)
				}
			}
		}
	}
}

func isLatin(r rune) bool { return r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z') }

// on is a moment in New York.
func on(t *testing.T, at string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	out, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDatesByLanguage(t *testing.T) {
	for language, want := range map[string][7]string{
		"en": {"Sunday, March 1, 2026", "March 1", "1:05 AM", "March 1, 2026 at 1:05 AM EST",
			"March 1–7, 2026", "March 1 – April 2, 2026", "December 28, 2025 – March 1, 2026"},
		"en-GB": {"Sunday, 1 March 2026", "1 March", "01:05", "1 March 2026 at 01:05 EST",
			"1–7 March 2026", "1 March – 2 April 2026", "28 December 2025 – 1 March 2026"},
		"de": {"Sonntag, 1. März 2026", "1. März", "01:05", "1. März 2026 um 01:05 Uhr EST",
			"1.–7. März 2026", "1. März – 2. April 2026", "28. Dezember 2025 – 1. März 2026"},
		"fr": {"Dimanche 1er mars 2026", "1er mars", "01:05", "1er mars 2026 à 01:05 EST",
			"Du 1er au 7 mars 2026", "Du 1er mars au 2 avril 2026", "Du 28 décembre 2025 au 1er mars 2026"},
		"es": {"Domingo, 1 de marzo de 2026", "1 de marzo", "1:05", "1 de marzo de 2026, 1:05 h EST",
			"Del 1 al 7 de marzo de 2026", "Del 1 de marzo al 2 de abril de 2026", "Del 28 de diciembre de 2025 al 1 de marzo de 2026"},
		"pt": {"Domingo, 1º de março de 2026", "1º de março", "01:05", "1º de março de 2026, 01:05 EST",
			"De 1º a 7 de março de 2026", "De 1º de março a 2 de abril de 2026", "De 28 de dezembro de 2025 a 1º de março de 2026"},
		"ar": {"الأحد، 1 مارس 2026", "1 مارس", "1:05 ص", "1 مارس 2026، الساعة 1:05 ص بتوقيت EST",
			"من 1 إلى 7 مارس 2026", "من 1 مارس إلى 2 أبريل 2026", "من 28 ديسمبر 2025 إلى 1 مارس 2026"},
		"ja": {"2026年3月1日日曜日", "3月1日", "1:05", "2026年3月1日 1:05 EST",
			"2026年3月1日～7日", "2026年3月1日～4月2日", "2025年12月28日～2026年3月1日"},
	} {
		at := on(t, "2026-03-01 01:05")
		date, day, _, _, days := templates.Dated(language)
		got := [7]string{
			date(at), day(at), templates.Clock(language, at), templates.Moment(language, at),
			days(at, on(t, "2026-03-07 01:05")), days(at, on(t, "2026-04-02 01:05")), days(on(t, "2025-12-28 01:05"), at),
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
	}
}

// TestOnlyTheFirstIsWritten: the 11th, the 21st and the year 1 are no first.
func TestOnlyTheFirstIsWritten(t *testing.T) {
	date, day, _, _, _ := templates.Dated("fr")
	for at, want := range map[string]string{"2026-03-11 12:00": "Mercredi 11 mars 2026", "2026-03-21 12:00": "Samedi 21 mars 2026"} {
		if got := date(on(t, at)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := day(on(t, "2026-03-31 12:00")); got != "31 mars" {
		t.Errorf("got %q, want no first", got)
	}
}

// TestClockByLanguage: 12 hours in English and Arabic, 24 elsewhere.
func TestClockByLanguage(t *testing.T) {
	for language, want := range map[string][2]string{
		"en": {"12:00 AM", "3:04 PM"}, "en-GB": {"00:00", "15:04"}, "de": {"00:00", "15:04"}, "fr": {"00:00", "15:04"},
		"es": {"0:00", "15:04"}, "pt": {"00:00", "15:04"}, "ar": {"12:00 ص", "3:04 م"}, "ja": {"0:00", "15:04"},
	} {
		got := [2]string{templates.Clock(language, on(t, "2026-03-01 00:00")), templates.Clock(language, on(t, "2026-03-01 15:04"))}
		if got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
	}
}

func TestNearByLanguage(t *testing.T) {
	now := on(t, "2026-03-02 09:00")
	for _, test := range []struct{ language, at, want string }{
		{"en", "2026-03-01 07:00", "yesterday at 7:00 AM"},
		{"en", "2026-03-30 07:00", "Monday, March 30, 2026 at 7:00 AM"},
		{"de", "2026-03-02 07:00", "heute um 07:00 Uhr"},
		{"fr", "2026-03-03 07:00", "demain à 07:00"},
		{"fr", "2026-04-01 07:00", "mercredi 1er avril 2026 à 07:00"},
		{"es", "2026-03-01 01:30", "ayer a la 1:30"},
		{"es", "2026-03-01 02:30", "ayer a las 2:30"},
		{"es", "2026-03-01 13:30", "ayer a las 13:30"},
		{"es", "2026-03-01 00:30", "ayer a las 0:30"},
		{"pt", "2026-03-01 01:30", "ontem à 01:30"},
		{"pt", "2026-03-01 00:30", "ontem à 00:30"},
		{"pt", "2026-03-03 13:30", "amanhã às 13:30"},
		{"ar", "2026-03-03 19:00", "غدًا، الساعة 7:00 م"},
		{"ja", "2026-03-01 07:00", "昨日 7:00"},
	} {
		_, _, _, near, _ := templates.Dated(test.language)
		if got := near(on(t, test.at), now); got != test.want {
			t.Errorf("%s, %s: got %q, want %q", test.language, test.at, got, test.want)
		}
	}
}

func TestPluralsByLanguage(t *testing.T) {
	for _, test := range []struct {
		language string
		n        int
		want     string
	}{
		{"en", 1, "and 1 more story at X"}, {"en", 1234, "and 1,234 more stories at X"},
		{"de", 1, "und 1 weiterer Artikel bei X"}, {"de", 1234, "und 1.234 weitere Artikel bei X"},
		{"fr", 0, "et 0 autre article sur X"}, {"fr", 1, "et 1 autre article sur X"}, {"fr", 2, "et 2 autres articles sur X"},
		{"fr", 1234, "et 1\u202f234 autres articles sur X"},
		{"es", 0, "y 0 noticias más en X"}, {"es", 1, "y 1 noticia más en X"},
		{"pt", 0, "e mais 0 notícia em X"}, {"pt", 1, "e mais 1 notícia em X"}, {"pt", 2, "e mais 2 notícias em X"},
		{"ar", 1, "وخبر آخر في X"}, {"ar", 2, "وخبران آخران في X"}, {"ar", 3, "و3 أخبار أخرى في X"}, {"ar", 10, "و10 أخبار أخرى في X"},
		{"ar", 11, "و11 خبرًا آخر في X"}, {"ar", 99, "و99 خبرًا آخر في X"}, {"ar", 100, "و100 خبر آخر في X"}, {"ar", 102, "و102 خبر آخر في X"},
		{"ar", 103, "و103 أخبار أخرى في X"},
		{"ja", 1, "Xには、ほかに1本の記事があります"}, {"ja", 12, "Xには、ほかに12本の記事があります"},
	} {
		if got := templates.More(test.language, test.n); got != test.want {
			t.Errorf("%s, %d: got %q, want %q", test.language, test.n, got, test.want)
		}
	}
	for language, want := range map[string]string{
		"en": "2 stories · 1 minute", "de": "2 Artikel · 1 Minute Lesezeit", "fr": "2 articles · 1 minute de lecture",
		"ar": "خبران · دقيقة واحدة للقراءة", "ja": "記事2本 · 約1分で読めます",
	} {
		if got := templates.Reading(language, 2, 1); got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
	}
}

func TestListsByLanguage(t *testing.T) {
	for _, test := range []struct{ language, names, want string }{
		{"en", "", ""}, {"en", "A", "A"}, {"en", "A B", "A and B"}, {"en", "A B C", "A, B and C"},
		{"de", "A B C", "A, B und C"}, {"fr", "A B C", "A, B et C"}, {"pt", "A B C", "A, B e C"},
		{"es", "A B C", "A, B y C"}, {"es", "Francia Italia", "Francia e Italia"}, {"es", "Padre Hijos", "Padre e Hijos"},
		{"es", "Cobre Hierro", "Cobre y Hierro"}, {"es", "Sal Yodo", "Sal y Yodo"}, {"es", "Fe Índice", "Fe e Índice"},
		{"ar", "العالم الرياضة الثقافة", "العالم والرياضة والثقافة"}, {"ja", "世界 経済 文化", "世界、経済、文化"},
	} {
		if got := templates.List(test.language, strings.Fields(test.names)...); got != test.want {
			t.Errorf("%s: got %q, want %q", test.language, got, test.want)
		}
	}
}

// TestScriptsWithoutCapitals: no letters of Arabic are spaced or slanted, and
// nothing of a story changes.
func TestScriptsWithoutCapitals(t *testing.T) {
	styles := regexp.MustCompile(`style="[^"]*"`)
	for language, want := range map[string]bool{"en": true, "ar": false, "ja": false} {
		d := daily(4)
		d.Language = language
		d.Lead.Summary = `He wrote style="letter-spacing:1px" in italic type.`
		html := drawHTML(t, d)
		all := strings.Join(styles.FindAllString(html, -1), "\n")
		if got := strings.Contains(all, "letter-spacing") && strings.Contains(all, "uppercase"); got != want {
			t.Errorf("%s: spaced letters and capitals: %t, want %t", language, got, want)
		}
		if !strings.Contains(html, "style=&#34;letter-spacing:1px&#34; in italic type.") {
			t.Errorf("%s: the story changed", language)
		}
	}
}

// TestLanguageOfStories: a screen reader is told where the language changes, and
// nowhere else.
func TestLanguageOfStories(t *testing.T) {
	for _, theme := range []string{"broadsheet", "briefing"} {
		looks, err := templates.LoadTheme(theme)
		if err != nil {
			t.Fatal(err)
		}
		d := daily(6)
		d.Language = "de" // of a site in English
		d.Sections[0].Stories[0].Language = "de-AT"
		d.Sections[1].Stories[0].Language = "fr"
		html, err := looks.HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, m := range regexp.MustCompile(`<td[^>]* lang="([^"]*)"`).FindAllStringSubmatch(html, -1) {
			got[m[1]]++
		}
		if got["en"] != 4 || got["fr"] != 1 || len(got) != 2 {
			t.Errorf("%s: stories are marked as %v, want 4 in English and 1 in French", theme, got)
		}
	}
	if html := drawHTML(t, daily(6)); regexp.MustCompile(`<td[^>]* lang=`).MatchString(html) {
		t.Error("stories in the language of the mail are marked")
	}
}

func TestSpeak(t *testing.T) {
	site := templates.Site{Language: "en", Languages: []string{"de", "pt-BR", "en"}}
	for _, test := range []struct {
		wanted []string
		want   string
	}{
		{nil, "en"}, {[]string{""}, "en"}, {[]string{"de"}, "de"}, {[]string{"DE-at"}, "de"}, {[]string{"pt_PT"}, "pt-BR"},
		{[]string{"fr", "de"}, "de"}, {[]string{"en-GB", "de"}, "en"}, {[]string{"fr"}, "en"}, {[]string{"", "pt"}, "pt-BR"}, {[]string{"x-de"}, "en"},
	} {
		if got := site.Speak(test.wanted...); got != test.want {
			t.Errorf("%q: got %q, want %q", test.wanted, got, test.want)
		}
	}
	if got := site.In("de").Languages; !slices.Equal(got, []string{"en", "de", "pt-BR"}) {
		t.Errorf("in German it offers %q", got)
	}
	if got := (&templates.Site{Language: "en"}).Speak("de"); got != "en" {
		t.Errorf("a site that offers nothing else speaks %q", got)
	}
}
