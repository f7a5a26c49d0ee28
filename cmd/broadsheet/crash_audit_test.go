package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/db"
)

// entry is a delivery as the ledger has it.
type entry struct {
	address, state, reason string
	doubts                 int // attempts whose reply was not read
}

// least and most are how many mails a delivery in that state may have brought:
// one if a relay accepted it, and one more or not for each reply that was not read.
func (e entry) least() int {
	if e.state == "sent" && e.reason == "" {
		return 1
	}
	return 0
}

func (e entry) most() int {
	if e.reason == "worker-lost" {
		return 1
	}
	return e.least() + e.doubts
}

func ledger(t *testing.T, d *db.DB) []entry {
	t.Helper()
	var out []entry
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Each(t.Context(), func(scan func(dest ...any) error) error {
			var e entry
			if err := scan(&e.address, &e.state, &e.reason, &e.doubts); err != nil {
				return err
			}
			out = append(out, e)
			return nil
		}, `SELECT s.address, d.state, d.reason, (SELECT COUNT(*) FROM attempts a WHERE a.day = d.day
				AND a.edition_id = d.edition_id AND a.subscriber_id = d.subscriber_id AND a.class = 'uncertain')
			FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// toll is what the ledger and the inbox say together.
type toll struct {
	sent, uncertain, pending int
	lost                     int // neither accepted nor in doubt
	twice                    int // came more often than doubts explain
	repeats                  int // came again after a doubt
	unread                   int // accepted, and the reply was not read
}

// audit holds the ledger against the inbox, reader by reader: each has one
// delivery; what counts as sent came, and came once unless a reply was not read;
// what is not sent did not come, unless a reply was not read; no connection has
// more than one delivery in doubt; what came again was the same, octet by octet.
func (n *newsroom) audit(d *db.DB) toll {
	n.t.Helper()
	_, came := n.inbox.arrivals()
	entries := ledger(n.t, d)
	if len(entries) != n.readers {
		n.t.Errorf("%d deliveries, want %d", len(entries), n.readers)
	}
	var out toll
	doubtful := map[int]string{}
	for _, e := range entries {
		mails := came[e.address]
		out.add(e, mails.times)
		if mails.times < e.least() || mails.times > e.most() || mails.differs {
			n.t.Errorf("%s is %s (%s) with %d doubts and got %d mails (different ones: %t)", e.address, e.state, e.reason, e.doubts, mails.times, mails.differs)
		}
		if e.state != "uncertain" || e.reason != "no-reply" {
			continue
		}
		c := n.inbox.connectionOf(e.address)
		if other, ok := doubtful[c]; ok || c == 0 {
			n.t.Errorf("%s and %s are both uncertain and went over connection %d", e.address, other, c)
		}
		doubtful[c] = e.address
	}
	for address := range came {
		if !strings.HasPrefix(address, "reader") {
			n.t.Errorf("mail came for %s, whom nobody asked to be sent any", address)
		}
	}
	return out
}

func (t *toll) add(e entry, times int) {
	switch {
	case e.state == "sent":
		t.sent++
	case e.state == "uncertain":
		t.uncertain++
	case e.state == "pending":
		t.pending++
	}
	inDoubt := e.state == "uncertain" || e.state == "sent" && e.reason == "assumed"
	switch {
	case times < e.least(), times == 0 && !inDoubt:
		t.lost++
	case times > e.most():
		t.twice++
	case times > 1:
		t.repeats++
	case times == 1 && inDoubt:
		t.unread++
	}
}

// atRest waits until nothing is pending and the edition is done, and checks
// that no batch is open or leased and that there is one edition with one run.
func (n *newsroom) atRest(d *db.DB) {
	n.t.Helper()
	until(n.t, "nothing is pending and the edition is done", func() bool {
		return states(n.t, d)["pending"] == 0 && count(n.t, d, `SELECT COUNT(*) FROM editions WHERE state = 'done'`) == 1
	})
	if editions, runs := count(n.t, d, `SELECT COUNT(*) FROM editions`), count(n.t, d, `SELECT COUNT(*) FROM runs`); editions != 1 || runs != 1 {
		n.t.Errorf("%d editions and %d runs, want one", editions, runs)
	}
	if open := count(n.t, d, `SELECT COUNT(*) FROM batches WHERE done_at = 0 OR lease_until > 0 OR worker <> ''`); open > 0 {
		n.t.Errorf("%d batches are open or leased at rest", open)
	}
}

// finished waits until all is at rest, and audits it: nobody is without a mail
// but the uncertain, of whom there are at most so many.
func (n *newsroom) finished(d *db.DB, uncertain int) toll {
	n.t.Helper()
	n.atRest(d)
	got := n.audit(d)
	if got.uncertain > uncertain || got.sent+got.uncertain != n.readers {
		n.t.Errorf("%+v, want all %d sent, but for at most %d that are uncertain", got, n.readers, uncertain)
	}
	n.must("edition", "list").want(n.t, 0, fmt.Sprintf(`done +%d +%d +0 +0 +0 +%d +0 `, n.readers, got.sent, got.uncertain))
	return got
}

// journals are the journals in a state folder.
func (n *newsroom) journals(folder string) []string {
	n.t.Helper()
	found, err := filepath.Glob(filepath.Join(n.dir, folder, "*.journal"))
	if err != nil {
		n.t.Fatal(err)
	}
	return found
}

// fences notes the fence of every batch.
type fences map[int64]int64

// look reads the fences again: none may have become smaller, no batch may be gone.
func (f fences) look(t *testing.T, d *db.DB) {
	t.Helper()
	known, seen := len(f), 0
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Each(t.Context(), func(scan func(dest ...any) error) error {
			var id, fence int64
			if err := scan(&id, &fence); err != nil {
				return err
			}
			if old, ok := f[id]; ok && fence < old {
				t.Errorf("the fence of batch %d was %d and is %d", id, old, fence)
			} else if ok {
				seen++
			}
			f[id] = fence
			return nil
		}, `SELECT id, fence FROM batches`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < known {
		t.Errorf("%d batches are gone", known-seen)
	}
}
