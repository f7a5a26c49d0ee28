package digest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// compose composes the only selection of the newest edition.
func (w *world) compose(asOf time.Time) *digest.Composed {
	w.t.Helper()
	edition := w.count(`SELECT MAX(id) FROM editions`)
	c, err := w.composer().Compose(w.t.Context(), edition, w.count(`SELECT id FROM selections WHERE edition_id = $1`, edition), asOf)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// fillCompose plans one edition with a story in each of three sections.
func fillCompose(t *testing.T, d *db.DB, change func(*digest.Setup)) *world {
	w := newWorld(t, d, change)
	w.subscribe(1, newYork)
	w.begin()
	for i, topic := range []string{"science", "world", "culture"} {
		in := story(i+1, topic, "local")
		in.Priority = 3 - i
		w.put(in)
	}
	w.tick()
	return w
}

// message writes a composed mail as a reader would get it, lines joined.
func (w *world) message(c *digest.Composed) string {
	w.t.Helper()
	h := mail.Header{
		From: c.From, To: mail.Address{Addr: "ada@reader.example"}, ReplyTo: c.ReplyTo, Subject: c.Subject, Date: c.Date,
		MessageID: "<1@courier.example>", ListID: c.ListID, FeedbackID: c.FeedbackID,
	}
	b, err := c.Body.Append(nil, &h, mail.Boundary(h.MessageID), &mail.Personal{})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "=\r\n", "")
}

// inOrder checks that the words stand in s one after the other.
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

func TestCompose(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		c := w.compose(time.Time{})
		if c.Subject != "The Morning Courier: Story 1" || c.Empty || c.EditionKey != "daily/2026-11-23" || c.DigestID != w.daily.ID {
			t.Errorf("got %+v", c)
		}
		if c.From.Addr != "digest@courier.example" || c.ReplyTo != nil {
			t.Errorf("from %v, reply to %v", c.From, c.ReplyTo)
		}
		if want := "The Morning Courier <daily.lists.courier.example>"; c.ListID != want {
			t.Errorf("got list %q, want %q", c.ListID, want)
		}
		if want := "daily-2026-11-23:daily:digest:courierexample"; c.FeedbackID != want {
			t.Errorf("got feedback id %q, want %q", c.FeedbackID, want)
		}
		if !c.Date.Equal(w.clock.Now()) || !c.ComposedAt.Equal(w.clock.Now()) {
			t.Errorf("dated %v, composed %v, want %v", c.Date, c.ComposedAt, w.clock.Now())
		}
		// The lead is the best story, the sections follow the configuration.
		message := w.message(c)
		text, html, ok := strings.Cut(message, "<html")
		if !ok {
			t.Fatal("the message has no HTML")
		}
		for _, part := range []string{text[strings.Index(text, "Content-Type: text/plain"):], html} {
			inOrder(t, part, "Story 1", "Story 2", "Story 3")
		}
		if n := strings.Count(html, "Story 2") + strings.Count(html, "Story 3"); n != 2 {
			t.Errorf("two stories in two sections each stand there %d times, want once each", n)
		}
		if strings.Contains(html, "Sport") {
			t.Error("a section of a topic without stories is there")
		}
	})
}

// TestComposeIsFixed: what changes after asOf does not reach the bytes.
func TestComposeIsFixed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		asOf := w.clock.Now()
		before := w.message(w.compose(asOf))
		w.clock.advance(time.Minute)
		in := story(2, "sport") // other text, and other topics
		in.Title, in.Priority = "Rewritten", 9
		w.put(in)
		w.exec(`UPDATE articles SET withdrawn_at = $1 WHERE url LIKE '%/3'`, db.Millis(w.clock.Now()))
		w.exec(`UPDATE articles SET pinned_until = $1`, db.Millis(w.clock.Now().AddDate(0, 0, 1)))
		if got := w.message(w.compose(asOf)); got != before {
			t.Errorf("the message changed:\n%s\nwas:\n%s", got, before)
		}
		now := w.message(w.compose(time.Time{}))
		if !strings.Contains(now, "Rewritten") || strings.Contains(now, "Story 2") {
			t.Error("the new text is not in a mail composed now")
		}
		if strings.Contains(now, "Story 3") {
			t.Error("a withdrawn story is in a mail composed now")
		}
	})
}

func TestComposeWithoutStories(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		w.clock.advance(time.Minute)
		w.exec(`UPDATE articles SET withdrawn_at = $1 WHERE url LIKE '%/1'`, db.Millis(w.clock.Now()))
		if c := w.compose(time.Time{}); c.Empty || c.Subject != "The Morning Courier: Story 2" {
			t.Errorf("got %q, empty %v, want the next story to lead", c.Subject, c.Empty)
		}
		w.exec(`UPDATE articles SET withdrawn_at = $1`, db.Millis(w.clock.Now()))
		if c := w.compose(time.Time{}); !c.Empty || c.Body != nil {
			t.Errorf("got %+v, want an empty mail", c)
		}
	})
}

func TestComposeOfARetiredTopic(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		w.configure(newSetup(t, func(set *digest.Setup) { set.Topics = set.Topics[:2] })) // world and sport
		inOrder(t, w.message(w.compose(time.Time{})), "Story 1", "Story 2", "Story 3")
	})
}

// TestContentThatMakesNoMail tells what stays wrong from what may pass.
func TestContentThatMakesNoMail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		edition := w.count(`SELECT MAX(id) FROM editions`)
		selection := w.count(`SELECT id FROM selections WHERE edition_id = $1`, edition)
		attempt := func(ctx context.Context, selection int64) error {
			_, err := w.composer().Compose(ctx, edition, selection, time.Time{})
			return err
		}
		if err := attempt(t.Context(), selection+1); !errors.Is(err, digest.ErrContent) {
			t.Errorf("an unknown selection: got %v, want ErrContent", err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := attempt(ended, selection); err == nil || errors.Is(err, digest.ErrContent) {
			t.Errorf("the caller gave up: got %v, want another error", err)
		}
		w.exec(`UPDATE selections SET stories = 'odd'`)
		if err := attempt(t.Context(), selection); !errors.Is(err, digest.ErrContent) {
			t.Errorf("a damaged selection: got %v, want ErrContent", err)
		}
		w.exec(`UPDATE selections SET stories = '+0'`)
		w.exec(`INSERT INTO digests (id, slug, name) VALUES (999, 'gone', 'Gone')`)
		w.exec(`UPDATE editions SET digest_id = 999`)
		if err := attempt(t.Context(), selection); !errors.Is(err, digest.ErrContent) {
			t.Errorf("an unknown digest: got %v, want ErrContent", err)
		}
		w.exec(`ALTER TABLE selections RENAME TO gone`)
		if err := attempt(t.Context(), selection); err == nil || errors.Is(err, digest.ErrContent) {
			t.Errorf("a database that fails: got %v, want another error", err)
		}
	})
}

func TestComposeOfAnUnknownEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		edition := w.count(`SELECT MAX(id) FROM editions`)
		for _, ids := range [][2]int64{{edition + 1, 1}, {edition, 1}} {
			if _, err := w.composer().Compose(t.Context(), ids[0], ids[1], time.Time{}); !errors.Is(err, digest.ErrNotFound) {
				t.Errorf("got %v, want ErrNotFound", err)
			}
		}
	})
}
