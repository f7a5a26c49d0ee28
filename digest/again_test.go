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

// order does to a story what an editor wants.
func (w *world) order(n int, o digest.DeskOrder) {
	w.t.Helper()
	o.Who = "maria"
	if _, err := w.store.Edit(w.ctx(), w.id(n), o); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) holdBack(n int) { w.order(n, digest.DeskOrder{Action: digest.DeskHold}) }
func (w *world) release(n int)  { w.order(n, digest.DeskOrder{Action: digest.DeskRelease}) }

// laterMails returns the mails of editions after the first date, which all of
// these tests begin with.
func (w *world) laterMails() []string {
	w.t.Helper()
	return slices.DeleteFunc(w.mails(), func(mail string) bool { return strings.Contains(mail, "/2026-11-23") })
}

// TestReleasedStoryIsNeverSentAgain: a story is held back after some readers got
// it. The others get it when it is released, whatever happened to either
// meanwhile.
func TestReleasedStoryIsNeverSentAgain(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(w *world)
		want      []string
	}{
		"nothing":           {func(*world) {}, []string{"daily/2026-11-24 2: 1"}},
		"a topic was added": {func(w *world) { w.put(story(1, "world", "sport")) }, []string{"daily/2026-11-24 2: 1"}},
		"a change of topics": {func(w *world) {
			w.mustPrefer(1, newYork, "world")
		}, []string{"daily/2026-11-24 2: 1"}},
		"a change of zones": {func(w *world) {
			w.mustPrefer(1, "America/Los_Angeles")
		}, []string{"daily/2026-11-24 2: 1"}},
		"a pause": {func(w *world) {
			w.exec(`UPDATE subscriptions SET paused_until = $1`, db.Millis(w.clock.Now().Add(30*time.Hour)))
		}, []string{"daily/2026-11-25 2: 1"}},
		"it failed": {func(w *world) {
			w.exec(`UPDATE deliveries SET state = 'failed' WHERE subscriber_id = 1`)
		}, []string{"daily/2026-11-24 1: 1", "daily/2026-11-24 2: 1"}},
		"it is uncertain": {func(w *world) {
			w.exec(`UPDATE deliveries SET state = 'uncertain' WHERE subscriber_id = 1`)
		}, []string{"daily/2026-11-24 2: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, localTime)
				w.subscribe(1, newYork)
				w.subscribe(2, newYork)
				w.begin()
				w.put(story(1, "world"))
				w.send(digest.Send{Recipients: []int64{1}})
				w.holdBack(1)
				w.tick() // the slot, without it
				w.exec(`UPDATE deliveries SET state = 'sent'`)
				test.meanwhile(w)
				w.clock.advance(time.Hour)
				w.release(1)
				w.hours(48)
				same(t, "mails", w.laterMails(), test.want)
			})
		})
	}
}

// TestReleasedAfterItsEditionIsArchived: who had a story cannot be told any more,
// whichever number it had then and whenever its edition was made.
func TestReleasedAfterItsEditionIsArchived(t *testing.T) {
	for name, test := range map[string]struct{ before, between func(w *world) }{
		"released before":       {func(*world) {}, func(w *world) { w.holdBack(1); w.release(1) }},
		"an edition made ahead": {func(w *world) { w.edit("daily/2026-11-23", digest.EditionEdit{Subject: text("Today")}) }, func(*world) {}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, nil)
				w.subscribe(1, newYork)
				w.begin()
				w.clock.advance(-time.Hour)
				test.before(w)
				w.clock.advance(time.Hour)
				w.put(story(1, "world"))
				w.tick()
				w.clock.advance(time.Hour)
				test.between(w)
				w.put(story(2, "world"))
				w.clock.advance(-time.Hour)
				w.nextDay()
				w.exec(`DELETE FROM deliveries WHERE edition_id = 1`)
				w.exec(`UPDATE editions SET archived_at = 1 WHERE id = 1`)
				w.holdBack(1)
				w.release(1)
				w.nextDay()
				same(t, "mails", w.mails(), []string{"daily/2026-11-24 1: 2"})
			})
		})
	}
}

