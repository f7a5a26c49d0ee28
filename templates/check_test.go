package templates_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"broadsheet/templates"
)

// sound is the smallest theme that nothing is wrong with.
var sound = map[string]string{
	"digest.html": `<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head><meta name="color-scheme" content="light dark"><title>{{.Subject}}</title>
<style>
:root { --paper: #ffffff; --ink: #222222; }
@media (prefers-color-scheme: dark) { :root { --paper: #111111; --ink: #eeeeee; } }
.sheet { background-color: var(--paper); color: var(--ink); }
.inkless { color: var(--ink); }
</style></head>
<body>
<div lang="{{.Lang}}" dir="{{.Dir}}" class="sheet">
<div>{{.Preheader}}</div>
<h1>{{.Name}}</h1>
{{range .Sections}}<h2>{{.Name}}</h2>
{{range .Items}}<p><a href="{{.URL}}" class="inkless">{{.Title}}</a></p>
{{with .Picture}}<img src="{{.URL}}" alt="{{.Alt}}">{{end}}{{end}}{{end}}
<p>{{.Why}} {{.Address}}</p>
<p><a href="{{.Foot.Unsubscribe}}" class="inkless">{{.UnsubscribeText}}</a> <a href="{{.Foot.Preferences}}" class="inkless">{{.T.Preferences}}</a></p>
</div>
</body>
</html>
`,
	"digest.txt": `{{wrap .Name}}
{{range .Sections}}
{{wrap .Name}}
{{range .Items}}
{{wrap .Title}}
{{.URL}}
{{end}}{{end}}
{{wrap .Why}}
{{.Address}}
{{.Foot.Unsubscribe}}
{{.Foot.Preferences}}
`,
}

