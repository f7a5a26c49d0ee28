package templates_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"broadsheet/templates"
)

// hostile is what stories and their writers may try, or just be.
var hostile = map[string]templates.Story{
	"markup":           {Title: `</title></h3><script>alert(1)</script>`, URL: "https://courier.example/a", Summary: `<img src=x onerror=alert(1)>`, Author: `"><b>`, Source: `<!-- `, Topics: []string{`<i>City</i>`}},
	"quotes":           {Title: `He said "it's & it'll be" <3`, URL: `https://courier.example/?q="><script>&x='y'`, Image: `https://courier.example/a.jpg" onerror="alert(1)`, ImageAlt: `" onload="alert(1)`},
	"script link":      {Title: "Script", URL: "javascript:alert(1)", Image: "data:image/png;base64,AAAA", Summary: "s"},
	"disguised link":   {Title: "Disguised", URL: " \tjava\nscript:alert(1)", Image: "//courier.example/a.jpg"},
	"login in link":    {Title: "Login", URL: "https://bank.example@evil.example/"},
	"quote in host":    {Title: "Host", URL: `http://"0`, Image: `http://"0`},
	"line breaks":      {Title: "One\r\nBcc: all@example.com\r\n\r\nTwo", URL: "https://courier.example/a\r\nb", Summary: "a\u2028b\x00c\x1b[31m"},
	"right to left":    {Title: "المجلس يوافق على خطة الجسر", URL: "https://courier.example/ar", Summary: "انتهى التصويت", Image: "https://courier.example/a.jpg"},
	"open override":    {Title: "abc \u202Edef", URL: "https://courier.example/o", Summary: "\u2067x"},
	"long headline":    {Title: strings.Repeat("Headline ", 33) + "end", URL: "https://courier.example/l"},
	"long word":        {Title: strings.Repeat("x", 300), URL: "https://courier.example/" + strings.Repeat("y", 300)},
	"no spaces":        {Title: strings.Repeat("橋の計画を市議会が承認、", 20), URL: "https://courier.example/ja"},
	"emoji":            {Title: strings.Repeat("👩🏽‍🚒🏳️‍🌈", 40), URL: "https://courier.example/e"},
	"only a title":     {Title: "Bare"},
	"nothing":          {},
	"invalid bytes":    {Title: "caf\xe9", URL: "https://courier.example/\xe9", Summary: "\xff\xfe"},
	"template actions": {Title: "{{.Site.Name}}", URL: "https://courier.example/{{.}}", Summary: "{{range}}"},
	"foreign host":     {Title: "IDN", URL: "https://bücher.example/straße?q=ü"},
}

func withStory(s templates.Story) *templates.Digest {
	d := daily(1)
	s.PublishedAt = d.Date.Add(-time.Hour)
	d.Lead = &s
	other := s
	other.Title, other.URL = s.Title+" again", s.URL+"2"
	d.Sections = []templates.Section{{Slug: "city", Name: "City", Stories: []templates.Story{other}}}
	return d
}

func TestHostileStoriesStayText(t *testing.T) {
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			d := withStory(s)
			src := drawHTML(t, d)
			checkMail(t, src, unsubscribeMarker, preferencesMarker)
			checkText(t, drawText(t, d))
			if !utf8.ValidString(src) || strings.ContainsAny(src, "\r\x00\x1b") {
				t.Error("html has invalid UTF-8 or control characters")
			}
		})
	}
}

// checkText reports lines that are too long, and what a text part may not have.
func checkText(t *testing.T, src string) {
	t.Helper()
	if !utf8.ValidString(src) || strings.ContainsAny(src, "\r\x00\x1b\u2028\u202e") {
		t.Error("text has invalid UTF-8 or control characters")
	}
	for line := range strings.Lines(src) {
		line = strings.TrimSuffix(line, "\n")
		isLink := strings.HasPrefix(strings.TrimLeft(line, " "), "https://") && !strings.Contains(strings.TrimLeft(line, " "), " ")
		if n := utf8.RuneCountInString(line); n > 72 && !isLink && !strings.ContainsRune(line, '\u200D') {
			t.Errorf("line of %d characters: %q", n, line)
		}
		if line != strings.TrimRight(line, " ") && line != "-- " {
			t.Errorf("line ends in a space: %q", line)
		}
	}
	if got := strings.Count(src, "\n-- \n"); got != 1 {
		t.Errorf("got %d signature marks, want 1", got)
	}
}

func TestUnsafeLinksAndPicturesAreLeftOut(t *testing.T) {
	for _, name := range []string{"script link", "disguised link", "login in link", "quote in host"} {
		d := withStory(hostile[name])
		src, plain := drawHTML(t, d), drawText(t, d)
		for _, bad := range []string{"script:", "data:", "@evil", "//courier.example/a.jpg", "%220"} {
			if strings.Contains(src, bad) || strings.Contains(plain, bad) {
				t.Errorf("%s: %q came through", name, bad)
			}
		}
		if !strings.Contains(src, hostile[name].Title) {
			t.Errorf("%s: the headline is gone with its link", name)
		}
	}
}

