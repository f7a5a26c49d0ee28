package delivery_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// fillDisk makes the journal of e unwritable when reader 20's message is under way. repair receives what ends that.
func fillDisk(t *testing.T, w *world, e *delivery.Engine) (repair chan func()) {
	repair = make(chan func(), 1)
	w.relay.set(func(_ context.Context, to string, n int, _ []byte, _ func() error) *mail.Outcome {
		if to == address(20) && n == 1 {
			f, err := e.BreakJournal()
			if err != nil {
				t.Error(err)
			}
			repair <- f
		}
		return nil
	})
	return repair
}

func TestJournalCannotBeWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 1)
		e := w.engine()
		broken := fillDisk(t, w, e)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if b, err := e.RunEdition(t.Context(), edition, nil); err != nil || b.Sent != 600 {
				t.Errorf("%+v, %v, want all sent in the end", b, err)
			}
		}()
		repair := <-broken
		for !strings.Contains(w.log.String(), "journal cannot be written") ||
			w.count(`SELECT count(*) FROM batches WHERE worker <> ''`) > 0 {
			<-time.After(5 * time.Millisecond)
		}
		w.relay.mu.Lock()
		calls := 0
		for _, n := range w.relay.calls {
			calls += n
		}
		w.relay.mu.Unlock()
		if calls > 60 {
			t.Errorf("%d messages were tried around the end of the disk, want some more than 20", calls)
		}
		repair()
		<-done
		w.eachOnce(600)
		if got := strings.Count(w.log.String(), "\n"); got > 8 {
			t.Errorf("%d lines in the log, want one a pause and a lane", got)
		}
	})
}

func TestJournalStaysUnwritable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite), 40, 1)
	e := w.engine(func(o *delivery.Options) { o.Lanes = 1 })
	broken := fillDisk(t, w, e)
	b, err := e.RunEdition(t.Context(), edition, nil)
	if err == nil || !strings.Contains(err.Error(), "journal unusable") || b.Sent != 19 || b.Pending != 21 {
		t.Errorf("%+v, %v, want 19 sent and the error of the journal", b, err)
	}
	(<-broken)()
}
