package subscribers_test

import (
	"context"
	"errors"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

const (
	lowAddress  = "low@example.net"  // of who came first
	highAddress = "high@example.com" // of who came later
	rowOfHigh   = `SELECT id FROM subscribers WHERE address = 'high@example.com'`
	rowOfLow    = `SELECT id FROM subscribers WHERE address = 'low@example.net'`
	rowOfQueue  = `SELECT value FROM counters WHERE name = 'system_mail'`
)

// freeWhile runs do while another transaction keeps what held selects, waits until
// do wants it, and reports what of free do has locked before: whoever has held
// and wants that next would wait for ever.
func (k *desk) freeWhile(held string, free []string, do func() error) {
	k.t.Helper()
	ctx := k.t.Context()
	done := make(chan error, 1)
	k.must(k.db.Write(ctx, func(tx *db.Tx) error {
		if n, err := lockedRows(ctx, tx, held+` {for update}`); err != nil || n == 0 {
			return errors.Join(err, errors.New("nothing is held"))
		}
		go func() { done <- do() }()
		for waits := 0; waits == 0; {
			select {
			case err := <-done:
				return errors.Join(err, errors.New("it was done without what is held"))
			default:
			}
			if err := tx.Get(ctx, &waits, `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))`); err != nil {
				return err
			}
		}
		for _, row := range free {
			if n, err := lockedRows(ctx, tx, row+` {skip locked}`); err != nil || n != 1 {
				k.t.Errorf("while it waits for %s it has locked %s (%d rows, %v)", held, row, n, err)
			}
		}
		return nil
	}))
	k.must(<-done)
}

func lockedRows(ctx context.Context, tx *db.Tx, query string) (int, error) {
	var rows []string
	err := tx.Select(ctx, &rows, query)
	return len(rows), err
}

// TestLocksInOrder: what concerns two readers locks them in the order of their
// ids, and the queue of mails, which everybody wants, after everything else.
func TestLocksInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		held  string
		free  []string
		begin func(k *desk, low, high int64) func() error
	}{
		"ask for an active reader's address": {rowOfLow, []string{rowOfHigh, rowOfQueue}, func(k *desk, _, high int64) func() error {
			token := k.fresh(high)
			return func() error { return k.AskAddress(k.t.Context(), token, lowAddress, "form", "") }
		}},
		"ask for the address of a mailbox that is asked": {`SELECT kind FROM mail_caps WHERE kind = 'confirm'`, []string{rowOfQueue}, func(k *desk, _, high int64) func() error {
			token := k.fresh(high)
			return func() error { return k.AskAddress(k.t.Context(), token, "low+x@example.net", "form", "") }
		}},
		"take an address over": {rowOfLow, []string{rowOfHigh}, func(k *desk, low, high int64) func() error {
			k.must(k.Unsubscribe(k.t.Context(), low, 0, "form", ""))
			agree, confirm := k.move(high, highAddress, lowAddress)
			k.accept(agree)
			return func() error {
				v, err := k.AcceptAddress(k.t.Context(), confirm, "page", "")
				if err == nil && !v.Done {
					err = errors.New("the address is not taken over")
				}
				return err
			}
		}},
		"another system names two readers": {rowOfLow, []string{rowOfHigh}, func(k *desk, _, _ int64) func() error {
			_, err := k.told("p-1", highAddress, nil)
			k.must(err)
			return func() error {
				if _, err := k.told("p-1", lowAddress, nil); !errors.Is(err, subscribers.ErrOtherReader) {
					return errors.Join(err, errors.New("want ErrOtherReader"))
				}
				return nil
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newDesk(t, dbtest.Open(t, db.Postgres)) // SQLite has one writer at a time
			low := k.activate(lowAddress)
			high := k.activate(highAddress)
			k.freeWhile(c.held, c.free, c.begin(k, low, high))
			k.checkStates()
		})
	}
}
