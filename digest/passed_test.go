package digest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

const losAngelesHours = 3 // after those of New York

// TestTopicTakenOffAndGivenAgain: readers whose run passed over a story while it
// lacked their topic get it when the topic returns, and nobody gets it twice.
func TestTopicTakenOffAndGivenAgain(t *testing.T) {
	for name, test := range map[string]struct {
		steps func(w *world)
		want  []string
	}{
		"over a run": {func(w *world) {
			w.put(story(1, "world"))
			w.put(story(1, "local"))
			w.tick()
			w.put(story(1, "local", "world"))
			w.nextDay()
		}, []string{"daily/2026-11-23 3: 1", "daily/2026-11-24 1: 1", "daily/2026-11-24 2: 1"}},
		"over two runs, twice": {func(w *world) {
			w.put(story(1, "world"))
			for range 2 {
				w.put(story(1))
				w.tick()
				w.put(story(1, "world"))
				w.put(story(1))
				w.nextDay()
				w.clock.advance(24 * time.Hour)
			}
			w.put(story(1, "world"))
			w.tick()
		}, []string{"daily/2026-11-27 1: 1", "daily/2026-11-27 2: 1", "daily/2026-11-27 3: 1"}},
		"after it went out": {func(w *world) {
			w.put(story(1, "world"))
			w.tick()
			w.put(story(1, "local"))
			w.nextDay()
			w.put(story(1, "world"), story(2, "local"))
			w.nextDay()
		}, []string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-23 3: 1", "daily/2026-11-25 3: 2"}},
		"after one sent by hand": {func(w *world) {
			w.put(story(1, "world"))
			w.send(digest.Send{Recipients: []int64{1}})
			w.put(story(1))
			w.tick()
			w.put(story(1, "world"))
			w.nextDay()
		}, []string{"daily/2026-11-23T07:00:01 1: 1", "daily/2026-11-24 2: 1", "daily/2026-11-24 3: 1"}},
		"between two zones": {func(w *world) {
			w.subscribe(4, losAngeles, "world")
			w.tick()
			w.clock.advance(24 * time.Hour)
			w.put(story(1, "world"))
			w.tick()
			w.put(story(1))
			w.clock.advance(losAngelesHours * time.Hour)
			w.tick()
			w.put(story(1, "world"))
			w.hours(25)
		}, []string{"daily/2026-11-24 1: 1", "daily/2026-11-24 2: 1", "daily/2026-11-24 3: 1", "daily/2026-11-25 4: 1"}},
		"another topic in its place": {func(w *world) {
			w.put(story(1, "world"))
			w.put(story(1, "culture"))
			w.tick()
			w.put(story(1, "sport"))
			w.nextDay()
		}, []string{"daily/2026-11-23 3: 1", "daily/2026-11-24 2: 1"}},
		"another topic in its place, after it went out": {func(w *world) {
			w.put(story(1, "world"))
			w.tick()
			w.put(story(1, "sport"))
			w.nextDay()
		}, []string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-23 3: 1"}},
		"where nobody can tell any more who had it": {func(w *world) {
			w.put(story(1, "world"))
			w.tick()
			w.put(story(1))
			w.nextDay()
			w.archive()
			w.put(story(1, "world"))
			w.nextDay()
		}, nil},
		"another topic, where nobody can tell any more": {func(w *world) {
			w.put(story(1, "world"))
			w.tick()
			w.archive()
			w.subscribe(4, newYork, "sport")
			w.put(story(1, "sport"))
			w.nextDay()
		}, []string{"daily/2026-11-24 4: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, localTime)
				w.subscribe(1, newYork, "world")
				w.subscribe(2, newYork, "world", "sport")
				w.subscribe(3, newYork)
				w.begin()
				test.steps(w)
				w.wantMails(test.want...)
				w.balanced()
			})
		})
	}
}

// archive drops all deliveries, as if the days of their editions were past.
func (w *world) archive() {
	w.t.Helper()
	w.exec(`DELETE FROM deliveries`)
	w.exec(`DELETE FROM batches`)
	w.exec(`UPDATE editions SET state = 'done', archived_at = 1`)
	w.exec(`DELETE FROM run_skips`)
	w.exec(`UPDATE runs SET due = 0`)
}

