package db

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readers is how many connections may read a SQLite file at once.
const readers = 4

// busyTimeout is how long a process waits for another that keeps the file locked.
const busyTimeout = 15 * time.Second

// openSQLite opens path with one writing connection and a few that only read.
// WAL lets readers and the writer work side by side; synchronous FULL keeps
// the last recorded delivery across a power cut; the busy time-out lets a
// command work beside a running service; secure_delete leaves nothing of an erased
// reader in free places, also where a whole page became free, which its fast kind
// leaves as it is. Pages take twice their size in memory, and larger caches make
// neither planning nor an import faster.
func openSQLite(ctx context.Context, path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("database url sqlite: has no path, want sqlite:broadsheet.db")
	}
	if err := checkFileSystem(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if path == ":memory:" {
		return nil, errors.New("database url sqlite::memory: would lose everything at each restart: name a file")
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	dsn := func(pragmas ...string) string {
		q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, pragmas...)}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	write, err := sqlx.Open("sqlite", dsn("journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "foreign_keys(1)", "cache_size(-4000)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	d := &DB{dialect: SQLite, name: "sqlite:" + path, write: write, read: write}
	if err := d.prepareSQLite(ctx, path); err != nil {
		write.Close()
		return nil, err
	}
	read, err := sqlx.Open("sqlite", strings.Replace(dsn("query_only(1)", "cache_size(-2000)"), "_txlock=immediate", "_txlock=deferred", 1))
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	d.read = read
	return d, nil
}

// createPrivate makes a missing file that only its owner can read: it will hold
// readers' addresses. SQLite gives its companion files the same mode.
func createPrivate(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("database %s is a folder, want a file", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	return f.Close()
}

// prepareSQLite touches the file, so that a wrong path or a file that is no
// database is an error now and not in the middle of a send. The first connection
// to a new file turns it to WAL. For that it makes a reading lock a writing one,
// where SQLite refuses at once, whatever the busy time-out, if another process is
// about to do the same: the two might wait for each other. So it tries again.
func (d *DB) prepareSQLite(ctx context.Context, path string) error {
	patience, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		var version int
		err := d.write.GetContext(ctx, &version, `PRAGMA schema_version`)
		if err == nil {
			return nil
		}
		if !isSQLiteBusy(err) || pause(patience, 40*time.Millisecond) != nil {
			return fmt.Errorf("%w: open %s: %w", ErrUnavailable, path, err)
		}
	}
}

// isSQLiteBusy reports whether another process kept the file locked for longer
// than the busy time-out.
func isSQLiteBusy(err error) bool {
	var serr *sqlite.Error
	if !errors.As(err, &serr) {
		return false
	}
	code := serr.Code() & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// isSQLiteGone reports whether the file cannot be used any more: the disk is
// full, broken, or the file vanished.
func isSQLiteGone(err error) bool {
	var serr *sqlite.Error
	if !errors.As(err, &serr) {
		return false
	}
	switch serr.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}

func isSQLiteDuplicate(err error) bool {
	var serr *sqlite.Error
	return errors.As(err, &serr) && (serr.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || serr.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
