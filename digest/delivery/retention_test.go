package delivery_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// keep is how long the deliveries of these tests are kept.
const keep = 30 * 24 * time.Hour

func (w *world) retention() *delivery.Retention {
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return delivery.NewRetention(w.db, keep, log, w.clock.Now)
}

// grow lets the day of the editions end d ago.
func (w *world) grow(d time.Duration) {
	w.t.Helper()
	w.clock.advance(time.Unix((day+1)*24*60*60, 0).Add(d).Sub(w.clock.Now()))
}

func (w *world) drop() {
	w.t.Helper()
	if err := w.retention().Drop(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) balance(edition int64) delivery.Balance {
	w.t.Helper()
	b, err := w.store().Balance(w.t.Context(), edition)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// left counts what remains of the day.
func (w *world) left() int {
	w.t.Helper()
	return w.count(`SELECT (SELECT COUNT(*) FROM deliveries WHERE day = 20781) + (SELECT COUNT(*) FROM attempts WHERE day = 20781)
		+ (SELECT COUNT(*) FROM batches WHERE day = 20781) + (SELECT COUNT(*) FROM selections)`)
}

// decided is a settled world of which nothing is uncertain any more.
func decided(t *testing.T, d *db.DB) *world {
	w := settled(t, d)
	w.exec(`UPDATE deliveries SET state = 'sent' WHERE state = 'uncertain'`)
	return w
}

// TestUncertainDeliveriesStay keeps a day until an operator has decided about all of it.
func TestUncertainDeliveriesStay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := settled(t, d)
		w.grow(keep + 37*time.Hour)
		r := w.retention()
		warned := func(hours time.Duration, first, second int) {
			t.Helper()
			w.clock.advance(hours * time.Hour)
			if err := r.Drop(t.Context()); err != nil {
				t.Fatal(err)
			}
			const event = `level=WARN msg="old deliveries kept, some are uncertain" edition=`
			log := w.log.String()
			if a, b := strings.Count(log, event+key+" uncertain=2"), strings.Count(log, event+"daily/2026-11-25 uncertain=1"); a != first || b != second {
				t.Errorf("the log warns %d and %d times, want %d and %d:\n%s", a, b, first, second, log)
			}
		}
		warned(0, 1, 1)
		warned(23, 1, 1)
		warned(1, 2, 2)
		if _, err := w.store().Resolve(t.Context(), delivery.Choice{Edition: key}, delivery.AsSent); err != nil {
			t.Fatal(err)
		}
		warned(24, 2, 3)
		if got, err := w.store().List(t.Context(), delivery.Filter{State: delivery.Uncertain}); err != nil || len(got) != 1 {
			t.Fatalf("%v, %v, want one delivery that is uncertain", got, err)
		}
		if _, err := w.store().Resolve(t.Context(), delivery.Choice{Edition: "daily/2026-11-25"}, delivery.AsSent); err != nil {
			t.Fatal(err)
		}
		if warned(24, 2, 3); w.left() != 0 {
			t.Errorf("%d rows are left when all is decided, want none", w.left())
		}
	})
}

