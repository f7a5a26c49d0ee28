package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// HookState is how a system takes what it is told, and what waits for it.
type HookState struct {
	Hook
	Health
	Waiting, GivenUp int64     // events
	OldestAt         time.Time // of those that wait, zero if none does
	WaitUntil        time.Time // while the system fails: when it is tried again
	Told             int64     // events that it took
	ToldAt           time.Time
	LastError        string
}

// HookStates returns the state of each system that is told, by its slug.
func (s *Store) HookStates(ctx context.Context) ([]HookState, error) {
	var states []HookState
	err := s.db.View(ctx, func(tx *db.Tx) error {
		hooks, err := readHooks(ctx, tx)
		states = nil
		for _, h := range sortedHooks(hooks) {
			state, err := hookStateOf(ctx, tx, h)
			if err != nil {
				return err
			}
			states = append(states, state)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read outgoing webhooks: %w", err)
	}
	return states, nil
}

func hookStateOf(ctx context.Context, tx *db.Tx, h Hook) (HookState, error) {
	var row struct {
		hookState
		Told    int64 `db:"told"`
		ToldAt  int64 `db:"told_at"`
		Waiting int64 `db:"waiting"`
		Oldest  int64 `db:"oldest"`
		GivenUp int64 `db:"given_up"`
	}
	// That at is no less than 0 has SQLite take the index that begins with the oldest.
	err := tx.Get(ctx, &row, `SELECT failures, failing_since, wait_until, last_error, told, told_at,
			(SELECT count(*) FROM outbox WHERE hook = slug AND next_try_at > 0) AS waiting,
			(SELECT coalesce(min(at), 0) FROM outbox WHERE hook = slug AND next_try_at > 0 AND at > 0) AS oldest,
			(SELECT count(*) FROM outbox WHERE hook = slug AND next_try_at = 0) AS given_up
		FROM outgoing_webhooks WHERE slug = $1`, h.Slug)
	return HookState{Hook: h, Health: Health{row.Failures, db.Time(row.FailingSince)}, Waiting: row.Waiting, GivenUp: row.GivenUp,
		OldestAt: db.Time(row.Oldest), WaitUntil: db.Time(row.WaitUntil), Told: row.Told, ToldAt: db.Time(row.ToldAt), LastError: row.LastError}, err
}

// Events returns what a system is still to be told, or was not, the oldest
// first and at most so many.
func (s *Store) Events(ctx context.Context, hook string, most int) ([]OutboxEvent, error) {
	var rows []outboxEventRow
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.Select(ctx, &rows, `SELECT subscriber_id, hook, at, event, body, queued_at, attempts, next_try_at, answer FROM outbox
			WHERE hook = $1 ORDER BY at, subscriber_id LIMIT $2`, hook, most)
	})
	if err != nil {
		return nil, fmt.Errorf("read the outbox of %s: %w", hook, err)
	}
	return outboxEvents(rows), nil
}

// RetryEvents has a system told at once what waits for it or was given up, and
// returns how many events that are. Of a reader it is told in their order; what a
// later event has overtaken is not there any more. A system that is not configured
// is ErrUnknown.
func (s *Store) RetryEvents(ctx context.Context, hook string) (n int64, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		now := db.Millis(s.now())
		known, err := tx.Exec(ctx, `UPDATE outgoing_webhooks SET failures = 0, failing_since = 0, wait_until = 0 WHERE slug = $1`, hook)
		if err != nil {
			return err
		}
		if known == 0 {
			return ErrUnknown
		}
		n, err = tx.Exec(ctx, `UPDATE outbox SET next_try_at = $1, queued_at = $1, answer = '' WHERE hook = $2`, now, hook)
		return err
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		err = fmt.Errorf("tell %s again: %w", hook, err)
	}
	return n, err
}
