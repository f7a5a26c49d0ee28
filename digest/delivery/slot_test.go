package delivery_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// slots returns the counts of the edition as rows.
func (w *world) slots(key, since string) []string {
	w.t.Helper()
	counts, err := w.store().SlotCounts(w.t.Context(), key, since)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, c := range counts {
		out = append(out, fmt.Sprintf("%s %s %s %s %q sent %d clicks %d+%d", c.Edition, c.Digest, c.Date, c.Slot, c.Sponsor, c.Sent, c.Clicks, c.Scanners))
	}
	return out
}

// version stores one of a slot; without a body it was removed.
func (w *world) version(slug string, n int, from int64, body string) {
	w.t.Helper()
	w.exec(`INSERT INTO slot_versions (slug, version, from_at, body) VALUES ($1, $2, $3, $4)`, slug, n, from, body)
}

const bankBody = `{"slug":"bank","sponsor":"Harbour Bank","text":"x","link":"https://bank.example/","digests":["daily"]}`

// slotted is an edition of ten readers in two selections, of which the first has
// two slots and the second one; seven mails were sent, composed at 1000.
func slotted(t *testing.T, d *db.DB) *world {
	w := newWorld(t, d, 10, 2)
	w.exec(`UPDATE editions SET slot = '2026-11-24T07:00', state = 'done', created_at = 500`)
	w.exec(`UPDATE selections SET slots = CASE WHEN id = 1 THEN 'bank,guide' ELSE 'bank' END`)
	w.exec(`UPDATE deliveries SET state = CASE WHEN subscriber_id <= 7 THEN 'sent' ELSE 'failed' END`)
	w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class)
		SELECT day, edition_id, subscriber_id, 1, 1001, 1000, 'fake', 'accepted' FROM deliveries WHERE state = 'sent'`)
	w.exec(`UPDATE batches SET done_at = 1`)
	w.version("bank", 1, 100, bankBody)
	w.version("guide", 1, 100, `{"slug":"guide","text":"x","link":"https://courier.example/guide","digests":["daily"]}`)
	w.exec(`INSERT INTO click_counts (edition_id, slot, position, hour, clicks, scanners) VALUES (1, 'bank', 1, 5, 3, 1), (1, 'bank', 1, 6, 4, 0), (1, '#more', 1, 6, 99, 99)`)
	w.exec(`INSERT INTO click_counts (edition_id, article_id, position, hour, clicks, scanners) VALUES (1, 9, 1, 5, 99, 99)`)
	return w
}

// TestSlotsAreCountedForGood: by what was sent, and after the deliveries are gone.
func TestSlotsAreCountedForGood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := slotted(t, d)
		want := []string{
			`daily/2026-11-24 daily 2026-11-24 bank "Harbour Bank" sent 7 clicks 7+1`,
			`daily/2026-11-24 daily 2026-11-24 guide "" sent 4 clicks 0+0`,
		}
		for _, since := range []string{"", "2026-11-24"} {
			if got := w.slots("", since); !slices.Equal(got, want) {
				t.Errorf("since %q: got %q, want %q", since, got, want)
			}
		}
		if got := w.slots(key, "2027-01-01"); !slices.Equal(got, want) {
			t.Errorf("of the edition: got %q, want %q", got, want)
		}
		if got := append(w.slots("", "2026-11-25"), w.slots("daily/2026-11-25", "")...); len(got) > 0 {
			t.Errorf("got %q of other editions", got)
		}
		w.grow(keep + 37*time.Hour)
		if w.drop(); w.left() != 0 {
			t.Fatalf("%d rows are left", w.left())
		}
		if got := w.slots(key, ""); !slices.Equal(got, want) {
			t.Errorf("when the deliveries are gone: got %q, want %q", got, want)
		}
	})
}

// TestASlotThatWasRemovedIsCountedAsItRan: mails that were composed later did not
// have it, though they were planned with it.
func TestASlotThatWasRemovedIsCountedAsItRan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := slotted(t, d)
		w.version("bank", 2, 2000, "")
		w.version("bank", 3, 4000, `{"slug":"bank","sponsor":"Harbour Bank","text":"x","link":"https://bank.example/","digests":["daily"],"until":"2026-11-23"}`)
		w.exec(`UPDATE attempts SET composed_at = 1999 WHERE subscriber_id = 1`)
		w.exec(`UPDATE attempts SET composed_at = 2000 WHERE subscriber_id IN (2, 3)`)
		w.exec(`UPDATE attempts SET composed_at = 4000 WHERE subscriber_id = 4`)
		// What left us first is what every later try repeats.
		w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class, phase) VALUES (20781, 1, 5, 0, 900, 1500, 'fake', 'temporary', 'dot')`)
		w.exec(`UPDATE attempts SET composed_at = 3000 WHERE subscriber_id = 5 AND n = 1`)
		want := []string{
			`daily/2026-11-24 daily 2026-11-24 bank "Harbour Bank" sent 4 clicks 7+1`,
			`daily/2026-11-24 daily 2026-11-24 guide "" sent 4 clicks 0+0`,
		}
		if got := w.slots(key, ""); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		w.grow(keep + 37*time.Hour)
		if w.drop(); w.left() != 0 {
			t.Fatalf("%d rows are left", w.left())
		}
		if got := w.slots(key, ""); !slices.Equal(got, want) {
			t.Errorf("when the deliveries are gone: got %q, want %q", got, want)
		}
	})
}

// TestASlotThatWasLeftOutIsNotCounted: mails of one selection had no room for a
// slot, or for none, and say so before they are sent.
func TestASlotThatWasLeftOutIsNotCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 2)
		w.exec(`UPDATE editions SET slot = '2026-11-24T07:00'`)
		w.exec(`UPDATE selections SET slots = CASE WHEN id = 1 THEN 'bank,guide' ELSE 'bank' END`)
		w.version("bank", 1, 1, bankBody)
		w.version("guide", 1, 1, `{"slug":"guide","text":"x","link":"https://courier.example/guide","digests":["daily"]}`)
		w.press.edit = func(selection int64, c *digest.Composed) error {
			if selection == 1 {
				c.LeftOut = []string{"bank"}
			}
			return nil
		}
		if b, err := w.send(); err != nil || b.Sent != 10 {
			t.Fatalf("got %+v, %v, want 10 sent", b, err)
		}
		second := w.count(`SELECT COUNT(*) FROM deliveries WHERE selection_id = 2`)
		want := []string{
			fmt.Sprintf(`daily/2026-11-24 daily 2026-11-24 bank "Harbour Bank" sent %d clicks 0+0`, second),
			fmt.Sprintf(`daily/2026-11-24 daily 2026-11-24 guide "" sent %d clicks 0+0`, 10-second),
		}
		if got := w.slots(key, ""); second == 0 || second == 10 || !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		w.exec(`UPDATE batches SET done_at = 1`)
		w.exec(`UPDATE editions SET state = 'done'`)
		w.grow(keep + 37*time.Hour)
		if w.drop(); w.left() != 0 {
			t.Fatalf("%d rows are left", w.left())
		}
		if got := w.slots(key, ""); !slices.Equal(got, want) {
			t.Errorf("when the deliveries are gone: got %q, want %q", got, want)
		}
		if n := w.count(`SELECT COUNT(*) FROM slots_left_out`); n > 0 {
			t.Errorf("%d notes outlive what was planned", n)
		}
	})
}
