package digest_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
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

// TestUnknownZoneIsToldOnce: one warning a tick about each zone, however many
// cohorts and readers it has.
func TestUnknownZoneIsToldOnce(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), welcoming)
	for id := int64(1); id <= 6; id++ {
		w.subscribe(id, []string{"Europe/Atlantis", "Asia/Lemuria"}[id%2])
	}
	w.atHour(1, "06:30")
	w.put(story(1, "world"))
	w.owe(digest.Welcome, 2, 3)
	w.owe(digest.Moved, 4, 5, 6)
	var log bytes.Buffer
	planner := digest.NewPlanner(w.store, w.setup, slog.New(slog.NewTextHandler(&log, nil)))
	for n := range 2 {
		if err := planner.Tick(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		for _, zone := range []string{"Europe/Atlantis", "Asia/Lemuria"} {
			if got := strings.Count(log.String(), "level=WARN msg=\"unknown zone of readers, their digests' own is used\" zone="+zone); got != n+1 {
				t.Errorf("%d warnings about %s after %d ticks", got, zone, n+1)
			}
		}
		w.clock.advance(24 * time.Hour)
	}
}
