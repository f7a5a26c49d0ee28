package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// What BenchmarkPlan plans: stories and topics, digests of so many stories, and how many readers are planned naively to
// see how fast that goes.
const (
	planTopics   = 30
	planArticles = 500
	planItems    = 10
	naiveReaders = 5_000
)

// BenchmarkPlan plans an edition with the real binary. The time is that of the ledger, from the edition to the last
// page of the last run; memory is the binary's.
func BenchmarkPlan(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, readers := range []int{10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/readers=%d", dialect, readers), func(b *testing.B) {
				r := newPlanRoom(b, dialect, readers, 1)
				for b.Loop() {
					r.plan(b)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(r.planned.Seconds()/float64(r.times), "s/plan")
				b.ReportMetric(float64(r.times*readers)/r.planned.Seconds(), "rows/s")
				b.ReportMetric(float64(r.peak)/1024, "peak-MiB")
				b.ReportMetric(float64(r.number(b, `SELECT COUNT(*) FROM selections`)), "selections")
				r.measure(b)
			})
		}
	}
}

// BenchmarkPlanZones plans the edition of a million readers in 24 zones that are all due, as after a night's downtime.
func BenchmarkPlanZones(b *testing.B) { compareZones(b, (*planRoom).plan) }

// BenchmarkPlanHourByHour plans the same as seven o'clock comes round, an hour later in each zone. Processor time is that of
// this process: that of the server is in the time alone.
func BenchmarkPlanHourByHour(b *testing.B) { compareZones(b, (*planRoom).tick) }

// compareZones plans for a million readers in 24 zones and for a million in one, in turn, and says what the former costs of
// the latter: of the ledger's time, and of the planner's processor time. The first turn of each does not count, for the
// databases tidy up after the import meanwhile, and neither is always the first of the two.
func compareZones(b *testing.B, plan func(*planRoom, *testing.B)) {
	const readers, turns = 1_000_000, 4
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			many, one := newPlanRoom(b, dialect, readers, 24), newPlanRoom(b, dialect, readers, 1)
			plan(many, b)
			plan(one, b)
			many.forget()
			one.forget()
			for b.Loop() {
				rooms := []*planRoom{many, one}
				for range turns {
					plan(rooms[0], b)
					plan(rooms[1], b)
					slices.Reverse(rooms)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(many.planned.Seconds()/float64(many.times), "s/plan")
			b.ReportMetric(many.planned.Seconds()/one.planned.Seconds(), "times-one-zone")
			b.ReportMetric(many.least.Seconds()/one.least.Seconds(), "times-one-zone-at-best")
			b.ReportMetric(many.cpu/one.cpu, "times-the-cpu")
			if many.peak > 0 { // of a process of its own
				b.ReportMetric(float64(many.peak)/1024, "peak-MiB")
			}
		})
	}
}

// tick lets a planner that goes on running see each zone's slot come.
func (r *planRoom) tick(b *testing.B) {
	b.Helper()
	r.due(b)
	cfg, err := config.Load(filepath.Join(r.dir, "plain.toml"), nil, app.Checks())
	if err != nil {
		b.Fatal(err)
	}
	a, err := app.OpenWriting(b.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	runtime.GC()
	began, before := time.Now(), processorTime(b)
	for _, at := range r.slots(b) {
		if err := a.Planner.Tick(b.Context(), at); err != nil {
			b.Fatal(err)
		}
	}
	r.note(time.Since(began), processorTime(b)-before)
	if n := r.number(b, `SELECT COUNT(*) FROM deliveries`); n != int64(r.readers) {
		b.Fatalf("%d deliveries, want %d", n, r.readers)
	}
}

// note adds what a plan took.
func (r *planRoom) note(took, cpu time.Duration) {
	if r.times == 0 || took < r.least {
		r.least = took
	}
	r.times++
	r.planned += took
	r.cpu += cpu.Seconds()
}

// forget drops what was noted.
func (r *planRoom) forget() { r.times, r.planned, r.least, r.cpu = 0, 0, 0, 0 }

// slots returns when the zones are due, the earliest first.
func (r *planRoom) slots(b *testing.B) []time.Time {
	b.Helper()
	var due []int64
	if err := r.db.View(b.Context(), func(tx *db.Tx) error {
		return tx.Select(b.Context(), &due, `SELECT next_due_at FROM cohorts ORDER BY next_due_at`)
	}); err != nil {
		b.Fatal(err)
	}
	out := make([]time.Time, len(due))
	for i := range due {
		out[i] = time.UnixMilli(due[i])
	}
	return out
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkPlanNaively does the work of BenchmarkPlan for some of the readers with a query and a row for each, as many
// of them in one transaction as the planner has in a page.
func BenchmarkPlanNaively(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			r := newPlanRoom(b, dialect, naiveReaders, 1)
			var took time.Duration
			times := 0
			for b.Loop() {
				r.due(b)
				began := time.Now()
				r.planNaively(b)
				took += time.Since(began)
				times++
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(times*naiveReaders)/took.Seconds(), "rows/s")
		})
	}
}

