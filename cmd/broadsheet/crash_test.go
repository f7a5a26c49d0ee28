package main_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
)

// An edition for so many readers, over so many connections of each process, and
// how far it is when something happens to it.
const (
	crowd       = 2000
	connections = 4
	middle      = 300
)

// crowded is a newsroom whose readers are imported and whose stories are there.
// Its inbox is slow enough for things to happen in the middle of a send.
func crowded(t *testing.T, s settings) *newsroom {
	t.Helper()
	s.connections = connections
	n := newNewsroom(t, s, sink.Options{Hook: slow(4 * time.Millisecond)})
	all := func(i int) []int { return []int{i % 3} }
	n.write("readers.csv", readersCSV(crowd, all))
	n.write("stories.json", articlesJSON(t, 0, 30, all))
	n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
	n.must("article", "import", "stories.json")
	return n
}

// missedSlot is crowded with a digest that has been due for ten minutes, as if
// no service had run meanwhile.
func missedSlot(t *testing.T, database string) (*newsroom, *db.DB) {
	t.Helper()
	slot := time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Minute)
	n := crowded(t, settings{database: database, schedule: fmt.Sprintf("%d %d * * *", slot.Minute(), slot.Hour())})
	d := n.open()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE cohorts SET next_slot = $1, next_due_at = $2`, slot.Format("2006-01-02T15:04"), slot.UnixMilli())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, d
}

// worker starts a service that plans and delivers.
func (n *newsroom) worker() *process {
	n.t.Helper()
	return n.serve("--only", "plan,deliver")
}

// finished waits until nothing is pending, and checks the ledger against the
// inbox: every delivery that counts as sent came once, and only those without
// a reply are uncertain, at most so many. Those may have come once or not.
func (n *newsroom) finished(d *db.DB, uncertain int) {
	n.t.Helper()
	var got map[string]int
	until(n.t, "nothing is pending", func() bool {
		got = states(n.t, d)
		return got["pending"] == 0 && got["sent"]+got["uncertain"] == crowd
	})
	if got["uncertain"] > uncertain {
		n.t.Errorf("%d deliveries are uncertain, want at most %d", got["uncertain"], uncertain)
	}
	n.compare(d)
	if editions, runs := count(n.t, d, `SELECT COUNT(*) FROM editions`), count(n.t, d, `SELECT COUNT(*) FROM runs`); editions != 1 || runs != 1 {
		n.t.Errorf("%d editions and %d runs, want one", editions, runs)
	}
	until(n.t, "the edition is done", func() bool { return count(n.t, d, `SELECT COUNT(*) FROM editions WHERE state = 'done'`) == 1 })
	if open := count(n.t, d, `SELECT COUNT(*) FROM batches WHERE done_at = 0 OR lease_until > 0`); open > 0 {
		n.t.Errorf("%d batches are open or leased at rest", open)
	}
}

// compare holds the ledger against the inbox, reader by reader.
func (n *newsroom) compare(d *db.DB) {
	n.t.Helper()
	_, came := n.inbox.accepted()
	rows := 0
	err := d.View(n.t.Context(), func(tx *db.Tx) error {
		return tx.Each(n.t.Context(), func(scan func(dest ...any) error) error {
			var address, state string
			if err := scan(&address, &state); err != nil {
				return err
			}
			rows++
			times := came[address]
			if state == "sent" && times != 1 || state == "pending" && times != 0 || times > 1 {
				n.t.Errorf("%s is %s and got %d mails", address, state, times)
			}
			return nil
		}, `SELECT s.address, d.state FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id`)
	})
	if err != nil {
		n.t.Fatal(err)
	}
	if rows != crowd {
		n.t.Errorf("%d deliveries, want %d", rows, crowd)
	}
}

func TestTwoServices(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, dbtest.URL(t, db.Postgres))
	a, b := n.worker(), n.worker()
	n.inbox.wait(crowd)
	n.finished(d, 0)
	if opened := n.inbox.server.Connections(); opened <= connections {
		t.Errorf("%d connections in all: only one service sent", opened)
	}
	a.terminate()
	b.terminate()
	for _, p := range []*process{a, b} {
		if strings.Contains(p.stderr.String(), "level=ERROR") {
			t.Errorf("a service met an error:\n%s", p.stderr.tail())
		}
	}
}

func TestOneOfTwoServicesIsKilled(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, dbtest.URL(t, db.Postgres))
	a, b := n.worker(), n.worker()
	n.inbox.wait(middle)
	a.kill()
	n.finished(d, connections)
	b.terminate()
}

func TestServicesAreTerminated(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, dbtest.URL(t, db.Postgres))
	a, b := n.worker(), n.worker()
	n.inbox.wait(middle)
	a.signal(syscall.SIGTERM)
	b.signal(syscall.SIGTERM)
	a.drained()
	b.drained()
	total, _ := n.inbox.accepted()
	if got := states(t, d); total >= crowd || got["sent"] != total || got["pending"] != crowd-total {
		t.Errorf("after SIGTERM %d mails had come and the ledger says %v", total, got)
	}
	n.compare(d)
	n.worker()
	n.finished(d, 0)
}

// TestServiceOnSQLiteIsKilled kills the only service twice and starts it again.
func TestServiceOnSQLiteIsKilled(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, "")
	for round := 1; round <= 2; round++ {
		p := n.worker()
		n.inbox.wait(round * middle)
		p.kill()
		if got := states(t, d); got["pending"] == 0 {
			t.Fatalf("the send was over before the kill: %v", got)
		}
	}
	n.worker()
	n.finished(d, 2*connections)
}
