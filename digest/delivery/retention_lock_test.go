package delivery_test

import (
	"context"
	"errors"
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

// counting makes the database note how often totals are written, undone or not.
func counting(w *world) (times func() int) {
	w.exec(`CREATE SEQUENCE counted MINVALUE 0 START 0`)
	w.exec(`SELECT nextval('counted')`)
	w.exec(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
		PERFORM pg_advisory_xact_lock_shared(20781); PERFORM nextval(''counted''); RETURN NULL; END'`)
	w.exec(`CREATE TRIGGER note BEFORE INSERT ON edition_answers FOR EACH STATEMENT EXECUTE FUNCTION note()`)
	return func() int { return w.count(`SELECT last_value FROM counted`) }
}

// TestNothingIsCountedInVain does not begin to count while a backup reads.
func TestNothingIsCountedInVain(t *testing.T) {
	w := old(t)
	times := counting(w)
	err := w.db.View(t.Context(), func(tx *db.Tx) error {
		var n int
		if err := tx.Get(t.Context(), &n, `SELECT COUNT(*) FROM attempts`); err != nil {
			return err
		}
		if err := w.retention().Drop(t.Context()); !errors.Is(err, db.ErrDayBusy) {
			t.Errorf("dropping what somebody reads = %v, want ErrDayBusy", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := times(); n != 0 {
		t.Errorf("counted %d editions, want none", n)
	}
	if w.drop(); w.left() != 0 || times() != 2 {
		t.Errorf("%d rows are left of %d editions counted, want none of 2", w.left(), times())
	}
}

// TestCountedOnce lets somebody read when the rows are just being counted.
func TestCountedOnce(t *testing.T) {
	w := old(t)
	before := w.balance(edition)
	times := counting(w)
	dropped := make(chan error, 1)
	reads, over := make(chan struct{}), make(chan struct{})
	read := make(chan error, 1)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(20781)`); err != nil {
			return err
		}
		go func() { dropped <- w.retention().Drop(ctx) }()
		if err := untilWaiting(ctx, tx, 1); err != nil {
			return err
		}
		go func() { read <- w.readUntil(ctx, over, func() { close(reads) }) }()
		<-reads
		return nil
	})
	w.untilRefused(dropped)
	close(over)
	for _, ended := range []chan error{read, dropped} {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	if n := times(); n != 2 || w.left() != 0 {
		t.Errorf("%d editions counted and %d rows left, want 2 and none", n, w.left())
	}
	if got := w.balance(edition); !reflect.DeepEqual(got, before) {
		t.Errorf("balance %+v, want %+v", got, before)
	}
}

// readUntil reads the deliveries in a snapshot that stays until over is closed.
func (w *world) readUntil(ctx context.Context, over <-chan struct{}, reading func()) error {
	return w.db.View(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM deliveries`)
		reading()
		<-over
		return err
	})
}

// untilRefused returns when somebody has asked for a lock on the deliveries and given up.
func (w *world) untilRefused(ended <-chan error) {
	asks := func() bool {
		return w.count(`SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = 'deliveries'::regclass`) > 0
	}
	for !asks() && len(ended) == 0 {
	}
	for asks() {
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
