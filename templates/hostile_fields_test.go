package templates_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"broadsheet/templates"
)

// everyField is a mail of that kind in which words and addresses from outside
// stand in every field that can hold them.
func everyField(t testing.TB, kind templates.Kind, words, link string) *templates.Digest {
	t.Helper()
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, newYork)
	one := func(mark string) templates.Story {
		return templates.Story{
			Title: words + mark, URL: link, Summary: words + words, Author: words, Image: link, ImageAlt: words, ImageCredit: words,
			Source: words, AlsoFrom: []string{words, words}, Topics: []string{words, "City"}, Body: []string{words, words},
			PublishedAt: at.Add(-2 * time.Hour), ModifiedAt: at, Pinned: true, Paid: true, ImageWidth: 30, ImageHeight: 1,
		}
	}
	intro, err := templates.ParseProse(strings.ToValidUTF8(strings.ReplaceAll(words, "\x00", ""), ""))
	if err != nil {
		intro = nil
	}
	lead := one("1")
	return &templates.Digest{
		Kind: kind, Slug: words, Name: words, Edition: words, Date: at, Since: at.AddDate(0, 0, -7), Subject: words, Preheader: words,
		Site:        templates.Site{Name: words, URL: link, Language: "en", PostalAddress: words, Tagline: words, Logo: &templates.Logo{URL: link, Alt: words, Width: 3, Height: 2}},
		Intro:       intro,
		Corrections: []templates.Correction{{Title: words, URL: link, Note: words, At: at}},
		Lead:        &lead,
		Sections: []templates.Section{
			{Slug: words, Name: words, Stories: []templates.Story{one("2"), one("3")}},
			{Slug: "city", Name: "City", Stories: []templates.Story{one("4")}},
			{Kind: templates.LatestSection, Stories: []templates.Story{one("5")}},
		},
		More: 3, MoreURL: link, ReaderName: words, Unsubscribe: unsubscribeMarker, Preferences: preferencesMarker,
		SubscribeURL: link, ViewURL: link,
	}
}

// checkEveryField draws a mail with hostile fields.
func checkEveryField(t *testing.T, theme *templates.Theme, kind templates.Kind, words, link string) {
	t.Helper()
	html, text := drawWith(t, theme, everyField(t, kind, words, link))
	checkMail(t, html, unsubscribeMarker, preferencesMarker)
	for part, s := range map[string]string{"html": html, "text": text} {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\r\x00\x1b\u2028\u2029\u202a\u202b\u202d\u202e") {
			t.Errorf("%s has invalid UTF-8 or characters that control", part)
		}
		if strings.Count(s, unsubscribeMarker) != 1 {
			t.Errorf("%s has the link that unsubscribes %d times", part, strings.Count(s, unsubscribeMarker))
		}
	}
	if strings.Count(text, "\n-- \n") != 1 {
		t.Errorf("text has %d signature marks", strings.Count(text, "\n-- \n"))
	}
}

func TestHostileFieldsStayText(t *testing.T) {
	themes := builtIn(t)
	check := func(name, words, link string) {
		for theme, compiled := range themes {
			for _, kind := range templates.Kinds() {
				t.Run(name+"/"+theme+"/"+string(kind), func(t *testing.T) { checkEveryField(t, compiled, kind, words, link) })
			}
		}
	}
	for name, words := range map[string]string{
		"markup":     `</title></style></td><script>alert(1)</script><img src=x onerror=alert(1)>`,
		"attributes": `" onmouseover="alert(1)" style="position:fixed" x='`,
		"comments":   `<!--[if mso]><script>alert(1)</script><![endif]--> --> <![endif]-->`,
		"header":     "Hello\r\nBcc: all@example.com\r\n\r\n<b>body</b>",
		"signature":  "\n-- \n\n-- \n",
		"actions":    `{{.Unsubscribe}} {{template "close"}} {{sheet}}`,
		"css":        `</style><style>*{display:none} url(javascript:alert(1)) expression(alert(1))`,
		"entities":   `&lt;script&gt;&#0;&#x202E;&quot;`,
		"direction":  "\u202eabc\u2066\u2067\u2068def\u200f",
		"controls":   "a\x00b\x1b[31m\u2028c\u2029d\u0085\x7f",
		"bytes":      "caf\xe9\xff\xfe",
		"nothing":    "",
		"spaces":     " \t\n\u00a0 ",
	} {
		check(name, words, `https://courier.example/"><script>alert(1)</script>`)
	}
	for name, link := range map[string]string{
		"script": "javascript:alert(1)", "hidden script": " java\nscript:alert(1)", "data": "data:text/html,<script>alert(1)</script>",
		"breaks": "https://courier.example/a\r\nb c", "no link": "",
	} {
		check(name, "Council & co.", link)
	}
}

func FuzzFieldsStayText(f *testing.F) {
	for i, name := range slices.Sorted(maps.Keys(hostile)) {
		s := hostile[name]
		f.Add(s.Title+s.Summary+s.Author, s.URL, uint8(i))
	}
	themes := slices.Collect(maps.Values(builtIn(f)))
	f.Fuzz(func(t *testing.T, words, link string, choice uint8) {
		kinds := templates.Kinds()
		checkEveryField(t, themes[int(choice)%len(themes)], kinds[int(choice)/len(themes)%len(kinds)], words, link)
	})
}

// TestHostileSystemMails: names of sites and digests cannot reach the header.
func TestHostileSystemMails(t *testing.T) {
	evil := "Courier\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"
	site := templates.Site{Name: evil, URL: "javascript:alert(1)", Language: "en", PostalAddress: evil, Tagline: evil}
	for name, draw := range map[string]func() (templates.Mail, error){
		"goodbye": func() (templates.Mail, error) {
			return templates.GoodbyeMail(&templates.Goodbye{Site: site, Digest: evil, SubscribeURL: "https://courier.example/"})
		},
		"fresh": func() (templates.Mail, error) {
			return templates.FreshLinkMail(&templates.FreshLink{Site: site, URL: "https://courier.example/", RequestedAt: time.Now()})
		},
		"old address": func() (templates.Mail, error) {
			return templates.OldAddressMail(&templates.Move{Site: site, Other: evil, URL: "https://courier.example/"})
		},
		"new address": func() (templates.Mail, error) {
			return templates.NewAddressMail(&templates.Move{Site: site, Other: evil, URL: "https://courier.example/"})
		},
		"confirm": func() (templates.Mail, error) {
			return templates.ConfirmMail(&templates.Confirm{Site: site, URL: "https://courier.example/", Digests: []string{evil}, Topics: []string{evil}})
		},
		"alert": func() (templates.Mail, error) {
			return templates.AlertMail(site, []templates.Alert{{Text: evil}})
		},
	} {
		m, err := draw()
		if err != nil {
			t.Fatal(err)
		}
		checkMail(t, m.HTML)
		if strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.Text, "\r") {
			t.Errorf("%s: a line of a header came through: %q", name, m.Subject)
		}
	}
}
