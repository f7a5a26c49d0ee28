package delivery_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/schedule"
	"broadsheet/mail"
	"broadsheet/templates"
)

// month is a digest that comes on the first of each month to two readers. Every mail that is planned arrives.
type month struct {
	t       *testing.T
	db      *db.DB
	now     time.Time
	setup   *digest.Setup
	store   *digest.Store
	planner *digest.Planner
}

func newMonth(t *testing.T, d *db.DB, minItems int) *month {
	t.Helper()
	m := &month{t: t, db: d, now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	m.store = digest.NewStore(d, m.clock)
	theme, themeErr := templates.LoadTheme("broadsheet")
	subject, subjectErr := templates.ParseSubject("{{.Lead.Title}}")
	monthly, cronErr := schedule.Parse("0 7 1 * *")
	for _, err := range []error{themeErr, subjectErr, cronErr} {
		m.must(err)
	}
	m.setup = &digest.Setup{
		Site: templates.Site{Name: "City Courier", URL: "https://courier.example", Language: "en"},
		Digests: []digest.Digest{{
			Slug: "monthly", Name: "The Month", Schedule: monthly, Location: time.UTC, Topics: []string{"*"}, MinItems: minItems, MaxItems: 20,
			Subject: subject, Theme: theme, From: mail.Address{Addr: "digest@courier.example"}, ExpireAfter: 12 * time.Hour, CatchUp: digest.CatchUpMerge,
		}},
		Topics: []digest.Topic{{Slug: "world", Name: "World"}, {Slug: "sport", Name: "Sport"}},
	}
	m.must(m.store.Sync(t.Context(), m.setup))
	m.planner = digest.NewPlanner(m.store, m.setup, slog.New(slog.DiscardHandler))
	m.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (1, $1, 'UTC')`, m.setup.Digests[0].ID)
	for id := range 2 {
		m.exec(`INSERT INTO subscribers (id, address, state, created_at) VALUES ($1, $2, 'active', 1)`, id+1, address(id+1))
		m.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) VALUES ($1, $2, 1, 'active', '*', 1)`,
			id+1, m.setup.Digests[0].ID)
	}
	m.tick()
	return m
}

func (m *month) clock() time.Time { return m.now }

func (m *month) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *month) exec(query string, args ...any) {
	m.t.Helper()
	m.must(m.db.Write(m.t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(m.t.Context(), query, args...); return err }))
}

func (m *month) put(n int) {
	m.t.Helper()
	_, err := m.store.Put(m.t.Context(), digest.NewTagger(m.setup), nil, []digest.Incoming{{
		URL: fmt.Sprintf("https://courier.example/%d", n), Title: fmt.Sprint("Story ", n), Topics: []string{"world"},
	}})
	m.must(err)
}

// tick plans what is due and lets it arrive.
func (m *month) tick() {
	m.t.Helper()
	m.must(m.planner.Tick(m.t.Context(), m.now))
	m.arrive()
}

func (m *month) arrive() {
	m.t.Helper()
	m.exec(`UPDATE deliveries SET state = 'sent' WHERE state = 'pending'`)
	m.exec(`UPDATE batches SET done_at = 1 WHERE done_at = 0`)
	_, err := delivery.NewStore(m.db, m.clock).Settle(m.t.Context())
	m.must(err)
}

// sendTo sends a reader what there is, by hand.
func (m *month) sendTo(reader int64) {
	m.t.Helper()
	_, err := m.planner.SendNow(m.t.Context(), digest.Send{Digest: &m.setup.Digests[0], Recipients: []int64{reader}}, m.now)
	m.must(err)
	m.arrive()
}

// dropOn goes to a day, drops what is older than a week and returns the editions that went.
func (m *month) dropOn(date string) string {
	m.t.Helper()
	m.goTo(date)
	m.must(delivery.NewRetention(m.db, 7*24*time.Hour, slog.New(slog.DiscardHandler), m.clock).Drop(m.t.Context()))
	return m.rows(`SELECT key FROM editions WHERE archived_at > 0 ORDER BY id`)
}

func (m *month) goTo(date string) {
	m.t.Helper()
	at, err := time.Parse(time.DateOnly, date)
	m.must(err)
	m.now = at.Add(8 * time.Hour)
}

func (m *month) rows(query string) string {
	m.t.Helper()
	var out []string
	m.must(m.db.View(m.t.Context(), func(tx *db.Tx) error {
		out = nil
		return tx.Select(m.t.Context(), &out, query)
	}))
	return strings.Join(out, ", ")
}

// mails returns who got which articles of editions that are not archived, as "monthly/2027-01-01 1: 2 1".
func (m *month) mails() []string {
	m.t.Helper()
	mails := strings.Split(m.rows(`SELECT e.key || ' ' || CAST(d.subscriber_id AS TEXT) || ': ' || s.stories FROM deliveries d
		JOIN editions e ON e.id = d.edition_id JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		ORDER BY e.slot, d.subscriber_id`), ", ")
	for i, row := range mails {
		head, stories, _ := strings.Cut(row, ": ")
		var ids []string
		for _, field := range strings.Fields(stories) {
			if id, _, ok := strings.Cut(field, ":"); ok {
				ids = append(ids, id)
			}
		}
		mails[i] = head + ": " + strings.Join(ids, " ")
	}
	return mails
}

func (m *month) wantMails(want ...string) {
	m.t.Helper()
	if got := m.mails(); !slices.Equal(got, want) {
		m.t.Errorf("mails\n got %q\nwant %q", got, want)
	}
}

// TestDroppedDaysRepeatNothing sends a reader a story by hand, long before the digest's slot.
func TestDroppedDaysRepeatNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newMonth(t, d, 1)
		m.goTo("2026-12-01")
		m.tick()
		m.goTo("2026-12-02")
		m.put(1)
		m.sendTo(1)
		if got := m.dropOn("2026-12-28"); got != "monthly/2026-12-01" {
			t.Errorf("%q went, want the edition of the slot before alone", got)
		}
		m.put(2)
		m.goTo("2027-01-01")
		m.tick()
		m.wantMails("monthly/2026-12-02T08:00:01 1: 1", "monthly/2027-01-01 1: 2", "monthly/2027-01-01 2: 2 1")
		if got, want := m.dropOn("2027-01-03"), "monthly/2026-12-01, monthly/2026-12-02T08:00:01"; got != want {
			t.Errorf("%q went, want %q", got, want)
		}
		m.put(3)
		m.goTo("2027-02-01")
		m.tick()
		m.wantMails("monthly/2027-01-01 1: 2", "monthly/2027-01-01 2: 2 1", "monthly/2027-02-01 1: 3", "monthly/2027-02-01 2: 3")
	})
}

// TestDroppedDaysRepeatNothingToWhoWaits is the same for a reader whose window stays open for too few stories.
func TestDroppedDaysRepeatNothingToWhoWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newMonth(t, d, 2)
		m.goTo("2026-12-30")
		m.put(1)
		m.put(2)
		m.sendTo(1)
		m.goTo("2027-01-01")
		m.put(3)
		m.tick() // one story is too few for reader 1
		m.dropOn("2027-01-20")
		m.wantMails("monthly/2026-12-30T08:00:01 1: 2 1")
		m.put(4)
		m.goTo("2027-02-01")
		m.tick()
		m.put(5)
		m.goTo("2027-03-01")
		m.tick()
		m.wantMails("monthly/2026-12-30T08:00:01 1: 2 1", "monthly/2027-02-01 1: 4 3", "monthly/2027-03-01 2: 5 4")
	})
}
