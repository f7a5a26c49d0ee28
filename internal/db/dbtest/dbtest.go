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
	d, err := db.Open(t.Context(), URL(t, dialect))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// URL returns the URL of a fresh, empty database that the test's end removes.
func URL(t testing.TB, dialect db.Dialect) string {
	t.Helper()
	if dialect == db.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	}
	server := os.Getenv(Variable)
	if server == "" {
		t.Fatalf("%s is not set: run make test, which starts a PostgreSQL server for the tests", Variable)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s: %v", Variable, err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	admin(t, server, func(ctx context.Context, d *db.DB) error { return d.CreateSchema(ctx, name) })
	t.Cleanup(func() { admin(t, server, func(ctx context.Context, d *db.DB) error { return d.DropSchema(ctx, name) }) })
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// schemas numbers the schemas of this process, each a fresh database to the
// code under test: making one is much cheaper than making a database.
var schemas atomic.Int64

func admin(t testing.TB, server string, do func(ctx context.Context, d *db.DB) error) {
	t.Helper()
	ctx := context.Background() // the test's own has ended when it cleans up
	d, err := db.Open(ctx, server)
	if err != nil {
		t.Errorf("%s: %v", Variable, err)
		return
	}
	defer d.Close()
	if err := do(ctx, d); err != nil {
		t.Error(err)
	}
}