// refusedOnce gives the second delivery of a settled world an attempt.
func refusedOnce(w *world) {
	w.exec(`UPDATE deliveries SET reason = 'permanent-recipient' WHERE state = 'failed'`)
	w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class)
		VALUES (20781, 1, 2, 1, 5, 5, 'fake', 'permanent-recipient'), (20781, 1, 1, 1, 5, 5, 'fake', 'accepted')`)
}

func TestRetention(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := decided(t, d)
		refusedOnce(w)
		first, second := w.balance(1), w.balance(2)
		answers, err := w.store().Answers(t.Context(), 1)
		if err != nil || len(answers) != 2 {
			t.Fatalf("%v, %v", answers, err)
		}
		w.grow(keep)
		before := w.left()
		if w.drop(); w.left() != before {
			t.Fatalf("a day went before it ended everywhere: %d rows of %d are left", w.left(), before)
		}
		w.grow(keep + 37*time.Hour)
		var hosts sync.WaitGroup
		for range 3 {
			hosts.Go(func() {
				if err := w.retention().Drop(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		hosts.Wait()
		w.drop()
		if n := w.left(); n != 0 {
			t.Errorf("%d rows are left, want none", n)
		}
		if got := w.balance(1); !got.Balanced() || !reflect.DeepEqual(got, first) {
			t.Errorf("balance %+v, want %+v", got, first)
		}
		if got := w.balance(2); !reflect.DeepEqual(got, second) {
			t.Errorf("balance %+v, want %+v", got, second)
		}
		if got, err := w.store().Answers(t.Context(), 1); err != nil || !reflect.DeepEqual(got, answers) {
			t.Errorf("answers %v, %v, want %v", got, err, answers)
		}
		if n := w.count(`SELECT COUNT(*) FROM editions e JOIN runs r ON r.edition_id = e.id WHERE e.archived_at > 0`); n != 1 {
			t.Errorf("%d runs of archived editions are left, want 1", n)
		}
	})
}

// TestArchived asks for deliveries that are gone.
func TestArchived(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := decided(t, d)
		w.grow(keep + 37*time.Hour)
		w.drop()
		s, ctx, choice := w.store(), t.Context(), delivery.Choice{Edition: key}
		for what, ask := range map[string]func() error{
			"list":    func() error { _, err := s.List(ctx, delivery.Filter{Edition: key}); return err },
			"show":    func() error { _, _, err := s.Show(ctx, key, address(1)); return err },
			"retry":   func() error { _, err := s.Retry(ctx, choice); return err },
			"resolve": func() error { _, err := s.Resolve(ctx, choice, delivery.AsResend); return err },
			"count":   func() error { _, err := s.Count(ctx, choice, delivery.Failed); return err },
		} {
			if err := ask(); !errors.Is(err, delivery.ErrArchived) || !strings.Contains(err.Error(), key) {
				t.Errorf("%s = %v, want ErrArchived with the edition's name", what, err)
			}
		}
		if got, err := s.List(ctx, delivery.Filter{}); err != nil || len(got) != 0 {
			t.Errorf("all deliveries: %v, %v, want none", got, err)
		}
		if state := w.editionState(); state != "done" {
			t.Errorf("the edition is %s, want done", state)
		}
		readers := subscribers.NewStore(d, w.clock.Now)
		if err := readers.Unsubscribe(ctx, 3, digestN, "one-click", ""); err != nil {
			t.Errorf("unsubscribing by a mail of the day = %v", err)
		}
		if n := w.count(`SELECT COUNT(*) FROM subscriptions WHERE subscriber_id = 3 AND state = 'ended'`); n != 1 {
			t.Error("the subscription did not end")
		}
	})
}

// TestRetentionKeeps leaves days alone of which something is under way.
func TestRetentionKeeps(t *testing.T) {
	for name, c := range map[string]struct {
		change string
		kept   bool
	}{
		"all done":    {`UPDATE editions SET state = 'done'`, false},
		"one sending": {`UPDATE editions SET state = 'sending' WHERE id = 2`, true},
		"one paused":  {`UPDATE editions SET state = 'paused' WHERE id = 1`, true},
		"one that never ran": {`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, reason, created_at)
			SELECT 99, digest_id, '2026-11-01T23:00', 'made/ahead', 'scheduled', day, 'paused', 'waits for approval', 1 FROM editions WHERE id = 1`, false},
		"a cancelled one":          {`UPDATE editions SET state = 'cancelled' WHERE id = 1`, false},
		"pending in a done one":    {`UPDATE deliveries SET state = 'pending' WHERE edition_id = 2 AND subscriber_id = 5`, true},
		"pending in a cancelled":   {`UPDATE deliveries SET state = 'pending' WHERE edition_id = 1 AND subscriber_id = 5`, false},
		"a partial one, first":     {`UPDATE editions SET partial = 1 WHERE id = 2`, true},
		"a partial one, uncertain": {`UPDATE deliveries SET state = CASE WHEN subscriber_id = 5 THEN 'uncertain' ELSE 'failed' END`, true},
		"a partial one, unread":    {`UPDATE deliveries SET state = 'failed'`, false},
		"a partial one, had":       {`UPDATE cohorts SET last_seq = 9, runs = 1`, false},
		"a partial one, waiting":   {`UPDATE subscriptions SET joined_seq = 4, joined_runs = 1 WHERE subscriber_id = 5`, true},
		"a partial one, others":    {`UPDATE subscriptions SET joined_seq = 4, joined_runs = 1 WHERE subscriber_id = 6`, false},
		"a partial one, planning":  {`UPDATE runs SET planned_at = 0`, true},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := decided(t, d)
				switch {
				case name == "pending in a cancelled":
					w.exec(`UPDATE editions SET state = 'cancelled' WHERE id = 1`)
				case strings.HasPrefix(name, "a partial one"):
					w.exec(`UPDATE editions SET partial = 1 WHERE id = 2`)
					if name != "a partial one, first" && name != "a partial one, uncertain" && name != "a partial one, unread" {
						w.exec(`UPDATE cohorts SET last_seq = 9, runs = 1`)
					}
				}
				w.exec(c.change)
				before := w.balance(1)
				w.grow(keep + 37*time.Hour)
				w.drop()
				if kept := w.left() > 0; kept != c.kept {
					t.Errorf("the day is kept: %t, want %t", kept, c.kept)
				}
				if got := w.balance(1); !reflect.DeepEqual(got, before) {
					t.Errorf("balance %+v, want %+v", got, before)
				}
			})
		})
	}
}

func (w *world) answers(edition int64) []delivery.Answered {
	w.t.Helper()
	out, err := w.store().Answers(w.t.Context(), edition)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// TestInterruptedDrop looks at balances in the middle of deleting rows, and lets another process end it.
func TestInterruptedDrop(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), delivery.ChunkSize+500, 3)
	w.exec(`UPDATE deliveries SET state = 'sent'`)
	w.exec(`UPDATE batches SET fence = 1, done_at = 1`)
	w.exec(`UPDATE editions SET state = 'done'`)
	w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class)
		SELECT day, edition_id, subscriber_id, 1, 5, 5, 'fake', 'accepted' FROM deliveries`)
	before, answers := w.balance(edition), w.answers(edition)
	w.grow(keep + 37*time.Hour)
	ids, err := w.store().ArchiveDay(t.Context(), day)
	if err != nil || len(ids) != 1 {
		t.Fatalf("%v, %v, want the edition to be left", ids, err)
	}
	more, err := w.store().DeleteChunk(t.Context(), day, edition)
	if n := w.count(`SELECT COUNT(*) FROM deliveries`); err != nil || !more || n != 500 {
		t.Fatalf("%t, %v with %d left, want 500", more, err, n)
	}
	for tried := w.count(`SELECT COUNT(*) FROM attempts`); more && tried >= delivery.ChunkSize; { // then another process ends it
		if got, told := w.balance(edition), w.answers(edition); !reflect.DeepEqual(got, before) || !reflect.DeepEqual(told, answers) {
			t.Fatalf("half-way: %+v and %+v, want %+v and %+v", got, told, before, answers)
		}
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n > 0 && tried < delivery.ChunkSize+500 {
			t.Fatalf("attempts went before %d deliveries, whose mails they tell of", n)
		}
		if more, err = w.store().DeleteChunk(t.Context(), day, edition); err != nil {
			t.Fatal(err)
		}
		tried = w.count(`SELECT COUNT(*) FROM attempts`)
	}
	w.drop()
	if got := w.balance(edition); !reflect.DeepEqual(got, before) || !reflect.DeepEqual(w.answers(edition), answers) || w.left() != 0 {
		t.Errorf("in the end: %+v and %d rows, want %+v and none", got, w.left(), before)
	}
}

