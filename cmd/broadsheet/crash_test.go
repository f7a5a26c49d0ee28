package main_test

import (
	"cmp"
	"fmt"
	"strings"
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
	if s.connections == 0 {
		s.connections = connections
	}
	if s.hook == nil {
		s.hook = slow(4 * time.Millisecond)
	}
	n := newNewsroom(t, s, sink.Options{Hook: s.hook})
	n.readers = cmp.Or(s.readers, crowd)
	all := func(i int) []int { return []int{i % 3} }
	n.write("readers.csv", readersCSV(n.readers, all))
	n.write("stories.json", articlesJSON(t, 0, 30, all))
	n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
	n.must("article", "import", "stories.json")
	return n
}

// missedSlot is crowded with a digest that has been due for ten minutes, as if
// no service had run meanwhile.
func missedSlot(t *testing.T, s settings) (*newsroom, *db.DB) {
	t.Helper()
	slot := time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Minute)
	s.schedule = fmt.Sprintf("%d %d * * *", slot.Minute(), slot.Hour())
	n := crowded(t, s)
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

// TestSeveralServices has two to four services share an edition.
func TestSeveralServices(t *testing.T) {
	t.Parallel()
	for _, several := range []int{2, 4} {
		t.Run(fmt.Sprint(several), func(t *testing.T) {
			t.Parallel()
			n, d := missedSlot(t, settings{database: dbtest.URL(t, db.Postgres)})
			var services []*process
			for range several {
				services = append(services, n.worker())
			}
			n.inbox.wait(crowd)
			n.finished(d, 0)
			if opened := n.inbox.server.Connections(); opened <= connections {
				t.Errorf("%d connections in all: only one service sent", opened)
			}
			for _, p := range services {
				p.terminate()
				if strings.Contains(p.stderr.String(), "level=ERROR") {
					t.Errorf("a service met an error:\n%s", p.stderr.tail())
				}
			}
		})
	}
}

// TestOneOfTwoServicesIsKilled leaves it to the other one to clear up.
func TestOneOfTwoServicesIsKilled(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, settings{database: dbtest.URL(t, db.Postgres)})
	a, b := n.worker(), n.worker()
	n.inbox.wait(middle)
	a.kill()
	n.finished(d, connections)
	b.terminate()
}
