package templates_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

// builtIn are the themes that come with the program.
func builtIn(t testing.TB) map[string]*templates.Theme {
	t.Helper()
	names, err := templates.ThemeNames()
	if err != nil {
		t.Fatal(err)
	}
	themes := map[string]*templates.Theme{}
	for _, name := range names {
		if themes[name], err = templates.LoadTheme(name); err != nil {
			t.Fatal(err)
		}
	}
	return themes
}

// ofKind is a mail of each kind with all that such a mail may have.
func ofKind(t testing.TB, kind templates.Kind) *templates.Digest {
	t.Helper()
	d := daily(7)
	d.Kind, d.ViewURL = kind, "https://courier.example/mail/v/AbCdEf"
	d.Site.Tagline = "News of Springfield since 1903"
	d.Site.Logo = &templates.Logo{URL: "https://courier.example/logo.png", Width: 64, Height: 64}
	d.Lead.ImageCredit, d.Lead.ImageWidth, d.Lead.ImageHeight = "Ana Ruiz", 1600, 900
	d.Lead.ModifiedAt = d.Lead.PublishedAt.Add(45 * time.Minute)
	d.Sections = append(d.Sections, templates.Section{Kind: templates.LatestSection, Stories: []templates.Story{story(51, "City"), story(52, "World")}})
	switch kind {
	case templates.KindWeekly:
		d.Name, d.Since = "The Courier’s Week", d.Date.AddDate(0, 0, -7)
		d.Site.Logo = &templates.Logo{URL: "https://courier.example/wordmark.png", Width: 960, Height: 160} // as wide as it may be
	case templates.KindBreaking:
		d.Sections, d.More = nil, 0
	case templates.KindLetter:
		d.Lead, d.Sections, d.More, d.Intro, d.Preheader = nil, nil, 0, prose(t, introduction), ""
	case templates.KindCorrection:
		d.Lead, d.Sections, d.More, d.Preheader = nil, nil, 0, ""
		d.Corrections = []templates.Correction{
			{Title: story(1).Title, URL: story(1).URL, Note: "The toll is 2.50, not 25.", At: d.Date.Add(-2 * time.Hour)},
			{Title: "The ferry", Note: "It does not run on Sundays.", At: d.Date.Add(-30 * time.Hour)},
		}
	}
	return d
}

func TestEachKindMatchesItsGoldenFiles(t *testing.T) {
	for name, theme := range builtIn(t) {
		for _, kind := range templates.Kinds() {
			d := ofKind(t, kind)
			html, text := drawWith(t, theme, d)
			golden(t, name+"-"+string(kind)+".html", html)
			golden(t, name+"-"+string(kind)+".txt", text)
			checkMail(t, html, unsubscribeMarker, preferencesMarker)
			checkText(t, text)
		}
	}
}

func drawWith(t testing.TB, theme *templates.Theme, d *templates.Digest) (html, text string) {
	t.Helper()
	html, err := theme.HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	text, err = theme.Text(d)
	if err != nil {
		t.Fatal(err)
	}
	return html, text
}

// TestEveryMailHasItsWays: what stands at the head and at the foot of each kind
// in each theme, in both parts.
func TestEveryMailHasItsWays(t *testing.T) {
	for name, theme := range builtIn(t) {
		for _, kind := range templates.Kinds() {
			d := ofKind(t, kind)
			html, text := drawWith(t, theme, d)
			for _, want := range []string{
				unsubscribeMarker, preferencesMarker, preferencesMarker + "#pause", preferencesMarker + "#leave", nameMarker,
				d.Name, d.SubscribeURL, d.ViewURL, "1 Main Street, Springfield", "News of Springfield since 1903",
			} {
				in := strings.Contains(text, want) || name == "briefing" && want == d.Site.Tagline
				if !strings.Contains(html, want) || !in {
					t.Errorf("%s %s: %q is missing", name, kind, want)
				}
			}
			topics := strings.Contains(html, preferencesMarker+"/topic/city") && strings.Contains(text, preferencesMarker+"/topic/city\n")
			if want := len(d.Sections) > 2; topics != want {
				t.Errorf("%s %s: links that end topics: %v, want %v", name, kind, topics, want)
			}
			if strings.Contains(html, preferencesMarker+"/topic/\"") {
				t.Errorf("%s %s: a section without a topic has a link that ends it", name, kind)
			}
		}
	}
}

