package db_test

import (
	"context"
	"errors"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

const insertDelivery = `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
	VALUES ($1, 1, $2, 1, 1, 1, 1)`

func TestDropDay(t *testing.T) {
	d := dbtest.Open(t, db.Postgres)
	ctx := t.Context()
	write := func(fn func(tx *db.Tx) error) error { return d.Write(ctx, fn) }
	insert := func(tx *db.Tx, day, subscriber int) error {
		_, err := tx.Exec(ctx, insertDelivery, day, subscriber)
		return err
	}
	hold := func(tx *db.Tx) error { return tx.HoldDay(ctx, 20781) }
	drop := func(tx *db.Tx) error {
		if err := hold(tx); err != nil {
			return err
		}
		return tx.DropDay(ctx, 20781)
	}
	must(t, write(func(tx *db.Tx) error {
		return errors.Join(tx.EnsureDay(ctx, 20781), tx.EnsureDay(ctx, 20782), insert(tx, 20781, 1), insert(tx, 20782, 1))
	}))

	must(t, write(func(tx *db.Tx) error {
		if err := insert(tx, 20781, 2); err != nil {
			return err
		}
		if err := write(hold); !errors.Is(err, db.ErrDayBusy) {
			t.Errorf("holding a day that somebody writes = %v, want ErrDayBusy", err)
		}
		return nil
	}))
	must(t, d.View(ctx, func(tx *db.Tx) error {
		if n := countDay(ctx, t, tx, 20781); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
		if err := write(hold); !errors.Is(err, db.ErrDayBusy) {
			t.Errorf("holding a day that could not be dropped = %v, want ErrDayBusy", err)
		}
		return nil
	}))
	must(t, write(func(tx *db.Tx) error { // somebody reads when the rows are counted
		must(t, hold(tx))
		must(t, d.View(ctx, func(other *db.Tx) error {
			countDay(ctx, t, other, 20781)
			if err := tx.DropDay(ctx, 20781); !errors.Is(err, db.ErrDayBusy) {
				t.Errorf("dropping a day that somebody reads = %v, want ErrDayBusy", err)
			}
			return d.View(ctx, func(third *db.Tx) error { // nobody is held up
				countDay(ctx, t, third, 20781)
				return nil
			})
		}))
		must(t, tx.DropDay(ctx, 20781))
		must(t, tx.EnsureDay(ctx, 20781))
		return errors.Join(insert(tx, 20781, 1), insert(tx, 20781, 2))
	}))
	must(t, write(func(tx *db.Tx) error { // a day that is held disturbs no other, and can be read
		must(t, hold(tx))
		must(t, write(func(other *db.Tx) error { return insert(other, 20782, 2) }))
		return d.View(ctx, func(other *db.Tx) error {
			countDay(ctx, t, other, 20781)
			return nil
		})
	}))
	must(t, write(drop))
	must(t, write(drop)) // there is nothing left to drop
	must(t, d.View(ctx, func(tx *db.Tx) error {
		if gone, other := countDay(ctx, t, tx, 20781), countDay(ctx, t, tx, 20782); gone != 0 || other != 2 {
			t.Errorf("%d rows of the day and %d of another, want 0 and 2", gone, other)
		}
		return nil
	}))
	must(t, write(func(tx *db.Tx) error { return errors.Join(tx.EnsureDay(ctx, 20781), insert(tx, 20781, 1)) }))
}

func TestDropDayIsNotForSQLite(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	must(t, d.Write(t.Context(), func(tx *db.Tx) error {
		if tx.DropsDays() {
			t.Error("SQLite is said to drop days")
		}
		return tx.HoldDay(t.Context(), 20781)
	}))
}

func countDay(ctx context.Context, t *testing.T, tx *db.Tx, day int) (n int) {
	t.Helper()
	must(t, tx.Get(ctx, &n, `SELECT COUNT(*) FROM deliveries WHERE day = $1`, day))
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
