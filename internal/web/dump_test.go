package web_test

import (
	"context"
	"fmt"
	"strings"

	"broadsheet/internal/db"
)

// dump is every row of every table.
func (s *site) dump() string {
	s.t.Helper()
	if s.everything == "" {
		s.everything = s.askEverything()
	}
	var rows []struct{ Name, Row string }
	s.view(func(ctx context.Context, tx *db.Tx) error { return tx.Select(ctx, &rows, s.everything) })
	var out strings.Builder
	last := ""
	for _, r := range rows {
		if r.Name != last {
			fmt.Fprintln(&out, r.Name)
		}
		fmt.Fprintln(&out, r.Row)
		last = r.Name
	}
	return out.String()
}

// askEverything is one statement that reads all tables: some tests look at them
// hundreds of times.
func (s *site) askEverything() string {
	s.t.Helper()
	columns := `SELECT t.name AS name, c.name AS row FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid`
	if s.db.Dialect() == db.Postgres {
		columns = `SELECT table_name AS name, column_name AS row FROM information_schema.columns
			WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position`
	}
	var all []struct{ Name, Row string }
	s.view(func(ctx context.Context, tx *db.Tx) error { return tx.Select(ctx, &all, columns) })
	var names []string
	fields := map[string][]string{}
	for _, c := range all {
		if fields[c.Name] == nil {
			names = append(names, c.Name)
		}
		fields[c.Name] = append(fields[c.Name], "coalesce(CAST("+c.Row+" AS TEXT), '-')")
	}
	for i, name := range names {
		names[i] = `SELECT '` + name + `' AS name, ` + strings.Join(fields[name], ` || '|' || `) + ` AS row FROM ` + name
	}
	return strings.Join(names, ` UNION ALL `) + ` ORDER BY 1, 2`
}
