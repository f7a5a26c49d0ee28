package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

func TestPicturesKeepTheirShape(t *testing.T) {
	for _, tc := range []struct {
		name                string
		width, height       int // of the picture
		wantWide, wantThumb [2]int
	}{
		{"not known", 0, 0, [2]int{576, 384}, [2]int{152, 101}},
		{"only one side known", 1200, 0, [2]int{576, 384}, [2]int{152, 101}},
		{"of a camera", 3000, 2000, [2]int{576, 384}, [2]int{152, 101}},
		{"wide", 1600, 400, [2]int{576, 144}, [2]int{152, 38}},
		{"square", 900, 900, [2]int{576, 576}, [2]int{152, 152}},
		{"upright", 1000, 2000, [2]int{288, 576}, [2]int{76, 152}},
		{"small", 120, 80, [2]int{120, 80}, [2]int{120, 80}},
		{"a line", 10_000, 1, [2]int{576, 1}, [2]int{152, 1}},
		{"negative", -5, 20, [2]int{576, 384}, [2]int{152, 101}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := daily(1)
			d.Lead.ImageWidth, d.Lead.ImageHeight = tc.width, tc.height
			second := story(2, "City")
			second.ImageWidth, second.ImageHeight = tc.width, tc.height
			d.Sections = []templates.Section{{Name: "City", Slug: "city", Stories: []templates.Story{second}}}
			pictures := parseHTML(t, drawHTML(t, d)).all("img")
			if len(pictures) != 2 {
				t.Fatalf("got %d pictures, want 2", len(pictures))
			}
			for i, want := range [][2]int{tc.wantWide, tc.wantThumb} {
				got := attr(pictures[i], "width") + "x" + attr(pictures[i], "height")
				if got != fmt.Sprintf("%dx%d", want[0], want[1]) {
					t.Errorf("picture %d: got %s, want %dx%d", i+1, got, want[0], want[1])
				}
			}
		})
	}
}

func TestTheCreditOfThePictureIsShown(t *testing.T) {
	d := daily(1)
	if strings.Contains(drawHTML(t, d), "Picture:") {
		t.Error("a picture whose maker is not known has a credit")
	}
	d.Lead.ImageCredit = "Ana\nRuiz <desk>"
	if want := "Picture: Ana Ruiz &lt;desk&gt;"; !strings.Contains(drawHTML(t, d), want) {
		t.Errorf("%q is missing", want)
	}
	d.Lead.Image = ""
	if strings.Contains(drawHTML(t, d), "Picture:") {
		t.Error("a credit stands there without its picture")
	}
}

func TestAStoryIsUpdatedWhereThatSaysMore(t *testing.T) {
	d := daily(1)
	for _, tc := range []struct {
		after time.Duration
		zero  bool
		want  bool
	}{
		{after: 45 * time.Minute, want: true}, {after: 30 * time.Minute, want: true}, {after: 29 * time.Minute}, {after: -time.Hour}, {zero: true},
	} {
		if d.Lead.ModifiedAt = d.Lead.PublishedAt.Add(tc.after); tc.zero {
			d.Lead.ModifiedAt = time.Time{}
		}
		if got := strings.Contains(drawText(t, d), "updated "); got != tc.want {
			t.Errorf("%v after its publication: updated is told: %v, want %v", tc.after, got, tc.want)
		}
	}
	d.Lead.PublishedAt, d.Lead.ModifiedAt = time.Time{}, d.Date
	if strings.Contains(drawText(t, d), "updated ") {
		t.Error("a story whose publication is not known is updated")
	}
}

func TestBriefingsAreShort(t *testing.T) {
	long := "The council has agreed at last on the plan for the harbour bridge after a night of talks. "
	for _, tc := range []struct{ name, summary, want string }{
		{"short", "A day. Another.", "A day. Another."},
		{"whole sentences", long + long + long, strings.TrimSpace(long + long)},
		{"not at a title", "They walked with St. Nicholas and Mr. Keel " + strings.Repeat("and many others ", 12) + "home.",
			"They walked with St. Nicholas and Mr. Keel " + strings.TrimSpace(strings.Repeat("and many others ", 9)) + "…"},
		{"one long sentence", strings.Repeat("word ", 60) + "end.", strings.TrimSpace(strings.Repeat("word ", 37)) + "…"},
		{"Japanese", strings.Repeat("市議会は長い夜の話し合いの末に橋の計画を承認した。", 12), strings.Repeat("市議会は長い夜の話し合いの末に橋の計画を承認した。", 7)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := daily(1)
			d.Lead.Summary, d.Preheader = tc.summary, "."
			html, _ := drawWith(t, builtIn(t)["briefing"], d)
			if !strings.Contains(html, ">"+tc.want+"</p>") {
				_, rest, _ := strings.Cut(html, "</h3>")
				t.Errorf("got %.600q, want %q", rest, tc.want)
			}
		})
	}
}

func TestTheTimeToReadIsTold(t *testing.T) {
	theme := builtIn(t)["briefing"]
	for _, tc := range []struct {
		name    string
		stories int
		body    string
		want    string
	}{
		{"two short ones", 2, "", "2 stories · 1 minute"},
		{"twenty", 20, "", "20 stories · 5 minutes"},
		{"bodies count", 2, strings.Repeat("word ", 2300), "2 stories · 11 minutes"},
		{"Japanese has no spaces", 2, strings.Repeat("橋", 4600), "2 stories · 11 minutes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := daily(tc.stories)
			if tc.body != "" {
				d.Lead.Body = []string{tc.body}
			}
			html, text := drawWith(t, theme, d)
			if !strings.Contains(html, ">"+tc.want+"<") || !strings.Contains(text, "\n"+tc.want+"\n") {
				t.Errorf("%q is missing", tc.want)
			}
		})
	}
	one, _ := drawWith(t, theme, daily(1))
	if strings.Contains(one, "minute") {
		t.Error("a single story has a time to read")
	}
}

func TestSizes(t *testing.T) {
	for name, theme := range builtIn(t) {
		for _, tc := range []struct{ stories, most int }{{20, 30_000}, {60, 80_000}} {
			html, _ := drawWith(t, theme, daily(tc.stories))
			t.Logf("%s, %d stories: %d octets", name, tc.stories, len(html))
			if len(html) > tc.most {
				t.Errorf("%s, %d stories: got %d octets, want at most %d", name, tc.stories, len(html), tc.most)
			}
		}
	}
}
