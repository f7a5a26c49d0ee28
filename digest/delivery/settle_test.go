package delivery_test

import (
	"context"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func TestSettle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		settle := func() string {
			t.Helper()
			if _, err := w.store().Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			return w.editionState()
		}
		if got := settle(); got != "sending" {
			t.Errorf("with an open batch the edition is %s, want sending", got)
		}
		w.exec(`UPDATE batches SET done_at = 1`)
		w.exec(`UPDATE deliveries SET next_try_at = 5 WHERE subscriber_id = 2`)
		if got := settle(); got != "sending" {
			t.Errorf("with a retry the edition is %s, want sending", got)
		}
		w.exec(`UPDATE deliveries SET next_try_at = 0, state = 'sent'`)
		w.exec(`UPDATE runs SET planned_at = 0`)
		if got := settle(); got != "sending" {
			t.Errorf("with a run being planned the edition is %s, want sending", got)
		}
		w.exec(`UPDATE runs SET planned_at = 1`)
		if got := settle(); got != "done" {
			t.Errorf("with nothing left the edition is %s, want done", got)
		}
	})
}

// TestSettleWhileARunBegins settles an edition while another cohort's run of it
// is being committed. SQLite has one writer and cannot get there.
func TestSettleWhileARunBegins(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.Postgres), 3, 1)
	w.exec(`UPDATE batches SET done_at = 1`)
	w.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (4, 7, 'Asia/Tokyo')`)
	settled := make(chan error, 1)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		var planner int
		if err := tx.Get(ctx, &planner, `SELECT pg_backend_pid()`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number)
			VALUES (12, 1, 4, 1, 0, 0, 9, 0)`)
		if err != nil {
			return err
		}
		go func() {
			_, err := w.store().Settle(ctx)
			settled <- err
		}()
		for w.count(`SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`, planner) == 0 {
			<-time.After(5 * time.Millisecond)
		}
		return nil
	})
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	if got := w.editionState(); got != "sending" {
		t.Errorf("the edition is %s though a run of it is not planned, want sending", got)
	}
}
