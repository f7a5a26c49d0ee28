package delivery_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// refuse5 makes the database refuse rows of a table about reader 5 that fit the condition.
func (w *world) refuse5(table, event, and string) {
	w.t.Helper()
	if w.db.Dialect() == db.Postgres {
		w.exec(`ALTER TABLE ` + table + ` ADD CONSTRAINT odd CHECK (NOT (subscriber_id = 5 AND ` + and + `))`)
		return
	}
	w.exec(`CREATE TRIGGER odd BEFORE ` + event + ` ON ` + table + ` WHEN NEW.subscriber_id = 5 AND ` +
		strings.ReplaceAll(and, "state", "NEW.state") + ` BEGIN SELECT RAISE(ABORT, 'odd'); END`)
}

func TestRefusedAttempt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.refuse5("attempts", "INSERT", "1 = 1")
		if b := w.mustSend(); b.Sent != 10 {
			t.Errorf("%+v, want all sent", b)
		}
		w.eachOnce(10)
		if got := w.count(`SELECT count(*) FROM attempts`); got != 9 {
			t.Errorf("%d attempts, want those of the others", got)
		}
		if !strings.Contains(w.log.String(), "attempt not recorded") {
			t.Errorf("the log does not say so: %s", w.log.String())
		}
	})
}

func TestRefusedDelivery(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.refuse5("deliveries", "UPDATE", "state = 'sent'")
		w.send(func(o *delivery.Options) { o.Lanes = 1 })
		if got := w.editionState(); got != "paused" {
			t.Errorf("the edition is %s, want paused", got)
		}
		if got, want := w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent'`), w.relay.total-1; got != want {
			t.Errorf("%d are recorded, want %d, all that went out but one", got, want)
		}
		if got := len(w.relay.taken(address(5))); got != 1 {
			t.Errorf("the reader whose row is refused got %d messages, want 1", got)
		}
		if !strings.Contains(w.log.String(), "delivery not recorded") {
			t.Errorf("the log does not say so: %s", w.log.String())
		}
	})
}

// TestJournalOfADayThatIsGone starts on a database in which nothing is left of what a journal tells.
func TestJournalOfADayThatIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		j := openJournal(t, w.state, "long-gone")
		now := time.Now()
		e := delivery.Entry{Edition: edition, Day: day - 1, Subscriber: 1, Batch: 1, N: 1, ComposedAt: now, At: now}
		j.Reply(dot(t, j, e), replied(e, "queued"))
		e.Subscriber = 2
		dot(t, j, e)
		j.Close()
		if b := w.mustSend(); b.Sent != 10 {
			t.Errorf("%+v, want all sent", b)
		}
		if got := w.count(`SELECT count(*) FROM attempts WHERE day <> $1`, day); got != 0 {
			t.Errorf("%d attempts of deliveries that are not there, want none", got)
		}
	})
}

// TestJournalOfARefusedRow takes over from a worker of whose answers the database refuses one.
func TestJournalOfARefusedRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.refuse5("attempts", "INSERT", "1 = 1")
		j := openJournal(t, w.state, "dead")
		now := time.Now()
		for _, reader := range []int64{4, 5, 6} {
			e := delivery.Entry{Edition: edition, Day: day, Subscriber: reader, Batch: 1, N: 1, ComposedAt: now, At: now}
			j.Reply(dot(t, j, e), replied(e, "queued"))
		}
		j.Close()
		w.exec(`UPDATE batches SET worker = 'dead', lease_until = $1, fence = 1`, db.Millis(now.Add(time.Hour)))
		if b := w.mustSend(); b.Sent != 10 {
			t.Errorf("%+v, want all sent", b)
		}
		w.eachOnce(10, 4, 5, 6)
	})
}
