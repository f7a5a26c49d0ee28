package delivery

import (
	"context"
	"os"

	"broadsheet/internal/db"
)

// TestJournal is a journal for tests.
type TestJournal struct{ j *journal }

// OpenTestJournal opens the journal of a worker.
func OpenTestJournal(dir, worker string) (*TestJournal, error) {
	j, err := openJournal(dir, worker)
	return &TestJournal{j}, err
}

// Dot writes the line before the final dot.
func (t *TestJournal) Dot(e Entry) (int, error) { return t.j.dot(&e) }

// Reply writes the line after the reply.
func (t *TestJournal) Reply(generation int, e Entry) error { return t.j.reply(generation, &e) }

// Recorded says that the database knows.
func (t *TestJournal) Recorded(generation int) { t.j.recorded(generation) }

// Close leaves the files and lets go of the lock, as the end of the process does.
func (t *TestJournal) Close() { t.j.close() }

// ReadJournalFile reads both generations.
func ReadJournalFile(path string) (*Journal, error) { return readJournalFile(path) }

// SetBoot makes lines look as if written in another run of the machine.
func (t *TestJournal) SetBoot(boot string) error {
	t.j.boot = boot
	return t.j.head()
}

// TestGate is a gate for tests.
type TestGate struct{ *gate }

// NewTestGate returns an open gate that closes after limit failures.
func NewTestGate(limit int) TestGate { return TestGate{newGate(limit)} }

// Try passes one message that gets through or fails.
func (g TestGate) Try(ctx context.Context, ok bool) (probe bool, err error) {
	if probe, err = g.enter(ctx); err != nil {
		return false, err
	}
	if ok {
		g.leave(probe, through, "")
	} else {
		g.leave(probe, failed, "no route")
	}
	return probe, nil
}

// Stuck reports whether probe after probe has failed.
func (g TestGate) Stuck() bool {
	select {
	case <-g.stuck:
		return true
	default:
		return false
	}
}

// Stop ends its timer.
func (g TestGate) Stop() { g.stop() }

// Settle makes editions done of which nothing is pending.
func (s *Store) Settle(ctx context.Context) ([]string, error) { return s.settle(ctx) }

// CorrectToPending records that a delivery, given up with a batch of ours, never went out.
func (s *Store) CorrectToPending(ctx context.Context, day, edition, subscriber, batch int64) error {
	now := s.now()
	c := change{day: day, edition: edition, subscriber: subscriber, state: Pending, nextTry: now, corrects: batch}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := recorder{now: now, written: counts{}}.record(ctx, tx, []change{c})
		return err
	})
}

// BreakJournal makes every write to the journal of a running engine fail, as a full disk does, until repair is called.
func (e *Engine) BreakJournal() (repair func(), err error) {
	readOnly, err := os.Open(e.journal.path)
	if err != nil {
		return nil, err
	}
	swap := func(files [2]*os.File) (old [2]*os.File) {
		e.journal.mu.Lock()
		defer e.journal.mu.Unlock()
		for i := range files {
			old[i], e.journal.generations[i].file = e.journal.generations[i].file, files[i]
		}
		return old
	}
	good := swap([2]*os.File{readOnly, readOnly})
	return func() {
		swap(good)
		readOnly.Close()
	}, nil
}

// QueueQueries are what Queue asks of the large tables.
func QueueQueries() map[string]string {
	return map[string]string{"sending": sendingQuery, "paused": pausedQuery, "retries": retriesQuery, "next retry": nextRetryQuery}
}
