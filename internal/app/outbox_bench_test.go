package app_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// BenchmarkOutbox imports 20,000 readers, with nobody to tell, with a file of
// which nobody is told, and with every reader told of, and then tells them.
func BenchmarkOutbox(b *testing.B) {
	const readers = 20_000
	var file bytes.Buffer
	file.WriteString("email,name\n")
	for i := range readers {
		fmt.Fprintf(&file, "reader%d@inbox%d.example,Reader %d\n", i, i%20, i)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, tc := range []struct {
			name        string
			hooks, tell bool
		}{{"nobody asks", false, true}, {"quiet file", true, false}, {"told", true, true}} {
			b.Run(string(dialect)+"/"+tc.name, func(b *testing.B) {
				for b.Loop() {
					s, c := newBenchStore(b, dialect, tc.hooks)
					began := time.Now()
					o := subscribers.ImportOptions{Confirmed: true, Consent: "benchmark", Origin: "import", Tell: tc.tell}
					if _, err := s.Import(b.Context(), c, bytes.NewReader(file.Bytes()), o, nil, nil); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(readers/time.Since(began).Seconds(), "imported/s")
					began = time.Now()
					teller := app.NewTeller(s, []app.Receiver{{Slug: "crm", URL: server.URL, Secrets: []app.Secret{app.Secret(secret)},
						AllowPrivate: []netip.Prefix{loopback()}}}, slog.New(slog.DiscardHandler), time.Now)
					n, err := teller.Tell(b.Context())
					if err != nil || (n == readers) != (tc.hooks && tc.tell) {
						b.Fatalf("Tell = %d, %v", n, err)
					}
					b.ReportMetric(0, "ns/op")
					if n > 0 {
						b.ReportMetric(float64(n)/time.Since(began).Seconds(), "told/s")
					}
				}
			})
		}
	}
}

func newBenchStore(b *testing.B, dialect db.Dialect, hooks bool) (*subscribers.Store, *subscribers.Catalog) {
	b.Helper()
	d := dbtest.Open(b, dialect)
	err := d.Write(b.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(b.Context(), `INSERT INTO digests (id, slug, name) VALUES (1, 'daily', 'Daily')`)
		return err
	})
	s := subscribers.NewStore(d, time.Now)
	if err == nil && hooks {
		err = s.AddHooks(b.Context(), []subscribers.Hook{{Slug: "crm", Events: subscribers.HookEvents()}})
	}
	if err != nil {
		b.Fatal(err)
	}
	return s, &subscribers.Catalog{Topics: []subscribers.Topic{{ID: 1, Slug: "world"}},
		Digests: []subscribers.Digest{{ID: 1, Slug: "daily", Name: "Daily", Zone: "UTC", Topics: []int64{1}}}}
}
