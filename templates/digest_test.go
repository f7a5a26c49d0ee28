package templates_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

func TestMarkersComeOutByteForByte(t *testing.T) {
	d := daily(3)
	src, plain := drawHTML(t, d), drawText(t, d)
	for _, want := range []string{`href="` + unsubscribeMarker + `"`, `href="` + preferencesMarker + `"`, ">" + nameMarker + "<"} {
		if got := strings.Count(src, want); got != 1 {
			t.Errorf("html has %q %d times, want once", want, got)
		}
	}
	for _, want := range []string{unsubscribeMarker, preferencesMarker, nameMarker} {
		if got := strings.Count(plain, "\n"+want+"\n"); got != 1 {
			t.Errorf("text has the line %q %d times, want once", want, got)
		}
	}
}

func TestRealPersonalPartsAreEscaped(t *testing.T) {
	d := daily(3)
	d.ReaderName = `Ana <b>"O'Ruiz"</b>`
	d.Unsubscribe = "https://courier.example/mail/u/AbC?a=1&b=2"
	d.Preferences = "javascript:alert(1)"
	src := drawHTML(t, d)
	for _, want := range []string{`href="https://courier.example/mail/u/AbC?a=1&amp;b=2"`, `Ana &lt;b&gt;`} {
		if !strings.Contains(src, want) {
			t.Errorf("html lacks %q", want)
		}
	}
	if strings.Contains(src, "javascript:") {
		t.Error("a javascript: link came through")
	}
}

func TestAnEmptyReaderNameLeavesNoTrace(t *testing.T) {
	d := daily(3)
	d.ReaderName = ""
	doc := parseHTML(t, drawHTML(t, d))
	for _, td := range doc.all("td") {
		if strings.Contains(attr(td, "style"), "text-align:end") {
			t.Error("the cell of the name is there without a name")
		}
	}
	checkText(t, drawText(t, d))
}

func TestEachStoryStandsOnce(t *testing.T) {
	d := daily(4)
	d.Sections[0].Stories = append([]templates.Story{*d.Lead}, d.Sections[0].Stories...)
	if got, want := d.Count(), 4; got != want {
		t.Errorf("stories counted: got %d, want %d", got, want)
	}
	doc := parseHTML(t, drawHTML(t, d))
	if got, want := len(doc.all("h3")), 4; got != want {
		t.Errorf("stories drawn: got %d, want %d", got, want)
	}
	if got := strings.Count(drawText(t, d), d.Lead.URL+"\n"); got != 1 {
		t.Errorf("the lead's link stands %d times in the text, want once", got)
	}
}

func TestASectionThatOnlyHeldTheLeadIsLeftOut(t *testing.T) {
	d := daily(1)
	d.Sections = []templates.Section{{Slug: "city", Name: "City", Stories: []templates.Story{*d.Lead}}}
	for _, h := range parseHTML(t, drawHTML(t, d)).all("h2") {
		if text(h) == "City" {
			t.Error("an empty section is drawn")
		}
	}
	if strings.Contains(drawText(t, d), "\nCITY\n") {
		t.Error("an empty section is in the text")
	}
}

func TestStoriesNameAllTheirTopics(t *testing.T) {
	d := daily(1)
	d.Lead.Topics = []string{"City", "Business"}
	other := story(1, "World", "City", "Health")
	d.Sections = []templates.Section{{Slug: "world", Name: "World", Stories: []templates.Story{other}}}
	src, plain := drawHTML(t, d), drawText(t, d)
	for _, want := range []string{"City, Business", "Also in City and Health"} {
		if !strings.Contains(src, want) || !strings.Contains(plain, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestStoriesNameWhoElseCarriesThem(t *testing.T) {
	d := daily(1)
	d.Lead.Author, d.Lead.PublishedAt = "", time.Time{}
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{nil, "City Courier\n"},
		{[]string{"Harbour\r\nHerald", "", "Post"}, "City Courier · also in Harbour Herald, Post\n"},
		{[]string{"A", "B", "C", "D"}, "City Courier · also in A, B, C, …\n"},
	} {
		d.Lead.AlsoFrom = tc.names
		if got := drawText(t, d); !strings.Contains(got, "\n"+tc.want) {
			t.Errorf("text lacks %q:\n%s", tc.want, got)
		}
	}
}

func TestTimesAreToldInTheZoneOfTheDigest(t *testing.T) {
	for _, tc := range []struct {
		name string
		at   time.Time
		want string
	}{
		{"the same day, from another zone", time.Date(2026, 11, 23, 11, 40, 0, 0, time.UTC), "City Courier · 6:40 AM"},
		{"the evening before, already the same day in UTC", time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), "City Courier · November 22"},
		{"long ago", time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), "City Courier · February 29, 2024"},
		{"unknown", time.Time{}, "City Courier\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := daily(1)
			d.Lead.PublishedAt, d.Lead.Author = tc.at, ""
			if got := drawText(t, d); !strings.Contains(got, "\n"+tc.want) {
				t.Errorf("text lacks %q:\n%s", tc.want, got)
			}
		})
	}
}

