package digest_test

import (
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestLately lists the mails of one reader, the newest first, and changes nothing.
func TestLately(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.begin()
		for n := range 3 {
			w.put(story(n+1, "world"))
			w.tick()
			w.exec(`UPDATE deliveries SET state = 'sent', changed_at = $1 WHERE state = 'pending'`, w.clock.Now().UnixMilli())
			w.nextDay()
		}
		w.exec(`UPDATE deliveries SET state = 'failed' WHERE subscriber_id = 1 AND edition_id = (SELECT MAX(edition_id) FROM deliveries)`)
		rows := w.dump()
		var got []string
		all, err := w.store.Lately(t.Context(), 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			got = append(got, m.Key+" "+m.State)
			if m.At.IsZero() || m.DigestID == 0 || m.Mailing.EditionID == 0 || m.Mailing.SelectionID == 0 {
				t.Errorf("a mail is %+v", m)
			}
		}
		same(t, "the last two", got, []string{"daily/2026-11-26 failed", "daily/2026-11-25 sent"})
		if none, err := w.store.Lately(t.Context(), 3, 2); err != nil || len(none) != 0 {
			t.Errorf("of nobody: %+v, %v", none, err)
		}
		same(t, "the database", w.dump(), rows)
	})
}
