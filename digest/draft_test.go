package digest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// textOf is the text part of a mail, decoded enough to look for words.
func (w *world) textOf(c *digest.Composed) string {
	w.t.Helper()
	text, _, ok := strings.Cut(w.message(c), "<html")
	if !ok {
		w.t.Fatal("the message has no HTML")
	}
	return text[strings.Index(text, "Content-Type: text/plain"):]
}

// htmlOf is the HTML part of a mail.
func (w *world) htmlOf(c *digest.Composed) string {
	w.t.Helper()
	_, html, ok := strings.Cut(w.message(c), "<html")
	if !ok {
		w.t.Fatal("the message has no HTML")
	}
	return html
}

// storyID returns the id of the story with that number.
func (w *world) storyID(n int) int64 {
	w.t.Helper()
	return w.count(`SELECT id FROM articles WHERE url LIKE '%/' || $1`, fmt.Sprint(n))
}

// selects replaces the only selection of the newest edition.
func (w *world) selects(stories string, ids ...any) {
	w.t.Helper()
	w.exec(`UPDATE selections SET stories = $1 WHERE edition_id = (SELECT MAX(id) FROM editions)`, fmt.Sprintf(stories, ids...))
}

// revise edits the edition of the first day, and waits until that counts.
func (w *world) revise(edit digest.EditionEdit) {
	w.t.Helper()
	w.edit("daily/2026-11-23", edit)
	w.clock.advance(time.Second)
}

func TestComposeWhatEditorsMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		before := w.clock.Now()
		plain := w.message(w.compose(before))
		w.clock.advance(time.Minute)
		w.revise(digest.EditionEdit{
			Subject: text("Only {{.Site.Name}} today"), Preheader: text("Read this first"),
			Intro:     text("Good *morning*, [readers](https://courier.example/hello)."),
			Order:     []int64{w.storyID(3), 999},
			Headlines: map[int64]string{w.storyID(2): "Another headline"},
		})
		c := w.compose(time.Time{})
		if c.Subject != "Only {{.Site.Name}} today" {
			t.Errorf("got subject %q, want it as it was written", c.Subject)
		}
		html := w.htmlOf(c)
		inOrder(t, html, "Read this first", "Good <em>morning</em>", "Top story", "Story 3", "Another headline", "Story 1")
		inOrder(t, w.textOf(c), "Good morning, readers <https://courier.example/hello>.", "TOP STORY", "Story 3", "Another headline", "Story 1")
		if strings.Contains(html, "Story 2") {
			t.Error("the story has its own headline")
		}
		// A retry of what went out before the edit is as it was.
		if got := w.message(w.compose(before)); got != plain {
			t.Errorf("the message changed:\n%s\nwas:\n%s", got, plain)
		}
		asOf := w.clock.Now()
		edited := w.message(w.compose(asOf))
		w.clock.advance(time.Minute)
		w.revise(digest.EditionEdit{Subject: text(""), Order: []int64{w.storyID(2)}})
		if got := w.message(w.compose(asOf)); got != edited {
			t.Error("a second edit reached a retry")
		}
		if c := w.compose(time.Time{}); c.Subject != "The Morning Courier: Another headline" {
			t.Errorf("got subject %q, want the digest's with the new lead", c.Subject)
		}
	})
}

// TestComposeSections lays the best, the topics and the latest out.
func TestComposeSections(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		for i := 4; i <= 6; i++ {
			w.put(story(i, "world", "local"))
		}
		w.selects("%d:latest,%d %d:top,%d! %d:%d %d:top,%d %d:latest,%d +3",
			w.storyID(4), w.topic("world"), w.storyID(1), w.topic("science"), w.storyID(2), w.topic("world"),
			w.storyID(3), w.topic("culture"), w.storyID(5), w.topic("local"))
		c := w.compose(time.Time{})
		plain := w.textOf(c)
		inOrder(t, plain, "TOP STORY", "Story 4", "World", "TOP STORIES", "Story 1", "Science", "Story 3", "Culture", "WORLD", "Story 2",
			"ALSO TODAY", "Story 5", "and 3 more stories")
		if strings.Contains(plain, "Also in") {
			t.Error("a section that is of no topic counts as one")
		}
		inOrder(t, w.htmlOf(c), "Top stories", "Story 1", "Story 3", "World", "Story 2", "Also today", "Story 5")
	})
}

