package templates_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"broadsheet/templates"
)

// bankCreative is one as sponsors send it.
const bankCreative = `<!-- made by an agency -->
<table width="100%" style="background-color: #0b3d5c; color: #ffffff">
<tr>
  <td style="padding: 20px 24px">
    <a href="https://bank.example/offer?a=1&amp;b=2"><img src="https://bank.example/harbour.png" width="528" height="180" alt="A lighthouse above the harbour"></a>
    <p style="font-size: 20px; line-height: 1.3; font-weight: bold">Two months for the price of one</p>
    <p>Open an account by the end of the year. <a style="font-weight: bold">See the offer</a></p>
  </td>
</tr>
</table>
`

func creative(t testing.TB, src string) *templates.Creative {
	t.Helper()
	c, flaws := templates.ParseCreative(src)
	if len(flaws) > 0 {
		t.Fatalf("got flaws %v", flaws)
	}
	return c
}

func bankSlot(t testing.TB) templates.Slot {
	return templates.Slot{
		Slug: "bank", Position: templates.SlotAfterLead, Sponsor: "Harbour Bank", Creative: creative(t, bankCreative),
		Text: "Two months for the price of one.\n\nOpen an account by the end of the year.",
		Link: "https://bank.example/offer", LinkText: "See the offer",
	}
}

