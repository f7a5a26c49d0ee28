package db

import (
	"context"
	"fmt"
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
