package delivery_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// How a statement finds deliveries: on SQLite by what it says of an index, on
// PostgreSQL by the columns of its condition.
var (
	byBatch   = [2]string{`PRIMARY KEY (day=? AND edition_id=? AND batch_id`, `_edition_id_batch_id_idx .*\(edition_id = .*\(batch_id `}
	byEdition = [2]string{`PRIMARY KEY (day=? AND edition_id=?`, ``}                 // PostgreSQL may do as it likes
	byChunk   = [2]string{`PRIMARY KEY (day=? AND edition_id=? AND batch_id<?)`, ``} // where days are dropped it has the whole edition
	byReader  = [2]string{`deliveries_subscriber (day=? AND subscriber_id=? AND edition_id=?)`, `_pkey .*\(subscriber_id = .*\(edition_id = `}
	byReaders = [2]string{`deliveries_subscriber (day=? AND subscriber_id>? AND subscriber_id<?)`, `_pkey .*\(subscriber_id > .*\(subscriber_id <= `}
)

// ledgerPlans has what each of the statements is given, and how it finds its rows.
var ledgerPlans = map[string]struct {
	rows string // columns of {rows}, with values
	args []any
	by   [2]string
}{
	"roll":            {args: []any{day, 7, digestN, edition}, by: byBatch},
	"abandon":         {args: []any{"sent", "", 9, day, edition, 7}, by: byBatch},
	"finish":          {args: []any{9, day, 7, 0, edition}, by: byBatch},
	"release":         {args: []any{9, "gone"}, by: byBatch},
	"record":          {"day 20781, edition 1, subscriber 77, state 'sent', reason '', attempts 1, found 0, next_try 0, corrects 0", []any{9, day}, byReader},
	"attempt":         {"day 20781, edition 1, subscriber 77, n 1, at 1, composed 1, relay '', class '', phase '', code 1, enhanced '', reply '', corrects 0", []any{day}, byReader},
	"rebatch":         {"day 20781, edition 1, subscriber 77", []any{5000, day}, byReader},
	"move up":         {"day 20781, edition 1, subscriber 77, next 5", []any{"rate", day}, byReader},
	"page by readers": {args: []any{day, edition, 500, 1 << 40, "", 100}, by: byReaders},
	"page by batches": {args: []any{day, edition, 500, 1 << 40, "", 100}, by: byEdition},
	"left":            {args: []any{edition, day, 5}, by: [2]string{byReader[0], ``}},
	"count":           {args: []any{day, edition, 7}, by: byChunk},
	"next batch":      {args: []any{day, edition, 2000}, by: byEdition},
	"delete":          {args: []any{day, edition, 7}, by: byChunk},
}

// asTable writes columns with their values as a table v, as ExecRows would.
func asTable(dialect db.Dialect, columns string) string {
	var names, values []string
	for column := range strings.SplitSeq(columns, ", ") {
		name, value, _ := strings.Cut(column, " ")
		names, values = append(names, name), append(values, value+" AS "+name)
	}
	if dialect == db.SQLite {
		return "(SELECT " + strings.Join(values, ", ") + ") AS v"
	}
	for i, v := range values {
		value, _, _ := strings.Cut(v, " AS ")
		kind := "bigint"
		if strings.HasPrefix(value, "'") {
			kind = "text"
		}
		values[i] = fmt.Sprintf("ARRAY[%s]::%s[]", value, kind)
	}
	return "unnest(" + strings.Join(values, ", ") + ") AS v(" + strings.Join(names, ", ") + ")"
}

// TestLedgerReadsByIndex looks at the plans with some editions and days of
// deliveries, of which PostgreSQL knows nothing yet, and then all.
func TestLedgerReadsByIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20_000, 1)
		w.write(func(ctx context.Context, tx *db.Tx) error { return tx.EnsureDay(ctx, day+1) })
		w.exec(`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
			SELECT day, 2, subscriber_id, run_id, selection_id, 100 + batch_id, 1 FROM deliveries`)
		w.exec(`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
			SELECT day + 1, 2 + edition_id, subscriber_id, run_id, selection_id, 200 + batch_id, 1 FROM deliveries`)
		queries := delivery.LedgerQueries()
		if len(queries) != len(ledgerPlans) {
			t.Errorf("%d statements, %d of them known here", len(queries), len(ledgerPlans))
		}
		look := func(when string) {
			for name, query := range queries {
				known := ledgerPlans[name]
				plan := w.explain(strings.ReplaceAll(query, "{rows}", asTable(d.Dialect(), known.rows)), known.args...)
				found := strings.Contains(plan, known.by[0])
				if d.Dialect() == db.Postgres {
					found = regexp.MustCompile(known.by[1]).MatchString(strings.ReplaceAll(plan, "\n", " "))
				}
				if !found || d.Dialect() == db.SQLite && regexp.MustCompile(`SCAN (d|deliveries)\b`).MatchString(plan) {
					t.Errorf("%s, %s, does not go by %q:\n%s", name, when, known.by, plan)
				}
			}
		}
		look("on a new day")
		if d.Dialect() == db.Postgres {
			w.exec(`ANALYZE`)
			look("later")
		}
	})
}
