package delivery_test

import (
	"context"
	"testing"
	"time"

	"broadsheet/digest/delivery"
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

// TestSettleWhileDeliveriesComeBack settles an edition while the commit of what queues one of its deliveries again takes
// its time, as with a synchronous standby. SQLite has one writer and cannot get there.
func TestSettleWhileDeliveriesComeBack(t *testing.T) {
	for name, c := range map[string]struct {
		before string // of the second delivery
		back   func(w *world) error
	}{
		"retry": {`state = 'failed'`, func(w *world) error {
			_, err := w.store().Retry(w.t.Context(), delivery.Choice{Edition: key})
			return err
		}},
		"resend": {`state = 'uncertain'`, func(w *world) error {
			_, err := w.store().Resolve(w.t.Context(), delivery.Choice{Edition: key}, delivery.AsResend)
			return err
		}},
		"correction": {`state = 'uncertain', reason = 'worker-lost', batch_id = 1`, func(w *world) error {
			return w.store().CorrectToPending(w.t.Context(), day, edition, 2, 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, dbtest.Open(t, db.Postgres), 3, 1)
			w.exec(`UPDATE batches SET done_at = 1`)
			w.exec(`UPDATE deliveries SET state = 'sent'`)
			w.exec(`UPDATE deliveries SET ` + c.before + ` WHERE subscriber_id = 2`)
			w.settleWithin(func() error { return c.back(w) })
			if pending := w.count(`SELECT count(*) FROM deliveries WHERE state = 'pending'`); pending != 1 || w.editionState() != "sending" {
				t.Errorf("%d deliveries are pending of an edition that is %s, want one of one that sends", pending, w.editionState())
			}
		})
	}
}

// settleWithin settles editions while a change of deliveries commits: its commit waits until the settling is over or
// waits for it.
func (w *world) settleWithin(change func() error) {
	w.t.Helper()
	w.exec(`CREATE FUNCTION wait_for_key() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$`)
	w.exec(`CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON deliveries_20781 DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION wait_for_key()`)
	changed, settled := make(chan error, 1), make(chan error, 1)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		var holder, changer int
		if err := tx.Get(ctx, &holder, `SELECT pg_backend_pid() FROM pg_advisory_xact_lock(4711)`); err != nil {
			return err
		}
		go func() { changed <- change() }()
		for changer == 0 {
			changer = w.count(`SELECT COALESCE(max(pid), 0) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`, holder)
		}
		go func() {
			_, err := w.store().Settle(ctx)
			settled <- err
		}()
		for w.count(`SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`, changer) == 0 {
			select {
			case err := <-settled:
				settled <- err
				return nil
			case <-time.After(5 * time.Millisecond):
			}
		}
		return nil
	})
	for _, result := range []chan error{changed, settled} {
		if err := <-result; err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestDoneEditionIsNotWaitedFor leaves a batch open in an edition that is done, of which nobody may claim anything.
func TestDoneEditionIsNotWaitedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE editions SET state = 'done'`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		b, err := w.engine().RunEdition(ctx, edition, nil)
		if err != nil || b.Pending != 3 || ctx.Err() != nil {
			t.Errorf("%+v, %v, %v, want all pending and an end before the minute is over", b, err, ctx.Err())
		}
	})
}
