package digest_test

import (
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestPageFromTheIndex: all that planning reads of the subscriptions of a cohort
// stands in its index, where they lie together. On PostgreSQL a row of an index is
// too short for the topics that a reader may choose.
func TestPageFromTheIndex(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	w.subscribe(1, newYork)
	w.begin()
	w.put(story(1, "world"))
	var page string
	ctx := db.Watched(w.ctx(), func(query string) {
		if strings.Contains(query, `FROM subscriptions s WHERE s.cohort_id {in 1}`) {
			page = query
		}
	})
	if err := w.planner.Tick(ctx, w.clock.Now()); err != nil || page == "" {
		t.Fatalf("no page was read: %v", err)
	}
	var steps []string
	err := w.db.View(t.Context(), func(tx *db.Tx) error {
		return tx.Each(t.Context(), func(scan func(dest ...any) error) error {
			var id, parent, unused int64
			var step string
			err := scan(&id, &parent, &unused, &step)
			steps = append(steps, step)
			return err
		}, `EXPLAIN QUERY PLAN `+page, []int64{1}, 0, 5000, 10000, 1)
	})
	if want := `SEARCH s USING COVERING INDEX subscriptions_cohort (cohort_id=? AND subscriber_id>? AND subscriber_id<?)`; err != nil || len(steps) == 0 || steps[0] != want { // what else there is unfolds the list of cohorts
		t.Errorf("the page is read by %q, %v, want %q", steps, err, want)
	}
}
