package delivery_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

func (w *world) queue() delivery.Queue {
	w.t.Helper()
	q, err := w.store().Queue(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

func TestQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 1)
		now := w.clock.Now().Truncate(time.Millisecond)
		ms := func(ago time.Duration) int64 { return db.Millis(now.Add(-ago)) }
		w.exec(`UPDATE batches SET ready_at = $1 - id`, ms(time.Minute))
		w.exec(`UPDATE batches SET done_at = 1 WHERE id = 3`)
		w.exec(`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at) VALUES
			(2, 7, 'b', 'b', 'manual', 20781, 'paused', 1), (3, 7, 'c', 'c', 'manual', 20781, 'paused', 1),
			(4, 7, 'd', 'd', 'manual', 20781, 'cancelled', 1), (5, 7, 'e', 'e', 'manual', 20781, 'done', 1)`)
		w.exec(`INSERT INTO batches (id, edition_id, run_id, day, size, ready_at, done_at) VALUES
			(100, 2, 11, 20781, 7, 5, 0), (101, 4, 11, 20781, 1000, 5, 0), (102, 5, 11, 20781, 2000, 5, 6)`)
		w.exec(`INSERT INTO provider_pauses (provider, reason, paused_at, paused_until) VALUES
			('yahoo', '', 1, $1), ('google', '', 1, $1), ('gmx', '', 1, $2)`, ms(-time.Hour), ms(time.Hour))
		got := w.queue()
		want := delivery.Queue{Sending: 1, Paused: 2, Pending: 507, OldestAt: db.Time(ms(time.Minute) - 2), PausedProviders: []string{"google", "yahoo"}}
		if !equalQueues(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if age := got.Age(now); age != time.Minute+2*time.Millisecond {
			t.Errorf("age %v", age)
		}

		w.exec(`UPDATE deliveries SET next_try_at = $1 WHERE subscriber_id > 590`, ms(-time.Hour))
		if got := w.queue(); got.Retries != 10 || got.Pending != 517 || !got.OldestAt.Equal(want.OldestAt) {
			t.Errorf("with retries to come: %+v", got)
		}
		w.exec(`UPDATE deliveries SET next_try_at = $1 WHERE subscriber_id = 600`, ms(2*time.Hour))
		if got := w.queue(); got.Age(now) != 2*time.Hour {
			t.Errorf("with a retry due: %+v", got)
		}
		w.exec(`UPDATE deliveries SET next_try_at = 0 WHERE subscriber_id > 592`)
		w.exec(`UPDATE batches SET done_at = 1`)
		if got := w.queue(); got.Pending != 2 || !got.OldestAt.IsZero() || got.Age(now) != 0 {
			t.Errorf("with nothing to do yet: %+v", got)
		}
	})
}

func equalQueues(a, b delivery.Queue) bool {
	return a.Sending == b.Sending && a.Paused == b.Paused && a.Pending == b.Pending && a.Retries == b.Retries &&
		a.OldestAt.Equal(b.OldestAt) && slices.Equal(a.PausedProviders, b.PausedProviders)
}

// TestQueueReadsByIndex fills tables as years do and looks at the plans: no query may read what is done with.
func TestQueueReadsByIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20000, 1)
		w.exec(`UPDATE batches SET done_at = 1 WHERE id > 5`)
		w.exec(`UPDATE deliveries SET state = 'sent' WHERE batch_id > 5`)
		w.exec(`UPDATE deliveries SET next_try_at = subscriber_id WHERE subscriber_id <= 20`)
		var ids []int64
		for i := range 4000 {
			ids = append(ids, int64(1000+i))
		}
		w.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecRows(ctx, `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
				SELECT v.id, 7, 'x' || v.id, 'x' || v.id, 'manual', 20781, 'done', 1 FROM {rows}`, []db.Column{db.Ints("id", ids)})
			if err != nil {
				return err
			}
			_, err = tx.ExecRows(ctx, `INSERT INTO batches (id, edition_id, run_id, day, size, ready_at, done_at)
				SELECT v.id, v.id, 11, 20781, 250, 1, 2 FROM {rows}`, []db.Column{db.Ints("id", ids)})
			return err
		})
		w.exec(`ANALYZE`)
		for name, query := range delivery.QueueQueries() {
			plan := w.plan(query)
			for line := range strings.SplitSeq(plan, "\n") {
				if strings.Contains(line, "Seq Scan") || strings.Contains(line, "SCAN") && !strings.Contains(line, "INDEX") &&
					!strings.Contains(line, "CONSTANT ROW") && !strings.Contains(line, "SCAN r") {
					t.Errorf("%s reads all of a table:\n%s", name, plan)
				}
			}
		}
	})
}