// planRoom is a newsroom whose digest is due in so many zones at once.
type planRoom struct {
	*benchRoom
	db    *db.DB
	zones int
	bytes int64     // of the tables before anything was planned
	day   time.Time // whose seven o'clock is due: it has passed everywhere

	times   int
	planned time.Duration // by the ledger, of all times
	least   time.Duration // by the ledger
	cpu     float64       // seconds of the binary
	peak    int           // KiB
}

func newPlanRoom(b *testing.B, dialect db.Dialect, readers, zones int) *planRoom {
	b.Helper()
	r := &planRoom{benchRoom: &benchRoom{dir: b.TempDir(), readers: readers}, zones: zones, day: time.Now().UTC().AddDate(0, 0, -2)}
	r.database = "sqlite:" + filepath.Join(r.dir, "broadsheet.db")
	if dialect == db.Postgres {
		r.database = dbtest.URL(b, dialect)
	}
	r.write(b)
	r.run(b, "plain.toml", 0, "migrate")
	var err error
	if r.db, err = db.Open(b.Context(), r.database); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.db.Close() })
	r.fill(b)
	r.run(b, "plain.toml", 0, "article", "import", "articles.json") // after the readers, whose windows begin when they join
	r.due(b)
	r.bytes = r.size(b)
	return r
}

func (r *planRoom) write(b *testing.B) {
	b.Helper()
	var toml strings.Builder
	fmt.Fprintf(&toml, `[site]
name = "City Courier"
url = "https://news.example"
postal_address = "1 Main Street, Springfield"
[web]
public_url = "https://news.example/mail"
[database]
url = %q
[mail]
from = "City Courier <digest@news.example>"
[[mail.relay]]
url = "smtp://127.0.0.1:1?tls=off"
[[digest]]
slug = "daily"
name = "The Morning Courier"
schedule = "0 7 * * %d"
local_time = true
catch_up_within = "7d"
max_items = %d
`, r.database, r.day.Weekday(), planItems)
	var stories []map[string]any
	for i := range planArticles {
		stories = append(stories, map[string]any{
			"url": fmt.Sprintf("https://news.example/story/%d", i), "title": fmt.Sprintf("What happened in case %d, %d", i*7919, i),
			"topics":       []string{fmt.Sprintf("t%d", i%planTopics), fmt.Sprintf("t%d", i/planTopics)},
			"published_at": r.day.Truncate(24 * time.Hour).Add(-48*time.Hour - time.Duration(i)*time.Minute).Format(time.RFC3339),
		})
	}
	for t := range planTopics {
		fmt.Fprintf(&toml, "[[topic]]\nslug = \"t%d\"\nname = \"Topic %d\"\n", t, t)
	}
	articles, err := json.Marshal(stories)
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string]string{
		"plain.toml": toml.String(), "articles.json": string(articles), "broadsheet.keys": subscribers.NewKey() + "\n",
	} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// zone is the name of one of the zones, an hour apart.
func (r *planRoom) zone(i int) string {
	if r.zones == 1 || i == 11 {
		return "UTC"
	}
	return fmt.Sprintf("Etc/GMT%+d", i-11)
}

// fill imports active readers, each with one to six topics of which the first are the most popular, no two neighbours of
// the file in one zone.
func (r *planRoom) fill(b *testing.B) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	file, err := os.Create(filepath.Join(r.dir, "readers.csv"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "email,topics,digests,timezone")
	for i := range r.readers {
		fmt.Fprintf(w, "reader%d@inbox%d.test,%s,daily,%s\n", i, i%20, someTopics(random), r.zone(i%r.zones))
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		b.Fatal(err)
	}
	r.run(b, "plain.toml", 0, "subscriber", "import", "--confirmed", "--consent", "benchmark", "readers.csv")
}

// someTopics are a reader's topics in a file, in the order of the form.
func someTopics(random *rand.Rand) string {
	chosen := map[int]bool{}
	for range 1 + random.IntN(6) {
		popular := random.Float64()
		chosen[int(planTopics*popular*popular)] = true
	}
	var out []string
	for i := range planTopics {
		if chosen[i] {
			out = append(out, fmt.Sprintf("t%d", i))
		}
	}
	return strings.Join(out, ";")
}

// plan plans what is due anew.
func (r *planRoom) plan(b *testing.B) {
	b.Helper()
	r.due(b)
	ran := r.run(b, "plain.toml", 0, "digest", "plan", "daily")
	r.note(r.took(b), ran.UserTime()+ran.SystemTime())
	r.peak = max(r.peak, ran.peak)
}