// TestHeldBetweenTwoZones: the first zone got the story, the second did not. It
// is released for the second alone.
func TestHeldBetweenTwoZones(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.begin()
		w.put(story(1, "world"), story(2, "world"))
		w.tick()
		w.holdBack(1)
		w.clock.advance(3 * time.Hour)
		w.tick()
		w.release(1)
		w.hours(25)
		w.wantMails("daily/2026-11-23 1: 2 1", "daily/2026-11-23 2: 2", "daily/2026-11-24 2: 1")
		w.balanced()
	})
}

// TestBreakingNewsIsNeverSentAgain: readers of other topics get the story, too,
// and not once more when it gets one of theirs.
func TestBreakingNewsIsNeverSentAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "sport")
		w.subscribe(2, newYork, "world")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.clock.advance(time.Hour)
		w.send(digest.Send{ArticleID: w.id(1)})
		w.nothingDue(digest.Send{ArticleID: w.id(1)})
		w.put(story(1, "world", "sport"), story(2, "sport"))
		w.clock.advance(-time.Hour)
		w.nextDay()
		w.wantMails("daily/2026-11-23 2: 1", "daily/2026-11-23T08:00:01 1: 1", "daily/2026-11-24 1: 2")
	})
}

// TestReturningReaderIsNotWelcomedWithOldNews: the welcome has what is new to
// the reader.
func TestReturningReaderIsNotWelcomedWithOldNews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, welcoming)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = 1`)
		w.put(story(2, "world"))
		w.nextDay()
		w.exec(`UPDATE subscriptions SET state = 'active', joined_seq = 1, joined_runs = -1 WHERE subscriber_id = 1`)
		w.owe(digest.Welcome, 1)
		w.clock.advance(time.Hour)
		w.minutes(1)
		w.nothingOwed()
		w.put(story(3, "world"))
		w.hours(24)
		same(t, "mails", w.laterMails(), []string{
			"daily/2026-11-24 2: 2", "daily/2026-11-24T08:01:01 1: 2", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 3",
		})
	})
}

// TestPausedReader misses nothing that came meanwhile and gets nothing twice.
func TestPausedReader(t *testing.T) {
	for name, test := range map[string]struct {
		maxAge time.Duration
		want   []string
	}{
		"all since then":     {0, []string{"daily/2026-11-26 1: 4 3 2"}},
		"no older than that": {50 * time.Hour, []string{"daily/2026-11-26 1: 4 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].MaxAge = test.maxAge })
				w.subscribe(1, newYork)
				w.begin()
				w.put(story(1, "world"))
				w.tick()
				w.exec(`UPDATE subscriptions SET paused_until = $1`, db.Millis(w.clock.Now().Add(72*time.Hour)))
				for n := range 3 {
					w.put(story(n+2, "world"))
					w.nextDay()
				}
				same(t, "mails", w.laterMails(), test.want)
				same(t, "skips", w.skips(), []string{"daily/2026-11-24 paused 1", "daily/2026-11-25 paused 1"})
				w.balanced()
			})
		})
	}
}

// TestRemovedTopicStopsNothingElse takes a topic out of the configuration that
// readers chose.
func TestRemovedTopicStopsNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "sport")
		w.subscribe(2, newYork, "sport", "world")
		w.subscribe(3, newYork)
		w.begin()
		w.put(story(1, "sport"), story(2, "sport", "world"), story(3, "world"))
		w.configure(newSetup(t, func(set *digest.Setup) { set.Topics = append(set.Topics[:1], set.Topics[2:]...) }))
		w.tick()
		w.wantMails("daily/2026-11-23 2: 3 2", "daily/2026-11-23 3: 3 2")
		same(t, "skips", w.skips(), []string{"daily/2026-11-23 nothing-new 1"})
		w.put(story(4, "local"))
		w.nextDay()
		same(t, "mails", w.laterMails(), []string{"daily/2026-11-24 3: 4"})
		w.balanced()
	})
}
