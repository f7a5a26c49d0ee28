package digest_test

import (
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestUnknownZone: readers in a zone that is known no more get the digest at the
// time of its own zone.
func TestUnknownZone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "Europe/Atlantis")
		w.begin()
		w.put(story(1, "world"))
		w.hours(24)
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1")
		w.balanced()
	})
}
