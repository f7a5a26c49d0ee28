package digest_test

import (
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestArchivedEditionGetsNoRun lets a zone be so late that the deliveries of its edition have been dropped.
func TestArchivedEditionGetsNoRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.exec(`UPDATE editions SET state = 'done', archived_at = 1`)
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1")
		w.clock.advance(24 * time.Hour) // its story comes with the next
		w.tick()
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-24 2: 1")
	})
}
