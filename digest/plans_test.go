package digest_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// fillLedger inserts deliveries of two editions on each of two days.
func (w *world) fillLedger() {
	w.t.Helper()
	var readers []int64
	for i := range 20_000 {
		readers = append(readers, int64(i+1))
	}
	for edition := range 4 {
		day := 20781 + edition/2
		err := w.db.Write(w.t.Context(), func(tx *db.Tx) error {
			if err := tx.EnsureDay(w.t.Context(), day); err != nil {
				return err
			}
			_, err := tx.ExecRows(w.t.Context(), `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
				SELECT $1, $2, v.reader, 1, 1, $3 + v.reader % 80, 1 FROM {rows}`, []db.Column{db.Ints("reader", readers)}, day, edition+1, 100*edition)
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// explain returns how a database means to run a statement. A value in brackets is
// a list.
func explain(ctx context.Context, d *db.DB, query, values string) (string, error) {
	var args []any
	for value := range strings.FieldsSeq(values) {
		if d.Dialect() == db.Postgres {
			value = strings.NewReplacer("[", "{", "]", "}").Replace(value)
		}
		args = append(args, value)
	}
	var lines []string
	err := d.View(ctx, func(tx *db.Tx) error {
		if d.Dialect() == db.Postgres {
			return tx.Select(ctx, &lines, `EXPLAIN `+query, args...)
		}
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var id, parent, unused int64
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			lines = append(lines, detail)
			return err
		}, `EXPLAIN QUERY PLAN `+query, args...)
	})
	return strings.Join(lines, "\n"), err
}

// planningArgs has what the statements are given.
var planningArgs = map[string]string{
	"brought, dense": "[20781,20782] [1,3] 500 800", "brought, apart": "[20781,20782] [1,3] 500 9000 [500,700,900,9000]",
	"made up, dense": "[20781,20782] [1,3] 500 800", "made up, apart": "[20781,20782] [1,3] 500 9000 [500,700,900,9000]",
	"today, dense": "20781 1 3 500 800", "today, apart": "20781 1 3 500 9000 [500,700,900,9000]",
	"moved": "20781 1 500 9000 [500,700,900,9000]", "had": "1 2026-11-24T07:00 2026-11-24T07:01 500 9000 [500,700,900,9000]",
	"shrink": "[1,2,3]", "lately": "500 10", "others": "20781 500 1",
}

// TestPlanningReadsByIndex looks at the plans with some editions and days of
// deliveries, of which PostgreSQL knows nothing yet, and then all: none may read
// a whole edition or day.
func TestPlanningReadsByIndex(t *testing.T) {
	byReader := regexp.MustCompile(`deliveries_subscriber \(day=\? AND subscriber_id[=>]\?|Index Cond: \(\(day .* AND \(subscriber_id `)
	byBatch := regexp.MustCompile(`PRIMARY KEY \(day=\? AND edition_id=\? AND batch_id=\?\)|Index Cond: \(\(edition_id .* AND \(batch_id `)
	whole := regexp.MustCompile(`SCAN d\b|Seq Scan on deliveries|PRIMARY KEY \(day=\?( AND edition_id=\?)?\)|(?m:Index Cond: \(\(day = [^)]*\) AND \(edition_id [^)]*\)\)$)|Index Cond: \(day `)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.fillLedger()
		look := func(when string) {
			for name, query := range digest.LedgerQueries() {
				plan, err := explain(t.Context(), d, query, planningArgs[name])
				if err != nil {
					t.Fatal(name, err)
				}
				want := byReader
				if name == "shrink" {
					want = byBatch
				}
				if !want.MatchString(plan) || whole.MatchString(plan) {
					t.Errorf("%s, %s, reads too much:\n%s", name, when, plan)
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

// TestNextSeatByIndex: finding the next reader of some cohorts reads no subscription
// of others, and not all of theirs, whatever is known of the table.
func TestNextSeatByIndex(t *testing.T) {
	index := regexp.MustCompile(`SEARCH s USING COVERING INDEX subscriptions_cohort \(cohort_id=\? AND subscriber_id>\?\)|Limit.*\n.*subscriptions_cohort.*\n +Index Cond: \(\(cohort_id = c.id\) AND \(subscriber_id `)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.scatter(20_000, []string{newYork, "America/Toronto", "America/Lima"}, func(i int) int64 { return int64(i + 1) })
		look := func(when string) {
			plan, err := explain(t.Context(), d, digest.NextSeatQuery(), "[1,2] 700")
			if err != nil {
				t.Fatal(err)
			}
			if !index.MatchString(plan) || strings.Contains(plan, "Seq Scan on subscriptions") {
				t.Errorf("%s it reads too much:\n%s", when, plan)
			}
		}
		look("at first")
		if d.Dialect() == db.Postgres {
			w.exec(`ANALYZE`)
			look("later")
		}
	})
}
