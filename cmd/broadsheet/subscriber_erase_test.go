package main_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// TestEraseStopsMailThatWaits erases a reader whose digest waits for another
// try: it never goes out, the edition balances, and the program knows the
// reader no more.
func TestEraseStopsMailThatWaits(t *testing.T) {
	t.Parallel()
	var open atomic.Bool
	n := newNewsroom(t, settings{feeds: map[string]string{"site-feed": feedServer(t).URL}}, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseRcpt && strings.HasPrefix(e.To, "ann@") && !open.Load() {
			return sink.Action{Reply: "451 4.7.1 come back later"}
		}
		return sink.Action{}
	}})
	n.write("readers.csv", "email,name,topics\nann@reader.example,Ann Reader,"+topicSlug(1)+"\nbob@reader.example,Bob,*\n")
	n.steps([]step{
		{args: "source fetch", stdout: `2 new`},
		{args: "subscriber import readers.csv --confirmed --consent asked", stdout: `2 added`},
		{args: "digest send daily --now", code: 4, stdout: `due 2 = sent 1 .*\+ pending 1`},
		{args: "subscriber data ann@reader.example", stdout: `(?s)"address": "ann@reader.example".*"name": "Ann Reader".*"subscriptions": \[.*"digest": "daily",\s+"state": "active",\s+"topics": \[\s+"` + topicSlug(1) + `"\s+\].*"by": "import".*"text": "asked".*"deliveries": \[.*"state": "pending".*"answers": \[.*come back later`},
		{args: "subscriber erase ann@reader.example", code: 2, stderr: `Erase ann@reader.example for good\?.*Add --yes`},
		{args: "subscriber erase ann@reader.example --dry-run", stdout: `^would be erased: reader \d+ with 1 subscription and 0 system mails; 1 record of consent kept without what is personal\n$`},
		{args: "subscriber list", stdout: `ann@reader.example`},
		{args: "--yes subscriber erase ann@reader.example", stdout: `^erased: reader`},
		{args: "subscriber show ann@reader.example", code: 1, stderr: `unknown subscriber`},
		{args: "subscriber data ann@reader.example", code: 1, stderr: `unknown subscriber`},
		{args: "--yes subscriber erase ann@reader.example", code: 1, stderr: `unknown subscriber`},
		{args: "delivery list --output csv", stdout: `(?s)bob@reader.example`},
	})
	open.Store(true)
	service := n.serve("--only", "deliver")
	n.hurried(n.open())
	service.terminate()
	n.steps([]step{{args: "edition show " + n.first("edition list", "edition"), stdout: `(?s)due 2 = sent 1 .*skipped 1`}})
	if n.inbox.mails["ann@reader.example"].times != 0 {
		t.Error("an erased reader got a mail")
	}
}

// TestEraseByFormerAddress: who gave an address up for another is erased by it,
// after the program has said which address that is.
func TestEraseByFormerAddress(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.write("readers.csv", "email\nann@reader.example\n")
	n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
	d, now := n.open(), time.Now()
	id := int64(count(t, d, `SELECT id FROM subscribers`))
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO address_changes (subscriber_id, id, old_address, new_address, asked_at)
			VALUES ($1, 1, 'ann@reader.example', 'ann@elsewhere.example', $2)`, id, db.Millis(now))
		return err
	})
	for _, side := range []subscribers.Purpose{subscribers.PurposeOldAddress, subscribers.PurposeNewAddress} {
		if err == nil {
			_, err = subscribers.NewStore(d, time.Now).AcceptAddress(t.Context(), subscribers.Token{Purpose: side, Subscriber: id, Change: 1, IssuedAt: now}, "page", "")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	n.steps([]step{
		{args: "subscriber data ann@reader.example", stdout: `"address": "ann@elsewhere.example"`},
		{args: "subscriber erase ann@reader.example", code: 2, stderr: `Erase ann@reader.example \(now ann@elsewhere.example\) for good\?`},
		{args: "--yes subscriber erase ann@reader.example", stdout: `^erased: reader \d+ \(now ann@elsewhere.example\) with 1 subscription`},
		{args: "subscriber show ann@elsewhere.example", code: 1, stderr: `unknown subscriber`},
	})
}
