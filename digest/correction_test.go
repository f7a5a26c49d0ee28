package digest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func atoi(t testing.TB, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// corrections returns who is told of which corrections, as "edition reader: 1 2".
func (w *world) corrections() []string {
	w.t.Helper()
	var out []string
	for _, row := range w.rows(`SELECT e.key || ' ' || CAST(d.subscriber_id AS TEXT) || ': ' || s.stories
		FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		ORDER BY e.slot, d.subscriber_id`, nil) {
		head, text, _ := strings.Cut(row, ": ")
		selection, err := digest.ParseSelection(text)
		if err != nil {
			w.t.Fatal(err)
		}
		for i, id := range selection.Corrections {
			if i == 0 {
				head += ":"
			}
			head += " " + strconv.FormatInt(id, 10)
		}
		if len(selection.Corrections) > 0 {
			out = append(out, head)
		}
	}
	return out
}

// answered records what a relay said of a delivery of the first edition, whose
// text was read at a time.
func (w *world) answered(reader int64, state, class, phase string, composed time.Time) {
	w.t.Helper()
	w.exec(`UPDATE deliveries SET state = $1, attempts = attempts + 1 WHERE subscriber_id = $2`, state, reader)
	w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class, phase)
		SELECT day, edition_id, subscriber_id, attempts, $1, $1, 'fake', $2, $3 FROM deliveries WHERE subscriber_id = $4`,
		db.Millis(composed), class, phase, reader)
}

// TestCorrectionReachesExactlyThoseWhoGotTheWrongVersion, once.
func TestCorrectionReachesExactlyThoseWhoGotTheWrongVersion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for id, topics := range [][]string{
			1: {"world"}, 2: {"world"}, 3: {"sport"}, 4: {"world"}, 5: {"world"}, 6: {"world"}, 7: {"world"}, 8: {"world", "local"},
		} {
			if id > 0 {
				w.subscribe(int64(id), newYork, append(topics, "culture")...)
			}
		}
		w.exec(`UPDATE subscriptions SET topics = $1 WHERE subscriber_id = 8`, w.topicIDs("world", "local"))
		w.begin()
		w.put(story(1, "world"), story(2, "sport"))
		w.tick()
		before, after := w.clock.Now().Add(time.Minute), w.clock.Now().Add(time.Hour)
		w.answered(1, "sent", "accepted", "", before)
		w.answered(2, "sent", "accepted", "", after)
		w.answered(3, "sent", "accepted", "", before) // without the story
		w.answered(4, "uncertain", "uncertain", "dot", before)
		w.answered(5, "failed", "permanent-recipient", "rcpt", before)
		w.answered(6, "pending", "temporary-path", "body", before) // will go out as it was
		w.answered(7, "pending", "temporary-path", "rcpt", before) // will be composed anew
		w.answered(8, "sent", "accepted", "", before)
		w.clock.advance(30 * time.Minute)
		w.order(1, digest.DeskOrder{Action: digest.DeskCorrect, Note: "It was two."})
		w.clock.advance(-30 * time.Minute)
		w.put(story(3, "culture"))
		w.nextDay()
		same(t, "on the next day", w.corrections(), []string{"daily/2026-11-24 1: 1", "daily/2026-11-24 4: 1", "daily/2026-11-24 6: 1"})
		w.put(story(4, "culture"), story(5, "local")) // the eighth reader had nothing yesterday
		w.nextDay()
		w.put(story(6, "culture"), story(7, "local"))
		w.nextDay()
		same(t, "in the end", w.corrections(), []string{
			"daily/2026-11-24 1: 1", "daily/2026-11-24 4: 1", "daily/2026-11-24 6: 1", "daily/2026-11-25 8: 1",
		})
		w.balanced()
	})
}

// TestCorrectionWithWindowsThatStayOpen: a reader is told once.
func TestCorrectionWithWindowsThatStayOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			set.Digests[0].MaxItems, set.Digests[0].Overflow, set.Digests[0].MaxAge = 1, digest.OverflowCarry, 100*time.Hour
		})
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.answered(1, "sent", "accepted", "", w.clock.Now())
		w.put(story(2, "world"), story(3, "world"), story(4, "world"))
		w.clock.advance(time.Minute)
		w.order(1, digest.DeskOrder{Action: digest.DeskCorrect, Note: "It was two."})
		w.order(1, digest.DeskOrder{Action: digest.DeskCorrect, Note: "It was three."})
		w.clock.advance(-time.Minute)
		for range 4 {
			w.nextDay()
		}
		same(t, "corrections", w.corrections(), []string{"daily/2026-11-24 1: 1 2"})
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-24 1: 4 +2 ~1 ~2", "daily/2026-11-25 1: 3 +1", "daily/2026-11-26 1: 2")
	})
}

// TestCorrectionInAPartialEdition is told there, and not again.
func TestCorrectionInAPartialEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.answered(1, "sent", "accepted", "", w.clock.Now())
		w.answered(2, "sent", "accepted", "", w.clock.Now())
		w.clock.advance(time.Minute)
		w.order(1, digest.DeskOrder{Action: digest.DeskCorrect, Note: "It was two."})
		w.put(story(2, "world"))
		w.send(digest.Send{Recipients: []int64{2}})
		w.put(story(3, "world"))
		w.clock.advance(-time.Minute)
		w.nextDay()
		same(t, "corrections", w.corrections(), []string{"daily/2026-11-23T07:01:01 2: 1", "daily/2026-11-24 1: 1"})
	})
}
