package digest_test

import (
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestCancelledPartialEdition: what it had planned and never sent comes with
// the next edition, what went out does not.
func TestCancelledPartialEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.begin()
		w.tick()
		w.put(story(1, "world"))
		w.clock.advance(time.Minute)
		e := w.send(digest.Send{Recipients: []int64{1, 2}})
		w.exec(`UPDATE deliveries SET state = 'sent' WHERE subscriber_id = 2`)
		if _, err := w.store.SetEditionState(t.Context(), e.Key, digest.EditionCancelled, ""); err != nil {
			t.Fatal(err)
		}
		w.put(story(2, "world"))
		w.nextDay()
		w.wantMails("daily/2026-11-23T07:01:01 1: 1", "daily/2026-11-23T07:01:01 2: 1", "daily/2026-11-24 1: 2 1", "daily/2026-11-24 2: 2")
	})
}
