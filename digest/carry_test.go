package digest_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestCarry gives readers what the limits left out with their next editions,
// and nothing twice, whatever happens to the limits meanwhile.
func TestCarry(t *testing.T) {
	plain := func(*world) {}
	for name, test := range map[string]struct {
		meanwhile func(w *world)
		want      []string
	}{
		"all of it": {plain, []string{"daily/2026-11-24 1: 3 2 +1", "daily/2026-11-24 2: 2", "daily/2026-11-25 1: 1"}},
		"the limits count again": {func(w *world) { w.daily.Overflow = digest.OverflowMore },
			[]string{"daily/2026-11-24 1: 3 2 +1", "daily/2026-11-24 2: 2"}},
		"a change of topics": {func(w *world) {
			w.mustPrefer(1, newYork, "sport", "world")
		}, []string{"daily/2026-11-24 1: 2 3 +1", "daily/2026-11-24 2: 2", "daily/2026-11-25 1: 1"}},
		"a change of zones": {func(w *world) {
			w.mustPrefer(1, "America/Los_Angeles")
		}, []string{"daily/2026-11-24 1: 3 2 +1", "daily/2026-11-24 2: 2", "daily/2026-11-25 1: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) {
					localTime(set)
					set.Digests[0].MaxItems, set.Digests[0].Overflow = 2, digest.OverflowCarry
				})
				w.subscribe(1, newYork)
				w.subscribe(2, newYork, "sport")
				w.begin()
				w.put(story(1, "world"), story(2, "sport"), story(3, "world"), story(4, "sport"), story(5, "sport"))
				w.tick()
				w.wantMails("daily/2026-11-23 1: 5 4 +3", "daily/2026-11-23 2: 5 4 +1")
				test.meanwhile(w)
				w.put(story(6, "culture"))
				w.exec(`UPDATE articles SET withdrawn_at = 1 WHERE id = $1`, w.id(6))
				w.hours(72)
				w.balanced()
				same(t, "mails", w.laterMails(), test.want)
			})
		})
	}
}

// TestCarryIntoACohortThatIsBehind: the window stayed open, and begins after
// that of the run for all that.
func TestCarryIntoACohortThatIsBehind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			localTime(set)
			set.Digests[0].MaxItems, set.Digests[0].Overflow = 1, digest.OverflowCarry
		})
		w.subscribe(1, newYork)
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.put(story(2, "world"), story(3, "world"))
		w.nextDay()
		w.mustPrefer(1, losAngeles)
		w.hours(6) // over the slot of this date, which the reader had
		w.exec(`UPDATE cohorts SET last_seq = 0 WHERE zone = $1`, losAngeles)
		w.hours(24)
		same(t, "mails", w.laterMails(), []string{"daily/2026-11-24 1: 3 +1", "daily/2026-11-25 1: 2"})
	})
}

// TestCarryThenOtherTopics: what a mail brought after which the window stayed
// open does not come again under a topic that the reader chose since.
func TestCarryThenOtherTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			localTime(set)
			set.Digests[0].MaxItems, set.Digests[0].Overflow = 1, digest.OverflowCarry
		})
		w.subscribe(1, newYork, "world")
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.tick()
		w.put(story(1, "world"), story(2, "world"))
		w.nextDay()
		w.mustPrefer(1, newYork, "sport")
		w.nextDay() // nothing of sport, so the window ends
		w.put(story(2, "world", "sport"), story(3, "sport"))
		w.nextDay()
		w.nextDay()
		same(t, "mails", w.mails(), []string{"daily/2026-11-24 1: 2 +1", "daily/2026-11-26 1: 3"})
	})
}

// TestCarryOfManyDays: each story comes once, the newest first.
func TestCarryOfManyDays(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) {
		set.Digests[0].MaxItems, set.Digests[0].Overflow = 3, digest.OverflowCarry
	})
	w.subscribe(1, newYork)
	w.begin()
	for n := range 20 {
		w.put(story(n, topicSlugs[n%5]))
	}
	w.tick()
	for range 10 {
		w.nextDay()
	}
	got := map[string]int{}
	for _, row := range w.rows(`SELECT s.stories FROM deliveries d JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id`, nil) {
		selection, err := digest.ParseSelection(row)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range selection.Stories {
			got[fmt.Sprint(p.ArticleID)]++
		}
	}
	if len(got) != 20 {
		t.Errorf("%d stories came, want 20", len(got))
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("article %s came %d times, want once", id, n)
		}
	}
}

// TestDailyCap: what is beyond it comes with the first edition of another date.
func TestDailyCap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].DailyCap = 2 })
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.put(story(2, "world"), story(3, "sport"))
		w.send(digest.Send{})
		w.put(story(4, "world"), story(5, "sport"))
		w.send(digest.Send{})
		w.put(story(6, "world"))
		w.clock.advance(time.Hour)
		w.exec(`UPDATE deliveries SET state = 'failed' WHERE subscriber_id = 1 AND edition_id = 1`) // that does not count
		w.send(digest.Send{})
		w.put(story(7, "world"))
		w.nothingDue(digest.Send{})
		w.clock.advance(-time.Hour)
		w.nextDay()
		w.wantMails("daily/2026-11-23 1: 1",
			"daily/2026-11-23T07:00:01 1: 3 2", "daily/2026-11-23T07:00:01 2: 3", "daily/2026-11-23T07:00:02 2: 5",
			"daily/2026-11-23T08:00:01 1: 6 5 4", "daily/2026-11-24 1: 7")
		same(t, "skips", w.skips(), []string{
			"daily/2026-11-23 nothing-new 1", "daily/2026-11-23T07:00:02 daily-cap 1", "daily/2026-11-23T08:00:01 nothing-new 1", "daily/2026-11-24 nothing-new 1",
		})
		w.balanced()
	})
}

// TestAudience: a digest is not for other readers, and their windows go on.
func TestAudience(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			set.Attributes = []digest.Attribute{{Name: "region", Values: []string{"north", "south", "west"}}, {Name: "tier", Values: []string{"free", "paid"}}}
			set.Digests[0].Audience = []string{"region=north", "region=south", "tier=paid"}
		})
		for id, attributes := range []string{"", ",tier=paid,", ",region=south,tier=paid,", ",region=west,tier=paid,", ",region=north,"} {
			w.subscribe(int64(id+1), newYork)
			w.exec(`UPDATE subscribers SET attributes = $1 WHERE id = $2`, attributes, id+1)
		}
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.wantMails("daily/2026-11-23 2: 1", "daily/2026-11-23 3: 1")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 not-audience 3"})
		w.exec(`UPDATE subscribers SET attributes = ',tier=paid,' WHERE id = 1`)
		w.put(story(2, "world"))
		w.nextDay()
		same(t, "mails", w.laterMails(), []string{"daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2", "daily/2026-11-24 3: 2"})
		w.balanced()
	})
}
