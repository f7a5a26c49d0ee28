package main_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares with a file of testdata, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// bookkeeping is a newsroom whose database has had an edition in two zones: 12
// due, of whom two were skipped by planning.
func bookkeeping(t *testing.T, url string) (*newsroom, *db.DB) {
	t.Helper()
	n := newNewsroom(t, settings{database: url}, sink.Options{})
	n.must("migrate")
	d := n.open()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if err := tx.EnsureDay(t.Context(), 20783); err != nil {
			return err
		}
		for _, q := range []string{
			`INSERT INTO cohorts (id, digest_id, zone) SELECT 1, id, 'Asia/Tokyo' FROM digests`,
			`INSERT INTO cohorts (id, digest_id, zone) SELECT 2, id, 'UTC' FROM digests`,
			`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, reason, created_at)
				SELECT 1, id, '2026-11-25T07:00', 'daily/2026-11-25', 'scheduled', 20783, 'paused', 'relay mx.example:25: 530 log in first', 1795561200000 FROM digests`,
			`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at, due) VALUES
				(1, 1, 1, 1795557600000, 1795600800000, 0, 40, 0, 1795557660000, 5),
				(2, 1, 2, 1795590000000, 1795633200000, 0, 43, 0, 0, 7)`,
			`INSERT INTO run_skips (run_id, reason, n) VALUES (1, 'nothing-new', 2)`,
			`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, state, reason, next_try_at, changed_at) VALUES
				(20783, 1, 1, 1, 1, 1, 'sent', '', 0, 5), (20783, 1, 2, 1, 1, 1, 'sent', '', 0, 5), (20783, 1, 3, 1, 1, 1, 'failed', 'permanent-recipient', 0, 5),
				(20783, 1, 4, 2, 1, 1, 'skipped', 'unsubscribed', 0, 5), (20783, 1, 5, 2, 1, 1, 'uncertain', 'no-reply', 0, 5),
				(20783, 1, 6, 2, 1, 1, 'expired', '', 0, 5), (20783, 1, 7, 2, 1, 1, 'pending', '', 1795600000000, 5),
				(20783, 1, 8, 2, 1, 1, 'pending', '', 0, 5), (20783, 1, 9, 2, 1, 1, 'pending', '', 0, 5), (20783, 1, 10, 2, 1, 1, 'pending', '', 0, 5)`,
			`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class) VALUES
				(20783, 1, 1, 1, 5, 5, 'a.example:587', 'accepted'), (20783, 1, 2, 1, 5, 5, 'mx.example:25', 'temporary-recipient'),
				(20783, 1, 2, 2, 5, 5, 'a.example:587', 'accepted'), (20783, 1, 3, 1, 5, 5, 'a.example:587', 'permanent-recipient'),
				(20783, 1, 5, 1, 5, 5, 'mx.example:25', 'uncertain'), (20783, 1, 7, 1, 5, 5, 'mx.example:25', 'temporary-recipient')`,
		} {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, d
}

func TestEditionShow(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n, d := bookkeeping(t, url)
		for _, form := range []string{"table", "json", "csv"} {
			golden(t, "edition-show."+form, n.must("--output", form, "edition", "show", "daily/2026-11-25").stdout)
		}
		exec := func(query string, args ...any) {
			t.Helper()
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), query, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		exec(`UPDATE editions SET state = 'sending', reason = ''`)
		show := func(want string) {
			t.Helper()
			n.must("edition", "show", "daily/2026-11-25").want(t, 0, want)
		}
		show(`(?m)^daily/2026-11-25 is sending\n(?s:.*)^nothing was sent in the last minute, 1 wait for another try$`)
		exec(`UPDATE deliveries SET changed_at = $1 WHERE state = 'sent'`, time.Now().Add(-10*time.Second).UnixMilli())
		show(`(?m)^0\.[12] sent a second in the last minute, about (1[5-9]|2\d) s left, 1 wait for another try$`)
		var view map[string]any
		if err := json.Unmarshal([]byte(n.must("--output", "json", "edition", "show", "daily/2026-11-25").stdout), &view); err != nil {
			t.Fatal(err)
		}
		if left, ok := view["seconds_left"].(float64); !ok || left < 15 || left > 30 {
			t.Errorf("seconds_left is %v, want about 15", view["seconds_left"])
		}
	})
}