// TestDropWaitsForWriters lets a late result in before its day goes.
func TestDropWaitsForWriters(t *testing.T) {
	w := decided(t, dbtest.Open(t, db.Postgres))
	w.grow(keep + 37*time.Hour)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET state = 'sent' WHERE day = 20781 AND subscriber_id = 2`); err != nil {
			return err
		}
		if _, err := w.store().ArchiveDay(ctx, day); !errors.Is(err, db.ErrDayBusy) {
			t.Errorf("dropping a day while a result is recorded = %v, want ErrDayBusy", err)
		}
		return nil
	})
	w.drop()
	if got := w.balance(edition); got.Sent != 5 || w.left() != 0 {
		t.Errorf("%+v with %d rows left, want 5 sent and none", got, w.left())
	}
}

// TestJournalOfADroppedDay replays what a worker knows of deliveries that are gone.
func TestJournalOfADroppedDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := decided(t, d)
		before := w.balance(edition)
		w.grow(keep + 37*time.Hour)
		w.drop()
		j := openJournal(t, w.state, "gone")
		g := dot(t, j, entry(5, 1))
		if err := j.Reply(g, replied(entry(5, 1), "queued")); err != nil {
			t.Fatal(err)
		}
		dot(t, j, entry(6, 1))
		j.Close()
		w.mustSend()
		if _, err := os.Stat(filepath.Join(w.state, "gone.journal")); !os.IsNotExist(err) {
			t.Errorf("the journal is still there: %v", err)
		}
		if got := w.balance(edition); !reflect.DeepEqual(got, before) || w.left() != 0 {
			t.Errorf("balance %+v with %d rows, want %+v and none", got, w.left(), before)
		}
		if state := w.editionState(); state != "done" {
			t.Errorf("the edition is %s, want done", state)
		}
	})
}

// TestRetentionRuns drops at its start and ends with its context.
func TestRetentionRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := decided(t, d)
		w.grow(keep + 37*time.Hour)
		dropped := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := delivery.NewRetention(d, keep, slog.New(noticed{slog.DiscardHandler, "old deliveries dropped", sync.OnceFunc(func() { close(dropped) })}), w.clock.Now)
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		<-dropped
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

// noticed is a log that tells when an event comes.
type noticed struct {
	slog.Handler
	event string
	tell  func()
}

func (n noticed) Enabled(context.Context, slog.Level) bool { return true }

func (n noticed) Handle(_ context.Context, r slog.Record) error {
	if r.Message == n.event {
		n.tell()
	}
	return nil
}
