package digest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// statements returns what a tick asks of the database.
func (w *world) statements() []string {
	w.t.Helper()
	var out []string
	ctx := db.Watched(w.ctx(), func(query string) { out = append(out, strings.Join(strings.Fields(query), " ")) })
	if err := w.planner.Tick(ctx, w.clock.Now()); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// TestIdleTick: a tick with nobody due is one statement.
func TestIdleTick(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			cutoff(set)
			breaking := set.Digests[0]
			breaking.Slug, breaking.Instant, breaking.Cutoff = "breaking", true, 0
			evening := set.Digests[0]
			evening.Slug, evening.Schedule, evening.Cutoff = "evening", cron(t, "0 18 * * *"), 2*time.Hour
			set.Digests = append(set.Digests, breaking, evening)
		})
		w.warmUp(5, 9)
		w.subscribe(1, newYork)
		for _, d := range w.setup.Digests[1:] {
			w.exec(`INSERT INTO cohorts (id, digest_id, zone) SELECT 900 + $1, $1, zone FROM cohorts WHERE digest_id = $2`, d.ID, w.daily.ID)
		}
		w.clock.advance(-31 * time.Minute)
		w.put(story(1, "world"))
		if n := len(w.statements()); n < 3 {
			t.Errorf("%d statements where cohorts are new", n)
		}
		if got := w.statements(); len(got) != 1 {
			t.Errorf("%d statements of an idle tick, want one: %q", len(got), got)
		}
		w.clock.advance(time.Minute)
		if n := len(w.statements()); n < 5 {
			t.Errorf("%d statements where a slot closes", n)
		}
		w.wantMails("daily/2026-11-23 1: 1")
		w.clock.advance(30 * time.Minute)
		if got := w.statements(); len(got) != 1 {
			t.Errorf("%d statements when all is planned, want one: %q", len(got), got)
		}
	})
}

// TestIdleTickGoesAlongIndexes asks both engines how they would find that there
// is nothing to do.
func TestIdleTickGoesAlongIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.tick()
		query := w.statements()[0]
		explain, whole := `EXPLAIN QUERY PLAN `, `SCAN `
		if d.Dialect() == db.Postgres {
			explain, whole = `EXPLAIN `, `Seq Scan`
		}
		steps := 0
		err := d.View(t.Context(), func(tx *db.Tx) error {
			if d.Dialect() == db.Postgres { // tables of some rows are read whole, unless that is made dear
				if _, err := tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
					return err
				}
			}
			return tx.Each(t.Context(), func(scan func(dest ...any) error) error {
				var id, parent, unused int64
				var step string
				dest := []any{&step}
				if d.Dialect() == db.SQLite {
					dest = []any{&id, &parent, &unused, &step}
				}
				err := scan(dest...)
				steps++
				for _, table := range []string{"cohorts", "subscriptions", "articles", "runs"} {
					if strings.Contains(step, whole) && strings.Contains(step, table) && !strings.Contains(step, "USING") {
						t.Errorf("it reads all of %s: %s", table, step)
					}
				}
				return err
			}, explain+query, int64(0), []int64{1}, []int64{1}, int64(0), []int64{1})
		})
		if err != nil || steps < 5 {
			t.Errorf("%d steps, %v", steps, err)
		}
	})
}
