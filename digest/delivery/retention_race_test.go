package delivery_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// barrier is a lock that the database itself asks for after a statement on a
// table, so that the transaction behind it stays open until a test lets it go.
const barrier = 20782

// stopAfter makes whoever runs a statement, such as "INSERT ON changes", wait for
// the barrier.
func (m *month) stopAfter(statement string) {
	m.exec(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(20782); RETURN NULL; END'`)
	m.exec(`CREATE TRIGGER stop AFTER ` + statement + ` FOR EACH STATEMENT EXECUTE FUNCTION stop()`)
}

// atOnce runs first until it waits at the barrier, and second until that waits or
// has ended. Then both go on to their ends.
func (m *month) atOnce(first, second func(ctx context.Context) error) {
	m.t.Helper()
	ctx, ended, over := m.t.Context(), make(chan error, 2), make(chan struct{})
	m.must(m.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, barrier); err != nil {
			return err
		}
		go func() { ended <- first(ctx) }()
		if err := untilWaiting(ctx, tx, 1); err != nil {
			return err
		}
		go func() { ended <- second(ctx); close(over) }()
		return untilWaitingOr(ctx, tx, 2, over)
	}))
	for range 2 {
		m.must(<-ended)
	}
}

// untilWaitingOr returns when so many wait for what a transaction holds, or for who
// does, or when over is closed.
func untilWaitingOr(ctx context.Context, tx *db.Tx, waiting int, over <-chan struct{}) error {
	for n := 0; n < waiting; {
		select {
		case <-over:
			return nil
		default:
		}
		err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM pg_locks w WHERE NOT w.granted AND (pg_backend_pid() = ANY(pg_blocking_pids(w.pid))
			OR EXISTS (SELECT 1 FROM pg_locks b WHERE b.pid = ANY(pg_blocking_pids(w.pid)) AND pg_backend_pid() = ANY(pg_blocking_pids(b.pid))))`)
		if err != nil {
			return err
		}
	}
	return nil
}

// TestReleasedWhileItsProofGoes: a story is released, or gets another topic, just
// as the day is archived that knows who had it. Whichever is first, nobody gets it
// twice; if the release is, who did not have it gets it.
func TestReleasedWhileItsProofGoes(t *testing.T) {
	release := func(ctx context.Context, m *month) error { return m.edit(ctx, digest.DeskRelease) }
	retag := func(ctx context.Context, m *month) error {
		_, err := m.store.Put(ctx, digest.NewTagger(m.setup), nil, []digest.Incoming{{URL: "https://courier.example/1", Title: "Story 1", Topics: []string{"world", "sport"}}})
		return err
	}
	for name, test := range map[string]struct {
		held   bool
		change func(context.Context, *month) error
		first  string // where the change stops, "" if the archive is first
		want   []string
	}{
		"released first": {true, release, "INSERT ON changes", []string{"monthly/2026-12-01 1: 1", "monthly/2027-01-01 1: 2", "monthly/2027-01-01 2: 2", "monthly/2027-02-01 2: 1"}},
		"archived first": {true, release, "", []string{"monthly/2027-01-01 1: 2", "monthly/2027-01-01 2: 2"}},
		"a topic first":  {false, retag, "INSERT ON article_topics", []string{"monthly/2027-01-01 1: 2", "monthly/2027-01-01 2: 2 1"}},
		"a topic last":   {false, retag, "", []string{"monthly/2027-01-01 1: 2", "monthly/2027-01-01 2: 2 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMonth(t, dbtest.Open(t, db.Postgres), 1)
			m.exec(`UPDATE subscriptions SET paused_until = $1 WHERE subscriber_id = 2`, time.Date(2026, 12, 15, 0, 0, 0, 0, time.UTC).UnixMilli())
			m.put(1)
			m.goTo("2026-12-01")
			m.tick()
			m.goTo("2026-12-02")
			if test.held {
				m.must(m.edit(t.Context(), digest.DeskHold))
			}
			m.put(2)
			m.goTo("2027-01-01")
			m.tick()
			m.goTo("2027-01-08")
			change := func(ctx context.Context) error { return test.change(ctx, m) }
			archive := func(ctx context.Context) error {
				return delivery.NewRetention(m.db, 7*24*time.Hour, slog.New(slog.DiscardHandler), m.clock).Drop(ctx)
			}
			if test.first == "" {
				m.stopAfter("UPDATE ON editions")
				m.atOnce(archive, change)
			} else {
				m.stopAfter(test.first)
				m.atOnce(change, archive)
			}
			m.goTo("2027-02-01")
			m.tick()
			m.wantMails(test.want...)
		})
	}
}

// edit does to story 1 what an editor wants.
func (m *month) edit(ctx context.Context, action digest.DeskAction) error {
	_, err := m.store.Edit(ctx, 1, digest.DeskOrder{Action: action, Who: "maria"})
	return err
}
