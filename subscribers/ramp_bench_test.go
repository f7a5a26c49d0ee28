package subscribers_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// BenchmarkRamp admits 10,000 of 200,000 readers of three groups.
func BenchmarkRamp(b *testing.B) {
	const readers, first = 200_000, 3334
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			k := newDesk(b, dbtest.Open(b, dialect))
			k.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (1, 1, 'UTC')`)
			var ids, at []int64
			var addresses []string
			for i := range readers {
				ids, at = append(ids, int64(i+1)), append(at, int64(i)*60_000+1)
				addresses = append(addresses, fmt.Sprintf("r%d@%s", i, []string{"gmail.com", "yahoo.com", "paper.example"}[i%3]))
			}
			k.must(k.db.Write(b.Context(), func(tx *db.Tx) error {
				_, err := tx.ExecRows(b.Context(), `INSERT INTO subscribers (id, address, state, created_at, confirmed_at)
					SELECT v.id, v.address, 'active', v.at, v.at FROM {rows}`, []db.Column{db.Ints("id", ids), db.Texts("address", addresses), db.Ints("at", at)})
				return err
			}))
			k.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) SELECT id, 1, 1, 'active', '*', 1 FROM subscribers`)
			k.exec(`ANALYZE`) // as a database that lives does by itself
			ramp := subscribers.NewRamp(k.Store, subscribers.RampOptions{
				Start: k.now(), Zone: time.UTC, First: first, Growth: 1, Days: 9, Providers: mail.NewProviders(nil), Log: slog.New(slog.DiscardHandler),
				Clock: func(context.Context) (time.Time, error) { return k.now(), nil },
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b.ResetTimer()
			for range b.N {
				k.exec(`UPDATE subscribers SET admitted_at = 0`)
				k.exec(`DELETE FROM ramp_groups`)
				k.must(ramp.Admit(context.Background()))
			}
			b.StopTimer()
			runtime.ReadMemStats(&after)
			if n := k.count(`SELECT COUNT(*) FROM subscribers WHERE admitted_at > 0`); n != 3*first {
				b.Fatalf("%d readers are admitted, want %d", n, 3*first)
			}
			b.ReportMetric(float64(after.HeapSys-before.HeapSys)/(1<<20), "MB-more")
			b.ReportMetric(float64(readers)*float64(b.N)/b.Elapsed().Seconds(), "readers/s")
		})
	}
}
