package digest_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// sharing are two digests of the same hour that share no story.
func sharing(set *digest.Setup) {
	second := set.Digests[0]
	second.Slug, second.Name = "brief", "The Brief"
	set.Digests = append(set.Digests, second)
	for i := range set.Digests {
		set.Digests[i].OnceAcross = true
	}
}

// subscribeTo makes an active subscription of a subscriber who is there to the
// second digest.
func (w *world) subscribeTo(id int64, topics ...string) {
	w.t.Helper()
	second := &w.setup.Digests[1]
	if w.count(`SELECT COUNT(*) FROM cohorts WHERE digest_id = $1`, second.ID) == 0 {
		w.exec(`UPDATE counters SET value = value + 1 WHERE name = 'cohort'`)
		w.exec(`INSERT INTO cohorts (id, digest_id, zone) SELECT value, $1, $2 FROM counters WHERE name = 'cohort'`, second.ID, newYork)
	}
	w.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at)
		SELECT $1, $2, id, 'active', $3, 1 FROM cohorts WHERE digest_id = $2`, id, second.ID, w.topicIDs(topics...))
}

// received counts how often each reader got each story.
func (w *world) received() map[[2]int64]int {
	w.t.Helper()
	out := map[[2]int64]int{}
	for _, row := range w.rows(`SELECT CAST(d.subscriber_id AS TEXT) || ' ' || s.stories FROM deliveries d
		JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id`, nil) {
		reader, stories, _ := strings.Cut(row, " ")
		selection, err := digest.ParseSelection(stories)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, p := range selection.Stories {
			out[[2]int64{atoi(w.t, reader), p.ArticleID}]++
		}
	}
	return out
}

func TestOnceAcrossDigests(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, sharing)
		w.subscribe(1, newYork, "world")
		w.subscribe(2, newYork)
		w.subscribeTo(1)
		w.begin()
		w.put(story(1, "world"), story(2, "sport"))
		if err := w.planner.Tick(t.Context(), w.clock.Now(), w.daily.ID); err != nil {
			t.Fatal(err)
		}
		w.tick()
		same(t, "mails", slices.Sorted(slices.Values(w.mails())), []string{"brief/2026-11-23 1: 2", "daily/2026-11-23 1: 1", "daily/2026-11-23 2: 2 1"})
		w.put(story(1, "world", "culture"), story(3, "culture")) // a topic of which only the brief's reader thinks
		w.nextDay()
		same(t, "mails", slices.Sorted(slices.Values(w.laterMails())), []string{"brief/2026-11-24 1: 3", "daily/2026-11-24 2: 3"})
		w.balanced()
	})
}

// TestOnceAcrossDigestsFromMany: both digests are due at once and several
// planners plan them. Each reader gets each story, and gets it once.
func TestOnceAcrossDigestsFromMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const readers, stories = 2*digest.PageSize + 300, 7
		w := newWorld(t, d, sharing)
		w.pages(readers)
		w.subscribeTo(1)
		w.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at)
			SELECT s.subscriber_id, b.digest_id, b.cohort_id, 'active', '*', 1 FROM subscriptions s JOIN subscriptions b ON b.subscriber_id = 1 AND b.digest_id = $1
			WHERE s.digest_id = $2 AND s.subscriber_id > 1`, w.setup.Digests[1].ID, w.daily.ID)
		w.exec(`UPDATE subscriptions SET topics = '*'`)
		w.begin()
		for n := range stories {
			w.put(story(n, topicSlugs[n%5]))
		}
		var wg sync.WaitGroup
		for n := range 4 {
			wg.Go(func() {
				ids := []int64{w.setup.Digests[n%2].ID, w.setup.Digests[1-n%2].ID}
				for _, id := range ids {
					if err := w.newPlanner().Tick(t.Context(), w.clock.Now(), id); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		w.tick()
		w.balanced()
		got := w.received()
		if len(got) != readers*stories {
			t.Errorf("%d stories reached readers, want %d", len(got), readers*stories)
		}
		for what, n := range got {
			if n != 1 {
				t.Fatalf("reader %d got article %d %d times", what[0], what[1], n)
			}
		}
	})
}

// TestOnceAcrossDigestsAfterRetention: deliveries that told who had a story are
// gone. It is not sent on a guess when it gets another topic.
func TestOnceAcrossDigestsAfterRetention(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, sharing)
		w.subscribe(1, newYork, "world")
		w.subscribeTo(1, "sport")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.exec(`UPDATE deliveries SET state = 'sent'`)
		w.exec(`UPDATE editions SET state = 'done'`)
		w.exec(`UPDATE batches SET done_at = 1`)
		for range 9 {
			w.nextDay()
		}
		log := slog.New(slog.DiscardHandler)
		if err := delivery.NewRetention(d, 7*24*time.Hour, log, w.clock.Now).Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 0 {
			t.Fatalf("%d deliveries are left, want none", n)
		}
		w.put(story(1, "world", "sport"), story(2, "sport"))
		w.nextDay()
		got := slices.DeleteFunc(w.mails(), func(mail string) bool { return strings.HasPrefix(mail, "daily/") })
		same(t, "mails", got, []string{"brief/2026-12-03 1: 2"})
	})
}

// TestNeverAgainAfterRetention: the digest's own windows tell what was offered
// when its deliveries are gone, after a change of topics, too.
func TestNeverAgainAfterRetention(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork, "world")
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.exec(`UPDATE deliveries SET state = 'sent'`)
		w.exec(`UPDATE editions SET state = 'done'`)
		w.exec(`UPDATE batches SET done_at = 1`)
		for range 9 {
			w.nextDay()
		}
		if err := delivery.NewRetention(d, 7*24*time.Hour, slog.New(slog.DiscardHandler), w.clock.Now).Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 0 {
			t.Fatalf("%d deliveries are left, want none", n)
		}
		w.mustPrefer(1, losAngeles, "sport")
		w.put(story(1, "world", "sport"), story(2, "sport"))
		w.hours(30)
		same(t, "mails", w.mails(), []string{"daily/2026-12-02 1: 2"})
	})
}
