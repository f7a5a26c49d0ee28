package delivery_test

import (
	"context"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// BenchmarkDropDay drops a day of 500,000 deliveries with an attempt each, while somebody records a hundred results of
// another day at a time. It reports how long these transactions took at most, and without the drop.
func BenchmarkDropDay(b *testing.B) {
	const deliveries = 500_000
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			var alone, beside time.Duration
			for range b.N {
				b.StopTimer()
				w := newWorld(b, dbtest.Open(b, dialect), deliveries, 20_000)
				w.exec(`UPDATE deliveries SET state = 'sent'`)
				w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class)
					SELECT day, edition_id, subscriber_id, 1, 1, 1, 'fake', 'accepted' FROM deliveries`)
				w.exec(`UPDATE editions SET state = 'done'`)
				w.today(b)
				w.grow(keep + 37*time.Hour)
				for began := time.Now(); time.Since(began) < time.Second; {
					alone = max(alone, w.recordHundred(b))
				}
				b.StartTimer()
				dropped := make(chan error, 1)
				go func() { dropped <- w.retention().Drop(b.Context()) }()
				for ended := false; !ended; {
					select {
					case err := <-dropped:
						if ended = true; err != nil {
							b.Fatal(err)
						}
					default:
						beside = max(beside, w.recordHundred(b))
					}
				}
				b.StopTimer()
				if got := w.balance(edition); got.Sent != deliveries || w.left() != 0 {
					b.Fatalf("%+v with %d rows left", got, w.left())
				}
			}
			b.ReportMetric(float64(alone.Milliseconds()), "worst-ms-alone")
			b.ReportMetric(float64(beside.Milliseconds()), "worst-ms-beside")
		})
	}
}

// today adds an edition of a later day with a hundred deliveries.
func (w *world) today(b *testing.B) {
	b.Helper()
	w.write(func(ctx context.Context, tx *db.Tx) error { return tx.EnsureDay(ctx, day+60) })
	w.exec(`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
		VALUES (2, 7, '2027-01-23 07:00', 'daily/2027-01-23', 'scheduled', 20841, 'sending', 2)`)
	w.exec(`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
		SELECT 20841, 2, subscriber_id, 11, 1, 1, 1 FROM deliveries WHERE day = 20781 AND subscriber_id <= 100`)
}

// recordHundred writes a hundred results as a worker does and returns how long that took.
func (w *world) recordHundred(b *testing.B) time.Duration {
	b.Helper()
	began := time.Now()
	w.exec(`UPDATE deliveries SET state = 'sent', changed_at = changed_at + 1 WHERE day = 20841 AND edition_id = 2`)
	return time.Since(began)
}
