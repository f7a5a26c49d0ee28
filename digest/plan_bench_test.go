package digest_test

import (
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// BenchmarkPlan plans one edition of a hundred thousand subscriptions with
// thirty combinations of topics and two hundred stories.
func BenchmarkPlan(b *testing.B) {
	const readers = 100_000
	w := newWorld(b, dbtest.Open(b, db.SQLite), nil)
	w.pages(readers)
	w.begin()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for range 200 {
			n++
			w.put(story(n, topicSlugs[n%5]))
		}
		b.StartTimer()
		w.nextDay()
	}
	b.StopTimer()
	if got := w.count(`SELECT COUNT(*) FROM deliveries`); got != int64(readers*b.N) {
		b.Fatalf("%d deliveries, want %d", got, readers*b.N)
	}
	b.ReportMetric(float64(readers*b.N)/b.Elapsed().Seconds(), "rows/s")
}
