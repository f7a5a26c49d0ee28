package digest_test

import (
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// TestMoveFromACohortThatNeverRan: a reader leaves a cohort before its first
// slot, for one that has run today. What the reader waits for comes all the
// same, and comes once.
func TestMoveFromACohortThatNeverRan(t *testing.T) {
	for name, move := range map[string]func(w *world){
		"zone": func(w *world) { w.mustPrefer(1, newYork) },
		"zone and topics": func(w *world) {
			w.mustPrefer(1, newYork, "world", "sport")
		},
		"hour": func(w *world) {
			in := subscribers.Preferences{Zone: losAngeles, Topics: []string{"*"}, Digests: []string{"daily"}, Hours: map[string]string{"daily": "04:30"}}
			if err := w.save(w.catalog(), 1, in); err != nil {
				w.t.Fatal(err)
			}
		},
		"after a pause": func(w *world) {
			until := w.clock.Now().Add(10 * time.Minute)
			if err := subscribers.NewStore(w.db, w.clock.Now).Pause(w.ctx(), 1, 0, until, "test", ""); err != nil {
				w.t.Fatal(err)
			}
			w.clock.advance(20 * time.Minute)
			w.mustPrefer(1, newYork)
		},
		"there and back": func(w *world) {
			w.mustPrefer(1, newYork)
			w.mustPrefer(1, losAngeles)
		},
		"twice": func(w *world) {
			w.mustPrefer(1, "Asia/Tokyo") // is new, too
			w.tick()
			w.mustPrefer(1, newYork)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].Hours = []string{"04:30"} })
				w.subscribe(2, newYork)
				w.subscribe(3, losAngeles)
				w.atHour(3, "04:30")
				w.exec(`DELETE FROM cohorts WHERE zone = $1 AND rule = ''`, losAngeles)
				delete(w.cohorts, losAngeles)
				w.exec(`UPDATE subscribers SET confirmed_at = 1`)
				w.clock.advance(-26 * time.Hour)
				w.hours(5)
				w.put(story(1, "world")) // before Los Angeles' slot of yesterday, which is over
				w.hours(20)
				w.subscribe(1, losAngeles)
				w.exec(`UPDATE subscribers SET confirmed_at = 1`)
				w.put(story(2, "world"))
				w.clock.advance(30 * time.Minute)
				w.tick()
				w.put(story(3, "sport"))
				w.clock.advance(time.Hour)
				w.tick() // New York's, and Los Angeles' of the early
				w.put(story(4, "world"))
				w.clock.advance(time.Minute)
				move(w)
				w.hours(30)
				w.eachStoryOnce(1)
				if got := w.storiesOf(1); len(got) != 3 || got[0] != 2 {
					t.Errorf("got stories %v, want 2, 3 and 4", got)
				}
				w.balanced()
			})
		})
	}
}