func (w *world) plan(query string) string {
	w.t.Helper()
	query = strings.ReplaceAll(query, "$1", "100000")
	var lines []string
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		if tx.Dialect() == db.Postgres {
			return tx.Select(w.t.Context(), &lines, "EXPLAIN "+query)
		}
		return tx.Each(w.t.Context(), func(scan func(dest ...any) error) error {
			var id, parent, unused int64
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			lines = append(lines, detail)
			return err
		}, "EXPLAIN QUERY PLAN "+query)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestAnswersCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			switch to {
			case address(2):
				return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
			case address(3):
				return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
			}
			return nil
		})
		w.mustSend()
		w.exec(`INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class) VALUES (20781, 2, 1, 1, 1, 1, 'fake', 'accepted')`)
		want := []delivery.Answered{{"fake", mail.ClassAccepted, 8}, {"fake", mail.ClassPermanentRecipient, 1}, {"fake", mail.ClassTemporaryRecipient, 1}}
		got, err := w.store().Answers(t.Context(), edition)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		w.exec(`INSERT INTO edition_answers (edition_id, relay, class, n) VALUES (1, 'fake', 'accepted', 12), (1, '', 'permanent-message', 1)`)
		want = []delivery.Answered{
			{"", mail.ClassPermanentMessage, 1}, {"fake", mail.ClassAccepted, 20}, {"fake", mail.ClassPermanentRecipient, 1},
			{"fake", mail.ClassTemporaryRecipient, 1},
		}
		got, err = w.store().Answers(t.Context(), edition)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("half archived: got %v, %v, want %v", got, err, want)
		}
	})
}

func TestPace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1000, 1)
		pace := func() delivery.Pace {
			t.Helper()
			p, err := delivery.NewStore(d, func() time.Time { return time.UnixMilli(10_000_000) }).Pace(t.Context(), edition)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		if p := pace(); p != (delivery.Pace{}) {
			t.Errorf("before the start: %+v", p)
		}
		// 100 long ago, 240 sent and 60 failed in the last half minute, 500 wait, 100 are ready
		w.exec(`UPDATE deliveries SET state = 'sent', changed_at = 9000000 WHERE subscriber_id <= 100`)
		w.exec(`UPDATE deliveries SET state = CASE WHEN subscriber_id <= 340 THEN 'sent' ELSE 'failed' END, changed_at = 9969900 + subscriber_id
			WHERE subscriber_id > 100 AND subscriber_id <= 400`)
		w.exec(`UPDATE deliveries SET changed_at = 9999999, next_try_at = 99999999 WHERE subscriber_id > 400 AND subscriber_id <= 900`)
		p := pace()
		if p.Waiting != 500 || int(p.Sent+0.5) != 8 || int(p.Ended+0.5) != 10 {
			t.Errorf("half a minute in: %+v, want 8 sent and 10 ended a second, 500 waiting", p)
		}
		if left, ok := p.Left(600); !ok || left.Round(time.Second) != 10*time.Second {
			t.Errorf("left %v, %v, want 10 s", left, ok)
		}
		if _, ok := p.Left(500); ok {
			t.Error("a time left for what waits only")
		}
	})
}

// BenchmarkQueue asks with a million deliveries pending, 20,000 of them for another try.
func BenchmarkQueue(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, dialect), 1_000_000, 1)
			w.exec(`UPDATE deliveries SET next_try_at = subscriber_id WHERE subscriber_id <= 20000`)
			w.exec(`ANALYZE`)
			for b.Loop() {
				w.queue()
			}
		})
	}
}
