package delivery_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// old is a settled world on PostgreSQL whose day may go.
func old(t *testing.T) *world {
	w := decided(t, dbtest.Open(t, db.Postgres))
	refusedOnce(w)
	w.grow(keep + 37*time.Hour)
	return w
}

// TestBalanceDuringADrop asks what an edition came to while its day goes.
func TestBalanceDuringADrop(t *testing.T) {
	w := old(t)
	before := w.balance(edition)
	answers, err := w.store().Answers(t.Context(), edition)
	if err != nil {
		t.Fatal(err)
	}
	var got delivery.Balance
	var gotAnswers []delivery.Answered
	asked := make(chan error, 2)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		for _, q := range []string{
			`INSERT INTO edition_states (edition_id, state, reason, n) SELECT edition_id, state, reason, COUNT(*) FROM deliveries GROUP BY edition_id, state, reason`,
			`INSERT INTO edition_answers (edition_id, relay, class, n) SELECT edition_id, relay, class, COUNT(*) FROM attempts GROUP BY edition_id, relay, class`,
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		if err := tx.DropDay(ctx, day); err != nil {
			return err
		}
		go func() {
			var err error
			got, err = w.store().Balance(ctx, edition)
			asked <- err
		}()
		go func() {
			var err error
			gotAnswers, err = w.store().Answers(ctx, edition)
			asked <- err
		}()
		return untilWaiting(ctx, tx, 2)
	})
	for range 2 {
		if err := <-asked; err != nil {
			t.Fatal(err)
		}
	}
	if !got.Balanced() || !reflect.DeepEqual(got, before) {
		t.Errorf("balance %+v, want %+v", got, before)
	}
	if !reflect.DeepEqual(gotAnswers, answers) {
		t.Errorf("answers %v, want %v", gotAnswers, answers)
	}
}

// untilWaiting returns when so many others wait for what a transaction holds.
func untilWaiting(ctx context.Context, tx *db.Tx, others int) error {
	for n := 0; n < others; {
		err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))`)
		if err != nil {
			return err
		}
	}
	return nil
}
