package digest_test

import (
	"fmt"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestWhatGivesWayFirst: the last stories lose their bodies, then their
// summaries, then their pictures, and only then they go. The text part keeps the
// summaries.
func TestWhatGivesWayFirst(t *testing.T) {
	w := fillCompose(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { set.Digests[0].MaxItems = 500 })
	for n := 1; n <= 200; n++ {
		in := story(n, "science")
		in.Title = fmt.Sprintf("Headline %03d", n)
		in.Summary = fmt.Sprintf("Summary %03d. ", n) + strings.Repeat("It was a long night of talks. ", 8)
		in.Body = fmt.Sprintf("Body %03d. ", n) + strings.Repeat("The vote ends eleven months of argument. ", 80)
		in.ImageURL = fmt.Sprintf("https://courier.example/picture-%03d.jpg", n)
		w.put(in)
	}
	for _, tc := range []struct {
		stories                              int
		flag                                 string
		bodies, summaries, pictures, headers [2]int // at least, at most
	}{
		{10, "=", [2]int{10, 10}, [2]int{10, 10}, [2]int{10, 10}, [2]int{10, 10}},
		{40, "=", [2]int{3, 20}, [2]int{40, 40}, [2]int{40, 40}, [2]int{40, 40}},
		{50, "", [2]int{0, 0}, [2]int{50, 50}, [2]int{50, 50}, [2]int{50, 50}},
		{80, "", [2]int{0, 0}, [2]int{2, 79}, [2]int{80, 80}, [2]int{80, 80}},
		{140, "", [2]int{0, 0}, [2]int{1, 1}, [2]int{5, 130}, [2]int{140, 140}},
		{200, "", [2]int{0, 0}, [2]int{1, 1}, [2]int{1, 1}, [2]int{120, 199}},
	} {
		t.Run(fmt.Sprint(tc.stories, tc.flag), func(t *testing.T) {
			stories := ""
			for n := 1; n <= tc.stories; n++ {
				stories += fmt.Sprintf("%d:%d%s ", w.storyID(n), w.topic("science"), tc.flag)
			}
			w.selects("%s+0", stories)
			c := w.compose(w.clock.Now())
			html, text := w.htmlOf(c), w.textOf(c)
			for _, part := range []struct {
				what   string
				within [2]int
			}{
				{"Body %03d", tc.bodies}, {">Summary %03d", tc.summaries}, {"picture-%03d.jpg", tc.pictures}, {">Headline %03d", tc.headers},
			} {
				n := 0
				for n < tc.stories && strings.Contains(html, fmt.Sprintf(part.what, n+1)) {
					n++
				}
				if n < part.within[0] || n > part.within[1] {
					t.Errorf("the first %d have %q, want %d to %d", n, part.what, part.within[0], part.within[1])
				}
				for later := n + 1; later <= tc.stories; later++ {
					if strings.Contains(html, fmt.Sprintf(part.what, later)) {
						t.Fatalf("story %d has %q, and story %d has not", later, part.what, n+1)
					}
				}
			}
			shown := strings.Count(html, ">Headline ")
			if got := strings.Count(text, "\nSummary "); tc.flag == "" && got != shown {
				t.Errorf("%d summaries in the text part of %d stories", got, shown)
			}
			if want := tc.stories > 50 || tc.flag == "=" && tc.stories > 10; c.Shortened != want {
				t.Errorf("shortened: %v, want %v", c.Shortened, want)
			}
			if size := c.Body.HTMLSize(); size > 95_000 {
				t.Errorf("the HTML has %d octets", size)
			}
		})
	}
}
