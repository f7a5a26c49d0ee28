package digest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// previewed returns what a reader would get, as "daily/2026-11-23 2 1", or the
// reason in place of the stories.
func (w *world) previewed(id int64, at time.Time) string {
	w.t.Helper()
	p, err := w.planner.Preview(w.ctx(), w.composer(), w.daily, digest.Reader{SubscriberID: id}, at)
	if err != nil {
		w.t.Fatal(err)
	}
	if p.Skip != "" {
		return p.Edition.Key + " " + string(p.Skip)
	}
	return p.Edition.Key + " " + titles(p)
}

func (w *world) wantPreview(id int64, at time.Time, want string) {
	w.t.Helper()
	before := w.dump()
	if got := w.previewed(id, at); got != want {
		w.t.Errorf("the preview of %d at %s is %q, want %q", id, at, got, want)
	}
	same(w.t, "a preview", w.dump(), before)
}

func TestPreviewOfAPausedReader(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		now := w.clock.Now()
		w.exec(`UPDATE subscriptions SET paused_until = $1`, db.Millis(now.Add(30*time.Hour)))
		w.wantPreview(1, now, "daily/2026-11-23 paused")
		w.wantPreview(1, now.Add(time.Hour), "daily/2026-11-24 paused")
		w.wantPreview(1, now.Add(25*time.Hour), "daily/2026-11-25 1")
		w.tick()
		w.nextDay()
		w.nextDay()
		w.wantMails("daily/2026-11-25 1: 1")
	})
}

func TestPreviewOfAnInstantDigest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { instant(set); set.Digests[0].QuietHours = "20:00-06:00" })
		w.subscribe(1, newYork)
		w.subscribe(2, "Asia/Tokyo")
		w.minutes(1)
		w.wantPreview(1, w.clock.Now(), "daily/2026-11-23T07:01:01 nothing-new")
		w.put(story(1, "world"))
		w.clock.advance(time.Minute)
		w.wantPreview(1, w.clock.Now(), "daily/2026-11-23T07:02:01 1")
		p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 2}, w.clock.Now())
		if err != nil || p.DueAt.In(zone(t, "Asia/Tokyo")).Format("15:04") != "06:00" {
			t.Errorf("got %+v, %v, want the end of the quiet hours", p, err)
		}
		if _, err := w.planner.Sample(t.Context(), w.composer(), w.daily, w.clock.Now()); err != nil {
			t.Errorf("a sample of an instant digest: %v", err)
		}
		dry, err := w.planner.DryRun(t.Context(), w.daily, w.clock.Now())
		if err != nil || dry.WouldGet != 2 {
			t.Errorf("got %+v, %v, want a dry run in which both would get it", dry, err)
		}
		w.tick()
		w.wantMails("daily/2026-11-23T07:02:01 1: 1")
	})
}

// TestPreviewOfAMovedReader: who had today's edition elsewhere gets none here.
func TestPreviewOfAMovedReader(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.put(story(2, "world"))
		w.relocate(1, newYork, "America/Los_Angeles")
		now := w.clock.Now()
		w.wantPreview(1, now, "daily/2026-11-23 moved")
		w.wantPreview(2, now, "daily/2026-11-23 2 1")
		w.wantPreview(1, now.Add(5*time.Hour), "daily/2026-11-24 2")
		dry, err := w.planner.DryRun(t.Context(), w.daily, now)
		if err != nil {
			t.Fatal(err)
		}
		if dry.WouldGet != 1 || dry.Skips[digest.SkipMoved] != 1 || dry.Largest != 2 {
			t.Errorf("got %+v, want one reader who would get two stories", dry)
		}
		w.hours(28)
		w.wantMails("daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1", "daily/2026-11-24 1: 2")
	})
}

func TestLargestOfADryRun(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	w.subscribe(1, newYork, "sport")
	w.subscribe(2, newYork)
	w.begin()
	size := func() (int, int) {
		t.Helper()
		dry, err := w.planner.DryRun(t.Context(), w.daily, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		n, err := w.composer().LargestHTML(t.Context(), dry)
		if err != nil {
			t.Fatal(err)
		}
		return dry.Largest, n
	}
	if stories, n := size(); stories != 0 || n != 0 {
		t.Errorf("%d stories of %d bytes where there is nothing", stories, n)
	}
	w.put(story(1, "sport"))
	_, one := size()
	w.put(story(2, "world"), story(3, "world"))
	if stories, n := size(); stories != 3 || n < one+200 || one < 1000 {
		t.Errorf("%d stories of %d bytes after %d of one, want the mail of three", stories, n, one)
	}
}

// TestPreviewOfAWelcome: to a reader who confirmed just now the welcome comes
// next, and to one for whom that is empty the edition of the next slot.
func TestPreviewOfAWelcome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, welcoming)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.clock.advance(2 * time.Hour)
		w.put(story(2, "sport"))
		w.subscribe(2, newYork)
		w.subscribe(3, newYork, "local")
		w.owe(digest.Welcome, 2, 3)
		now := w.clock.Now()
		w.wantPreview(1, now, "daily/2026-11-24 2")
		w.wantPreview(3, now, "daily/2026-11-24 nothing-new")
		w.wantPreview(2, now.Add(time.Hour), "daily/2026-11-24 2")
		welcome := w.previewed(2, now)
		w.wantPreview(2, now, welcome)
		w.tick()
		w.nothingOwed()
		key, stories, _ := strings.Cut(welcome, " ")
		w.wantMails("daily/2026-11-23 1: 1", key+" 2: "+stories)
		if e, err := w.store.EditionByKey(t.Context(), key); err != nil || e.Kind != digest.Welcome {
			t.Errorf("the preview was of %+v, %v, want the welcome", e, err)
		}
		w.owe(digest.Welcome, 1)
		if again := w.previewed(1, now); strings.HasPrefix(again, key+" ") {
			t.Errorf("the preview %q is of an edition that is there", again)
		}
	})
}

// TestPreviewOfWhatIsMadeUp: what a move to an earlier hour passed over comes
// next, unless the reader had that date's edition.
func TestPreviewOfWhatIsMadeUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork)
		w.begin()
		w.clock.advance(-30 * time.Minute) // 06:30
		w.put(story(1, "world"))
		w.tick()
		w.wantPreview(1, w.clock.Now(), "daily/2026-11-23 1")
		w.atHour(1, "06:00")
		w.owe(digest.Moved, 1)
		now := w.clock.Now()
		w.wantPreview(1, now, "daily/2026-11-23T07:00:01 1")
		w.wantPreview(1, now.Add(time.Hour), "daily/2026-11-24 1")
		w.minutes(1)
		w.wantMails("daily/2026-11-23T07:00:01 1: 1")
		w.put(story(2, "world"))
		w.owe(digest.Moved, 1)
		w.wantPreview(1, w.clock.Now(), "daily/2026-11-24 2")
	})
}
