package digest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// apart are zones whose slots are a quarter of an hour, half an hour or whole
// hours apart, in the order of those slots from 20:00 UTC on.
var apart = []string{"Australia/Lord_Howe", "Australia/Sydney", "Asia/Dhaka", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Karachi"}

// TestZonesHalfAnHourApart plans such zones in one tick, in which they share
// choices, and each alone: each reader gets what is in the window of its own run,
// with ages as of its own hour.
func TestZonesHalfAnHourApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := seeds(8)
		if d.Dialect() == db.Postgres {
			n = min(n, 2)
		}
		differ := 0
		for seed := range n {
			for _, catchUp := range []digest.CatchUp{digest.CatchUpMerge, digest.CatchUpEach} {
				together := newApart(t, dbtest.Open(t, d.Dialect()), seed, catchUp)
				together.tick()
				alone := newApart(t, dbtest.Open(t, d.Dialect()), seed, catchUp)
				for range apart {
					alone.tickFirst()
				}
				got, want := slices.Sorted(slices.Values(together.mails())), slices.Sorted(slices.Values(alone.mails()))
				same(t, fmt.Sprintf("seed %d, %s", seed, catchUp), got, want)
				together.balanced()
				if catchUp == digest.CatchUpEach {
					together.ownWindows()
				}
				differ += differing(got)
			}
		}
		if differ < int(n) {
			t.Errorf("in %d cases zones differed, want a test with many", differ)
		}
	})
}

// newApart is a world in which all zones have had a day, and the slots of the
// next have passed while no planner was there. Most stories came before all of
// those slots, a few between them.
func newApart(t *testing.T, d *db.DB, seed uint64, catchUp digest.CatchUp) *world {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 23))
	w := newWorld(t, d, func(set *digest.Setup) {
		localTime(set)
		one := &set.Digests[0]
		one.MaxItems, one.PerTopic, one.CatchUp = 4, 2, catchUp
		if random.IntN(2) == 0 {
			one.MaxAge = 30 * time.Hour
		}
	})
	for i := range int64(len(apart)) {
		for j := range int64(4) { // of every zone the same four choices
			w.subscribe(4*i+j+1, apart[i], topicSlugs[j:j+2]...)
		}
	}
	n := 0
	come := func(many int) {
		var stories []digest.Incoming
		for range many {
			n++
			in := story(n, topicSlugs[random.IntN(5)], topicSlugs[random.IntN(5)])
			in.PublishedAt = w.clock.Now().Add(-time.Duration(random.IntN(28*60)) * time.Minute)
			stories = append(stories, in)
		}
		w.put(stories...)
	}
	w.at(23, 19)
	come(10)
	for range 8 * 4 {
		w.tick()
		w.clock.advance(15 * time.Minute)
	}
	w.at(24, 19)
	come(25)
	for range 8 * 4 {
		come(random.IntN(10) / 9)
		w.clock.advance(15 * time.Minute)
	}
	return w
}

// tickFirst plans the cohort that is due first, as if there were no other.
func (w *world) tickFirst() {
	w.t.Helper()
	const first = `(SELECT id FROM cohorts ORDER BY next_due_at LIMIT 1)`
	w.exec(`UPDATE cohorts SET next_due_at = next_due_at + $1 WHERE id <> `+first, aYear)
	w.tick()
	w.exec(`UPDATE cohorts SET next_due_at = next_due_at - $1 WHERE next_due_at > $2`, aYear, aYear+w.clock.Now().UnixMilli()-aYear/2)
}

const aYear = int64(365 * 24 * 60 * 60 * 1000)

// ownWindows checks that each story came within the window of the run that sent it.
func (w *world) ownWindows() {
	w.t.Helper()
	rows := w.rows(`SELECT CAST(r.from_seq AS TEXT) || ' ' || CAST(r.to_seq AS TEXT) || ': ' || s.stories
		FROM deliveries d JOIN runs r ON r.id = d.run_id JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id`, nil)
	for _, row := range rows {
		var from, to int64
		window, stories, _ := strings.Cut(row, ": ")
		if _, err := fmt.Sscan(window, &from, &to); err != nil {
			w.t.Fatal(err)
		}
		selection, err := digest.ParseSelection(stories)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, s := range selection.Stories {
			if w.count(`SELECT COUNT(*) FROM article_topics WHERE article_id = $1 AND seq > $2 AND seq <= $3`, s.ArticleID, from, to) == 0 {
				w.t.Errorf("article %d came in a run of (%d, %d]", s.ArticleID, from, to)
			}
		}
	}
}

// differing counts the readers of one choice who got something else than those
// of the zone before.
func differing(mails []string) (n int) {
	got := map[string]string{}
	for _, mail := range mails {
		head, stories, _ := strings.Cut(mail, ": ")
		got[head] = stories
	}
	for head, stories := range got {
		key, reader, _ := strings.Cut(head, " ")
		var id int
		fmt.Sscan(reader, &id)
		if before, ok := got[fmt.Sprint(key, " ", id-4)]; ok && before != stories {
			n++
		}
	}
	return n
}
