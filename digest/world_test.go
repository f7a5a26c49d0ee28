package digest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
	"broadsheet/mail"
	"broadsheet/templates"
)

// clock is a time that only the test moves. It calls asked, if that is set,
// each time someone asks for it.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	asked func()
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked != nil {
		c.asked()
	}
	return c.now
}

func (c *clock) set(t time.Time) { c.mu.Lock(); c.now = t; c.mu.Unlock() }

func (c *clock) advance(d time.Duration) { c.set(c.Now().Add(d)) }

// world is a site with five topics and one daily digest at seven.
type world struct {
	t       testing.TB
	db      *db.DB
	clock   *clock
	setup   *digest.Setup
	daily   *digest.Digest
	store   *digest.Store
	planner *digest.Planner
	tagger  *digest.Tagger
	cohorts map[string]int64
}

var topicSlugs = []string{"world", "sport", "culture", "science", "local"}

// builtIn is compiled once for all worlds: nobody changes a theme.
var builtIn = sync.OnceValues(func() (*templates.Theme, error) { return templates.LoadTheme("broadsheet") })

// newSetup is the configuration of a world; change may alter it.
func newSetup(t testing.TB, change func(*digest.Setup)) *digest.Setup {
	t.Helper()
	theme, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	subject, err := templates.ParseSubject("{{.Digest.Name}}: {{.Lead.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	set := &digest.Setup{
		Site: templates.Site{Name: "City Courier", URL: "https://courier.example", Language: "en", PostalAddress: "1 Main Street"},
		Digests: []digest.Digest{{
			Slug: "daily", Name: "The Morning Courier", Schedule: cron(t, "0 7 * * *"), Location: zone(t, "America/New_York"),
			Topics: []string{"*"}, MinItems: 1, MaxItems: 20, Subject: subject, Theme: theme,
			From: mail.Address{Name: "City Courier", Addr: "digest@courier.example"}, ExpireAfter: 12 * time.Hour, CatchUp: digest.CatchUpMerge,
		}},
	}
	for _, slug := range topicSlugs {
		set.Topics = append(set.Topics, digest.Topic{Slug: slug, Name: strings.ToUpper(slug[:1]) + slug[1:]})
	}
	if change != nil {
		change(set)
	}
	return set
}

func cron(t testing.TB, expr string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := schedule.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// newWorld begins on Monday, 2026-11-23, 12:00 UTC, which is the slot of that
// day in New York, with all ids loaded.
func newWorld(t testing.TB, d *db.DB, change func(*digest.Setup)) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}, cohorts: map[string]int64{}}
	w.store = digest.NewStore(d, w.clock.Now)
	w.configure(newSetup(t, change))
	return w
}

// configure takes a new configuration over, as a restart does.
func (w *world) configure(set *digest.Setup) {
	w.t.Helper()
	if err := w.store.Sync(w.t.Context(), set); err != nil {
		w.t.Fatal(err)
	}
	w.setup, w.daily = set, &set.Digests[0]
	w.planner = w.newPlanner()
	w.tagger = digest.NewTagger(set)
}

func (w *world) newPlanner() *digest.Planner {
	return digest.NewPlanner(w.store, w.setup, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(w.t.Context(), query, args...); return err })
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(query string, args ...any) int64 {
	w.t.Helper()
	var n int64
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error { return tx.Get(w.t.Context(), &n, query, args...) })
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// topicIDs returns the column of a subscription to these topics, "*" for none.
func (w *world) topicIDs(slugs ...string) string {
	if len(slugs) == 0 {
		return "*"
	}
	text := ","
	for _, slug := range slugs {
		text += fmt.Sprint(w.topic(slug), ",")
	}
	return text
}

func (w *world) topic(slug string) int64 {
	w.t.Helper()
	topic := w.setup.TopicBySlug(slug)
	if topic == nil {
		w.t.Fatalf("no topic %q", slug)
	}
	return topic.ID
}