// TestComposeSectionsInTheReadersOrder: a reader's own order of topics is drawn,
// and who has the digest's shares with those who chose none.
func TestComposeSectionsInTheReadersOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "world", "culture", "science")
		w.subscribe(3, newYork, "science", "culture", "world")
		w.begin()
		for i, topic := range []string{"science", "world", "culture", "science"} {
			in := story(i+1, topic)
			in.Priority = 4 - i
			w.put(in)
		}
		w.tick()
		if n := w.count(`SELECT COUNT(*) FROM selections`); n != 2 {
			t.Errorf("%d selections, want one for the digest's order and one for the reader's own", n)
		}
		for reader, want := range map[int64][]string{
			1: {"Story 1", "WORLD", "Story 2", "CULTURE", "Story 3", "SCIENCE", "Story 4"},
			3: {"Story 1", "SCIENCE", "Story 4", "CULTURE", "Story 3", "WORLD", "Story 2"},
		} {
			c, err := w.composer().Compose(t.Context(), w.count(`SELECT MAX(id) FROM editions`),
				w.count(`SELECT selection_id FROM deliveries WHERE subscriber_id = $1`, reader), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, w.textOf(c), want...)
		}
	})
}

func TestComposeCorrections(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		at := db.Millis(w.clock.Now().Add(-20 * time.Hour))
		for i, n := range []int{2, 3, 1} {
			w.exec(`INSERT INTO corrections (id, article_id, seq, at, note) VALUES ($1, $2, 1, $3, $4)`, i+1, w.storyID(n), at, fmt.Sprintf("Note %d was wrong.", n))
		}
		w.selects("%d:%d +0 ~1 ~2", w.storyID(1), w.topic("world"))
		w.clock.advance(time.Minute)
		w.exec(`UPDATE articles SET withdrawn_at = $1 WHERE id = $2`, db.Millis(w.clock.Now()), w.storyID(3))
		c := w.compose(time.Time{})
		plain := w.textOf(c)
		inOrder(t, plain, "CORRECTIONS", "Story 2", "Note 2 was wrong.", "November 22", "https://courier.example/2", "Story 3", "Note 3 was wrong.", "TOP STORY", "Story 1")
		if strings.Contains(plain, "Note 1") || strings.Contains(plain, "https://courier.example/3") {
			t.Error("a correction of others came, or a link to a story that was withdrawn")
		}
		if html := w.htmlOf(c); !strings.Contains(html, `<a href=3D"https://courier.example/2"`) {
			t.Error("the correction does not lead to its story")
		}
		// Without any story the correction still goes out, and the introduction with it.
		w.exec(`UPDATE articles SET withdrawn_at = $1`, db.Millis(w.clock.Now()))
		w.revise(digest.EditionEdit{Intro: text("Sorry.")})
		c = w.compose(time.Time{})
		if c.Empty || c.Subject != "The Morning Courier" {
			t.Fatalf("got %+v, want the corrections alone", c)
		}
		inOrder(t, w.textOf(c), "Sorry.", "CORRECTIONS", "Note 2", "Note 3")
		w.selects("%d:%d +0", w.storyID(1), w.topic("world"))
		if c = w.compose(time.Time{}); !c.Empty {
			t.Error("an introduction alone goes out")
		}
	})
}

func TestComposePaidStories(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		for n := 1; n <= 3; n++ {
			in := story(n, "science")
			in.Body = fmt.Sprintf("Body %d begins.\n\nBody %d ends.", n, n)
			w.put(in)
		}
		w.exec(`UPDATE articles SET access = 'paid' WHERE id <> $1`, w.storyID(3))
		topic := w.topic("science")
		w.selects("%d:%d= %d:%d %d:%d= +0", w.storyID(1), topic, w.storyID(2), topic, w.storyID(3), topic)
		c := w.compose(time.Time{})
		html := w.htmlOf(c)
		inOrder(t, html, "Story 1", ">Body 1 begins.</p>", ">Body 1 ends.</p>", "For paying readers", "Story 2", "For paying readers", "Story 3", "Body 3 ends.")
		inOrder(t, w.textOf(c), "Story 1", "Body 1 ends.", "[For paying readers]", "Story 2", "[For paying readers]", "Story 3", "Body 3 ends.")
		if n := strings.Count(html, "For paying readers"); n != 2 || strings.Contains(w.message(c), "Body 2") {
			t.Errorf("%d badges, want two; a body that was not given must not be there", n)
		}
	})
}

