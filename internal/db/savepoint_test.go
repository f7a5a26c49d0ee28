package db_test

import (
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func TestTry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insert := func(tx *db.Tx, addresses ...string) error {
			_, err := tx.ExecRows(ctx, `INSERT INTO suppressions (address, reason, created_at) SELECT v.address, 'manual', 1 FROM {rows}`,
				[]db.Column{db.Texts("address", addresses)})
			return err
		}
		var refused, missing error
		var kept int
		err := d.Write(ctx, func(tx *db.Tx) error {
			if err := insert(tx, "a@x.test"); err != nil {
				return err
			}
			refused = tx.Try(ctx, func() error { return insert(tx, "b@x.test", "a@x.test") })
			missing = tx.Try(ctx, func() error { _, err := tx.Exec(ctx, `DELETE FROM no_such_table`); return err })
			if err := tx.Try(ctx, func() error { return insert(tx, "c@x.test") }); err != nil {
				return err
			}
			return tx.Get(ctx, &kept, `SELECT count(*) FROM suppressions`)
		})
		if err != nil || kept != 2 {
			t.Errorf("Write = %v with %d rows, want the two that nothing spoke against", err, kept)
		}
		if !db.IsRefused(refused) || db.IsRefused(missing) || missing == nil || db.IsRefused(nil) {
			t.Errorf("refused: %v; not so: %v", refused, missing)
		}
	})
}