func TestKindsSayWhatTheyAre(t *testing.T) {
	words := map[templates.Kind][]string{
		templates.KindDaily:      {"Top story", "Monday, November 23, 2026", "Also today"},
		templates.KindWeekly:     {"Story of the week", "17", "23, 2026", "Latest"},
		templates.KindBreaking:   {"Breaking news"},
		templates.KindLetter:     {"Good morning"},
		templates.KindWelcome:    {"Welcome to The Morning Courier"},
		templates.KindCorrection: {"Corrections", "The toll is 2.50, not 25."},
	}
	for name, theme := range builtIn(t) {
		for kind, want := range words {
			html, text := drawWith(t, theme, ofKind(t, kind))
			for _, w := range want {
				if !strings.Contains(html, w) || !strings.Contains(strings.ToLower(strings.Join(strings.Fields(text), " ")), strings.ToLower(w)) {
					t.Errorf("%s %s: %q is missing", name, kind, w)
				}
			}
			for other, unwanted := range words {
				first := unwanted[0]
				if other != kind && other != templates.KindDaily && strings.Contains(html, ">"+first) {
					t.Errorf("%s %s: it says %q", name, kind, first)
				}
			}
		}
	}
}

// TestADigestWithoutAKindIsTold by what it holds.
func TestADigestWithoutAKindIsTold(t *testing.T) {
	letter, correction := daily(0), daily(0)
	letter.Intro = prose(t, "Good morning.")
	correction.Corrections = []templates.Correction{{Note: "It was not so."}}
	for want, d := range map[string]*templates.Digest{"Top story": daily(3), "Good morning.": letter, "Corrections": correction} {
		html, _ := drawWith(t, broadsheet(t), d)
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestTheOnlyTopicHasNoLinkThatEndsIt(t *testing.T) {
	d := daily(2)
	if html, text := drawWith(t, broadsheet(t), d); strings.Contains(html+text, "/topic/") {
		t.Error("a digest of one topic has a link that ends it: that is what unsubscribing is for")
	}
}

func TestADigestForNobodyHasNoPersonalLinks(t *testing.T) {
	d := ofKind(t, templates.KindDaily)
	d.ReaderName, d.Unsubscribe, d.Preferences, d.Public = "", "", "", true
	for name, theme := range builtIn(t) {
		html, text := drawWith(t, theme, d)
		for _, unwanted := range []string{"Unsubscribe", "/topic/", "#pause", "#leave", "Take a break", "href=\"\""} {
			if strings.Contains(html+text, unwanted) {
				t.Errorf("%s: %q is there", name, unwanted)
			}
		}
	}
}

// TestEachKindHasContrast in each theme, in light and dark.
func TestEachKindHasContrast(t *testing.T) {
	for name, theme := range builtIn(t) {
		for _, kind := range templates.Kinds() {
			html, _ := drawWith(t, theme, ofKind(t, kind))
			root := parseHTML(t, html).root
			for scheme, rules := range map[string]map[string]string{"light": nil, "dark": darkRules(t, html)} {
				texts := 0
				mailColours(root, colours{}, rules, func(words string, c colours) {
					texts++
					if got := contrast(t, c.text, c.behind); got < leastContrast {
						t.Errorf("%s %s, %s: %q has %.2f of %s on %s, want %.1f", name, kind, scheme, words, got, c.text, c.behind, leastContrast)
					}
				})
				if texts < 12 {
					t.Errorf("%s %s, %s: only %d texts were looked at", name, kind, scheme, texts)
				}
			}
		}
	}
}
