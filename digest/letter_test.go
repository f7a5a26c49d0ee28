package digest_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

const dearReaders = "# A word to our readers\n\nWe *move* to a new house.\n"

// sendLetter sends a letter to all readers of the first digest, or to some.
func (w *world) sendLetter(l digest.LetterText, to ...int64) (*digest.Edition, error) {
	w.t.Helper()
	send, err := w.composer().LetterTo(w.daily, to, l, "maria", w.clock.Now())
	if err != nil {
		return nil, err
	}
	return w.planner.SendNow(w.ctx(), send, w.clock.Now())
}

// TestLetterGoesToAllReaders, whatever there is to read, and moves no window.
func TestLetterGoesToAllReaders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].LocalTime, set.Digests[0].MinItems = true, 3 })
		w.subscribe(1, newYork)
		w.subscribe(2, "Asia/Tokyo", "sport")
		w.subscribe(3, newYork)
		w.exec(`UPDATE subscriptions SET state = 'unsubscribed' WHERE subscriber_id = 3`)
		w.begin()
		w.put(story(1, "world"))
		cohorts := w.rows(`SELECT CAST(id AS TEXT) || ' ' || CAST(last_seq AS TEXT) || ' ' || next_slot FROM cohorts ORDER BY id`, nil)
		e, err := w.sendLetter(digest.LetterText{Markdown: dearReaders})
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != digest.Letter || !e.Partial || e.Key != "daily/2026-11-23T07:00:01" || standing(e) != "sending//" {
			t.Errorf("got %+v", e)
		}
		same(t, "mails", w.mails(), []string{"daily/2026-11-23T07:00:01 1: ", "daily/2026-11-23T07:00:01 2: "})
		same(t, "cohorts", w.rows(`SELECT CAST(id AS TEXT) || ' ' || CAST(last_seq AS TEXT) || ' ' || next_slot FROM cohorts ORDER BY id`, nil), cohorts)
		w.balanced()
		for _, r := range w.rows(`SELECT CAST((expires_at - due_at) / 3600000 AS TEXT) FROM runs WHERE edition_id = (SELECT MAX(id) FROM editions)`, nil) {
			if r != "12" {
				t.Errorf("the letter expires after %s hours, want expire_after whatever the schedule has", r)
			}
		}
		c := w.compose(time.Time{})
		if c.Empty || c.Subject != "A word to our readers" {
			t.Fatalf("got %+v", c)
		}
		inOrder(t, w.htmlOf(c), "We move to a new house.", "A word to our readers</h2>", "We <em>move</em> to a new house.", "Unsubscribe from The Morning Courier")
		inOrder(t, w.textOf(c), "A WORD TO OUR READERS", "We move to a new house.", "Unsubscribe")
		changes, err := w.store.Changes(t.Context(), "edition", e.Key)
		if err != nil || len(changes) != 1 || changes[0].Who != "maria" || changes[0].Action != "send" {
			t.Errorf("got %v, %v", changes, err)
		}
	})
}

func TestLetterToSomeReaders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].LocalTime = true })
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.subscribe(3, "Asia/Tokyo")
		w.begin()
		e, err := w.sendLetter(digest.LetterText{Markdown: "Just you.", Subject: "Two of you"}, 2)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "mails", w.mails(), []string{e.Key + " 2: "})
		if runs, err := w.store.Runs(t.Context(), e.ID); err != nil || len(runs) != 1 {
			t.Errorf("got %d runs, %v, want none where nobody gets it", len(runs), err)
		}
		if c := w.compose(time.Time{}); c.Subject != "Two of you" {
			t.Errorf("got subject %q", c.Subject)
		}
		if _, err := w.sendLetter(digest.LetterText{Markdown: dearReaders}, 99); !errors.Is(err, digest.ErrNothingDue) || !strings.Contains(err.Error(), "no readers whom the letter reaches") {
			t.Errorf("got %v, want ErrNothingDue", err)
		}
	})
}

// TestLettersAtOnce are editions of their own, each with its own words.
func TestLettersAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		var wg sync.WaitGroup
		for _, subject := range []string{"A", "B", "C", "D", "E", "F"} {
			wg.Go(func() {
				send, err := w.composer().LetterTo(w.daily, nil, digest.LetterText{Markdown: dearReaders, Subject: subject}, subject, w.clock.Now())
				if err == nil {
					_, err = w.newPlanner().SendNow(t.Context(), send, w.clock.Now())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := w.rows(`SELECT v.subject || ' by ' || c.who || ' to ' || CAST(d.subscriber_id AS TEXT) FROM editions e
			JOIN edition_versions v ON v.edition_id = e.id JOIN changes c ON c.key = e.key JOIN deliveries d ON d.edition_id = e.id ORDER BY v.subject`, nil)
		same(t, "letters", got, []string{"A by A to 1", "B by B to 1", "C by C to 1", "D by D to 1", "E by E to 1", "F by F to 1"})
	})
}

func TestLetterIsCountedBefore(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	w.subscribe(1, newYork)
	w.subscribe(2, newYork)
	w.begin()
	before := w.dump()
	send, err := w.composer().LetterTo(w.daily, nil, digest.LetterText{Markdown: dearReaders}, "maria", w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	dry, err := w.planner.DrySend(t.Context(), send, w.clock.Now())
	if err != nil || dry.WouldGet != 2 || dry.Selections != 1 {
		t.Errorf("got %+v, %v, want two readers of one mail", dry, err)
	}
	same(t, "database", w.dump(), before)
}

func TestLettersAreRefused(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	w.subscribe(1, newYork)
	w.begin()
	for name, tc := range map[string]struct {
		letter digest.LetterText
		says   string
	}{
		"no words":    {digest.LetterText{Markdown: " \n\n", Subject: "S"}, "the letter has no words"},
		"no subject":  {digest.LetterText{Markdown: "Hello.\n\n## Small\n"}, "the letter has no subject"},
		"two lines":   {digest.LetterText{Markdown: "Hello.", Subject: "a\r\nBcc: b@c.example"}, "the subject has a line end"},
		"too long":    {digest.LetterText{Markdown: strings.Repeat("word ", 11_000), Subject: "S"}, "octets, and 50000 is the most"},
		"too wide":    {digest.LetterText{Markdown: strings.Repeat("- a\n", 4000), Subject: "S"}, "octets of HTML"},
		"not in UTF8": {digest.LetterText{Markdown: "caf\xe9", Subject: "S"}, "not UTF-8"},
	} {
		if _, err := w.sendLetter(tc.letter); !errors.Is(err, digest.ErrEdit) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM editions`); n != 0 {
		t.Errorf("%d editions were made", n)
	}
}
