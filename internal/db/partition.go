package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/lib/pq"
)

// partitioned are the tables that grow with every mail. On PostgreSQL each day
// has a partition of its own, so that old days are dropped instead of deleted.
// A fill factor of 50 leaves room for the one update that each row gets, which
// then touches no index.
var partitioned = [...]string{"deliveries", "attempts"}

// EnsureDay makes sure that rows of the given day (days since 1970-01-01) can
// be inserted. It does nothing on SQLite, which keeps one table.
func (t *Tx) EnsureDay(ctx context.Context, day int) error {
	if t.dialect == SQLite {
		return nil
	}
	for _, table := range partitioned {
		name := fmt.Sprintf("%s_%d", table, day)
		exists, err := t.hasTable(ctx, name)
		if err != nil {
			return err
		}
		if exists {
			continue
		}
		// The counter's row lock keeps two planners apart.
		if _, err := t.Exec(ctx, `SELECT value FROM counters WHERE name = 'partition' FOR UPDATE`); err != nil {
			return err
		}
		if exists, err = t.hasTable(ctx, name); err != nil {
			return err
		}
		if exists {
			continue
		}
		// Attaching a table takes a weaker lock on the parent than CREATE TABLE
		// ... PARTITION OF, so that sending goes on meanwhile.
		for _, statement := range []string{
			fmt.Sprintf(`CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = 50)`, name, table),
			fmt.Sprintf(`ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%d)`, table, name, day),
		} {
			if _, err := t.Exec(ctx, statement); err != nil {
				return fmt.Errorf("partition %s: %w", name, err)
			}
		}
	}
	return nil
}

// ErrDayBusy says that somebody uses the rows of a day that is to be dropped, or
// drops them just now.
var ErrDayBusy = errors.New("the day's rows are in use")

// DropsDays reports whether DropDay works here. On SQLite, which keeps one
// table, old rows are to be deleted instead.
func (t *Tx) DropsDays() bool { return t.dialect == Postgres }

// ShareDays keeps days from being dropped until the transaction ends. It must be
// the first statement of a View that reads the days beside something else: the
// snapshot is taken after the lock, and so has a drop as a whole or not at all.
// Without it the rows of a day can be gone from a snapshot that is older than
// the drop.
func (t *Tx) ShareDays(ctx context.Context) error {
	if !t.DropsDays() {
		return nil
	}
	for _, table := range partitioned {
		if _, err := t.Exec(ctx, `LOCK TABLE ONLY `+table+` IN ACCESS SHARE MODE`); err != nil {
			return fmt.Errorf("share %s: %w", table, err)
		}
	}
	return nil
}

// dayWait is how long a transaction that drops a day waits for each lock. All
// who want the tables meanwhile wait behind it, so it is short.
const dayWait = "200ms"

// HoldDay keeps others from changing rows of a day until the transaction ends,
// so that they can be counted before DropDay. They can still be read. It returns
// ErrDayBusy if somebody is changing them, or if DropDay would have to wait now,
// so that nobody counts in vain while a backup reads for an hour. It does nothing
// on SQLite, where a transaction that writes is alone. From here on the
// transaction waits for no lock longer than 200 ms.
func (t *Tx) HoldDay(ctx context.Context, day int) error {
	if !t.DropsDays() {
		return nil
	}
	if _, err := t.Exec(ctx, `SET LOCAL lock_timeout = '`+dayWait+`'`); err != nil {
		return err
	}
	if err := t.probeDays(ctx); err != nil {
		return err
	}
	return t.eachPartition(ctx, day, `LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE`)
}

// errProbed makes Try give back the locks of a probe.
var errProbed = errors.New("probed")

// probeDays takes the locks of DropDay that all readers are in the way of, and
// gives them back.
func (t *Tx) probeDays(ctx context.Context) error {
	err := t.Try(ctx, func() error {
		for _, table := range partitioned {
			if _, err := t.Exec(ctx, `LOCK TABLE ONLY `+table+` IN ACCESS EXCLUSIVE MODE`); isTaken(err) {
				return fmt.Errorf("table %s: %w", table, ErrDayBusy)
			} else if err != nil {
				return fmt.Errorf("probe table %s: %w", table, err)
			}
		}
		return errProbed
	})
	if errors.Is(err, errProbed) {
		return nil
	}
	return err
}

// DropDay drops what EnsureDay made, with all rows of the day. It comes last in
// its transaction: until that ends, nobody else reads or writes the tables that
// the day belongs to. It returns ErrDayBusy if it would have to wait, and then
// it has done nothing, holds nobody up and may be called again.
func (t *Tx) DropDay(ctx context.Context, day int) error {
	return t.Try(ctx, func() error { return t.eachPartition(ctx, day, `DROP TABLE %s`) })
}

// eachPartition runs a statement on each partition of a day that is there.
func (t *Tx) eachPartition(ctx context.Context, day int, statement string) error {
	for _, table := range partitioned {
		name := fmt.Sprintf("%s_%d", table, day)
		exists, err := t.hasTable(ctx, name)
		if err != nil {
			return err
		}
		if !exists {
			continue
		}
		if _, err = t.Exec(ctx, fmt.Sprintf(statement, name)); isTaken(err) {
			return fmt.Errorf("partition %s: %w", name, ErrDayBusy)
		} else if err != nil {
			return fmt.Errorf("partition %s: %w", name, err)
		}
	}
	return nil
}

// isTaken reports whether a lock was not to be had within lock_timeout, or
// somebody else dropped the table while we waited for it.
func isTaken(err error) bool {
	var perr *pq.Error
	return errors.As(err, &perr) && (perr.Code == "55P03" || perr.Code == "42P01")
}
