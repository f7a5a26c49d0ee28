// Package dbtest runs a test on a fresh, migrated database of every engine.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"broadsheet/internal/db"
)

// Variable names the environment variable with the URL of a PostgreSQL server
// on which tests may create databases. make test starts a throw-away server
// and sets it.
const Variable = "BROADSHEET_TEST_POSTGRES"

// Each runs fn as a subtest on SQLite and on PostgreSQL.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			fn(t, Open(t, dialect))
		})
	}
}

// Open returns a fresh, migrated database, which the test's end closes and
// removes.
func Open(t testing.TB, dialect db.Dialect) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), Migrated(t, dialect))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Migrated returns the URL of a fresh, migrated database that the test's end
// removes. It is a copy of a template: to migrate each anew took most of the
// time of many tests.
func Migrated(t testing.TB, dialect db.Dialect) string {
	t.Helper()
	if dialect == db.SQLite {
		file, err := migratedFile()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "test.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		return "sqlite:" + path
	}
	u := server(t)
	like, err := migratedDatabase()
	if err != nil {
		t.Fatal(err)
	}
	name := fresh()
	admin(t, u, func(ctx context.Context, d *db.DB) error { return d.CreateDatabase(ctx, name, like) })
	t.Cleanup(func() { admin(t, u, func(ctx context.Context, d *db.DB) error { return d.DropDatabase(ctx, name) }) })
	own := u
	own.Path = "/" + name
	return own.String()
}

// URL returns the URL of a fresh, empty database that the test's end removes.
func URL(t testing.TB, dialect db.Dialect) string {
	t.Helper()
	if dialect == db.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	}
	u, name := server(t), fresh()
	admin(t, u, func(ctx context.Context, d *db.DB) error { return d.CreateSchema(ctx, name) })
	t.Cleanup(func() { admin(t, u, func(ctx context.Context, d *db.DB) error { return d.DropSchema(ctx, name) }) })
	own, query := u, u.Query()
	query.Set("search_path", name)
	own.RawQuery = query.Encode()
	return own.String()
}

// made counts the schemas and databases of this process. A schema is a fresh
// database to the code under test: an empty one is much cheaper to make, a full
// one dearer.
var made atomic.Int64

func fresh() string { return fmt.Sprintf("test_%d_%d", os.Getpid(), made.Add(1)) }

func server(t testing.TB) url.URL {
	t.Helper()
	raw := os.Getenv(Variable)
	if raw == "" {
		t.Fatalf("%s is not set: run make test, which starts a PostgreSQL server for the tests", Variable)
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", Variable, err)
	}
	return *u
}

func admin(t testing.TB, server url.URL, do func(ctx context.Context, d *db.DB) error) {
	t.Helper()
	ctx := context.Background() // the test's own has ended when it cleans up
	d, err := db.Open(ctx, server.String())
	if err != nil {
		t.Errorf("%s: %v", Variable, err)
		return
	}
	defer d.Close()
	if err := do(ctx, d); err != nil {
		t.Error(err)
	}
}
