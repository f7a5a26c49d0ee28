package db

import (
	"context"
	"fmt"
	"strings"

	"github.com/lib/pq"
)

// Column is one column of the rows given to ExecRows and InsertRows.
type Column struct {
	name  string
	typ   string // of PostgreSQL
	n     int
	at    func(i int) any
	array any
}

// Ints is a column of 64-bit integers named name.
func Ints(name string, values []int64) Column {
	return Column{name, "bigint", len(values), func(i int) any { return values[i] }, pq.Array(values)}
}

// Texts is a column of text named name.
func Texts[S ~string](name string, values []S) Column {
	plain := make([]string, len(values))
	for i, v := range values {
		plain[i] = string(v)
	}
	return Column{name, "text", len(plain), func(i int) any { return plain[i] }, pq.Array(plain)}
}

// ExecRows runs a statement for many rows at once: the hole {rows} becomes a
// table v with the given columns, all of the same length. Scalars are $1 to $n
// as usual. On PostgreSQL it is one statement over unnest; on SQLite a prepared
// statement run once a row, which is faster there. It returns how many rows
// were touched. In INSERT ... SELECT ... ON CONFLICT write WHERE TRUE before
// ON CONFLICT, as SQLite's grammar asks.
func (t *Tx) ExecRows(ctx context.Context, query string, cols []Column, args ...any) (int64, error) {
	return t.execBulk(ctx, bulk{query, cols, args, 1})
}

// InsertRows runs an INSERT INTO ... SELECT ... FROM {rows} for many rows at
// once, as ExecRows does, and leaves out those whose unique key is taken. It
// returns how many rows are new. Nothing comes behind {rows}.
//
// It is meant for rows that are hardly ever there already: on PostgreSQL, where
// ON CONFLICT makes each row a third dearer, an INSERT without it is tried first.
// So it must not be called within Try. On SQLite rows that went in before one that
// fails stay: whoever gets an error gives up the transaction.
func (t *Tx) InsertRows(ctx context.Context, query string, cols []Column, args ...any) (n int64, err error) {
	const leaveOut = ` WHERE TRUE ON CONFLICT DO NOTHING`
	if t.dialect == SQLite { // with FAIL no page is copied to take rows back
		query = strings.Replace(query, "INSERT INTO", "INSERT OR FAIL INTO", 1)
		return t.execBulk(ctx, bulk{query + leaveOut, cols, args, atOnce})
	}
	err = t.Try(ctx, func() (err error) {
		n, err = t.ExecRows(ctx, query, cols, args...)
		return err
	})
	if IsDuplicate(err) {
		return t.ExecRows(ctx, query+leaveOut, cols, args...)
	}
	return n, err
}

// AddRows runs an INSERT INTO ... SELECT ... FROM {rows} for many rows at once, as
// ExecRows does, in less time on SQLite. A unique key that is taken is an error,
// after which the transaction must end: the rows before it are there. So it must
// not be called within Try.
func (t *Tx) AddRows(ctx context.Context, query string, cols []Column) error {
	if t.dialect == SQLite {
		query = strings.Replace(query, "INSERT INTO", "INSERT OR FAIL INTO", 1)
	}
	_, err := t.execBulk(ctx, bulk{query, cols, nil, max(1, argsAtOnce/max(1, len(cols)))})
	return err
}

// UpdateRows runs an UPDATE ... FROM {rows} for many rows at once, as ExecRows
// does, in half the time on SQLite. The condition must find each row by a whole
// key, so that SQLite looks the rows up and does not read the table, and no row of
// the table may be named twice.
func (t *Tx) UpdateRows(ctx context.Context, query string, cols []Column, args ...any) (int64, error) {
	return t.execBulk(ctx, bulk{query, cols, args, updatedAtOnce})
}

// updatedAtOnce is how many rows UpdateRows gives a statement on SQLite. More of
// them cost time again.
const updatedAtOnce = 4

