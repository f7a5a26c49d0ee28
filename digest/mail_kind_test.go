package digest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestKindOfScheduledMails: what comes once a week or less often is weekly, and
// says which days it covers.
func TestKindOfScheduledMails(t *testing.T) {
	for _, tc := range []struct{ schedule, headline, date string }{
		{"0 7 * * *", "Top story", "Monday, November 23, 2026"},
		{"0 7,12 * * *", "Top story", "Monday, November 23, 2026"},
		{"0 7 * * 1,4", "Top story", "Monday, November 23, 2026"},
		{"0 7 * * 1-5", "Top story", "Monday, November 23, 2026"},
		{"0 7 * * 1", "Story of the week", "November 17–23, 2026"},
		{"0 7 23 * *", "Story of the week", "October 24 – November 23, 2026"},
	} {
		t.Run(tc.schedule, func(t *testing.T) {
			w := fillCompose(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) { set.Digests[0].Schedule = cron(t, tc.schedule) })
			c := w.compose(time.Time{})
			html, text := w.htmlOf(c), strings.ReplaceAll(w.textOf(c), "=E2=80=93", "–")
			inOrder(t, strings.ReplaceAll(html, "=E2=80=93", "–"), "The Morning Courier</h1>", tc.date, tc.headline+"</h2>", "Story 1")
			inOrder(t, text, tc.date, strings.ToUpper(tc.headline), "Story 1")
		})
	}
}

func TestKindOfBreakingNews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "sport")
		w.begin()
		w.put(story(1, "world"))
		w.send(digest.Send{ArticleID: w.articleID(1)})
		c := w.compose(time.Time{})
		inOrder(t, w.htmlOf(c), "Breaking news</h2>", "Story 1")
		inOrder(t, w.textOf(c), "BREAKING NEWS", "Story 1")
	})
}

func TestKindOfAWelcome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, welcoming)
		w.begin()
		w.put(story(1, "world"), story(2, "sport"))
		w.subscribe(2, newYork)
		w.owe(digest.Welcome, 2)
		w.tick()
		inOrder(t, w.htmlOf(w.compose(time.Time{})), "Welcome to The Morning Courier.", "Top story</h2>", "Story")
	})
}

// TestKindOfCorrections: a mail of them alone has no lead and no kind but its own.
func TestKindOfCorrections(t *testing.T) {
	w := fillCompose(t, dbtest.Open(t, db.SQLite), nil)
	w.exec(`INSERT INTO corrections (id, article_id, seq, at, note) VALUES (1, $1, 1, $2, 'It was not so.')`, w.storyID(1), db.Millis(w.clock.Now()))
	w.selects("+0 ~1")
	html := w.htmlOf(w.compose(time.Time{}))
	inOrder(t, html, "Corrections</h2>", "Story 1", "It was not so.")
	if strings.Contains(html, "Top story") {
		t.Error("it says top story")
	}
}

// TestPicturesAreKnown: mails have the real shape and the credit of a picture, and
// say when a story was changed.
func TestPicturesAreKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		in := story(1, "world")
		in.ImageURL, in.ImageWidth, in.ImageHeight, in.ImageCredit = "https://courier.example/p.jpg", 1600, 800, "Ana Ruiz"
		in.PublishedAt = w.clock.Now().Add(-3 * time.Hour)
		in.ModifiedAt = in.PublishedAt.Add(time.Hour)
		w.put(in)
		w.tick()
		html := w.htmlOf(w.compose(time.Time{}))
		inOrder(t, html, `width=3D"576"`, `height=3D"288"`, "Picture: Ana Ruiz", "updated ")
	})
}