func TestCreativeIsWrittenAnew(t *testing.T) {
	got := templates.DrawCreative(creative(t, bankCreative), "https://bank.example/own", true)
	want := `
<table role="presentation" style="border-collapse:collapse;max-width:100%;width:100%;background-color:#0b3d5c;color:#ffffff">
<tbody><tr>
  <td style="padding:20px 24px">
    <a href="https://bank.example/offer?a=1&amp;b=2" rel="sponsored" style="color:inherit;text-decoration:underline"><img src="https://bank.example/harbour.png" width="528" height="180" alt="A lighthouse above the harbour" style="max-width:100%;height:auto;border:0"></a>
    <p style="margin:0 0 12px;font-size:20px;line-height:1.3;font-weight:bold">Two months for the price of one</p>
    <p style="margin:0 0 12px">Open an account by the end of the year. <a href="https://bank.example/own" rel="sponsored" style="color:inherit;text-decoration:underline;font-weight:bold">See the offer</a></p>
  </td>
</tr>
</tbody></table>
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOlderAttributesBecomeStyles, which validators know, unless a style says it.
func TestOlderAttributesBecomeStyles(t *testing.T) {
	src := `<table width="200" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td width="50%" align="right" valign="top" colspan="2">x</td><td align="left" style="text-align: center; width: 20px">y</td></tr></table>`
	want := `<table role="presentation" style="border-collapse:collapse;max-width:100%;width:200px;margin:0 auto"><tbody><tr>` +
		`<td colspan="2" style="padding:0;width:50%;text-align:right;vertical-align:top">x</td><td style="padding:0;text-align:center;width:20px">y</td></tr></tbody></table>`
	if got := templates.DrawCreative(creative(t, src), "https://bank.example/", true); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFlawsOfCreatives(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{"script", "<p>x</p>\n<script>alert(1)</script>", "2: <script> cannot be in a creative: remove it"},
		{"a whole document", "<!DOCTYPE html><body>x</body>", "1: a creative is no document: give only what stands inside <body>\n1: <body> cannot be in a creative: give only what stands inside <body>\n1: </body> ends nothing: remove it"},
		{"a style sheet", "<style>p{color:red}</style><p>x</p>", "1: <style> cannot be in a creative: write styles into the style attributes of its elements"},
		{"a headline", "<h2>x</h2>", "1: <h2> cannot be in a creative: it holds a, b, br, div, em, hr, i, img, li, ol, p, small, span, strong, sub, sup, table, tbody, td, tr, u, ul\n1: </h2> ends nothing: remove it"},
		{"a handler", `<p onclick="x()">x</p>`, "1: onclick cannot be in <p> of a creative: remove it"},
		{"a class", `<p class="ink">x</p>`, "1: class cannot be in <p> of a creative: remove it"},
		{"a script for a link", `<a href="javascript:alert(1)">x</a>`, `1: href of <a> must be an absolute https address without a login, written as links carry it, not "javascript:alert(1)"`},
		{"a plain link", `<a href="http://bank.example/">x</a>`, `1: href of <a> must be an absolute https address without a login, written as links carry it, not "http://bank.example/"`},
		{"a login", `<a href="https://bank.example@evil.example/">x</a>`, `1: href of <a> must be an absolute https address without a login, written as links carry it, not "https://bank.example@evil.example/"`},
		{"an image in the mail", `<img src="data:image/png;base64,AAAA" alt="x" width="20" height="20">`, `1: src of <img> must be an absolute https address without a login, written as links carry it, not "data:image/png;base64,AAAA"`},
		{"an image without words", `<img src="https://bank.example/a.png">`, "1: <img> needs alt: mails are read with images blocked, too\n1: <img> needs width: mails are read with images blocked, too\n1: <img> needs height: mails are read with images blocked, too"},
		{"a pixel that counts", `<p>x</p><img src="https://bank.example/a.png" alt="x" width="1" height="1">`, `1: width of <img> must be a number from 16 to 576, not "1"` + "\n" + `1: height of <img> must be a number from 16 to 1200, not "1"`},
		{"a remote background", `<p style="background-image:url(https://bank.example/a.png)">x</p>`, `1: style of <p>: "background-image" cannot be in a creative: it holds background-color, border, border-bottom, border-collapse, border-left, border-radius, border-right, border-top, color, display, font-family, font-size, font-style, font-weight, height, letter-spacing, line-height, margin, margin-bottom, margin-left, margin-right, margin-top, max-width, padding, padding-bottom, padding-left, padding-right, padding-top, text-align, text-decoration, text-transform, vertical-align, width`},
		{"an address for a colour", `<p style="color:url(https://bank.example/)">x</p>`, `1: style of <p>: color must be a colour such as #1d4ed8, not "url(https://bank.example/)"`},
		{"hidden words", `<p style="display:none">x</p><p style="font-size:0">x</p>`, `1: style of <p>: display must be block, inline, inline-block, not "none"` + "\n" + `1: style of <p>: font-size must be 12px to 48px, not "0"`},
		{"too wide", "<p style=\"width:600px\">x</p>", `1: style of <p>: width must be 280px at most or a percentage, for narrow screens, not "600px"`},
		{"a colour by day only", "<p\nstyle=\"color:#000000\">x</p>", "1: style of <p> gives a color without a background-color: give both, so that mails in the dark can be read, or none"},
		{"a background by day only", `<div style="background-color:#ffffff"><p>x</p></div>`, "1: style of <div> gives a background-color without a color: give both, so that mails in the dark can be read, or none"},
		{"little contrast", `<div style="background-color:#ffffff;color:#111111"><p><span style="color:#999999">x</span></p></div>`, "1: #999999 on #ffffff in <span> has a contrast of 2.8 to 1: it needs 4.5"},
		{"no end", "<div>\n<p>x", "1: <div> has no end: write </div> where it ends\n2: <p> has no end: write </p> where it ends"},
		{"crossed", "<b><i>x</b></i>", "1: </b> stands where <i> of line 1 has to end first\n1: </i> stands where <b> of line 1 has to end first"},
		{"out of its cell", "</td></tr></table>x", "1: </td> ends nothing: remove it\n1: </tr> ends nothing: remove it\n1: </table> ends nothing: remove it"},
		{"a table in a paragraph", `<p><table><tr><td>x</td></tr></table></p>`, ""},
		{"a link in a link", `<a href="https://bank.example/"><b><a href="https://bank.example/">x</a></b></a>`, "1: a link of the creative has no words: give it some, or an image with alt; links do not stand inside links"},
		{"nothing", " <p> </p> ", "1: the creative shows nothing: give it words or an image"},
		{"no UTF-8", "<p>\xff</p>", "1: the creative is not UTF-8: save it as that"},
		{"too large", "<p>" + strings.Repeat("x", 9990) + "</p>", "1: the creative takes 10021 octets of a mail, and 10000 is the most"},
		{"much too large", strings.Repeat("x", 50_000), "1: the creative has 50000 octets, and 10000 is the most"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, flaws := templates.ParseCreative(tc.src)
			var got []string
			for _, f := range flaws {
				got = append(got, fmt.Sprintf("%d: %s", f.Line, f.Text))
			}
			if strings.Join(got, "\n") != tc.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tc.want)
			}
		})
	}
}

