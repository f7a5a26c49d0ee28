// Package db opens the database, hides what differs between SQLite and
// PostgreSQL, and runs every statement inside a transaction.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Dialect names a database engine.
type Dialect string

// The two engines that every store runs on.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// ErrNoRows is what Tx.Get returns when the query found nothing.
var ErrNoRows = sql.ErrNoRows

// ErrOutcomeUnknown says that the connection or the disk failed after a statement
// or a COMMIT had been sent: it may or may not have taken effect. Callers read the
// state anew and never assume; every write is idempotent for that reason.
var ErrOutcomeUnknown = errors.New("outcome unknown")

// ErrUnavailable says that the database could not be reached or stayed locked.
var ErrUnavailable = errors.New("database unavailable")

// DB is an open database. Its only ways in are Write and View, so that no
// statement runs outside a transaction.
type DB struct {
	dialect Dialect
	name    string   // for messages, without a password
	write   *sqlx.DB // one connection on SQLite
	read    *sqlx.DB // on SQLite these connections refuse to write
}

// Open connects to url, which is "sqlite:PATH" or a PostgreSQL URL
// ("postgres://user@host/name?sslmode=..."). It checks that the database
// answers and creates a missing SQLite file; it does not migrate.
func Open(ctx context.Context, url string) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url)
	}
	return nil, fmt.Errorf("database url %q: want sqlite:PATH or postgres://user@host/name", redact(url))
}

// Dialect returns the engine behind d.
func (d *DB) Dialect() Dialect { return d.dialect }

// String returns where the database is, without its password.
func (d *DB) String() string { return d.name }

// Close closes all connections.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return err
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return d.View(ctx, func(tx *Tx) error {
		var one int
		return tx.Get(ctx, &one, `SELECT 1`)
	})
}

// attempts is how often Write runs a transaction that the database aborted in
// favour of another one (deadlock, serialization, a busy SQLite file).
const attempts = 8

// Write runs fn in a transaction that may write and commits it if fn returns
// nil. fn runs again when the database aborted the transaction in favour of
// another, so it must not keep state of an earlier run. A lost COMMIT is
// ErrOutcomeUnknown. fn must not call Write itself: SQLite has one writer.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	for n := 1; ; n++ {
		err := d.run(ctx, d.write, nil, fn)
		if err == nil || n == attempts || !isAborted(err) {
			return d.explain(err)
		}
		if err := pause(ctx, time.Duration(n)*20*time.Millisecond); err != nil {
			return err
		}
	}
}

// View runs fn in a transaction that sees one snapshot and cannot write: the
// database itself refuses a statement that would change something.
func (d *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	return d.explain(d.run(ctx, d.read, opts, fn))
}

func (d *DB) run(ctx context.Context, pool *sqlx.DB, opts *sql.TxOptions, fn func(tx *Tx) error) error {
	stx, err := pool.BeginTxx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer stx.Rollback() // does nothing after Commit
	if err := fn(&Tx{tx: stx, dialect: d.dialect}); err != nil {
		return err
	}
	if err := stx.Commit(); err != nil {
		if isLost(err) {
			return fmt.Errorf("commit: %w: %s: %w", ErrOutcomeUnknown, d.name, err)
		}
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// explain marks errors that mean the database is away with ErrUnavailable and
// says which database it was.
func (d *DB) explain(err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOutcomeUnknown) {
		return err
	}
	if isLost(err) || isAborted(err) {
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, d.name, err)
	}
	return err
}

// NextIDs takes n consecutive ids from the named counter in a transaction of
// its own and returns the first. Ids that end up unused are a harmless gap.
// It must not be called inside Write.
func (d *DB) NextIDs(ctx context.Context, counter string, n int) (int64, error) {
	var first int64
	err := d.Write(ctx, func(tx *Tx) (err error) {
		first, err = tx.NextIDs(ctx, counter, n)
		return err
	})
	return first, err
}

func pause(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most/2 + rand.N(most/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
