package db_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// before opens a database of a dialect as the program left it that knew the
// migrations up to a version.
func before(t *testing.T, dialect db.Dialect, version int) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dbtest.URL(t, dialect))
	must(t, err)
	t.Cleanup(func() { d.Close() })
	must(t, d.MigrateTo(t.Context(), version))
	return d
}

// lines returns the one column of a query.
func lines(t *testing.T, d *db.DB, query string, args ...any) []string {
	t.Helper()
	var out []string
	must(t, d.View(t.Context(), func(tx *db.Tx) error {
		out = nil
		return tx.Select(t.Context(), &out, query, args...)
	}))
	return out
}

const everyDelivery = `SELECT day || ' ' || edition_id || ' ' || subscriber_id || ' ' || run_id || ' ' || selection_id || ' ' || batch_id
	|| ' ' || state || ' "' || reason || '" ' || attempts || ' ' || next_try_at || ' ' || changed_at
	FROM deliveries ORDER BY day, edition_id, subscriber_id`

// insertEveryState fills days with deliveries of three editions in all states. No
// two columns of a row are alike, and batches do not follow the readers.
func insertEveryState(t *testing.T, d *db.DB, days ...int) {
	t.Helper()
	states := []string{"pending", "pending", "sent", "failed", "expired", "skipped", "uncertain"}
	reasons := []string{"", "rate", "", "permanent-recipient", "late", "unsubscribed", "worker-lost"}
	must(t, d.Write(t.Context(), func(tx *db.Tx) error {
		for _, day := range days {
			if err := tx.EnsureDay(t.Context(), day); err != nil {
				return err
			}
			for i := range 90 {
				edition, reader, at := 1+i%3, 500-i/3, i%len(states)
				if _, err := tx.Exec(t.Context(), `INSERT INTO deliveries
						(day, edition_id, subscriber_id, run_id, selection_id, batch_id, state, reason, attempts, next_try_at, changed_at)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
					day, edition, reader, 1000+i, -2000-i, 3000+i*7%11, states[at], reasons[at], i%5, at%2*(4000+i), 5000+i); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// TestDeliveriesByBatch migrates a database with deliveries from the keys that
// they had before.
func TestDeliveriesByBatch(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			d := before(t, dialect, 7)
			insertEveryState(t, d, 20781, 20782, 20790)
			want := lines(t, d, everyDelivery)
			if len(want) != 270 {
				t.Fatalf("%d deliveries before", len(want))
			}
			_, err := d.Migrate(t.Context())
			must(t, err)
			if got := lines(t, d, everyDelivery); !slices.Equal(got, want) {
				t.Errorf("deliveries after:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			insert := `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at) VALUES (20782, 2, $1, 1, 1, 77, 1)`
			for reader, taken := range map[int]bool{500: true, 501: false} {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), insert, reader)
					return err
				})
				if db.IsDuplicate(err) != taken || !taken && err != nil {
					t.Errorf("a delivery of an edition in another batch = %v, want a duplicate: %t", err, taken)
				}
			}
			if got := lines(t, d, `SELECT state || ' "' || reason || '" ' || attempts || ' ' || next_try_at FROM deliveries WHERE batch_id = 77`); len(got) != 1 || got[0] != `pending "" 0 0` {
				t.Errorf("a new delivery has %q", got)
			}
		})
	}
}

// TestPartitionsHaveTheSameIndexes compares a partition from before the migration
// with one that is made now.
func TestPartitionsHaveTheSameIndexes(t *testing.T) {
	d := before(t, db.Postgres, 7)
	insertEveryState(t, d, 20781)
	_, err := d.Migrate(t.Context())
	must(t, err)
	insertEveryState(t, d, 20782)
	indexes := func(day int) []string {
		name := fmt.Sprintf("deliveries_%d", day)
		return lines(t, d, `SELECT replace(regexp_replace(indexdef, '^(CREATE (UNIQUE )?INDEX) \S+', '\1'), $1, 'it') FROM pg_indexes
			WHERE schemaname = current_schema() AND tablename = $1 ORDER BY 1`, name)
	}
	got, want := indexes(20781), indexes(20782)
	if !slices.Equal(got, want) || len(want) != 3 {
		t.Errorf("indexes of a partition from before:\n%s\nof a new one:\n%s\nwant the same three", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if text := strings.Join(want, "\n"); !strings.Contains(text, "UNIQUE INDEX ON") || !strings.Contains(text, "(day, subscriber_id, edition_id)") ||
		!strings.Contains(text, "(edition_id, batch_id)") || !strings.Contains(text, "(next_try_at) WHERE") {
		t.Errorf("the indexes of a partition are:\n%s", text)
	}
}
