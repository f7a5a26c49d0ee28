package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

const insertSuppressions = `INSERT INTO suppressions (address, reason, created_at) SELECT v.address, $1, v.at FROM {rows}`

// suppressed is n rows for insertSuppressions from the given one on.
func suppressed(from, n int) []db.Column {
	addresses, at := make([]string, n), make([]int64, n)
	for i := range n {
		addresses[i], at[i] = fmt.Sprintf("r%d@x.test", from+i), int64(from+i)
	}
	return []db.Column{db.Texts("address", addresses), db.Ints("at", at)}
}

// TestInsertRows: rows are inserted whatever their number, those that are there stay as they are.
func TestInsertRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, step := range []struct {
			from, n   int
			reason    string
			want, sum int64 // new rows, and the sum of at of all
		}{
			{0, 0, "nothing", 0, 0},
			{1, 1, "one", 1, 1},
			{2, 32, "a statement on SQLite", 32, 561},
			{34, 67, "two and three", 67, 5050},
			{1, 100, "all there", 0, 5050},
			{91, 40, "ten there", 30, 8515},
		} {
			var got, sum, changed int64
			err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
				if got, err = tx.InsertRows(t.Context(), insertSuppressions, suppressed(step.from, step.n), step.reason); err != nil {
					return err
				}
				if err := tx.Get(t.Context(), &changed, `SELECT COUNT(*) FROM suppressions WHERE reason = 'all there'`); err != nil {
					return err
				}
				return tx.Get(t.Context(), &sum, `SELECT CAST(COALESCE(SUM(created_at), 0) AS BIGINT) FROM suppressions
					WHERE address = 'r' || CAST(created_at AS TEXT) || '@x.test'`)
			})
			if err != nil {
				t.Fatalf("%s: %v", step.reason, err)
			}
			if got != step.want || sum != step.sum || changed != 0 {
				t.Errorf("%s: %d new rows, sum %d, %d changed, want %d, %d and none", step.reason, got, sum, changed, step.want, step.sum)
			}
		}
	})
}

// TestInsertRowsLeavesTheTransaction: what was done before a row that is there stays, and any other refusal is an error.
func TestInsertRowsLeavesTheTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var n int64
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			for _, from := range []int{1, 11} {
				if _, err := tx.InsertRows(t.Context(), insertSuppressions, suppressed(from, 20), "both"); err != nil {
					return err
				}
			}
			return tx.Get(t.Context(), &n, `SELECT COUNT(*) FROM suppressions`)
		})
		if err != nil || n != 30 {
			t.Errorf("%d rows, %v, want 30", n, err)
		}
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.InsertRows(t.Context(), strings.Replace(insertSuppressions, "$1", "NULL", 1), suppressed(50, 20))
			return err
		})
		if err == nil || db.IsDuplicate(err) {
			t.Errorf("rows without a reason: %v, want to hear of that", err)
		}
	})
}

// TestInsertRowsInFewStatements: SQLite gets some rows at once, PostgreSQL all of them.
func TestInsertRowsInFewStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var rows []int
		ctx := db.Watched(t.Context(), func(query string) {
			if strings.HasPrefix(query, "INSERT") {
				rows = append(rows, strings.Count(query, "AS address"))
			}
		})
		stopped, stop := context.WithCancel(ctx)
		stop()
		must(t, d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.InsertRows(ctx, insertSuppressions, suppressed(1, 35), "some"); err != nil {
				return err
			}
			return tx.Try(t.Context(), func() error { return nil })
		}))
		want := []int{32, 1}
		if d.Dialect() == db.Postgres {
			want = []int{0}
		}
		if fmt.Sprint(rows) != fmt.Sprint(want) {
			t.Errorf("statements of %d rows, want %d", rows, want)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.InsertRows(stopped, insertSuppressions, suppressed(100, 35), "none")
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %v", err)
		}
	})
}

// TestUpdateRows: rows are updated by their keys whatever their number, and those
// that another condition leaves out are not counted.
func TestUpdateRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, n := range []int{0, 1, 3, 4, 5, 9} {
			must(t, d.Write(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), `DELETE FROM suppressions`); err != nil {
					return err
				}
				if err := tx.AddRows(t.Context(), strings.Replace(insertSuppressions, "$1", "'added'", 1), suppressed(1, 10)); err != nil {
					return err
				}
				cols := append(suppressed(1, n)[:1:1], db.Ints("at", make([]int64, n)))
				got, err := tx.UpdateRows(t.Context(), `UPDATE suppressions SET reason = $1, created_at = v.at FROM {rows}
					WHERE suppressions.address = v.address AND suppressions.reason = $2`, cols, "updated", "added")
				if err != nil || got != int64(n) {
					t.Errorf("%d rows updated, %v, want %d", got, err, n)
				}
				return err
			}))
			got := lines(t, d, `SELECT reason || ' ' || COUNT(*) || ' ' || COUNT(CASE WHEN created_at = 0 THEN 1 END) FROM suppressions GROUP BY reason ORDER BY reason`)
			var want []string
			if n < 10 {
				want = append(want, fmt.Sprintf("added %d 0", 10-n))
			}
			if n > 0 {
				want = append(want, fmt.Sprintf("updated %d %d", n, n))
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("after an update of %d rows there are %q, want %q", n, got, want)
			}
		}
	})
}

// TestAddRows: rows are added whatever their number, and one that is there is an error that takes all of them back.
func TestAddRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		add := func(from, n int) error {
			return d.Write(t.Context(), func(tx *db.Tx) error {
				return tx.AddRows(t.Context(), strings.Replace(insertSuppressions, "$1", "'added'", 1), suppressed(from, n))
			})
		}
		want := func(n, sum int64) {
			t.Helper()
			var got struct {
				N   int64 `db:"n"`
				Sum int64 `db:"sum"`
			}
			err := d.View(t.Context(), func(tx *db.Tx) error {
				return tx.Get(t.Context(), &got, `SELECT COUNT(*) AS n, CAST(COALESCE(SUM(created_at), 0) AS BIGINT) AS sum FROM suppressions
					WHERE address = 'r' || CAST(created_at AS TEXT) || '@x.test'`)
			})
			if err != nil || got.N != n || got.Sum != sum {
				t.Errorf("%d rows, sum %d, %v, want %d and %d", got.N, got.Sum, err, n, sum)
			}
		}
		for _, step := range []struct{ from, n int }{{1, 0}, {1, 1}, {2, 32}, {34, 67}} {
			if err := add(step.from, step.n); err != nil {
				t.Fatal(err)
			}
		}
		want(100, 5050)
		if err := add(90, 100); !db.IsDuplicate(err) {
			t.Errorf("rows of which ten are there: %v, want a duplicate", err)
		}
		want(100, 5050)
	})
}
