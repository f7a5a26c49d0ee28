package digest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/templates"
)

// BenchmarkCompose makes the mail of a selection of twenty stories out of the
// database, without slots and with as many as a mail can have, of text alone or
// with creatives.
func BenchmarkCompose(b *testing.B) {
	creative := func(s *digest.Slot) {
		s.HTML = `<table><tr><td><a href="https://bank.example/"><img src="https://bank.example/ship.png" alt="A ship" width="552" height="120"></a></td></tr>` +
			`<tr><td><p>` + strings.Repeat("Save for the next voyage. ", 20) + `</p></td></tr></table>`
	}
	for _, bench := range []struct {
		name   string
		change []func(*digest.Slot)
		slots  int
	}{{"without slots", nil, 0}, {"with four of text", nil, 4}, {"with four creatives", []func(*digest.Slot){creative}, 4}} {
		b.Run(bench.name, func(b *testing.B) {
			var slots []digest.Slot
			for i, position := range []templates.SlotPosition{"top", "after_lead", "after_section_1", "bottom"}[:bench.slots] {
				slots = append(slots, slot(fmt.Sprintf("slot%d", i), position, bench.change...))
			}
			_, c := composable(b, slots)
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				composed, err := c.Compose(b.Context(), 1, 1, time.Time{})
				if err != nil {
					b.Fatal(err)
				}
				size = composed.Body.HTMLSize()
			}
			b.ReportMetric(float64(size), "octets")
		})
	}
}

// composable plans an edition of twenty stories with slots, and what composes it.
func composable(b testing.TB, slots []digest.Slot) (*db.DB, *digest.Composer) {
	b.Helper()
	d := dbtest.Open(b, db.SQLite)
	theme, err := templates.LoadTheme("broadsheet")
	if err != nil {
		b.Fatal(err)
	}
	subject, err := templates.ParseSubject("{{.Lead.Title}}")
	if err != nil {
		b.Fatal(err)
	}
	set := &digest.Setup{
		Site:   templates.Site{Name: "City Courier", URL: "https://courier.example/", Language: "en"},
		Topics: []digest.Topic{{Slug: "city", Name: "City"}, {Slug: "world", Name: "World"}},
		Digests: []digest.Digest{{
			Slug: "daily", Name: "The Daily", Location: time.UTC, Topics: []string{"*"}, MaxItems: 20, Theme: theme, Subject: subject,
			From: mail.Address{Addr: "digest@courier.example"},
		}},
		Slots: slots,
	}
	store := digest.NewStore(d, time.Now)
	if err := store.Sync(b.Context(), set); err != nil {
		b.Fatal(err)
	}
	var stories []digest.Incoming
	var text strings.Builder
	for n := range 20 {
		in := story(n+1, []string{"city", "world"}[n%2])
		in.Summary = strings.Repeat("The vote ends eleven months of argument over tolls. ", 4)
		stories = append(stories, in)
		fmt.Fprintf(&text, "%d:%d ", n+1, set.Topics[n%2].ID)
	}
	if _, err := store.Put(b.Context(), digest.NewTagger(set), nil, stories); err != nil {
		b.Fatal(err)
	}
	text.WriteString("+0")
	for _, s := range slots {
		text.WriteString(" $" + string(s.Position) + ":" + s.Slug)
	}
	err = d.Write(b.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(b.Context(), `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
			VALUES (1, $1, '2026-11-23T07:00', 'daily/2026-11-23', 'scheduled', 1, 'sending', 1)`, set.Digests[0].ID); err != nil {
			return err
		}
		_, err := tx.Exec(b.Context(), `INSERT INTO selections (edition_id, id, stories) VALUES (1, 1, $1)`, text.String())
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return d, digest.NewComposer(store, set, digest.Links{}, time.Now)
}
