package digest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestDayArchivedWhileARunIsPlanned: deliveries that tell who had a story are
// dropped between two pages. Those of the later page do not get it on a guess.
func TestDayArchivedWhileARunIsPlanned(t *testing.T) {
	const last = digest.PageSize + 1
	for name, test := range map[string]struct {
		change func(set *digest.Setup)
		begin  func(w *world)
		topics []string // of the last reader, who had the story for the first of them
	}{
		"of another digest":                       {sharing, func(w *world) { w.subscribeTo(last, "world") }, []string{"sport"}},
		"of the digest, for a topic that is gone": {nil, func(*world) {}, []string{"world", "sport"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, test.change)
				w.pages(last)
				w.exec(`UPDATE subscriptions SET topics = $1`, w.topicIDs(test.topics...))
				test.begin(w)
				w.begin()
				w.put(story(1, "world"))
				w.tick()
				first := w.count(`SELECT MAX(id) FROM editions`)
				w.clock.advance(24 * time.Hour)
				w.put(story(1, "sport"), story(2, "sport"))
				run := w.beginDaily()
				if err := w.planner.PlanPages(t.Context(), run, func() {
					w.exec(`DELETE FROM deliveries WHERE edition_id = $1`, first)
					w.exec(`UPDATE editions SET archived_at = 1 WHERE id = $1`, first)
				}); err != nil {
					t.Fatal(err)
				}
				for _, mail := range w.laterMails() {
					if mail == "daily/2026-11-24 5001: 2" {
						return
					}
				}
				t.Errorf("the last reader did not get story 2 alone")
			})
		})
	}
}

// beginDaily begins the run of the first digest that is due, and plans nothing of
// it.
func (w *world) beginDaily() digest.Run {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	now, asked := w.clock.Now(), 0
	w.clock.asked = func() { // for the edition, then for its page
		if asked++; asked == 2 {
			cancel()
		}
	}
	err := w.planner.Tick(ctx, now, w.daily.ID)
	if w.clock.asked = nil; !errors.Is(err, context.Canceled) {
		w.t.Fatalf("got %v, want planning to be killed", err)
	}
	runs, err := w.store.Runs(w.ctx(), w.count(`SELECT edition_id FROM runs WHERE planned_at = 0`))
	if err != nil || len(runs) != 1 || runs[0].PlanCursor != 0 {
		w.t.Fatalf("got %+v, %v, want a run of which nothing is planned", runs, err)
	}
	return runs[0]
}