var moreStories = regexp.MustCompile(`and (\d+) more stor`)

// TestComposeIsTrimmed: what would pass 95 KB gives way from the end, and is counted.
func TestComposeIsTrimmed(t *testing.T) {
	w := fillCompose(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { set.Digests[0].MaxItems = 500 })
	paragraph := strings.Repeat("The vote ends eleven months of argument over tolls and ferries. ", 12)
	for n := 1; n <= 200; n++ {
		in := story(n, topicSlugs[n%5])
		in.Title = fmt.Sprintf("Number %03d %s", n, strings.Repeat("and a long headline ", 5))
		in.Summary = paragraph[:600]
		in.Body = strings.TrimSpace(strings.Repeat(paragraph+"\n\n", 10))
		w.put(in)
	}
	for name, tc := range map[string]struct {
		flag        string
		atLeast, at int
		edit        digest.EditionEdit
	}{
		"summaries": {"", 100, 160, digest.EditionEdit{}},
		"bodies":    {"=", 100, 160, digest.EditionEdit{}},
		"ordered":   {"", 100, 160, digest.EditionEdit{Order: []int64{w.storyID(200)}, Intro: text(strings.Repeat("Good morning. ", 100))}},
	} {
		t.Run(name, func(t *testing.T) {
			stories := ""
			for n := 1; n <= 200; n++ {
				stories += fmt.Sprintf("%d:%d%s ", w.storyID(n), w.topic(topicSlugs[n%5]), tc.flag)
			}
			w.selects("%s+7", stories)
			w.revise(digest.EditionEdit{Order: []int64{}, Intro: text("")})
			w.clock.advance(time.Minute)
			w.revise(tc.edit)
			c := w.compose(time.Time{})
			html := w.htmlOf(c)
			shown := strings.Count(html, ">Number ")
			if size := c.Body.HTMLSize(); size > 95_000 || size < 85_000 {
				t.Errorf("the HTML has %d octets, want nearly 95,000", size)
			}
			if shown < tc.atLeast || shown > tc.at {
				t.Errorf("%d stories are shown, want %d to %d", shown, tc.atLeast, tc.at)
			}
			if m := moreStories.FindStringSubmatch(html); m == nil || m[1] != fmt.Sprint(207-shown) {
				t.Errorf("got %q, want what is not shown of 207, with %d shown", m, shown)
			}
			last := shown
			if tc.edit.Order != nil {
				last = shown - 1
				inOrder(t, html, "Top story", "Number 200")
			}
			if !strings.Contains(html, fmt.Sprintf("Number %03d", last)) || strings.Contains(html, fmt.Sprintf("Number %03d", last+1)) {
				t.Errorf("the last of the %d best is not number %d", shown, last)
			}
			if again := w.compose(c.ComposedAt); w.message(again) != w.message(c) {
				t.Error("composed again it differs")
			}
		})
	}
	t.Run("one that is too long", func(t *testing.T) {
		in := story(1, "science")
		in.Body = strings.TrimSpace(strings.Repeat(paragraph+"\n\n", 140))
		w.put(in)
		w.selects("%d:%d= %d:%d= +0", w.storyID(1), w.topic("science"), w.storyID(2), w.topic("science"))
		c := w.compose(time.Time{})
		html := w.htmlOf(c)
		inOrder(t, html, "Story 1", "What happened.", "Number 002")
		if strings.Contains(html, "The vote ends eleven months of argument over tolls and ferries.</p>") || !c.Shortened {
			t.Errorf("want both stories by their summaries, got %d octets", c.Body.HTMLSize())
		}
	})
}