// cohort returns the cohort of the first digest in a zone, making it if need be.
func (w *world) cohort(zone string) int64 {
	w.t.Helper()
	if id, ok := w.cohorts[zone]; ok {
		return id
	}
	err := w.db.Write(w.t.Context(), func(tx *db.Tx) error {
		id, err := tx.NextIDs(w.t.Context(), "cohort", 1)
		if err != nil {
			return err
		}
		w.cohorts[zone] = id
		_, err = tx.Exec(w.t.Context(), `INSERT INTO cohorts (id, digest_id, zone) VALUES ($1, $2, $3)`, id, w.daily.ID, zone)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.cohorts[zone]
}

// subscribe makes an active subscription to the first digest.
func (w *world) subscribe(id int64, zone string, topics ...string) {
	w.t.Helper()
	w.exec(`INSERT INTO subscribers (id, address, state, created_at) VALUES ($1, $2, 'active', 1)`, id, fmt.Sprintf("r%d@reader.example", id))
	w.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) VALUES ($1, $2, $3, 'active', $4, 1)`,
		id, w.daily.ID, w.cohort(zone), w.topicIDs(topics...))
}

const newYork = "America/New_York"

// story is number n with given topics.
func story(n int, topics ...string) digest.Incoming {
	return digest.Incoming{
		URL: fmt.Sprintf("https://courier.example/%d", n), Title: fmt.Sprintf("Story %d", n), Summary: "What happened.", Topics: topics,
	}
}

func (w *world) put(stories ...digest.Incoming) digest.PutResult {
	w.t.Helper()
	r, err := w.store.Put(w.t.Context(), w.tagger, nil, stories)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// tick plans what is due now.
func (w *world) tick() {
	w.t.Helper()
	if err := w.planner.Tick(w.t.Context(), w.clock.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// tickUntil plans until the store asks for the time for the nth time, and is
// killed there: it asks when it makes an edition and when it writes a page.
func (w *world) tickUntil(n int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	now := w.clock.Now()
	w.clock.asked = func() {
		if n--; n == 0 {
			cancel()
		}
	}
	defer func() { w.clock.asked = nil }()
	if err := w.planner.Tick(ctx, now); !errors.Is(err, context.Canceled) {
		w.t.Fatalf("got %v, want planning to be killed", err)
	}
}

// begin lets the planner see new cohorts, so that the next slot is theirs.
func (w *world) begin() {
	w.t.Helper()
	w.clock.advance(-time.Minute)
	w.tick()
	w.clock.advance(time.Minute)
}

// nextDay goes to the same time tomorrow, New York's, and plans.
func (w *world) nextDay() {
	w.t.Helper()
	w.clock.set(w.clock.Now().In(zone(w.t, newYork)).AddDate(0, 0, 1))
	w.tick()
}

// mails returns who got which stories, as "daily/2026-11-23 1: 3 2" with the
// numbers that story gave, in order of edition and subscriber.
func (w *world) mails() []string {
	w.t.Helper()
	return w.rows(`SELECT e.key || ' ' || CAST(d.subscriber_id AS TEXT) || ': ' || s.stories
		FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		ORDER BY e.slot, d.subscriber_id`, w.storyNumbers())
}

// storyNumbers maps a selection to the numbers of its stories.
func (w *world) storyNumbers() func(string) string {
	numbers := map[string]string{}
	for _, row := range w.rows(`SELECT CAST(id AS TEXT) || ' ' || url FROM articles`, nil) {
		id, url, _ := strings.Cut(row, " ")
		numbers[id] = url[strings.LastIndex(url, "/")+1:]
	}
	return func(row string) string {
		head, stories, _ := strings.Cut(row, ": ")
		var out []string
		for _, field := range strings.Fields(stories) {
			id, _, ok := strings.Cut(field, ":")
			switch {
			case ok:
				out = append(out, numbers[id])
			case field != "+0" && !strings.HasPrefix(field, "/"): // that and the order of sections are of no matter here
				out = append(out, field)
			}
		}
		return head + ": " + strings.Join(out, " ")
	}
}

func (w *world) rows(query string, change func(string) string, args ...any) []string {
	w.t.Helper()
	var out []string
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		out = nil
		return tx.Each(w.t.Context(), func(scan func(dest ...any) error) error {
			var row string
			err := scan(&row)
			out = append(out, row)
			return err
		}, query, args...)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if change != nil {
		for i := range out {
			out[i] = change(out[i])
		}
	}
	return out
}

// balanced checks that each run's due is its deliveries and skips, that each
// batch has its size and its deliveries their times, and that all runs are planned.
func (w *world) balanced() {
	w.t.Helper()
	for _, row := range w.rows(`SELECT 'run ' || CAST(r.id AS TEXT) || ' due ' || CAST(r.due AS TEXT) FROM runs r WHERE r.due <>
		(SELECT COUNT(*) FROM deliveries d WHERE d.run_id = r.id) + (SELECT COALESCE(SUM(k.n), 0) FROM run_skips k WHERE k.run_id = r.id)
		OR r.planned_at = 0`, nil) {
		w.t.Errorf("%s does not balance or is not planned", row)
	}
	for _, row := range w.rows(`SELECT CAST(b.id AS TEXT) FROM batches b WHERE b.size <> (SELECT COUNT(*) FROM deliveries d WHERE d.batch_id = b.id) OR b.size = 0 OR b.size > $1`, nil, digest.BatchSize) {
		w.t.Errorf("batch %s does not have its size", row)
	}
	if n := w.count(`SELECT COUNT(*) FROM deliveries d JOIN runs r ON r.id = d.run_id WHERE NOT EXISTS (SELECT 1 FROM batches b JOIN runs o ON o.id = b.run_id
		WHERE b.id = d.batch_id AND b.edition_id = d.edition_id AND b.day = d.day AND b.ready_at >= r.due_at AND o.expires_at = r.expires_at)`); n != 0 {
		w.t.Errorf("%d deliveries have no batch", n)
	}
}

// ledger is what planning wrote, without the ids that depend on who came first.
func (w *world) ledger() []string {
	w.t.Helper()
	var out []string
	for _, query := range []string{
		`SELECT e.key || ' ' || e.state || ' ' || e.kind || ' ' || CAST(e.day AS TEXT) FROM editions e ORDER BY e.key`,
		`SELECT e.key || ' run ' || CAST(r.cohort_id AS TEXT) || ' ' || CAST(r.from_seq AS TEXT) || '-' || CAST(r.to_seq AS TEXT) || ' ' || CAST(r.number AS TEXT)
			|| ' ' || CAST(r.due AS TEXT) || ' ' || CAST(r.due_at AS TEXT) || ' ' || CAST(r.expires_at AS TEXT) || ' ' || CAST(r.plan_cursor AS TEXT) || ' ' || CAST(r.planned_at AS TEXT)
			FROM runs r JOIN editions e ON e.id = r.edition_id ORDER BY e.key, r.cohort_id`,
		`SELECT e.key || ' skip ' || CAST(r.cohort_id AS TEXT) || ' ' || k.reason || ' ' || CAST(k.n AS TEXT)
			FROM run_skips k JOIN runs r ON r.id = k.run_id JOIN editions e ON e.id = r.edition_id ORDER BY e.key, r.cohort_id, k.reason`,
		`SELECT e.key || ' selection ' || CAST(s.id AS TEXT) || ' ' || s.stories FROM selections s JOIN editions e ON e.id = s.edition_id ORDER BY e.key, s.id`,
		// How deliveries are divided into batches depends on which runs were planned together.
		`SELECT e.key || ' batches of ' || CAST(SUM(b.size) AS TEXT) FROM batches b JOIN editions e ON e.id = b.edition_id GROUP BY e.key ORDER BY e.key`,
		`SELECT e.key || ' to ' || CAST(d.subscriber_id AS TEXT) || ' ' || CAST(r.cohort_id AS TEXT) || ' ' || CAST(d.selection_id AS TEXT) || ' ' || d.state
			FROM deliveries d JOIN runs r ON r.id = d.run_id JOIN editions e ON e.id = d.edition_id ORDER BY e.key, d.subscriber_id`,
		`SELECT 'cohort ' || CAST(id AS TEXT) || ' ' || next_slot || ' ' || CAST(next_due_at AS TEXT) || ' ' || CAST(last_seq AS TEXT) || ' ' || CAST(runs AS TEXT) FROM cohorts ORDER BY id`,
		`SELECT 'subscription ' || CAST(subscriber_id AS TEXT) || ' ' || CAST(joined_seq AS TEXT) || ' ' || CAST(joined_runs AS TEXT) FROM subscriptions ORDER BY subscriber_id`,
	} {
		out = append(out, w.rows(query, nil)...)
	}
	return out
}

// dump is every row of every table.
func (w *world) dump() []string {
	w.t.Helper()
	var out []string
	for _, table := range []string{
		"counters", "topics", "sources", "articles", "article_versions", "article_topics", "digests", "cohorts", "subscribers", "subscriptions",
		"editions", "runs", "run_skips", "selections", "batches", "deliveries", "attempts",
	} {
		query := `SELECT '` + table + ` ' || CAST(t AS TEXT) FROM ` + table + ` t ORDER BY 1`
		if w.db.Dialect() == db.SQLite {
			columns := w.rows(`SELECT 'quote(' || name || ')' FROM pragma_table_info('`+table+`')`, nil)
			query = `SELECT '` + table + ` ' || ` + strings.Join(columns, ` || ' ' || `) + ` FROM ` + table + ` ORDER BY 1`
		}
		out = append(out, w.rows(query, nil)...)
	}
	return out
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("%s: got  %s", what, row)
		}
	}
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("%s: want %s", what, row)
		}
	}
	if !t.Failed() {
		t.Errorf("%s: got %d rows %q, want %d rows %q", what, len(got), got, len(want), want)
	}
}

func (w *world) ctx() context.Context { return w.t.Context() }
