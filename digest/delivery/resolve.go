package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
)

// ErrCancelled says that the edition was cancelled, so that nothing of it can be sent again.
var ErrCancelled = errors.New("edition is cancelled")

// Choice says which deliveries of an edition an operator means.
type Choice struct {
	Edition string // key
	Address string // canonical; "" for all of the edition that are in the right state
}

// Resolution is what an operator says of an uncertain delivery.
type Resolution string

// The resolutions.
const (
	AsSent   Resolution = "sent"   // it arrived, or that is good enough
	AsResend Resolution = "resend" // the same bytes go out again
)

// ParseResolution reads a resolution.
func ParseResolution(s string) (Resolution, error) {
	switch r := Resolution(s); r {
	case AsSent, AsResend:
		return r, nil
	}
	return "", fmt.Errorf("resolution %q: want sent or resend", s)
}

// extraTime is what the runs of deliveries that an operator queues again get, where they are over.
const extraTime = time.Hour

// Retry queues failed and expired deliveries again and returns how many. If their run has expired, it is extended to an
// hour from now. It returns ErrNotFound for an unknown edition or address, ErrCancelled for a
// cancelled edition.
func (s *Store) Retry(ctx context.Context, c Choice) (int64, error) {
	n, err := s.requeue(ctx, c, `state IN ('failed', 'expired')`)
	if err != nil {
		return 0, fmt.Errorf("retry deliveries of %s: %w", c.Edition, err)
	}
	return n, nil
}

// Resolve decides about uncertain deliveries and returns how many there were. What is sent again is so as Retry does.
func (s *Store) Resolve(ctx context.Context, c Choice, as Resolution) (int64, error) {
	var n int64
	var err error
	if as == AsResend {
		n, err = s.requeue(ctx, c, `state = 'uncertain'`)
	} else {
		n, err = s.choose(ctx, c, func(tx *db.Tx, e editionRow, subscriber int64) (int64, error) {
			return tx.Exec(ctx, `UPDATE deliveries SET state = 'sent', reason = $1, changed_at = $2
				WHERE day = $3 AND edition_id = $4 AND (CAST($5 AS BIGINT) = 0 OR subscriber_id = $5) AND state = 'uncertain'`,
				ReasonResolved, db.Millis(s.now()), e.Day, e.ID, subscriber)
		})
	}
	if err != nil {
		return 0, fmt.Errorf("resolve deliveries of %s: %w", c.Edition, err)
	}
	return n, nil
}

// requeue makes deliveries pending and due, so that a sweeper puts them into a batch.
func (s *Store) requeue(ctx context.Context, c Choice, states string) (int64, error) {
	return s.choose(ctx, c, func(tx *db.Tx, e editionRow, subscriber int64) (int64, error) {
		if e.State == digest.EditionCancelled {
			return 0, ErrCancelled
		}
		now := s.now()
		_, err := tx.Exec(ctx, `UPDATE runs SET expires_at = $1 WHERE edition_id = $2 AND expires_at > 0 AND expires_at <= $3
			AND EXISTS (SELECT 1 FROM deliveries d WHERE d.day = $4 AND d.edition_id = $2 AND d.run_id = runs.id
				AND (CAST($5 AS BIGINT) = 0 OR d.subscriber_id = $5) AND d.`+states+`)`,
			db.Millis(now.Add(extraTime)), e.ID, db.Millis(now), e.Day, subscriber)
		if err != nil {
			return 0, fmt.Errorf("extend runs: %w", err)
		}
		n, err := tx.Exec(ctx, `UPDATE deliveries SET state = 'pending', reason = '', next_try_at = $1, changed_at = $1
			WHERE day = $2 AND edition_id = $3 AND (CAST($4 AS BIGINT) = 0 OR subscriber_id = $4) AND `+states,
			db.Millis(now), e.Day, e.ID, subscriber)
		if err != nil || n == 0 {
			return n, err
		}
		_, err = tx.Exec(ctx, `UPDATE editions SET state = 'sending' WHERE id = $1 AND state = 'done'`, e.ID)
		return n, err
	})
}

func (s *Store) choose(
	ctx context.Context, c Choice, fn func(tx *db.Tx, e editionRow, subscriber int64) (int64, error),
) (int64, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		e, err := editionByKey(ctx, tx, c.Edition)
		if err != nil {
			return err
		}
		var subscriber int64
		if c.Address != "" {
			if subscriber, err = subscriberID(ctx, tx, c.Address); err != nil {
				return err
			}
		}
		n, err = fn(tx, e, subscriber)
		return err
	})
	return n, err
}
