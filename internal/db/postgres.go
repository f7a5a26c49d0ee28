package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// openPostgres opens a pool of PostgreSQL connections through the connector
// below.
func openPostgres(ctx context.Context, raw string) (*DB, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("database url %q is not a URL: want postgres://user@host/name", redact(raw))
	}
	q := u.Query()
	q.Set("binary_parameters", "yes")
	if q.Get("connect_timeout") == "" {
		q.Set("connect_timeout", "10")
	}
	u.RawQuery = q.Encode()
	c, err := pq.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("database url %q: %w", redact(raw), err)
	}
	pool := sqlx.NewDb(sql.OpenDB(&connector{c}), "postgres")
	pool.SetMaxOpenConns(12)
	pool.SetMaxIdleConns(6)
	pool.SetConnMaxLifetime(5 * time.Minute)
	d := &DB{dialect: Postgres, name: redact(raw), write: pool, read: pool}
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, d.name, err)
	}
	return d, nil
}

// redact names a database without its secrets: a password may stand before the
// host or among the parameters.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		scheme, _, _ := strings.Cut(raw, ":")
		return scheme + "://..."
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, Opaque: u.Opaque}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}

// connector closes two traps of lib/pq. When the reply to a statement is lost,
// lib/pq answers driver.ErrBadConn and database/sql silently runs the statement
// again: two rows and no error. And a connection whose socket dropped behind an
// error reply goes back to the pool, where every later query fails. Here the
// first becomes ErrOutcomeUnknown, and in both cases the connection is dropped.
type connector struct{ *pq.Connector }

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := inner.(pqConn)
	if !ok {
		inner.Close()
		return nil, errors.New("lib/pq connection lacks context methods")
	}
	return &conn{pqConn: full}, nil
}

type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.SessionResetter
	driver.NamedValueChecker
	driver.Pinger
	driver.Validator
}

type conn struct {
	pqConn
	broken bool
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.pqConn.ExecContext(ctx, query, args)
	return res, c.check(err)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.pqConn.QueryContext(ctx, query, args)
	return rows, c.check(err)
}

// IsValid implements driver.Validator: database/sql drops a connection for
// which it is false.
func (c *conn) IsValid() bool { return !c.broken && c.pqConn.IsValid() }

// ResetSession implements driver.SessionResetter.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.broken {
		return driver.ErrBadConn
	}
	return c.pqConn.ResetSession(ctx)
}

func (c *conn) check(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrBadConn):
		c.broken = true
		return fmt.Errorf("%w: the server closed the connection", ErrOutcomeUnknown)
	case isNetwork(err), strings.Contains(err.Error(), "already a query being processed"):
		c.broken = true
	}
	return err
}

// isLost reports whether err means that the database went away.
func isLost(err error) bool {
	if isSQLiteGone(err) || isNetwork(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return true
	}
	var perr *pq.Error
	if !errors.As(err, &perr) {
		return false
	}
	// 08 connection exception, 57P01-57P05 shutting down or starting up,
	// 53300 too many connections, 53100 disk full.
	return perr.Code.Class() == "08" || strings.HasPrefix(string(perr.Code), "57P") || perr.Code == "53300" || perr.Code == "53100"
}

func isNetwork(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false // the caller gave up, which says nothing about the server
	}
	var operr *net.OpError
	if errors.As(err, &operr) {
		return true // a dial that timed out is a context.DeadlineExceeded, too
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var nerr net.Error
	return errors.As(err, &nerr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// isAborted reports whether the database gave up this transaction in favour of
// another, so that running it again may succeed.
func isAborted(err error) bool {
	if isSQLiteBusy(err) {
		return true
	}
	var perr *pq.Error
	return errors.As(err, &perr) && (perr.Code == "40001" || perr.Code == "40P01")
}

// IsDuplicate reports whether err says that a unique key already has the row.
func IsDuplicate(err error) bool {
	var perr *pq.Error
	if errors.As(err, &perr) {
		return perr.Code == "23505"
	}
	return isSQLiteDuplicate(err)
}