// allowed is what a creative may draw, written down once more.
var allowed = map[string][]string{
	"a": {"href", "rel"}, "img": {"src", "alt", "width", "height"}, "table": {"role"},
	"td": {"colspan"}, "tbody": nil, "tr": nil, "br": nil, "hr": nil, "p": nil, "div": nil, "span": nil, "b": nil, "em": nil,
	"i": nil, "small": nil, "strong": nil, "sub": nil, "sup": nil, "u": nil, "ul": nil, "ol": nil, "li": nil,
}

// FuzzCreative tries to get out of the place that a creative has in a mail, or to
// bring something along.
func FuzzCreative(f *testing.F) {
	f.Add(bankCreative)
	for _, s := range hostile {
		f.Add("<p>" + s.Title + "</p>")
	}
	for _, src := range []string{
		`<p>x</p></div></td></tr></table><script>alert(1)</script>`, `<tr><td>x</td></tr>`, `<table><a href="https://b.example/"><tr><td>x</td></tr></a></table>`,
		`<svg><p><style><img src=x></style></svg>`, `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">x</p></noscript>`, `<a href="https://b.example/&#34; onclick=&#34;x">y</a>`,
		`<img alt="` + "`" + `onerror=alert(1)" src="https://b.example/a.png" width="20" height="20">`, `<p style="color:#000;background-color:#fff;&quot;">x</p>`,
		`<p lang="en&quot; onclick=&quot;x" dir="rtl">x</p>`, `<![if !mso]><p>x</p><![endif]>`, `<!--[if mso]><p>x</p><![endif]--><p>y</p>`, "<p>\u202e{{.Reader}}</p>",
		"<a\x1b>x</a>", "<a\x1b=1 a\x1b=2>x</a>",
		`<b><a><b></b><a></a></b></a>`, `<li><p>x</p></li><ul><ol><li></li></ol></ul>`, `<plaintext>x`, `<p>&lt;script&gt;</p>`,
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		c, flaws := templates.ParseCreative(src)
		if (c == nil) == (len(flaws) == 0) {
			t.Fatalf("got %v and flaws %v, want one of them", c, flaws)
		}
		for _, flaw := range flaws {
			if flaw.Line < 1 || flaw.Line > strings.Count(src, "\n")+1 || flaw.Text == "" || strings.ContainsAny(flaw.Text, "\n\x1b") {
				t.Errorf("flaw %+v of a creative of %d lines", flaw, strings.Count(src, "\n")+1)
			}
		}
		if c == nil {
			return
		}
		drawn := templates.DrawCreative(c, "https://slot.example/", false)
		if len(drawn) > templates.MostCreative {
			t.Errorf("it takes %d octets", len(drawn))
		}
		staysInItsCell(t, drawn)
		if again, flaws := templates.ParseCreative(drawn); len(flaws) > 0 && !strings.Contains(flaws[0].Text, "octets") {
			t.Errorf("what is drawn is refused: %v\n%s", flaws, drawn)
		} else if len(flaws) == 0 && templates.DrawCreative(again, "https://slot.example/", false) != drawn {
			t.Errorf("drawn again it differs:\n%s", drawn)
		}
	})
}

// staysInItsCell puts a creative where mails have it and looks at what a browser
// would make of that.
func staysInItsCell(t *testing.T, drawn string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(`<!DOCTYPE html><html><body><table id="t"><tr><td><div id="in">` + drawn + `</div><p id="after"></p></td></tr></table></body></html>`))
	if err != nil {
		t.Fatal(err)
	}
	var in, after *html.Node
	for n := range doc.Descendants() {
		switch attr(n, "id") {
		case "in":
			in = n
		case "after":
			after = n
		}
	}
	if in == nil || after == nil || after.Parent != in.Parent || in.Parent.DataAtom != atom.Td || in.NextSibling != after {
		t.Fatalf("it gets out of its cell:\n%s", drawn)
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("it has a comment:\n%s", drawn)
		}
	}
	for n := range in.Descendants() {
		if n.Type == html.ElementNode {
			onlyAllowed(t, n, drawn)
		}
	}
}