func TestForeignHostsAreWrittenInASCII(t *testing.T) {
	want := "https://xn--bcher-kva.example/stra%C3%9Fe?q="
	d := withStory(hostile["foreign host"])
	if got := drawText(t, d); !strings.Contains(got, want) {
		t.Errorf("text lacks %q:\n%s", want, got)
	}
	if got := drawHTML(t, d); !strings.Contains(got, want) {
		t.Errorf("html lacks %q", want)
	}
}

func TestRightToLeftStoriesAreMirrored(t *testing.T) {
	d := withStory(hostile["right to left"])
	doc := parseHTML(t, drawHTML(t, d))
	if got, want := attr(doc.one(t, "html", "", ""), "dir"), "ltr"; got != want {
		t.Errorf("direction of the mail: got %q, want %q", got, want)
	}
	mirrored := 0
	for _, td := range doc.all("td") {
		if attr(td, "dir") == "rtl" {
			mirrored++
		}
	}
	if mirrored != 2 {
		t.Errorf("got %d right-to-left cells, want 2", mirrored)
	}
}

func TestHostilePagesStayText(t *testing.T) {
	evil := `"><script>alert(1)</script>'`
	site := courier
	site.Name, site.URL = evil, "javascript:alert(1)"
	choice := []templates.Choice{{Slug: evil, Name: evil, Description: evil}, {Slug: "b", Name: "b"}}
	p := loadPages(t)
	pages := map[string]func(*bytes.Buffer) error{
		"subscribe": func(b *bytes.Buffer) error {
			return p.Subscribe(b, &templates.SubscribePage{
				Site: site, Topics: choice, Digests: choice, Zones: []string{evil}, Zone: evil, Address: evil, Name: evil,
				Errors: map[string]templates.Problem{"address": templates.Problem(evil), "form": templates.Problem(evil)}, FormToken: evil, Action: "javascript:alert(1)",
			})
		},
		"preferences": func(b *bytes.Buffer) error {
			return p.Preferences(b, &templates.PreferencesPage{Site: site, Masked: evil, Action: "javascript:alert(1)", Fresh: true, Topics: choice, Digests: choice})
		},
		"personal": func(b *bytes.Buffer) error {
			return p.Personal(b, &templates.PersonalPage{
				Site: site, Masked: evil, Name: evil, Address: evil, Action: "javascript:alert(1)",
				Zone: evil, Format: evil, Topics: choice, Digests: choice, Receipts: []templates.Receipt{{Digest: evil, What: evil, URL: "javascript:alert(1)"}},
				Change: &templates.AddressMove{New: evil}, Mails: []templates.LatelyMail{{Digest: evil, What: evil, URL: "javascript:alert(1)"}},
			})
		},
		"move": func(b *bytes.Buffer) error {
			return p.Move(b, &templates.MovePage{Site: site, Old: evil, New: evil, Action: "javascript:alert(1)"})
		},
		"answer": func(b *bytes.Buffer) error {
			return p.Answer(b, &templates.AnswerPage{Site: site, Answer: templates.AnswerMoved, Address: evil, PreferencesURL: "javascript:alert(1)", FreshAction: "javascript:alert(1)"})
		},
		"unsubscribe": func(b *bytes.Buffer) error {
			return p.Unsubscribe(b, &templates.UnsubscribePage{Site: site, DigestName: evil, Masked: evil})
		},
		"mail": func(b *bytes.Buffer) error {
			m := templates.InboxMessage{From: evil, To: evil, Subject: evil}
			return p.InboxMail(b, &templates.InboxMailPage{Site: site, Message: m, Text: evil, Source: evil})
		},
	}
	for name, draw := range pages {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := draw(&b); err != nil {
				t.Fatal(err)
			}
			for _, n := range parseHTML(t, b.String()).all("script") {
				if attr(n, "src") == "" {
					t.Errorf("script came through: %q", text(n))
				}
			}
			if strings.Contains(b.String(), "javascript:") {
				t.Error("a javascript: link came through")
			}
		})
	}
}

func FuzzStoryStaysText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s.Title, s.URL, s.Summary, s.Image)
	}
	theme := broadsheet(f)
	f.Fuzz(func(t *testing.T, title, link, summary, image string) {
		s := templates.Story{Title: title, URL: link, Summary: summary, Image: image, ImageAlt: title, Author: summary, Source: title, Topics: []string{summary}}
		d := withStory(s)
		src, err := theme.HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		checkMail(t, src, unsubscribeMarker, preferencesMarker)
		plain, err := theme.Text(d)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(plain, "\r\x00") || strings.Contains(plain, "\n-- \n") == false {
			t.Errorf("text part is broken:\n%q", plain)
		}
	})
}
