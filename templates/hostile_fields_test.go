package templates_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

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
		Slots: []templates.Slot{
			{Slug: words, Position: templates.SlotTop, Sponsor: words, Label: words, Text: words + "\n\n" + words, Link: link, LinkText: words},
			{Slug: words, Position: templates.SlotAfterLead, Text: words, Link: link, Creative: creativeOf(words)},
			{Slug: words, Position: templates.SlotAfterSection(1), Label: words, Text: words, Link: link, Follow: func(link string) string { return link }},
			{Slug: words, Position: templates.SlotBottom, Sponsor: words, Text: words, Link: link},
		},
	}
}

// creativeOf is one with these words in it, nil where it is refused.
func creativeOf(words string) *templates.Creative {
	c, _ := templates.ParseCreative("<p>" + words + "</p>")
	return c
}

// unfilled lists the texts of a value that are empty, by their path.
func unfilled(v reflect.Value, path string, into map[string]bool) {
	switch v.Kind() {
	case reflect.String:
		into[path] = into[path] || v.Len() > 0
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			into[path] = into[path] || false
			return
		}
		unfilled(v.Elem(), path, into)
	case reflect.Slice:
		if v.Len() == 0 {
			into[path] = into[path] || false
		}
		for i := range v.Len() {
			unfilled(v.Index(i), path, into)
		}
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[templates.Digest]().PkgPath() {
			return // times
		}
		if v.Type() == reflect.TypeFor[templates.Creative]() {
			into[path] = true // it has rules of its own, see FuzzCreative
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				unfilled(v.Field(i), path+"."+f.Name, into)
			}
		}
	}
}

// TestEveryFieldIsFilled: whoever gives mails another field puts hostile words into
// it, or says here why none can come.
func TestEveryFieldIsFilled(t *testing.T) {
	filled := map[string]bool{}
	unfilled(reflect.ValueOf(everyField(t, templates.KindDaily, "words", "https://courier.example/")).Elem(), "", filled)
	var got []string
	for path, some := range filled {
		if !some {
			got = append(got, path)
		}
	}
	slices.Sort(got)
	want := []string{
		".Language", ".Lead.Language", ".Sections.Stories.Language", // BCP 47, with a test of their own
		".PixelURL",                      // package digest puts it in, with a token of its own
		".Site.Languages", ".Site.Looks", // of pages
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("nothing hostile is in %q, want that of %q alone", got, want)
	}
}

// structure is the elements and attributes that a mail is made of, each once.
func structure(src string) map[string]bool {
	out := map[string]bool{}
	for z := html.NewTokenizer(strings.NewReader(src)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			out["<"+t.Data+">"] = true
			for _, a := range t.Attr {
				out["<"+t.Data+" "+a.Key+">"] = true
			}
		case html.CommentToken:
			out["<!--"+z.Token().Data+"-->"] = true
		}
	}
}

// fields checks the mails of a theme with hostile fields.
type fields struct {
	theme *templates.Theme
	plain map[templates.Kind]map[string]bool // what its mails are made of with plain words in every field, or in none
}

func newFields(t testing.TB, theme *templates.Theme) *fields {
	f := &fields{theme, map[templates.Kind]map[string]bool{}}
	for _, kind := range templates.Kinds() {
		all := map[string]bool{}
		for _, words := range []string{"Plain words.", "كلمات", ""} {
			for _, link := range []string{"https://courier.example/", ""} {
				src, _ := drawWith(t, theme, everyField(t, kind, words, link))
				maps.Copy(all, structure(src))
			}
		}
		f.plain[kind] = all
	}
	return f
}

// ofProse is what the Markdown of an introduction may bring.
var ofProse = []string{"<b>", "<i>", "<em>", "<strong>", "<code>", "<pre>", "<ul>", "<ol>", "<li>", "<blockquote>", "<h2>", "<h3>", "<h4>", "<br>", "<hr>"}

// check draws a mail with hostile fields.
func (f *fields) check(t *testing.T, kind templates.Kind, words, link string) {
	t.Helper()
	src, text := drawWith(t, f.theme, everyField(t, kind, words, link))
	checkMail(t, src, unsubscribeMarker, preferencesMarker)
	for piece := range structure(src) {
		if name, _, _ := strings.Cut(strings.Trim(piece, "<>"), " "); !f.plain[kind][piece] && !slices.Contains(ofProse, "<"+name+">") {
			t.Errorf("html has %s, which no mail of plain words has", piece)
		}
	}
	for part, s := range map[string]string{"html": src, "text": text} {
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
	themes := map[string]*fields{}
	for name, theme := range builtIn(t) {
		themes[name] = newFields(t, theme)
	}
	check := func(name, words, link string) {
		for theme, f := range themes {
			for _, kind := range templates.Kinds() {
				t.Run(name+"/"+theme+"/"+string(kind), func(t *testing.T) { f.check(t, kind, words, link) })
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
		"bytes of a link": "https://courier.example/?q=\xc3\u202e%20 &x=%41",
		"script":          "javascript:alert(1)", "hidden script": " java\nscript:alert(1)", "data": "data:text/html,<script>alert(1)</script>",
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
	for i, link := range []string{"http://00?\xc3", "https://courier.example/?\u202e", "https://courier.example/a?b=%20 c&d=\x7f"} {
		f.Add("Words", link, uint8(i))
	}
	var themes []*fields
	for _, theme := range builtIn(f) {
		themes = append(themes, newFields(f, theme))
	}
	f.Fuzz(func(t *testing.T, words, link string, choice uint8) {
		kinds := templates.Kinds()
		themes[int(choice)%len(themes)].check(t, kinds[int(choice)/len(themes)%len(kinds)], words, link)
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