// due takes back what was planned and lets all cohorts be due, with all stories, for the same day.
func (r *planRoom) due(b *testing.B) {
	b.Helper()
	tables := []string{"attempts", "deliveries", "batches", "run_skips", "runs", "selections", "editions"}
	if r.db.Dialect() == db.Postgres { // a day begins with an empty partition, and nobody cleans up another meanwhile
		r.exec(b, `TRUNCATE `+strings.Join(tables, ", ")+` CASCADE`)
		tables = nil
	}
	for _, table := range tables {
		r.exec(b, `DELETE FROM `+table)
	}
	for i := range r.zones {
		zone, err := time.LoadLocation(r.zone(i))
		if err != nil {
			b.Fatal(err)
		}
		slot := time.Date(r.day.Year(), r.day.Month(), r.day.Day(), 7, 0, 0, 0, zone)
		r.exec(b, `UPDATE cohorts SET next_slot = $1, next_due_at = $2, last_seq = 0, runs = 1 WHERE zone = $3`,
			slot.Format("2006-01-02T15:04"), slot.UnixMilli(), r.zone(i))
	}
}

// took is how long planning took.
func (r *planRoom) took(b *testing.B) time.Duration {
	b.Helper()
	if n := r.number(b, `SELECT COUNT(*) FROM deliveries`); n != int64(r.readers) {
		b.Fatalf("%d deliveries, want %d", n, r.readers)
	}
	return time.Duration(r.number(b, `SELECT MAX(planned_at) - (SELECT MIN(created_at) FROM editions) FROM runs`)) * time.Millisecond
}

// measure reports what a delivery takes on disk with its indexes, and what is recorded of an attempt.
func (r *planRoom) measure(b *testing.B) {
	b.Helper()
	planned := r.size(b)
	b.ReportMetric(float64(planned-r.bytes)/float64(r.readers), "B/delivery")
	if r.readers > 100_000 {
		return
	}
	r.exec(b, `INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class, phase, code, enhanced, reply)
		SELECT day, edition_id, subscriber_id, 1, changed_at, changed_at, 'relay.news.example:587', 'accepted', 'dot', 250, '2.0.0',
			'2.0.0 Ok: queued as 4dGQkV5tPyz1xZ' FROM deliveries`)
	b.ReportMetric(float64(r.size(b)-planned)/float64(r.readers), "B/attempt")
}

// size is how large the database is: on PostgreSQL the tables with their indexes, without what other tests have.
func (r *planRoom) size(b *testing.B) int64 {
	b.Helper()
	if r.db.Dialect() == db.SQLite {
		return r.number(b, `SELECT (c.page_count - f.freelist_count) * s.page_size FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s`)
	}
	return r.number(b, `SELECT CAST(SUM(pg_table_size(c.oid) + pg_indexes_size(c.oid)) AS BIGINT) FROM pg_class c
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace`)
}

// planNaively asks for each reader what there is and writes what the reader gets.
func (r *planRoom) planNaively(b *testing.B) {
	b.Helper()
	r.inTx(b, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.EnsureDay(ctx, 20_000); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
			SELECT 1, id, '2024-10-04T07:00', 'daily/2024-10-04', 'scheduled', 20000, 'sending', 1 FROM digests`); err != nil {
			return err
		}
		var topics []string
		if err := tx.Select(ctx, &topics, `SELECT topics FROM subscriptions ORDER BY subscriber_id`); err != nil {
			return err
		}
		for i, text := range topics {
			var wanted, stories []int64
			for field := range strings.SplitSeq(strings.Trim(text, ","), ",") {
				var id int64
				fmt.Sscan(field, &id)
				wanted = append(wanted, id)
			}
			if err := tx.Select(ctx, &stories, `SELECT a.id FROM articles a WHERE a.held_at = 0 AND a.withdrawn_at = 0 AND a.lead_id = 0
				AND EXISTS (SELECT 1 FROM article_topics t WHERE t.article_id = a.id AND t.seq > 0 AND t.topic_id {in 1})
				ORDER BY a.priority DESC, a.fresh_at DESC, a.id DESC LIMIT $2`, slices.Clip(wanted), planItems); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO selections (edition_id, id, stories) VALUES (1, $1, $2)`, i+1, fmt.Sprint(stories)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
				VALUES (20000, 1, $1, 1, $1, 1, 1)`, i+1); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *planRoom) inTx(b *testing.B, do func(ctx context.Context, tx *db.Tx) error) {
	b.Helper()
	if err := r.db.Write(b.Context(), func(tx *db.Tx) error { return do(b.Context(), tx) }); err != nil {
		b.Fatal(err)
	}
}

func (r *planRoom) exec(b *testing.B, query string, args ...any) {
	b.Helper()
	r.inTx(b, func(ctx context.Context, tx *db.Tx) error { _, err := tx.Exec(ctx, query, args...); return err })
}

func (r *planRoom) number(b *testing.B, query string) (n int64) {
	b.Helper()
	if err := r.db.View(b.Context(), func(tx *db.Tx) error { return tx.Get(b.Context(), &n, query) }); err != nil {
		b.Fatal(err)
	}
	return n
}
