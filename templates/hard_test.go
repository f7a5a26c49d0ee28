package templates_test

import (
	"fmt"
	"strings"
	"testing"

	"broadsheet/templates"
)

const arabic = "المجلس يوافق على خطة الجسر بعد ليلة طويلة من المحادثات"

// hard is what newspapers really have, all of it in one mail.
func hard(t testing.TB) *templates.Digest {
	t.Helper()
	d := ofKind(t, templates.KindDaily)
	at := func(s templates.Story) templates.Story {
		s.PublishedAt, s.URL = d.Date.Add(-1), "https://courier.example/hard"
		return s
	}
	d.Sections = []templates.Section{
		{Slug: "city", Name: "City", Stories: []templates.Story{
			at(templates.Story{Title: strings.Repeat("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", 2), Summary: strings.Repeat("Donaudampfschifffahrt", 12), Source: "Amtsblatt", Image: "https://courier.example/a.jpg", ImageAlt: strings.Repeat("Donaudampfschifffahrt", 3)}),
			at(templates.Story{Title: strings.TrimSpace(strings.Repeat("The council meets again. ", 12)), Summary: "A headline of 300 characters stands above these words.", Source: "City Courier"}),
			at(templates.Story{Title: "Party at the pier 🎉👩🏽‍🚒🏳️‍🌈 " + strings.Repeat("🎈", 30), Summary: "Fire brigade 🚒 came as guests.", Source: "City Courier"}),
		}},
		{Slug: "world", Name: "أخبار العالم", Stories: []templates.Story{
			at(templates.Story{Title: arabic, Summary: "انتهى التصويت بعد أحد عشر شهرا، وقال المتحدث: \"Harbour Bridge 2026\" يبدأ في أبريل.", Author: "ليلى حداد", Source: "City Courier", Image: "https://courier.example/a.jpg", ImageAlt: "الجسر", Topics: []string{"World", "City"}}),
			at(templates.Story{Title: "橋の計画を市議会が承認、夜を徹した協議の末に", Summary: strings.Repeat("市議会は長い夜の話し合いの末に橋の計画を承認した。", 4), Source: "港新聞"}),
			at(templates.Story{Title: "Only a headline", Image: "https://courier.example/tall.jpg", ImageWidth: 600, ImageHeight: 1800}),
		}},
	}
	return d
}

func TestHardMailsMatchTheGoldenFiles(t *testing.T) {
	for name, theme := range builtIn(t) {
		html, text := drawWith(t, theme, hard(t))
		golden(t, name+"-hard.html", html)
		golden(t, name+"-hard.txt", text)
		checkMail(t, html, unsubscribeMarker, preferencesMarker)
		checkText(t, text)
		d := hard(t)
		d.Language, d.Name, d.Site.Name = "ar", "بريد الصباح", "بريد المدينة"
		html, text = drawWith(t, theme, d)
		golden(t, name+"-mirrored.html", html)
		golden(t, name+"-mirrored.txt", text)
		checkMail(t, html, unsubscribeMarker, preferencesMarker)
		checkText(t, text)
	}
}

// TestDirections: a story that is read the other way is mirrored, and whatever
// stands beside it in a line stays where it was.
func TestDirections(t *testing.T) {
	for name, theme := range builtIn(t) {
		for language, other := range map[string]string{"en": "rtl", "ar": "ltr"} {
			d := hard(t)
			d.Language = language
			html, _ := drawWith(t, theme, d)
			turned := 0
			for _, cell := range parseHTML(t, html).all("td", "h2") {
				switch dir := attr(cell, "dir"); {
				case dir == other:
					turned++
				case dir != "":
					t.Errorf("%s in %s: a <%s> says dir=%q, which all around it is already", name, language, cell.Data, dir)
				}
			}
			// The Arabic story and its topic, or all others but the one in Japanese.
			if want := map[string]int{"en": 2, "ar": 7}[language]; turned < 2 || turned > want+1 {
				t.Errorf("%s in %s: %d cells and headings are turned around, want 2 to %d", name, language, turned, want+1)
			}
			if language == "en" && !strings.Contains(html, "\u2068By ليلى حداد\u2069") {
				t.Errorf("%s: the author's name is not kept apart from what stands beside it", name)
			}
		}
	}
}

// TestLettersThatJoinAreNotSpaced: Arabic letters fall apart where space is put
// between them.
func TestLettersThatJoinAreNotSpaced(t *testing.T) {
	for name, theme := range builtIn(t) {
		d := hard(t)
		d.Language = "ar"
		html, _ := drawWith(t, theme, d)
		for _, n := range parseHTML(t, html).all("h1", "h2", "p", "td") {
			style := attr(n, "style")
			if i := strings.LastIndex(style, "letter-spacing:"); i >= 0 && !strings.HasPrefix(style[i:], "letter-spacing:0") {
				t.Errorf("%s: %q is spaced: %s", name, text(n), style)
			}
		}
	}
}

// TestHowManyStories: a mail is whole with none, one, and very many.
func TestHowManyStories(t *testing.T) {
	for name, theme := range builtIn(t) {
		for _, n := range []int{0, 1, 2, 60, 200} {
			html, text := drawWith(t, theme, daily(n))
			checkMail(t, html, unsubscribeMarker, preferencesMarker)
			checkText(t, text)
			if got := len(parseHTML(t, html).all("h3")); got != n {
				t.Errorf("%s: got %d headlines, want %d", name, got, n)
			}
			for i := range n {
				if want := fmt.Sprintf("/council-agrees-on-plan-%d-for-the-harbour-bridge\n", i); strings.Count(text, want) != 1 {
					t.Errorf("%s with %d stories: story %d stands %d times in the text", name, n, i, strings.Count(text, want))
				}
			}
		}
	}
}
