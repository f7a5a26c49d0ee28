package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Tx is a running transaction. Its queries are written once for both engines,
// with $1 placeholders and these holes for what differs:
//
//	{in 2}         "= ANY($2)" or its SQLite form; $2 is a []int64 or []string
//	{rows}         in ExecRows and InsertRows: the given rows as a table named v
//	{skip locked}  FOR UPDATE SKIP LOCKED; nothing on SQLite, whose write
//	               transactions already exclude each other
//	{for update}   FOR UPDATE; nothing on SQLite
//	{for no key update}
//	               FOR NO KEY UPDATE, beside which rows that refer to the locked
//	               ones can be written; nothing on SQLite
//	{for key share}
//	               FOR KEY SHARE, which waits for FOR UPDATE alone; nothing on SQLite
//
// A nil or empty slice for {in} matches nothing. All rows of a query must be
// read before the next statement.
type Tx struct {
	tx      *sqlx.Tx
	dialect Dialect
}

// Dialect returns the engine behind the transaction.
func (t *Tx) Dialect() Dialect { return t.dialect }

// Get reads one row into dest, a pointer to a scalar or to a struct with db
// tags. It returns ErrNoRows if there is none.
func (t *Tx) Get(ctx context.Context, dest any, query string, args ...any) error {
	return t.tx.GetContext(ctx, dest, t.text(ctx, query), t.args(args)...)
}

// Select reads all rows into dest, a pointer to a slice. Use it only where the
// number of rows is bounded; Each streams.
func (t *Tx) Select(ctx context.Context, dest any, query string, args ...any) error {
	return t.tx.SelectContext(ctx, dest, t.text(ctx, query), t.args(args)...)
}

// Each calls row for every row of the query. row must not use the transaction.
func (t *Tx) Each(ctx context.Context, row func(scan func(dest ...any) error) error, query string, args ...any) error {
	rows, err := t.tx.QueryContext(ctx, t.text(ctx, query), t.args(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Exec runs a statement and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(ctx, t.text(ctx, query), t.args(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// NextIDs takes n consecutive numbers from the named counter and returns the
// first. The counter's row stays locked until the transaction ends, so that
// numbers follow the order of commits.
func (t *Tx) NextIDs(ctx context.Context, counter string, n int) (int64, error) {
	var last int64
	err := t.Get(ctx, &last, `UPDATE counters SET value = value + $1 WHERE name = $2 RETURNING value`, n, counter)
	if err != nil {
		return 0, fmt.Errorf("counter %s: %w", counter, err)
	}
	return last - int64(n) + 1, nil
}

// Now returns the database's clock in UTC, to the millisecond. Leases use it,
// so that the clocks of the workers do not matter.
func (t *Tx) Now(ctx context.Context) (time.Time, error) {
	query := `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`
	if t.dialect == SQLite {
		query = `SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)`
	}
	var ms int64
	if err := t.Get(ctx, &ms, query); err != nil {
		return time.Time{}, fmt.Errorf("read the clock: %w", err)
	}
	return Time(ms), nil
}

// Millis is how times are stored: UTC milliseconds since 1970, 0 for "none".
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is the inverse of Millis.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

type watchKey struct{}

// Watched returns a context under which fn is told of each statement, with its
// holes, before it runs. It is for tests of what something costs.
func Watched(ctx context.Context, fn func(query string)) context.Context {
	return context.WithValue(ctx, watchKey{}, fn)
}

// text returns what the engine is to run, and tells who watches.
func (t *Tx) text(ctx context.Context, query string) string {
	if fn, ok := ctx.Value(watchKey{}).(func(query string)); ok {
		fn(query)
	}
	return t.fill(query)
}

// fill replaces the holes that the type's comment lists.
func (t *Tx) fill(query string) string {
	if !strings.Contains(query, "{") {
		return query
	}
	lock := map[Dialect][4]string{Postgres: {"FOR UPDATE", "FOR UPDATE SKIP LOCKED", "FOR NO KEY UPDATE", "FOR KEY SHARE"}}[t.dialect]
	query = strings.ReplaceAll(query, "{for update}", lock[0])
	query = strings.ReplaceAll(query, "{skip locked}", lock[1])
	query = strings.ReplaceAll(query, "{for no key update}", lock[2])
	query = strings.ReplaceAll(query, "{for key share}", lock[3])
	for {
		before, rest, ok := strings.Cut(query, "{in ")
		if !ok {
			return query
		}
		arg, after, _ := strings.Cut(rest, "}")
		n, err := strconv.Atoi(arg)
		if err != nil {
			return query // the database will name the mistake
		}
		if t.dialect == Postgres {
			query = fmt.Sprintf("%s= ANY($%d)%s", before, n, after)
		} else {
			query = fmt.Sprintf("%sIN (SELECT value FROM json_each($%d))%s", before, n, after)
		}
	}
}

// args turns slices into what the engine takes as an array.
func (t *Tx) args(args []any) []any {
	var out []any
	for i, a := range args {
		switch a.(type) {
		case []int64, []string:
			if out == nil {
				out = append([]any(nil), args...)
			}
			out[i] = t.array(a)
		}
	}
	if out == nil {
		return args
	}
	return out
}

func (t *Tx) array(a any) any {
	if t.dialect == Postgres {
		return pq.Array(a)
	}
	text, err := json.Marshal(a)
	if err != nil || string(text) == "null" {
		return "[]"
	}
	return string(text)
}