func TestHowManyMoreIsToldInTheRightNumber(t *testing.T) {
	for more, want := range map[int]string{1: "and 1 more story at City Courier", 12: "and 12 more stories at City Courier"} {
		d := daily(2)
		d.More = more
		if got := drawText(t, d); !strings.Contains(got, want+"\n"+d.MoreURL+"\n") {
			t.Errorf("text lacks %q above its link:\n%s", want, got)
		}
	}
	d := daily(2)
	d.More = 0
	if strings.Contains(drawHTML(t, d), "more stories at") {
		t.Error("nothing more is announced as more")
	}
}

func TestOutlookConditionalsSurvive(t *testing.T) {
	src := drawHTML(t, daily(2))
	for _, want := range []string{
		`<!--[if mso]><table role="presentation" width="640" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`,
		`<!--[if mso]></td></tr></table><![endif]-->`,
		`<o:PixelsPerInch>96</o:PixelsPerInch>`,
	} {
		if got := strings.Count(src, want); got != 1 {
			t.Errorf("html has %q %d times, want once", want, got)
		}
	}
}

func TestThePreheaderComesFirst(t *testing.T) {
	d := daily(2)
	d.Preheader = ""
	_, body, _ := strings.Cut(drawHTML(t, d), "<body")
	if got, want := strings.Index(body, d.Lead.Summary), strings.Index(body, d.Name); got < 0 || want < 0 || got > strings.Index(body, "<table") {
		t.Errorf("the lead's summary is not the preheader: at %d, name at %d", got, want)
	}
}

func TestUnknownThemesNameTheKnownOnes(t *testing.T) {
	_, err := templates.LoadTheme("../system")
	if err == nil || !strings.Contains(err.Error(), `unknown theme "../system"`) || !strings.Contains(err.Error(), "broadsheet") {
		t.Errorf("got %v, want the unknown name and the known ones", err)
	}
}

func TestAThemeServesManyAtOnce(t *testing.T) {
	theme := broadsheet(t)
	want := drawHTML(t, daily(5))
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			if got, err := theme.HTML(daily(5)); err != nil || got != want {
				t.Errorf("drawn at the same time it differs: %v", err)
			}
		})
	}
}

func TestSystemMailsNeedALink(t *testing.T) {
	for _, link := range []string{"", "/c/token", "javascript:alert(1)"} {
		if _, err := templates.ConfirmMail(&templates.Confirm{Site: courier, URL: link}); err == nil {
			t.Errorf("link %q: got no error", link)
		}
	}
}

func TestConfirmMailHasOneButtonAndTheLinkInBothParts(t *testing.T) {
	m := confirmMail(t)
	link := "https://courier.example/mail/c/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdEf"
	if !strings.Contains(m.Text, "\n"+link+"\n") {
		t.Errorf("text lacks the link on a line of its own:\n%s", m.Text)
	}
	for _, a := range parseHTML(t, m.HTML).all("a") {
		if href := attr(a, "href"); href != link && href != courier.URL {
			t.Errorf("link to %q", href)
		}
	}
	for _, want := range []string{"The Morning Courier", "City, World", "November 22, 2026 at 7:04 PM EST", "ignore this mail"} {
		if !strings.Contains(m.HTML, want) || !strings.Contains(strings.Join(strings.Fields(m.Text), " "), want) {
			t.Errorf("%q is missing", want)
		}
	}
	checkText(t, m.Text)
}

func BenchmarkHTML(b *testing.B) {
	theme, d := broadsheet(b), daily(20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := theme.HTML(d); err != nil {
			b.Fatal(err)
		}
	}
}