// checked are the findings of the sound theme with one of its files changed:
// each of the words stands in the place of those before.
func checked(t *testing.T, file string, words ...string) []string {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range sound {
		for i := 0; name == file && i < len(words); i += 2 {
			if n := strings.Count(text, words[i]); n != 1 {
				t.Fatalf("%q stands %d times in %s", words[i], n, file)
			}
			text = strings.Replace(text, words[i], words[i+1], 1)
		}
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	source, err := templates.ReadSource(folder, templates.Look{})
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, f := range source.Check() {
		lines = append(lines, f.String())
	}
	return lines
}

// digests are the mails that the sound theme draws with its own files, those
// that have sections, and all.
const (
	digests  = " (daily, weekly, breaking, letter, welcome, correction)"
	sections = " (daily, weekly, welcome)"
)

func TestCheckTellsWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name, file, old, new string
		want                 []string
	}{
		{"nothing", "digest.html", "<!DOCTYPE", "<!DOCTYPE", nil},
		{"an unknown field", "digest.html", "{{.Why}}", "{{.Wyh}}", []string{
			"digest.html:17: error: .Wyh: no such field, did you mean .Why?",
		}},
		{"pale text", "digest.html", "<h1>", `<h1 style="color:#999999">`, []string{
			"digest.html:13: error: <h1> has a contrast of 2.8 to 1 in the light, #999999 on #ffffff, and text needs 4.5" + digests,
		}},
		{"a rule that is dark in the dark", "digest.html", "--paper: #111111; --ink: #eeeeee", "--paper: #111111; --ink: #444444", []string{
			"digest.html:12: error: <div> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + digests,
			"digest.html:13: error: <h1> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + digests,
			"digest.html:14: error: <h2> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + sections,
			"digest.html:15: error: <a> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + sections,
			"digest.html:16: error: <img> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + sections,
			"digest.html:17: error: <p> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + digests,
			"digest.html:18: error: <a> has a contrast of 1.9 to 1 in the dark, #444444 on #111111, and text needs 4.5" + digests,
		}},
		{"a background of its own", "digest.html", ".inkless { color: var(--ink); }", ".inkless { color: var(--ink); }\nh2 { background: #222 none; }", []string{
			"digest.html:15: error: <h2> has a contrast of 1.0 to 1 in the light, #222222 on #222222, and text needs 4.5" + sections,
		}},
		{"a rule within another", "digest.html", ".inkless { color: var(--ink); }", ".inkless { color: var(--ink); }\n.sheet > h1 { color: rgb(240 240 240); }", []string{
			"digest.html:14: error: <h1> has a contrast of 1.1 to 1 in the light, #f0f0f0 on #ffffff, and text needs 4.5" + digests,
		}},
		{"a rule for phones", "digest.html", ".inkless { color: var(--ink); }", ".inkless { color: var(--ink); }\n@media (max-width: 500px) { h1 { color: silver; } }", []string{
			"digest.html:14: error: <h1> has a contrast of 1.8 to 1 in the light, #c0c0c0 on #ffffff, and text needs 4.5" + digests,
		}},
		{"a faint text", "digest.html", "<h1>", `<h1 style="opacity:0.4">`, []string{
			"digest.html:13: error: <h1> has a contrast of 2.4 to 1 in the light, #a7a7a7 on #ffffff, and text needs 4.5" + digests,
			"digest.html:13: error: <h1> has a contrast of 3.4 to 1 in the dark, #696969 on #111111, and text needs 4.5" + digests,
			"digest.html:13: warning: opacity (opacity:0.4) is not known by Gmail on the mobile web, Outlook on Windows, Windows Mail, AOL on Android, AOL on the web and 7 more" + digests,
		}},
		{"a colour that is none", "digest.html", "<h1>", `<h1 style="color:inky">`, []string{
			"digest.html:13: warning: the contrast of <h1> in the light cannot be told: inky is not #hex, rgb(), hsl() or a name" + digests,
			"digest.html:13: warning: the contrast of <h1> in the dark cannot be told: inky is not #hex, rgb(), hsl() or a name" + digests,
		}},
		{"no alt", "digest.html", ` alt="{{.Alt}}"`, "", []string{
			`digest.html:16: error: <img> has no alt: write what the picture shows, or alt="" for decoration` + sections,
		}},
		{"a relative link", "digest.html", `href="{{.URL}}"`, `href="/news"`, []string{
			"digest.html:15: error: a link is relative, and a mail has no place that it could be relative to: /news" + sections,
		}},
		{"a link without https", "digest.html", "<h1>{{.Name}}", `<h1><a href="http://courier.example/" class="inkless">{{.Name}}</a>`, []string{
			"digest.html:13: error: a link is not https: http://courier.example/" + digests,
		}},
		{"a link within that leads nowhere", "digest.html", "<h1>{{.Name}}", `<h1 id="top"><a href="#top" class="inkless">{{.Name}}</a> <a href="#end" class="inkless">{{.Site}}</a>`, []string{
			"digest.html:13: error: no element has the id that a link leads to: #end" + digests,
			"digest.html:13: warning: Local anchors (#top) is not known by Gmail on iOS, Outlook on Android, Outlook on iOS, Yahoo Mail on Android, Yahoo Mail on iOS and 13 more" + digests,
		}},
		{"a link without words", "digest.html", "<h1>", `<a href="https://courier.example/" class="inkless"></a><h1>`, []string{
			"digest.html:13: error: a link has no words, nor a picture with alt: https://courier.example/" + digests,
		}},
		{"a picture of its own folder", "digest.html", "<h1>", `<img src="logo.png" alt=""><h1>`, []string{
			`digest.html:13: error: a picture has a relative address: "logo.png"` + digests,
		}},
		{"a picture without https", "digest.html", "<h1>", `<img src="http://courier.example/logo.png" alt=""><h1>`, []string{
			`digest.html:13: error: a picture does not come by https: "http://courier.example/logo.png"` + digests,
		}},
		{"no way out", "digest.html", "{{.Foot.Unsubscribe}}", "https://courier.example/", []string{
			"digest.html: error: there is no link to {{.Foot.Unsubscribe}}" + digests,
		}},
		{"no way out of the text", "digest.txt", "{{.Foot.Unsubscribe}}\n", "", []string{
			"digest.txt: error: {{.Foot.Unsubscribe}} is missing" + digests,
		}},
		{"no settings", "digest.txt", "{{.Foot.Preferences}}\n", "", []string{
			"digest.txt: error: {{.Foot.Preferences}} is missing" + digests,
		}},
		{"no postal address", "digest.html", " {{.Address}}", "", []string{
			"digest.html: error: the postal address {{.Address}} is missing" + digests,
		}},
		{"no postal address in the text", "digest.txt", "{{.Address}}\n", "", []string{
			"digest.txt: error: the postal address {{.Address}} is missing" + digests,
		}},
		{"a script", "digest.html", "<h1>", "<script>1</script><h1>", []string{
			"digest.html:13: error: <script> is not for mails",
		}},
		{"a form", "digest.html", "<h1>", "<form></form><h1>", []string{
			"digest.html:13: error: <form> is not for mails",
		}},
		{"a style sheet elsewhere", "digest.html", "<title>", `<link rel="stylesheet" href="https://courier.example/a.css"><title>`, []string{
			"digest.html:3: error: <link> is not for mails",
		}},
		{"a font elsewhere", "digest.html", ":root { --paper: #ffffff", "@font-face { font-family: x; src: url(https://courier.example/x.woff2); }\n:root { --paper: #ffffff", []string{
			"digest.html: warning: @font-face asks another server for a font when the mail is opened: name fonts that readers have" + digests,
		}},
		{"what Outlook does not know", "digest.html", "<h1>", `<h1 style="display:flex">`, []string{
			"digest.html:13: warning: display:flex is not known by Outlook on Windows, Windows Mail, GMX on the web, Orange on Android, Orange on the web and 2 more" + digests,
		}},
		{"long lines", "digest.txt", "{{wrap .Title}}", "{{.Title}}", []string{
			"digest.txt:5: warning: a line of the text is wider than 72 columns: is wrap missing?" + sections,
		}},
		{"a long line of its own", "digest.txt", "{{wrap .Why}}", "{{wrap .Why}}\n" + strings.Repeat("ha ", 30), []string{
			"digest.txt:9: warning: a line of the text is wider than 72 columns: is wrap missing?" + digests,
		}},
		{"two headings", "digest.html", "<h1>{{.Name}}</h1>", "<h1>{{.Name}}</h1>\n<h1>{{.Date}}</h1>", []string{
			"digest.html:14: warning: a second <h1>: the name of the digest is the only one" + digests,
		}},
		{"no heading", "digest.html", "<h1>{{.Name}}</h1>", "<p>{{.Name}}</p>", []string{
			"digest.html: warning: there is no <h1>: the name of the digest should be one" + digests,
		}},
		{"a heading left out", "digest.html", "<h2>{{.Name}}</h2>", "<h4>{{.Name}}</h4>", []string{
			"digest.html:14: warning: <h4> follows <h1>, and a level is left out" + sections,
		}},
		{"no preheader", "digest.html", "<div>{{.Preheader}}</div>\n", "", []string{
			"digest.html: warning: the body does not begin with {{.Preheader}}, which inboxes show beside the subject" + digests,
		}},
		{"no language", "digest.html", `<html lang="{{.Lang}}"`, "<html", []string{
			`digest.html:2: error: <html> lacks lang="{{.Lang}}"` + digests,
		}},
		{"a fixed direction", "digest.html", `<html lang="{{.Lang}}" dir="{{.Dir}}"`, `<html lang="{{.Lang}}" dir="ltr"`, []string{
			`digest.html:2: error: <html> says dir="ltr" in a mail of "rtl": write "{{.Dir}}"` + digests,
		}},
		{"no direction within", "digest.html", `<div lang="{{.Lang}}" dir="{{.Dir}}" class`, `<div lang="{{.Lang}}" class`, []string{
			`digest.html:11: warning: the first <div> of the body lacks lang="{{.Lang}}" dir="{{.Dir}}": many mail programs leave <html> out` + digests,
		}},
		{"twenty stories that are too much", "digest.html", "<h2>", `{{range .Items}}<p>` + strings.Repeat("word ", 600) + `</p>{{end}}<h2>`, []string{
			"digest.html: warning: the HTML has 61 KB with 20 stories: up to 30 are read at once on slow phones" + sections,
		}},
		{"what is cut off", "digest.html", "<h2>", `{{range .Items}}<p>` + strings.Repeat("word ", 1200) + `</p>{{end}}<h2>`, []string{
			"digest.html: error: the HTML has 117 KB with 20 stories, and mail programs cut it off beyond 95" + sections,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := checked(t, tt.file, tt.old, tt.new)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestCheckReadsMailsAsReadersDo: what is right is not found, and what is wrong
// is found by the rule that wins.
func TestCheckReadsMailsAsReadersDo(t *testing.T) {
	rules := ".inkless { color: var(--ink); }"
	pale := func(line, element, colours, scheme string) string {
		return "digest.html:" + line + ": error: <" + element + "> has a contrast of " + colours[:3] + " to 1 in the " + scheme + ", " + colours[4:] + ", and text needs 4.5" + digests
	}
	for _, tt := range []struct {
		name, file, old, new string
		want                 []string
	}{
		{"a child is no grandchild", "digest.html", rules, rules + "\n.sheet > a { color: #cccccc; }", nil},
		{"the more specific rule", "digest.html", rules, rules + "\n.sheet h1 { color: #777777; }\ndiv h1 { color: #222222; }", []string{
			pale("15", "h1", "4.4 #777777 on #ffffff", "light"), pale("15", "h1", "4.2 #777777 on #111111", "dark"),
		}},
		{"for the light alone", "digest.html", rules, rules + "\n@media (prefers-color-scheme: light) { h1 { color: #999999; } }", []string{pale("14", "h1", "2.8 #999999 on #ffffff", "light")}},
		{"for print alone", "digest.html", rules, rules + "\n@media print { h1 { color: #ffffff; } }", nil},
		{"what is hidden", "digest.html", "<h1>", `<p style="display:none;color:#ffffff">Words</p><h1>`, nil},
		{"a link in the browser's colour", "digest.html", "<h1>", `<p style="background-color:#0000aa;color:#ffffff"><a href="https://courier.example/">Words</a></p><h1>`, []string{
			pale("13", "a", "1.4 #0000ee on #0000aa", "light"),
		}},
		{"an inherited colour", "digest.html", "<h1>", `<p style="background-color:#0000aa;color:#ffffff"><a href="https://courier.example/" style="color:inherit">Words</a></p><h1>`, nil},
		{"a background as an attribute", "digest.html", "<h1>", `<table bgcolor="#333333"><tr><td>Words</td></tr></table><h1>`, []string{pale("13", "td", "1.2 #222222 on #333333", "light")}},
		{"a colour as an attribute", "digest.html", "<h1>", `<font color="silver">Words</font><h1>`, []string{pale("13", "font", "1.8 #c0c0c0 on #ffffff", "light")}},
		{"a colour by its hue", "digest.html", "<h1>", `<h1 style="color:hsl(120deg,100%,25%);background:hsl(0,0%,50%)">`, []string{
			pale("13", "h1", "1.3 #008000 on #808080", "light"), pale("13", "h1", "1.3 #008000 on #808080", "dark"),
		}},
		{"a colour by shares", "digest.html", "<h1>", `<h1 style="color:rgb(40%,40%,40%)">`, []string{pale("13", "h1", "3.2 #666666 on #111111", "dark")}},
		{"a browser's own dark", "digest.html", "</div>\n</body>", "</div>\n<p style=\"color:#222222\">Words</p></body>", []string{pale("20", "p", "1.1 #222222 on #121212", "dark")}},
		{"words in a comment", "digest.html", "<h1>", "<!-- <img src=\"a.png\" alt=\"\"> -->\n<img src=\"a.png\" alt=\"\"><h1>", []string{
			`digest.html:14: error: a picture has a relative address: "a.png"` + digests,
		}},
		{"an address of mail", "digest.html", "<h1>", `<p><a href="mailto:editors@courier.example" class="inkless">Write</a></p><h1>`, nil},
		{"a long address in the text", "digest.txt", "{{.Address}}", "{{.Address}}\nhttps://courier.example/" + strings.Repeat("a", 80), nil},
		{"a line that goes on", "digest.txt", "{{wrap .Why}}", strings.Repeat("a", 60) + "\n{{- .Name}}", []string{
			"digest.txt:8: warning: a line of the text is wider than 72 columns: is wrap missing?" + digests,
		}},
		{"a line that takes space away", "digest.txt", "{{wrap .Title}}", "{{- .Title}}", []string{
			"digest.txt:5: warning: a line of the text is wider than 72 columns: is wrap missing?" + sections,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := checked(t, tt.file, tt.old, tt.new)
			got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "is not known by") })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestWithoutColoursForTheDarkThereIsNoDark: a mail program whose mail does not
// say that it knows the dark draws it on white.
func TestWithoutColoursForTheDarkThereIsNoDark(t *testing.T) {
	got := checked(t, "digest.html", `<meta name="color-scheme" content="light dark">`, "", "</div>\n</body>", "</div>\n<p style=\"color:#222222\">Words</p></body>")
	if len(got) > 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

// TestBuiltInThemesPassTheCheck with no warning either, in any of the looks
// that sites may have.
func TestBuiltInThemesPassTheCheck(t *testing.T) {
	names, err := templates.ThemeNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		folder, err := templates.BuiltIn(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, look := range []templates.Look{{}, {Tagline: "Springfield, since 1871", Logo: &templates.Logo{URL: "https://courier.example/logo.png", Width: 160, Height: 40}}} {
			source, err := templates.ReadSource(folder, look)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range source.Check() {
				t.Errorf("%s: %s", name, f.String())
			}
		}
	}
}

// TestCheckKnowsTheColoursOfASite: the accent of [theme] is a colour that must
// be read as any other.
func TestCheckKnowsTheColoursOfASite(t *testing.T) {
	folder, err := templates.BuiltIn("briefing")
	if err != nil {
		t.Fatal(err)
	}
	source, err := templates.ReadSource(folder, templates.Look{Light: map[string]string{"muted": "#bbbbbb"}})
	if err != nil {
		t.Fatal(err)
	}
	found := source.Check()
	isPale := func(f templates.Finding) bool {
		return f.Rule == templates.RuleContrast && f.Severity == templates.SeverityError && strings.Contains(f.Text, "#bbbbbb on") && strings.Contains(f.Text, "in the light")
	}
	if !slices.ContainsFunc(found, isPale) || slices.ContainsFunc(found, func(f templates.Finding) bool { return !isPale(f) }) {
		t.Errorf("got %v, want findings of the contrast of #bbbbbb in the light and no others", found)
	}
}

func TestBrokenThemesAreFindings(t *testing.T) {
	_, err := templates.ReadSource(fstest.MapFS{"digest.html": {Data: make([]byte, 300<<10)}, "digest.txt": {}}, templates.Look{})
	for _, tt := range []struct {
		err  error
		want string
	}{
		{err, "digest.html: error: a file of a theme has at most 256 KB"},
		{errors.New("no such folder"), "digest.html: error: no such folder"},
	} {
		found := templates.BrokenFindings(tt.err)
		if len(found) != 1 || found[0].String() != tt.want {
			t.Errorf("got %v, want %s", found, tt.want)
		}
	}
}
