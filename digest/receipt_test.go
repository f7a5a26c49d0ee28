package digest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// receipt is the only receipt of a reader, as "daily/2026-11-23 sent".
func (w *world) receipt(reader int64) string {
	w.t.Helper()
	got, err := w.store.Receipts(w.t.Context(), reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(got) != 1 {
		w.t.Fatalf("%d receipts of reader %d, want one", len(got), reader)
	}
	return strings.Join(strings.Fields(fmt.Sprint(got[0].Key, " ", got[0].State, " ", got[0].Skip)), " ")
}

func TestReceipts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(2))
		w.subscribe(1, newYork, "sport", "world")
		w.subscribe(2, newYork, "culture")
		w.subscribe(3, newYork, "local")
		w.subscribe(4, newYork)
		w.exec(`UPDATE subscriptions SET paused_until = $1 WHERE subscriber_id = 4`, w.clock.Now().Add(36*time.Hour).UnixMilli())
		w.begin()
		if got := w.receipt(1); got != "" {
			t.Errorf("before the first edition: got %q", got)
		}
		w.put(story(1, "world"), story(2, "sport"), story(3, "culture"))
		rows := w.dump()
		w.tick()
		for reader, want := range map[int64]string{
			1: "daily/2026-11-23 pending", 2: "daily/2026-11-23 too-few-stories", 3: "daily/2026-11-23 nothing-new", 4: "daily/2026-11-23 paused",
		} {
			if got := w.receipt(reader); got != want {
				t.Errorf("reader %d: got %q, want %q", reader, got, want)
			}
		}
		if slices.Equal(rows, w.dump()) {
			t.Error("planning wrote nothing")
		}
		w.exec(`UPDATE deliveries SET state = 'sent'`)
		rows = w.dump()
		got, err := w.store.Receipts(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "receipts", w.dump(), rows)
		r, next := got[0], w.clock.Now().AddDate(0, 0, 1)
		if r.State != "sent" || !r.DueAt.Equal(w.clock.Now()) || !r.NextDueAt.Equal(next) || !slices.Equal(r.Topics, []int64{w.topic("sport"), w.topic("world")}) {
			t.Errorf("got %+v, want what was sent, of sport and world, and the next at %s", r, next)
		}
		w.clock.advance(time.Hour)
		w.subscribe(5, newYork)
		w.exec(`UPDATE subscriptions SET created_at = $1 WHERE subscriber_id = 5`, w.clock.Now().UnixMilli())
		if got := w.receipt(5); got != "" {
			t.Errorf("a reader who came after it: got %q", got)
		}
		w.exec(`UPDATE editions SET archived_at = 1`)
		w.exec(`DELETE FROM deliveries`)
		if got := w.receipt(1); got != "daily/2026-11-23" {
			t.Errorf("of a day that is gone: got %q", got)
		}
	})
}

// TestReceiptsOfMovers: who moves to where today's edition is over is told what
// became of it where they were.
func TestReceiptsOfMovers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 2 })
		w.subscribe(1, "America/Sao_Paulo", "sport")
		w.subscribe(2, "America/Sao_Paulo", "world")
		w.subscribe(3, newYork, "world")
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.clock.advance(-26 * time.Hour)
		w.hours(23)
		w.put(story(1, "world"))
		w.hours(4)
		want := map[int64]string{1: "daily/2026-11-23 nothing-new", 2: "daily/2026-11-23 too-few-stories", 3: "daily/2026-11-23 too-few-stories"}
		for _, when := range []string{"at home", "after the move", "after a tick"} {
			for reader, want := range want {
				if got := w.receipt(reader); got != want {
					t.Errorf("%s: reader %d: got %q, want %q", when, reader, got, want)
				}
			}
			if when == "at home" {
				w.mustPrefer(1, newYork, "sport")
				w.mustPrefer(2, newYork, "world")
			} else {
				w.tick()
			}
		}
	})
}

// TestReceiptsAgreeWithPlanning compares the receipts of all readers of random
// worlds with what the runs counted.
func TestReceiptsAgreeWithPlanning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newModelWorld(t, d, 77)
		seen := map[string]int{}
		for range 25 {
			w.arrive()
			w.hours(24) // each zone has one run
			counted := map[string]int{}
			for id := range w.readers {
				got, err := w.store.Receipts(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if r := got[0]; r.Skip != "" {
					counted[r.Key+" "+string(r.Skip)]++
					seen[string(r.Skip)]++
				}
			}
			var all []string
			for what, n := range counted {
				all = append(all, fmt.Sprint(what, " ", n))
			}
			want := w.rows(`SELECT e.key || ' ' || k.reason || ' ' || CAST(SUM(k.n) AS TEXT)
				FROM run_skips k JOIN runs r ON r.id = k.run_id JOIN editions e ON e.id = r.edition_id
				WHERE NOT EXISTS (SELECT 1 FROM runs l WHERE l.cohort_id = r.cohort_id AND l.number > r.number) GROUP BY e.key, k.reason`, nil)
			slices.Sort(all)
			slices.Sort(want)
			same(t, "receipts", all, want)
		}
		if seen[string(digest.SkipTooFew)] == 0 || seen[string(digest.SkipNothingNew)] == 0 {
			t.Errorf("got %v, want both skips", seen)
		}
	})
}
