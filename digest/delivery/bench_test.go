package delivery_test

import (
	"context"
	"testing"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// BenchmarkLedger sends 20,000 deliveries to a relay that accepts at once: what is left is the ledger, the journal and
// the writing of a small message.
func BenchmarkLedger(b *testing.B) {
	const deliveries = 20_000
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				w := newWorld(b, dbtest.Open(b, dialect), deliveries, 100)
				e := w.engine(func(o *delivery.Options) {
					o.Lanes = 16
					o.Send = func(_ context.Context, m *mail.Message) mail.Outcome {
						if err := m.BeforeDot(); err != nil {
							return aborted(err)
						}
						return mail.Outcome{
							Class: mail.ClassAccepted, Relay: "fake",
							Reply: mail.Reply{Code: 250, Enhanced: "2.0.0", Text: "queued as 4711", Phase: mail.PhaseDot},
						}
					}
				})
				b.StartTimer()
				if got, err := e.RunEdition(context.Background(), edition, nil); err != nil || got.Sent != deliveries {
					b.Fatalf("%+v, %v", got, err)
				}
			}
			b.ReportMetric(float64(deliveries)*float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
