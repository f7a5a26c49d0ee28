package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func (w *world) composer() *digest.Composer {
	return digest.NewComposer(w.store, w.setup, digest.Links{SignUp: "https://courier.example/mail/subscribe"}, w.clock.Now)
}

// fillDry is a site after some days, with readers in every situation.
func fillDry(w *world) {
	for id := range int64(30) {
		w.subscribe(id+1, []string{newYork, "America/Los_Angeles", "Asia/Tokyo"}[id%3], topicSlugs[:1+id%5]...)
	}
	w.begin()
	for i := range 25 {
		w.put(story(i, topicSlugs[i%3]))
		w.tick()
		w.clock.advance(5 * time.Hour)
	}
	w.subscribe(31, "Europe/Berlin")
	w.put(story(100, "world"), story(101, "local"), story(102, "world", "local"), story(103, "science"))
	w.put(story(101, "world", "local"))
}

// planned runs all cohorts at their next slots and returns what it wrote, as a
// dry run says it.
func (w *world) planned(run func()) (due, get int64, skips map[digest.SkipReason]int64) {
	w.t.Helper()
	dues, gets := w.count(`SELECT COALESCE(SUM(due), 0) FROM runs`), w.count(`SELECT COUNT(*) FROM deliveries`)
	before := w.skipCounts()
	run()
	skips = w.skipCounts()
	for reason, n := range before {
		if skips[reason] -= n; skips[reason] == 0 {
			delete(skips, reason)
		}
	}
	return w.count(`SELECT COALESCE(SUM(due), 0) FROM runs`) - dues, w.count(`SELECT COUNT(*) FROM deliveries`) - gets, skips
}

func (w *world) skipCounts() map[digest.SkipReason]int64 {
	out := map[digest.SkipReason]int64{}
	for _, reason := range []digest.SkipReason{digest.SkipNothingNew, digest.SkipTooFew} {
		if n := w.count(`SELECT COALESCE(SUM(n), 0) FROM run_skips WHERE reason = $1`, string(reason)); n > 0 {
			out[reason] = n
		}
	}
	return out
}

func TestDryRunAndPreviewAgreeWithPlanning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 2; set.Digests[0].MaxItems = 3 })
		fillDry(w)
		w.tick()
		w.send(digest.Send{Recipients: []int64{1, 2, 4}})
		rows := w.dump()
		dry, err := w.planner.DryRun(t.Context(), w.daily, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		previews := map[string]string{} // "daily/2026-11-29 3" to "100 101"
		for id := int64(1); id <= 31; id++ {
			p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: id}, w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			if p.Skip == "" {
				previews[fmt.Sprint(p.Edition.Key, " ", id)] = titles(p)
			}
		}
		same(t, "dry run and preview", w.dump(), rows)

		mails := len(w.mails())
		due, get, skips := w.planned(func() { w.hours(24) })
		if dry.Due != due || dry.WouldGet != get || fmt.Sprint(dry.Skips) != fmt.Sprint(skips) {
			t.Errorf("the dry run said %d due, %d get, skips %v; planning made it %d, %d, %v", dry.Due, dry.WouldGet, dry.Skips, due, get, skips)
		}
		if dry.WouldGet == 0 || len(dry.Skips) != 2 || len(dry.Cohorts) != 4 {
			t.Errorf("got %+v, want a test with deliveries, both skips and four cohorts", dry)
		}
		for _, mail := range w.mails() {
			head, stories, _ := strings.Cut(mail, ": ")
			stories, _, _ = strings.Cut(stories, " +")
			if preview, ok := previews[head]; ok {
				if preview != stories {
					t.Errorf("%s: preview %q, planned %q", head, preview, stories)
				}
				delete(previews, head)
			}
		}
		if len(previews) != 0 || len(w.mails())-mails != int(get) {
			t.Errorf("previewed but not planned: %v", previews)
		}
	})
}

func titles(p *digest.Preview) string {
	var out []string
	for _, a := range p.Stories {
		out = append(out, strings.TrimPrefix(a.Title, "Story "))
	}
	return strings.Join(out, " ")
}

func TestDryRunOfAFirstWindow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].Schedule = cron(t, "0 * * * *") })
		w.clock.advance(-90 * time.Minute)
		w.put(story(1, "world"))
		w.clock.advance(80 * time.Minute)
		w.put(story(2, "world"))
		w.subscribe(1, newYork)
		w.tick()
		p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 1}, w.clock.Now())
		if err != nil || titles(p) != "2" || p.Edition.Key != "daily/2026-11-23T07:00" {
			t.Errorf("got %+v, %v, want story 2 alone", p, err)
		}
		w.clock.advance(10 * time.Minute)
		w.tick()
		w.wantMails("daily/2026-11-23T07:00 1: 2")
	})
}

func TestDrySendAgreesWithSendNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 2 })
		fillDry(w)
		for _, s := range []digest.Send{{Recipients: []int64{1, 5, 31}}, {TopicID: w.topic("local")}, {}} {
			s.Digest = w.daily
			rows := w.dump()
			dry, err := w.planner.DrySend(t.Context(), s, w.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			same(t, "a dry send", w.dump(), rows)
			_, get, _ := w.planned(func() { w.send(s) })
			if dry.WouldGet != get || get == 0 {
				t.Errorf("%+v: the dry run said %d, sending made it %d", s, dry.WouldGet, get)
			}
		}
	})
}

func TestPreview(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.put(story(1, "world"))
		reader := digest.Reader{SubscriberID: 1, Name: "Ada Reader", Unsubscribe: "https://courier.example/mail/u/one", Preferences: "https://courier.example/mail/p/one"}
		p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, reader, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if p.Subject != "The Morning Courier: Story 1" || p.Edition.Key != "daily/2026-11-23" || !p.DueAt.Equal(w.clock.Now()) {
			t.Errorf("got %q, %s, %v", p.Subject, p.Edition.Key, p.DueAt)
		}
		for _, want := range []string{"Story 1", "Ada Reader", reader.Unsubscribe, reader.Preferences, "World"} {
			if !strings.Contains(p.HTML, want) || !strings.Contains(p.Text, want) && want != "World" {
				t.Errorf("%q is not in both parts of the preview", want)
			}
		}
		p, err = w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 2}, w.clock.Now())
		if err != nil || p.Skip != digest.SkipNothingNew || p.Composed != nil {
			t.Errorf("got %+v, %v, want a skip", p, err)
		}
		if _, err = w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 3}, w.clock.Now()); !errors.Is(err, digest.ErrNotSubscribed) {
			t.Errorf("got %v, want ErrNotSubscribed", err)
		}
		w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = 1`)
		if _, err = w.planner.Preview(t.Context(), w.composer(), w.daily, reader, w.clock.Now()); !errors.Is(err, digest.ErrNotSubscribed) {
			t.Errorf("got %v, want ErrNotSubscribed of who left", err)
		}
	})
}

func TestSample(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(5))
		if _, err := w.planner.Sample(t.Context(), w.composer(), w.daily, w.clock.Now()); !errors.Is(err, digest.ErrNothingDue) {
			t.Errorf("got %v, want ErrNothingDue", err)
		}
		w.put(story(1, "world"))
		w.clock.advance(8 * 24 * time.Hour)
		w.put(story(2, "world"))
		rows := w.dump()
		c, err := w.planner.Sample(t.Context(), w.composer(), w.daily, w.clock.Now())
		if err != nil || c.Subject != "The Morning Courier: Story 2" || c.Body == nil {
			t.Errorf("got %+v, %v, want story 2", c, err)
		}
		same(t, "a sample", w.dump(), rows)
	})
}

func TestDigestState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		want := digest.DigestState{}
		check := func() {
			t.Helper()
			if got, err := w.store.DigestState(t.Context(), w.daily.ID); err != nil || got.Readers != want.Readers || !got.NextDueAt.Equal(want.NextDueAt) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		check()
		w.subscribe(1, newYork)
		w.subscribe(2, "Asia/Tokyo")
		w.cohort("Europe/Berlin") // of nobody
		want.Readers = 2
		check()
		w.tick()
		want.NextDueAt = time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
		check()
	})
}

func TestEditions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		for i := range 3 {
			w.put(story(i, "world"))
			w.nextDay()
		}
		list := func(id int64, limit int) (keys []string) {
			editions, err := w.store.Editions(t.Context(), id, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range editions {
				keys = append(keys, e.Key)
			}
			return keys
		}
		want := []string{"daily/2026-11-26", "daily/2026-11-25", "daily/2026-11-24"}
		if got := list(0, 10); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := list(w.daily.ID, 2); !slices.Equal(got, want[:2]) {
			t.Errorf("got %q, want %q", got, want[:2])
		}
		if got := list(w.daily.ID+1, 10); got != nil {
			t.Errorf("got %q of another digest, want none", got)
		}
		if _, err := w.store.EditionByKey(t.Context(), "daily/1999-01-01"); !errors.Is(err, digest.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		for _, step := range []digest.EditionState{digest.EditionPaused, digest.EditionSending, digest.EditionCancelled} {
			if e, err := w.store.SetEditionState(t.Context(), want[0], step, "why"); err != nil || e.State != step || e.Reason != "why" {
				t.Errorf("got %+v, %v, want %s", e, err, step)
			}
		}
	})
}

// TestDryRunOfManyPages: a dry run counts every reader once, however many pages they
// take and wherever their ids are.
func TestDryRunOfManyPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		const readers = 4*digest.PageSize + 100
		w.scatter(readers, []string{newYork}, func(i int) int64 { return int64(i/(2*digest.PageSize))<<32 + int64(i) + 1 })
		w.begin()
		w.put(story(1, topicSlugs...))
		dry, err := w.planner.DryRun(t.Context(), w.daily, w.clock.Now())
		if err != nil || dry.Due != readers || dry.WouldGet != readers {
			t.Errorf("%+v of %d readers, %v", dry, readers, err)
		}
	})
}
