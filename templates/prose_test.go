package templates_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"broadsheet/templates"
)

const introduction = `# Good morning

The council **finally** voted last night, *after eleven months* of talks. Our
[reporter was there](https://courier.example/notebook) until three.\
It was cold.

## What to watch

- The ferry, which goes on
- The toll, about which nothing is decided: write to <desk@courier.example>
  1. before Friday
  2. or after

> We ought to have done this in 1996.
>
> — the mayor

Say ` + "`bridge.pdf`" + ` and see https://courier.example/plans.

---

![The bridge at night](https://courier.example/night.jpg)

    toll = 2.50
`

func prose(t testing.TB, markdown string) *templates.Prose {
	t.Helper()
	p, err := templates.ParseProse(markdown)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// edited is a digest with all that editors and entitlements add to one.
func edited(t testing.TB) *templates.Digest {
	t.Helper()
	d := daily(9)
	d.Intro = prose(t, introduction)
	d.Corrections = []templates.Correction{
		{Title: "The ferry keeps running", URL: "https://courier.example/ferry", Note: "We wrote that the ferry stops in April. It stops when the first lane opens.", At: d.Date.Add(-20 * time.Hour)},
		{Title: "Bridge tolls", Note: "The toll is 2.50, not 25.", At: d.Date.Add(-time.Hour)},
	}
	d.Lead.Body = []string{"The vote ends eleven months of argument over tolls, ferries and a cycle lane.", "It was close: nine to eight, with one abstention and a long pause before it."}
	d.Lead.Summary = "The vote ends eleven months of argument over tolls…"
	top := templates.Section{Kind: templates.TopSection, Stories: []templates.Story{*d.Lead, story(21, "City", "World"), story(22, "Sport")}}
	top.Stories[1].Paid = true
	latest := templates.Section{Kind: templates.LatestSection, Stories: []templates.Story{story(31, "City"), story(32, "World")}}
	latest.Stories[1].Paid = true
	latest.Stories[1].Body = []string{"The harbour authority says little.", "The union says more, and says it loudly."}
	d.Sections = append(append([]templates.Section{top}, d.Sections[:2]...), latest)
	return d
}

func TestEditedMailsMatchTheGoldenFiles(t *testing.T) {
	d := edited(t)
	golden(t, "edited.html", drawHTML(t, d))
	golden(t, "edited.txt", drawText(t, d))
	letter := daily(0)
	letter.Sections, letter.More, letter.Subject, letter.Preheader = nil, 0, "Good morning", ""
	letter.Intro = prose(t, introduction)
	golden(t, "letter.html", drawHTML(t, letter))
	golden(t, "letter.txt", drawText(t, letter))
}

func TestEditedMailsAreSound(t *testing.T) {
	d := edited(t)
	src := drawHTML(t, d)
	checkMail(t, src, unsubscribeMarker, preferencesMarker)
	checkText(t, drawText(t, d))
	doc := parseHTML(t, src)
	var headings []string
	for _, h := range doc.all("h2") {
		headings = append(headings, text(h))
	}
	want := []string{"Good morning", "Corrections", "Top story", "Top stories", "City", "World", "Also today"}
	if !slices.Equal(headings, want) {
		t.Errorf("got headings %q, want %q", headings, want)
	}
	for words, n := range map[string]int{
		"For paying readers": 2, "Also in City": 0, "City, World": 1, // in the section of the best, labels tell all topics
		"The vote ends eleven months of argument over tolls…": 0, // the body begins with it
	} {
		for part, s := range map[string]string{"html": src, "text": drawText(t, d)} {
			if got := strings.Count(s, words); got != n {
				t.Errorf("%s has %q %d times, want %d", part, words, got, n)
			}
		}
	}
}

func TestEditedMailsHaveContrast(t *testing.T) {
	src := drawHTML(t, edited(t))
	for scheme, rules := range map[string]map[string]string{"light": nil, "dark": darkRules(t, src)} {
		mailColours(parseHTML(t, src).root, colours{}, rules, func(words string, c colours) {
			if got := contrast(t, c.text, c.behind); got < leastContrast {
				t.Errorf("%s: %q has %.2f of %s on %s", scheme, words, got, c.text, c.behind)
			}
			if (luminance(t, c.behind) < 0.2) != (scheme == "dark") {
				t.Errorf("%s: %q stands on %s", scheme, words, c.behind)
			}
		})
	}
}

func TestProseKnowsItsHeadingAndOpening(t *testing.T) {
	for _, tc := range []struct{ src, heading, opening string }{
		{introduction, "Good morning", "The council finally voted last night, after eleven months of talks. Our reporter was there until three. It was cold."},
		{"Hello *there*\n\n# Late & [linked](https://a.example)\n", "Late & linked", "Hello there"},
		{"## Second only\n\n- a\n", "", ""},
		{"", "", ""},
		{"<b>\n\nA", "", "<b>"},
	} {
		p := prose(t, tc.src)
		if p.Heading() != tc.heading || p.Opening() != tc.opening {
			t.Errorf("%q: got heading %q, opening %q, want %q, %q", tc.src, p.Heading(), p.Opening(), tc.heading, tc.opening)
		}
	}
	if !prose(t, " \n\n").Empty() || prose(t, "a").Empty() || (*templates.Prose)(nil).Heading() != "" {
		t.Error("a text of spaces is empty, one of letters is not")
	}
}

func TestProseIsRefused(t *testing.T) {
	for name, src := range map[string]string{"too long": strings.Repeat("a ", 25_001), "no UTF-8": "caf\xe9", "a NUL": "a\x00b"} {
		if _, err := templates.ParseProse(src); !errors.Is(err, templates.ErrProse) {
			t.Errorf("%s: got %v, want ErrProse", name, err)
		}
	}
}

// withIntro is a mail of a text alone.
func withIntro(p *templates.Prose) *templates.Digest {
	d := daily(0)
	d.Sections, d.More, d.Intro = nil, 0, p
	return d
}

func TestProseInText(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{"link", "See [the plan](https://a.example/plan) today.", "See the plan <https://a.example/plan> today."},
		{"bare address", "See https://a.example/plan and <https://b.example/>.", "See https://a.example/plan and https://b.example/."},
		{"mail", "Write to <desk@a.example> or [us](mailto:us@a.example).", "Write to desk@a.example or us <us@a.example>."},
		{"linked style", "[the **big** plan](https://a.example/p) and", "the big plan <https://a.example/p> and"},
		{"two links", "[a](https://a.example/1) [b](https://a.example/2)", "a <https://a.example/1> b <https://a.example/2>"},
		{"list", "1. one\n2. two\n   - inner\n\n3. three", "1. one\n\n2. two\n\n   - inner\n\n3. three"},
		{"tight list", "- one\n- two", "- one\n- two"},
		{"starts late", "7. one\n8. two", "7. one\n8. two"},
		{"quote", "> a\n>\n> b", "> a\n>\n> b"},
		{"break", "a  \nb\nc", "a\nb c"},
		{"entities", "A &amp; B \\*c\\* &copy;", "A & B *c* ©"},
		{"html", "a <b>c</b> <script>x</script>", "a <b>c</b> <script>x</script>"},
		{"picture", "![a bridge](https://a.example/p.jpg) ![b](http://a.example/p.jpg)", "[a bridge] b"},
		{"heading", "# Go *now*\n\n### Small", "GO NOW\n\nSmall"},
		{"code", "```\nif a {\n    b\n}\n```", "  if a {\n      b\n  }"},
		{"long lines", strings.Repeat("word ", 20) + "https://a.example/" + strings.Repeat("x", 80), strings.TrimSpace(strings.Repeat("word ", 14)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 6)) + "\nhttps://a.example/" + strings.Repeat("x", 80)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := drawText(t, withIntro(prose(t, tc.src)))
			_, got, _ = strings.Cut(got, strings.Repeat("=", 72)+"\n\n")
			if got, _, _ = strings.Cut(got, "\n\n-- "); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// hostileProse is what an introduction may try.
var hostileProse = []string{
	introduction,
	"<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n<!-- <b>",
	"[a](javascript:alert(1)) [b](JAVASCRIPT:alert(1)) [c](data:text/html,x) [d](vbscript:x) [e](//evil.example/) [f](/rel)",
	"[a](java\nscript:alert(1)) [b](&#106;avascript:alert(1)) <javascript:alert(1)> [c](\\javascript:x)",
	"![a](data:image/png;base64,AAAA) ![b](http://a.example/p.jpg) ![c](https://a.example/p.jpg\"onerror=\"alert(1))",
	"[a](https://bank.example@evil.example/) [b](https://\"onclick=alert(1))",
	"[a\"><script>](https://a.example/\"><script>alert(1)</script>) ![\" onload=\"alert(1)](https://a.example/x.jpg)",
	"[a](mailto:a@b.example?bcc=all@b.example%0d%0aX:y) [b](mailto:) [c](mailto:<script>)",
	"a\u202Eb \u2067c d \x1b[31m e\r\nf\u2028g",
	"-- \n\nsignature\n\n--\n",
	strings.Repeat(">", 400) + " deep",
	strings.Repeat("- ", 200) + "deep\n\n" + strings.Repeat("  - x\n", 50),
	strings.Repeat("*a **b ", 300),
	strings.Repeat("[", 500) + "a" + strings.Repeat("](x)", 500),
	"999999999. a\n\n0. b",
	"{{.Site.Name}} {{end}} {{template \"meta\"}}",
	"```html\n</pre><script>alert(1)</script>\n```",
	"# " + strings.Repeat("橋の計画を市議会が承認、", 30) + "\n\n" + strings.Repeat("x", 300),
	"العنوان\n\n> اقتباس [رابط](https://a.example/ar)\n\n- عنصر",
	"[a]: https://a.example/x \"title\"\n\n[a] [b][a] ![c][a]",
	"&lt;script&gt; &#60;b&#62; &#0; &#x202E;x",
	"[a](mailto:a@b.example?cc=c@b.example%0d%0aX:y) [b](https://a.example/?q=\"<b>)",
	"![](https://a.example/p.jpg) [![](https://a.example/p.jpg)](https://a.example/) [](https://a.example/)",
}

// proseTags are the tags that a text may come out as.
var proseTags = []string{"p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code", "strong", "em", "a", "img", "br", "div"}

// checkProse holds a text to what may come of it.
func checkProse(t *testing.T, src string, p *templates.Prose) {
	t.Helper()
	drawn := templates.DrawProse(p)
	tokens := html.NewTokenizer(strings.NewReader(drawn))
	var open []string
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		token := tokens.Token()
		switch kind {
		case html.StartTagToken:
			if !slices.Contains(proseTags, token.Data) {
				t.Fatalf("%q: came out with <%s>", src, token.Data)
			}
			if token.Data != "br" && token.Data != "img" {
				open = append(open, token.Data)
			}
			for _, a := range token.Attr {
				checkProseAttr(t, token.Data, a)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%q: </%s> closes %q", src, token.Data, open)
			}
			open = open[:len(open)-1]
		case html.CommentToken, html.DoctypeToken, html.SelfClosingTagToken:
			t.Fatalf("%q: came out with %v", src, token)
		}
	}
	if len(open) > 0 {
		t.Fatalf("%q: %q stay open", src, open)
	}
	if strings.ContainsAny(drawn, "\r\x00\x1b\u202e\u2028") || !utf8.ValidString(drawn) {
		t.Fatalf("%q: control characters came out", src)
	}
}

func checkProseAttr(t *testing.T, tag string, a html.Attribute) {
	t.Helper()
	switch a.Key {
	case "style", "class", "alt", "width", "dir", "start":
	case "href":
		if !isWeb(a.Val) && !strings.HasPrefix(a.Val, "mailto:") || strings.ContainsAny(a.Val, "\r\n <>\"") {
			t.Fatalf("a link to %q", a.Val)
		}
	case "src":
		if !strings.HasPrefix(a.Val, "https://") {
			t.Fatalf("a picture from %q", a.Val)
		}
	default:
		t.Fatalf("<%s> came out with %s=%q", tag, a.Key, a.Val)
	}
}

func TestHostileProseStaysText(t *testing.T) {
	for _, src := range hostileProse {
		p := prose(t, src)
		checkProse(t, src, p)
		d := withIntro(p)
		checkMail(t, drawHTML(t, d), unsubscribeMarker, preferencesMarker)
		checkText(t, drawText(t, d))
	}
}

func TestProseKeepsItsWords(t *testing.T) {
	for _, src := range []string{hostileProse[1], hostileProse[10], hostileProse[11], hostileProse[12]} {
		plain := drawText(t, withIntro(prose(t, src)))
		for _, word := range []string{"deep", "alert(1)", "**b"} {
			if strings.Contains(src, word) && !strings.Contains(plain, word) {
				t.Errorf("%q is lost of %.40q", word, src)
			}
		}
	}
}

func FuzzProse(f *testing.F) {
	for _, src := range hostileProse {
		f.Add(src)
	}
	theme := broadsheet(f)
	f.Fuzz(func(t *testing.T, src string) {
		p, err := templates.ParseProse(src)
		if err != nil {
			return
		}
		checkProse(t, src, p)
		plain, err := theme.Text(withIntro(p))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(plain, "\r\x00\x1b\u202e") || strings.Count(plain, "\n-- \n") != 1 {
			t.Fatalf("%q: the text part is broken:\n%q", src, plain)
		}
	})
}