// argsAtOnce is how many values AddRows gives a statement on SQLite: four rows of
// a wide table were fastest.
const argsAtOnce = 64

// atOnce is how many rows InsertRows gives a statement on SQLite. A row then
// takes less than half as long as in one of its own; more of them gain nothing.
const atOnce = 32

// bulk is a statement for many rows.
type bulk struct {
	query   string
	cols    []Column
	scalars []any // $1 to $n
	many    int   // rows a statement on SQLite
}

func (t *Tx) execBulk(ctx context.Context, b bulk) (int64, error) {
	if len(b.cols) == 0 || b.cols[0].n == 0 {
		return 0, nil
	}
	rows := b.cols[0].n
	for _, c := range b.cols {
		if c.n != rows {
			return 0, fmt.Errorf("column %s has %d values, %s has %d", c.name, c.n, b.cols[0].name, rows)
		}
	}
	b.scalars = t.args(b.scalars)
	if t.dialect == Postgres {
		return t.execArrays(ctx, b)
	}
	whole := rows - rows%b.many
	some, err := t.execSome(ctx, b, 0, whole)
	if err != nil {
		return some, err
	}
	b.many = 1
	rest, err := t.execSome(ctx, b, whole, rows)
	return some + rest, err
}

// execArrays runs a bulk as one statement over unnest.
func (t *Tx) execArrays(ctx context.Context, b bulk) (int64, error) {
	var arrays, names []string
	args := b.scalars[:len(b.scalars):len(b.scalars)]
	for _, c := range b.cols {
		args = append(args, c.array)
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", len(args), c.typ))
		names = append(names, c.name)
	}
	table := "unnest(" + strings.Join(arrays, ", ") + ") AS v(" + strings.Join(names, ", ") + ")"
	return t.Exec(ctx, strings.ReplaceAll(b.query, "{rows}", table), args...)
}

// table is SQL for the rows of one statement, as a table named v. Their values go
// without numbers where those follow from the order: the driver looks up the name
// of each that has one, in a list of all of them.
func (b *bulk) table() string {
	place := func(n int) string { return "?" }
	if !b.scalarsFirst() {
		place = func(n int) string { return fmt.Sprintf("$%d", n) }
	}
	var rows []string
	for n := len(b.scalars); len(rows) < b.many; {
		var fields []string
		for _, c := range b.cols {
			n++
			fields = append(fields, place(n)+" AS "+c.name)
		}
		rows = append(rows, "SELECT "+strings.Join(fields, ", "))
	}
	return "(" + strings.Join(rows, " UNION ALL ") + ") AS v"
}

// scalarsFirst reports whether all scalars, of which there are few, stand before
// the rows.
func (b *bulk) scalarsFirst() bool {
	before, _, _ := strings.Cut(b.query, "{rows}")
	for i := range b.scalars {
		if i >= 9 || !strings.Contains(before, fmt.Sprintf("$%d", i+1)) {
			return false
		}
	}
	return true
}

// execSome runs a prepared statement again and again, for the rows from one to
// before another.
func (t *Tx) execSome(ctx context.Context, b bulk, from, to int) (int64, error) {
	if from == to {
		return 0, nil
	}
	stmt, err := t.tx.PrepareContext(ctx, t.text(ctx, strings.ReplaceAll(b.query, "{rows}", b.table())))
	if err != nil {
		return 0, err
	}
	defer stmt.Close()
	var total int64
	var args []any
	whole := context.WithoutCancel(ctx) // the driver watches one that can end with a goroutine, for each statement
	for i := from; i < to; i += b.many {
		args = append(args[:0], b.scalars...)
		for k := range b.many {
			for _, c := range b.cols {
				args = append(args, c.at(i+k))
			}
		}
		if err := ctx.Err(); err != nil {
			return total, err
		}
		res, err := stmt.ExecContext(whole, args...)
		if err != nil {
			return total, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}
