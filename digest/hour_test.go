package digest_test

import (
	"slices"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// atHour puts a reader into the cohort of another hour in the same zone.
func (w *world) atHour(id int64, hour string) {
	w.t.Helper()
	w.exec(`INSERT INTO cohorts (id, digest_id, zone, rule)
		SELECT 1000 + c.id * 10000 + $1, c.digest_id, c.zone, $2 FROM cohorts c JOIN subscriptions s ON s.cohort_id = c.id WHERE s.subscriber_id = $1
		ON CONFLICT DO NOTHING`, id, hour)
	w.exec(`UPDATE subscriptions SET cohort_id = (SELECT o.id FROM cohorts c JOIN cohorts o ON o.digest_id = c.digest_id AND o.zone = c.zone
		WHERE c.id = subscriptions.cohort_id AND o.rule = $2) WHERE subscriber_id = $1`, id, hour)
}

// TestReadersHour has readers in two zones with hours of their own: one edition
// a date for all of them, each at their time.
func TestReadersHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		for id := int64(1); id <= 4; id++ {
			w.subscribe(id, []string{newYork, "Asia/Tokyo"}[id%2])
		}
		w.atHour(1, "20:45") // Tokyo
		w.atHour(2, "06:15") // New York
		w.clock.advance(-time.Hour)
		w.begin()
		w.put(story(1, "world"))
		for range 4 * 24 {
			w.tick()
			w.clock.advance(15 * time.Minute)
		}
		w.put(story(2, "world"))
		for range 4 * 24 {
			w.tick()
			w.clock.advance(15 * time.Minute)
		}
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-23 4: 1",
			"daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2", "daily/2026-11-24 3: 1", "daily/2026-11-24 4: 2", "daily/2026-11-25 3: 2")
		w.balanced()
		e, err := w.store.EditionByKey(t.Context(), "daily/2026-11-23")
		if err != nil || e.Slot.String() != "2026-11-23T07:00" {
			t.Fatalf("got %+v, %v, want the slot of the digest", e, err)
		}
		runs, err := w.store.Runs(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range runs {
			got = append(got, r.Zone+" "+r.Hour+" "+r.DueAt.Format("15:04"))
		}
		want := []string{"America/New_York 06:15 11:15", "Asia/Tokyo 20:45 11:45", "America/New_York  12:00"}
		if !slices.Equal(got, want) {
			t.Errorf("got runs %q, want %q", got, want)
		}
		dry, err := w.planner.DryRun(t.Context(), w.daily, w.clock.Now())
		if err != nil || len(dry.Cohorts) != 4 {
			t.Fatalf("got %+v, %v, want four cohorts", dry, err)
		}
		hours := map[string]string{}
		for _, c := range dry.Cohorts {
			hours[c.Zone+c.Hour] = c.DueAt.In(zone(t, c.Zone)).Format("15:04")
		}
		if hours["Asia/Tokyo20:45"] != "20:45" || hours["Asia/Tokyo"] != "07:00" || hours["America/New_York06:15"] != "06:15" {
			t.Errorf("got %v, want each at the reader's hour", hours)
		}
	})
}

// TestReadersHourOverClockChanges counts one digest each date at an hour that
// the clocks of Berlin skip once and show twice once.
func TestReadersHourOverClockChanges(t *testing.T) {
	for name, test := range map[string]struct{ from, at string }{
		"skipped": {"2026-03-27", "2026-03-29T01:30:00Z"},
		"twice":   {"2026-10-23", "2026-10-25T00:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, dbtest.Open(t, db.SQLite), localTime)
			w.subscribe(1, "Europe/Berlin")
			w.atHour(1, "02:30")
			from, err := time.Parse(time.DateOnly, test.from)
			if err != nil {
				t.Fatal(err)
			}
			w.clock.set(from)
			for n := range 48 * 5 {
				if n%24 == 0 {
					w.put(story(n, "world"))
				}
				w.tick()
				w.clock.advance(30 * time.Minute)
			}
			keys := w.rows(`SELECT e.key FROM editions e JOIN deliveries d ON d.edition_id = e.id ORDER BY e.key`, nil)
			if len(keys) != 5 || len(slices.Compact(keys)) != 5 {
				t.Errorf("got %q, want one a date", keys)
			}
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			if n := w.count(`SELECT COUNT(*) FROM runs WHERE due_at = $1`, db.Millis(at)); n != 1 {
				t.Errorf("%d runs were due at %s, want one", n, test.at)
			}
		})
	}
}

// TestBadHour: a cohort that cannot be read keeps no other from its digest.
func TestBadHour(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), localTime)
	w.subscribe(1, newYork)
	w.subscribe(2, newYork)
	w.begin()
	w.atHour(2, "noon")
	w.put(story(1, "world"))
	if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil {
		t.Error("an hour that is none was taken")
	}
	w.wantMails("daily/2026-11-23 1: 1")
}