// TestTopicGivenAgainBeforeARun: it keeps its number where no run passed it, so
// that nothing has to be asked.
func TestTopicGivenAgainBeforeARun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		before := w.seq(1)
		w.put(story(1))
		w.put(story(1, "world"))
		if got := w.seq(1); got != before {
			t.Errorf("came again as number %d, want %d", got, before)
		}
		if n := w.count(`SELECT again FROM articles`); n != 0 {
			t.Error("deliveries would be asked who had it")
		}
	})
}

// TestWiderAudience: a story that is for more readers than before reaches those
// whom it left out, and nobody twice.
func TestWiderAudience(t *testing.T) {
	const paid, free = 1, 2
	for name, test := range map[string]struct {
		from, to []string
		clears   bool
		steps    func(w *world)
		want     []string
	}{
		"for everybody": {[]string{"tier=paid"}, nil, true, nil,
			[]string{"daily/2026-11-23 1: 1", "daily/2026-11-24 2: 1"}},
		"for another value, too": {[]string{"tier=paid"}, []string{"tier=free", "tier=paid"}, false, nil,
			[]string{"daily/2026-11-23 1: 1", "daily/2026-11-24 2: 1"}},
		"for others instead": {[]string{"tier=paid"}, []string{"tier=free"}, false, nil,
			[]string{"daily/2026-11-23 1: 1", "daily/2026-11-24 2: 1"}},
		"for one attribute less": {[]string{"region=south", "tier=paid"}, []string{"region=south"}, false, nil,
			[]string{"daily/2026-11-23 1: 1", "daily/2026-11-24 2: 1"}},
		"for fewer": {nil, []string{"tier=paid"}, false, nil,
			[]string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1"}},
		"where nobody can tell any more who had it": {[]string{"tier=paid"}, nil, true, func(w *world) { w.archive() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) {
					set.Attributes = []digest.Attribute{{Name: "tier", Values: []string{"free", "paid"}}, {Name: "region", Values: []string{"north", "south"}}}
				})
				w.subscribe(paid, newYork)
				w.subscribe(free, newYork)
				w.exec(`UPDATE subscribers SET attributes = ',region=south,' WHERE id = $1`, free)
				w.exec(`UPDATE subscribers SET attributes = ',region=south,tier=paid,' WHERE id = $1`, paid)
				w.begin()
				in := story(1, "world")
				in.Audience = test.from
				w.put(in)
				w.tick()
				if test.steps != nil {
					test.steps(w)
				}
				in.Audience, in.Clears.Audience = test.to, test.clears
				w.put(in)
				w.nextDay()
				w.nextDay()
				w.wantMails(test.want...)
			})
		})
	}
}

// TestDigestDropsATopic: who had a story for a topic that the digest no longer
// has does not get it again when it gets another one.
func TestDigestDropsATopic(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(w *world)
		want      []string
	}{
		"deliveries tell": {func(*world) {},
			[]string{"daily/2026-11-23 1: 1", "daily/2026-11-23 3: 1", "daily/2026-11-24 2: 1"}},
		"nobody can tell any more": {func(w *world) { w.archive() }, []string{"daily/2026-11-24 2: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				with := func(topics ...string) *digest.Setup {
					return newSetup(t, func(set *digest.Setup) { set.Digests[0].Topics = topics })
				}
				w := newWorld(t, d, nil)
				w.configure(with("world", "sport"))
				w.subscribe(1, newYork, "world", "sport")
				w.subscribe(2, newYork, "sport")
				w.subscribe(3, newYork)
				w.begin()
				w.put(story(1, "world"))
				w.tick()
				test.meanwhile(w)
				w.configure(with("sport"))
				w.put(story(1, "world", "sport"))
				w.nextDay()
				w.wantMails(test.want...)
			})
		})
	}
}

// TestDigestThatNeverHadATopic: no deliveries are read for a story that has it,
// too, and gets another one.
func TestDigestThatNeverHadATopic(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].Topics = []string{"sport"} })
		w.subscribe(1, newYork, "sport")
		w.begin()
		w.tick()
		w.clock.advance(20 * time.Hour)
		w.put(story(1, "world"))
		w.clock.advance(4 * time.Hour)
		w.tick()
		w.put(story(1, "world", "sport"))
		w.clock.advance(24 * time.Hour)
		read := slices.DeleteFunc(w.statements(), func(text string) bool { return !strings.Contains(text, "FROM deliveries") })
		same(t, "deliveries are asked", read, nil)
		w.wantMails("daily/2026-11-25 1: 1")
	})
}
