package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func TestMigrateFromManyProcesses(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			url := dbtest.URL(t, dialect)
			var wg sync.WaitGroup
			applied := make([]int, 6)
			errs := make([]error, len(applied))
			for i := range applied {
				wg.Go(func() {
					d, err := db.Open(t.Context(), url)
					if err != nil {
						errs[i] = err
						return
					}
					defer d.Close()
					done, err := d.Migrate(t.Context())
					applied[i], errs[i] = len(done), err
				})
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			total := 0
			for _, n := range applied {
				total += n
			}
			d, err := db.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			all, err := d.Migrations(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if total != len(all) {
				t.Errorf("applied %d migrations in all, want each of %d once", total, len(all))
			}
			if err := d.CheckSchema(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSchemaStates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		set := func(query string, args ...any) {
			t.Helper()
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), query, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set(`INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'future', 'x', 1)`)
		if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrSchemaNewer) {
			t.Errorf("CheckSchema with a newer schema = %v, want ErrSchemaNewer", err)
		}
		if _, err := d.Migrate(t.Context()); !errors.Is(err, db.ErrSchemaNewer) {
			t.Errorf("Migrate with a newer schema = %v, want ErrSchemaNewer", err)
		}
		set(`DELETE FROM schema_migrations WHERE version = 9999`)
		set(`UPDATE schema_migrations SET checksum = 'edited' WHERE version = 1`)
		if err := d.CheckSchema(t.Context()); err == nil || !strings.Contains(err.Error(), "another text") {
			t.Errorf("CheckSchema with an edited migration = %v, want an error about its text", err)
		}
		set(`DELETE FROM schema_migrations`)
		if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrSchemaOlder) {
			t.Errorf("CheckSchema with pending migrations = %v, want ErrSchemaOlder", err)
		}
	})
}

func TestViewCannotWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.View(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE counters SET value = 77 WHERE name = 'article'`)
			return err
		})
		if err == nil {
			t.Fatal("a View wrote without an error")
		}
		if first, err := d.NextIDs(t.Context(), "article", 1); err != nil || first != 1 {
			t.Errorf("counter after the refused write = %d, %v, want 1", first, err)
		}
	})
}

func TestWriteRollsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.NextIDs(t.Context(), "run", 5); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("Write = %v, want boom", err)
		}
		if first, err := d.NextIDs(t.Context(), "run", 3); err != nil || first != 1 {
			t.Errorf("first id after a rollback = %d, %v, want 1", first, err)
		}
	})
}

func TestHolesAndRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insert := `INSERT INTO suppressions (address, reason, created_at)
			SELECT v.address, $1, v.at FROM {rows} WHERE TRUE ON CONFLICT (address) DO NOTHING`
		cols := []db.Column{db.Texts("address", []string{"a@x.test", "b@x.test", "c@x.test"}), db.Ints("at", []int64{1, 2, 3})}
		var first, again, updated int64
		var found []string
		var none int
		err := d.Write(ctx, func(tx *db.Tx) (err error) {
			if first, err = tx.ExecRows(ctx, insert, cols, "manual"); err != nil {
				return err
			}
			if again, err = tx.ExecRows(ctx, insert, cols, "manual"); err != nil {
				return err
			}
			if updated, err = tx.ExecRows(ctx, `UPDATE suppressions SET reason = v.reason FROM {rows} WHERE suppressions.address = v.address`,
				[]db.Column{db.Texts("address", []string{"a@x.test", "z@x.test"}), db.Texts("reason", []string{"hard", "hard"})}); err != nil {
				return err
			}
			if err := tx.Select(ctx, &found, `SELECT address FROM suppressions WHERE address {in 1} AND created_at {in 2} ORDER BY address {for update}`,
				[]string{"a@x.test", "c@x.test", "z@x.test"}, []int64{1, 3}); err != nil {
				return err
			}
			return tx.Get(ctx, &none, `SELECT count(*) FROM suppressions WHERE created_at {in 1}`, []int64(nil))
		})
		if err != nil {
			t.Fatal(err)
		}
		if first != 3 || again != 0 || updated != 1 {
			t.Errorf("rows inserted, inserted again, updated = %d, %d, %d, want 3, 0, 1", first, again, updated)
		}
		if got := strings.Join(found, " "); got != "a@x.test c@x.test" {
			t.Errorf("found %q, want a@x.test c@x.test", got)
		}
		if none != 0 {
			t.Errorf("a nil slice matched %d rows, want 0", none)
		}
	})
}

func TestConcurrentCounter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		seen := map[int64]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					first, err := d.NextIDs(t.Context(), "batch", 3)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for i := range int64(3) {
						if seen[first+i] {
							t.Errorf("id %d was given twice", first+i)
						}
						seen[first+i] = true
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(seen) != 480 {
			t.Errorf("%d ids, want 480", len(seen))
		}
	})
}

func TestEnsureDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := d.Write(ctx, func(tx *db.Tx) error { return tx.EnsureDay(ctx, 20781) }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
				VALUES (20781, 1, 2, 3, 4, 5, 6)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
				VALUES (20781, 1, 2, 9, 9, 9, 9)`)
			return err
		})
		if !db.IsDuplicate(err) {
			t.Errorf("a second delivery of the edition to the subscriber = %v, want a duplicate", err)
		}
	})
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for name, url := range map[string]string{
		"unknown scheme":   "mysql://root:secret@host/db",
		"no path":          "sqlite:",
		"a folder":         "sqlite:" + dir,
		"a missing folder": "sqlite:" + filepath.Join(dir, "no", "such", "test.db"),
		"nobody listens":   "postgres://u:secret@127.0.0.1:1/x?sslmode=disable",
		"not a url":        "postgres://u:secret@%zz/x",
		"in a parameter":   "postgres://127.0.0.1:1/x?sslmode=disable&user=u&password=secret",
		"in memory":        "sqlite::memory:",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			d, err := db.Open(ctx, url)
			if err == nil {
				d.Close()
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestClock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var now time.Time
		if err := d.View(t.Context(), func(tx *db.Tx) (err error) { now, err = tx.Now(t.Context()); return err }); err != nil {
			t.Fatal(err)
		}
		if off := time.Since(now).Abs(); off > time.Minute {
			t.Errorf("the database's clock is off by %v", off)
		}
		if got := db.Time(db.Millis(now)); !got.Equal(now) {
			t.Errorf("Time(Millis(%v)) = %v", now, got)
		}
		if !db.Time(0).IsZero() || db.Millis(time.Time{}) != 0 {
			t.Error("0 and the zero time do not stand for each other")
		}
	})
}
