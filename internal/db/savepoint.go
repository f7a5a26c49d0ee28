package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Try runs fn within the transaction. If fn fails, what it did is undone and
// the transaction goes on as if it had not been called; the error is fn's. Calls
// do not nest.
func (t *Tx) Try(ctx context.Context, fn func() error) error {
	if _, err := t.Exec(ctx, `SAVEPOINT try`); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	failure := fn()
	if failure != nil {
		if _, err := t.Exec(ctx, `ROLLBACK TO SAVEPOINT try`); err != nil {
			return errors.Join(failure, fmt.Errorf("go back to savepoint: %w", err))
		}
	}
	if _, err := t.Exec(ctx, `RELEASE SAVEPOINT try`); err != nil {
		return errors.Join(failure, fmt.Errorf("release savepoint: %w", err))
	}
	return failure
}

// IsRefused reports whether err says that the database does not take a row for
// what is in it: a rule is broken or a value does not fit. Trying again is in
// vain, whatever the state of the database.
func IsRefused(err error) bool {
	var perr *pq.Error
	if errors.As(err, &perr) {
		return perr.Code.Class() == "22" || perr.Code.Class() == "23"
	}
	var serr *sqlite.Error
	if !errors.As(err, &serr) {
		return false
	}
	switch serr.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return true
	}
	return false
}