func onlyAllowed(t *testing.T, n *html.Node, drawn string) {
	t.Helper()
	own, ok := allowed[n.Data]
	if !ok || n.Namespace != "" {
		t.Fatalf("it has <%s>, and only %v may be there:\n%s", n.Data, slices.Sorted(maps.Keys(allowed)), drawn)
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "href", "src":
			if u, err := url.Parse(a.Val); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
				t.Errorf("%s is %q", a.Key, a.Val)
			}
		case "style":
			if strings.ContainsAny(a.Val, `\(){}<>@!/*&`) || strings.Contains(a.Val, "none;display") {
				t.Errorf("style is %q", a.Val)
			}
			continue
		case "dir", "lang":
			continue
		}
		if !slices.Contains(own, a.Key) {
			t.Errorf("<%s> has %s:\n%s", n.Data, a.Key, drawn)
		}
	}
}

// slotted is a morning's digest with three slots.
func slotted(t testing.TB) *templates.Digest {
	d := daily(6)
	house := templates.Slot{
		Slug: "guide", Position: templates.SlotAfterSection(1), Text: "The Courier's city guide: 48 walks, one a week, with maps to print.\n\nFree for readers.",
		Link: "https://courier.example/guide", LinkText: "Order the guide",
	}
	plain := bankSlot(t)
	plain.Position, plain.Creative, plain.Label, plain.Sponsor, plain.LinkText = templates.SlotBottom, nil, "Advertisement", "Ferry Line", ""
	d.Slots = []templates.Slot{plain, bankSlot(t), house}
	return d
}

func TestSlotsMatchTheGoldenFiles(t *testing.T) {
	for _, name := range []string{"broadsheet", "briefing"} {
		theme, err := templates.LoadTheme(name)
		if err != nil {
			t.Fatal(err)
		}
		src, err := theme.HTML(slotted(t))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := theme.Text(slotted(t))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "slot-"+name+".html", src)
		golden(t, "slot-"+name+".txt", plain)
		checkText(t, plain)
		for _, part := range []string{src, plain} {
			inOrder(t, part, "plan 0", "Sponsored · Harbour Bank", "Two months", "plan 1", "From City Courier", "city guide", "plan 2", "Advertisement · Ferry Line", "bank.example")
		}
		checkSlots(t, parseHTML(t, src))
	}
}

// inOrder checks that words stand in s one after the other.
func inOrder(t *testing.T, s string, words ...string) {
	t.Helper()
	rest := s
	for _, word := range words {
		_, after, ok := strings.Cut(rest, word)
		if !ok {
			t.Errorf("%q is not there, or not after the words before it of %q", word, words)
			return
		}
		rest = after
	}
}

// checkSlots checks that each slot has its label for those who listen, too, and
// that links of sponsors say what they are, but no others.
func checkSlots(t *testing.T, doc document) {
	t.Helper()
	var labels []string
	for _, div := range doc.all("div") {
		if attr(div, "role") == "group" {
			labels = append(labels, attr(div, "aria-label"))
		}
	}
	if want := []string{"Sponsored · Harbour Bank", "From City Courier", "Advertisement · Ferry Line"}; !slices.Equal(labels, want) {
		t.Errorf("got labels %q, want %q", labels, want)
	}
	sponsored := 0
	for _, a := range doc.all("a") {
		if got, want := attr(a, "rel") == "sponsored", strings.Contains(attr(a, "href"), "bank.example"); got != want {
			t.Errorf("link to %s: sponsored %t, want %t", attr(a, "href"), got, want)
		} else if got {
			sponsored++
		}
	}
	if sponsored != 3 {
		t.Errorf("got %d links of sponsors, want 3", sponsored)
	}
}

// TestSlotsFindTheirPlace: where a mail has not what a slot stands after, it
// stands after what comes nearest.
func TestSlotsFindTheirPlace(t *testing.T) {
	for _, tc := range []struct {
		name     string
		position templates.SlotPosition
		change   func(d *templates.Digest)
		after    string // what stands right before it
		before   string
	}{
		{"top", templates.SlotTop, nil, "Monday, November 23", "plan 0"},
		{"top of an introduction", templates.SlotTop, func(d *templates.Digest) { d.Intro = prose(t, "Good morning") }, "Monday, November 23", "Good morning"},
		{"after the lead", templates.SlotAfterLead, nil, "plan 0", "plan 1"},
		{"no lead", templates.SlotAfterLead, func(d *templates.Digest) { d.Lead = nil }, "Monday, November 23", "plan 1"},
		{"after a section", templates.SlotAfterSection(2), nil, "plan 2", "plan 3"},
		{"fewer sections", templates.SlotAfterSection(9), nil, "plan 5", "12 more"},
		{"no sections", templates.SlotAfterSection(2), func(d *templates.Digest) { d.Sections = nil }, "plan 0", "12 more"},
		{"nothing", templates.SlotAfterSection(2), func(d *templates.Digest) { d.Lead, d.Sections = nil, nil }, "Monday, November 23", "12 more"},
		{"bottom", templates.SlotBottom, nil, "12 more", "1 Main Street"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := daily(6)
			if tc.change != nil {
				tc.change(d)
			}
			s := bankSlot(t)
			s.Position = tc.position
			d.Slots = []templates.Slot{s}
			for _, part := range []string{drawHTML(t, d), drawText(t, d)} {
				at := strings.Index(part, "Two months")
				if at < 0 || strings.Count(part, "Open an account") != 1 {
					t.Fatalf("the slot is not there once:\n%s", part)
				}
				if !strings.Contains(part[:at], tc.after) || strings.Contains(part[at:], tc.after) {
					t.Errorf("it does not stand after %q:\n%s", tc.after, part)
				}
				if !strings.Contains(part[at:], tc.before) {
					t.Errorf("it does not stand before %q:\n%s", tc.before, part)
				}
			}
		})
	}
}

// TestThemesThatDrawNoSlotsAreKnown: built-in ones draw all.
func TestThemesThatDrawNoSlotsAreKnown(t *testing.T) {
	for _, name := range []string{"broadsheet", "briefing"} {
		theme, err := templates.LoadTheme(name)
		if err != nil {
			t.Fatal(err)
		}
		if missed, err := theme.MissedSlots(); err != nil || len(missed) > 0 {
			t.Errorf("%s: got %q, %v, want none", name, missed, err)
		}
	}
	own := fstest.MapFS{
		"digest.html": {Data: []byte(`<html lang="en"><head><title>x</title></head><body>{{range .TopSlots}}{{template "slotbox" .}}{{end}}{{range .BottomSlots}}{{.Label}}{{end}}<a href="{{.Foot.Unsubscribe}}">x</a></body></html>`)},
		"digest.txt":  {Data: []byte(`{{template "slots" .TopSlots}}{{.Foot.Unsubscribe}}`)},
	}
	theme, err := templates.Open(own, templates.Look{})
	if err != nil {
		t.Fatal(err)
	}
	missed, err := theme.MissedSlots()
	if want := []templates.SlotPosition{"after_lead", "after_section_1", "bottom"}; err != nil || !slices.Equal(missed, want) {
		t.Errorf("got %q, %v, want %q", missed, err, want)
	}
}

// TestSlotLinksCanLeadElsewhere: all of them, in both parts.
func TestSlotLinksCanLeadElsewhere(t *testing.T) {
	d := daily(3)
	s := bankSlot(t)
	s.Follow = func(link string) string { return "https://courier.example/r?to=" + url.QueryEscape(link) }
	d.Slots = []templates.Slot{s}
	for name, part := range map[string]string{"HTML": drawHTML(t, d), "text": drawText(t, d)} {
		if strings.Contains(part, `="https://bank.example/offer`) || strings.Contains(part, "\nhttps://bank.example") {
			t.Errorf("%s: a link leads past the counter", name)
		}
		if !strings.Contains(part, "https://courier.example/r?to=https%3A%2F%2Fbank.example%2Foffer") {
			t.Errorf("%s: no link leads over the counter", name)
		}
	}
}

// TestHostileWordsOfSlotsStayText: labels, names and texts are text.
func TestHostileWordsOfSlotsStayText(t *testing.T) {
	for name, h := range hostile {
		t.Run(name, func(t *testing.T) {
			d := daily(3)
			d.Slots = []templates.Slot{{
				Slug: "x", Position: templates.SlotTop, Sponsor: h.Title, Label: h.Title, Text: h.Title + "\n\n" + h.Summary, Link: h.URL, LinkText: h.Summary,
			}}
			src := drawHTML(t, d)
			checkMail(t, src, unsubscribeMarker, preferencesMarker)
			checkText(t, drawText(t, d))
		})
	}
}
