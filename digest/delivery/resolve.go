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

// ErrOver says that the next slot of the digest has come for all the readers in question, after which nothing of the
// edition may go out.
var ErrOver = errors.New("the digest's next slot has come: nothing of this edition can be sent any more")

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
// hour from now, or to the next slot of its cohort if that comes earlier; a delivery whose next slot has come stays as it
// is. It returns ErrOver if there are none but those, ErrNotFound for an unknown edition or address, ErrCancelled for a
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
		chosen := `d.day = $1 AND d.edition_id = $2 AND (CAST($3 AS BIGINT) = 0 OR d.subscriber_id = $3) AND d.` + states
		now := s.now()
		extended, err := extendRuns(ctx, tx, e, chosen, subscriber, now)
		if err != nil {
			return 0, fmt.Errorf("extend runs: %w", err)
		}
		if err := endBatchesFirst(ctx, tx, e, extended); err != nil {
			return 0, fmt.Errorf("end batches with their first run: %w", err)
		}
		n, err := tx.Exec(ctx, `UPDATE deliveries AS d SET state = 'pending', reason = '', next_try_at = $4, changed_at = $4
			WHERE `+chosen+` AND EXISTS (SELECT 1 FROM runs r WHERE r.id = d.run_id AND (r.expires_at = 0 OR r.expires_at > $4))`,
			e.Day, e.ID, subscriber, db.Millis(now))
		if err != nil {
			return 0, err
		}
		if n == 0 {
			var over bool
			err := tx.Get(ctx, &over, `SELECT EXISTS (SELECT 1 FROM deliveries d WHERE `+chosen+`)`, e.Day, e.ID, subscriber)
			if err == nil && over {
				err = ErrOver
			}
			return 0, err
		}
		return n, reopenEditions(ctx, tx, []int64{e.ID})
	})
}

// extendRuns gives the runs of chosen deliveries that are over some more time, and returns them. A run after which another of its cohort has
// begun, or whose cohort is due again, has none left. The slot lets the search for later runs begin near the edition's day.
func extendRuns(ctx context.Context, tx *db.Tx, e editionRow, chosen string, subscriber int64, now time.Time) (extended []int64, err error) {
	err = tx.Select(ctx, &extended, `UPDATE runs SET expires_at =
			(SELECT CASE WHEN c.next_due_at > 0 AND c.next_due_at < $4 THEN c.next_due_at ELSE CAST($4 AS BIGINT) END
				FROM cohorts c WHERE c.id = runs.cohort_id)
		WHERE edition_id = $2 AND expires_at > 0 AND expires_at <= $5
			AND EXISTS (SELECT 1 FROM deliveries d WHERE `+chosen+` AND d.run_id = runs.id)
			AND NOT EXISTS (SELECT 1 FROM editions this JOIN editions later ON later.digest_id = this.digest_id
				JOIN runs n ON n.edition_id = later.id AND n.cohort_id = runs.cohort_id
				WHERE this.id = $2 AND later.slot >= $6 AND later.kind = 'scheduled' AND n.due_at > runs.due_at) RETURNING id`,
		e.Day, e.ID, subscriber, db.Millis(now.Add(extraTime)), db.Millis(now), time.Unix((e.Day-1)*24*60*60, 0).UTC().Format(time.DateOnly))
	return extended, err
}

// endBatchesFirst lets the open batches of runs that were extended end with the first of the runs whose deliveries they
// have: runs that expired together share batches, and do not any more.
func endBatchesFirst(ctx context.Context, tx *db.Tx, e editionRow, runs []int64) error {
	if len(runs) == 0 {
		return nil
	}
	const pending = `d.day = $1 AND d.edition_id = $2 AND d.batch_id = batches.id AND d.state = 'pending'`
	_, err := tx.Exec(ctx, `UPDATE batches SET run_id =
			(SELECT r.id FROM deliveries d JOIN runs r ON r.id = d.run_id WHERE `+pending+` ORDER BY r.expires_at, r.id LIMIT 1)
		WHERE edition_id = $2 AND done_at = 0 AND run_id {in 3}
			AND EXISTS (SELECT 1 FROM deliveries d WHERE `+pending+` AND d.run_id <> batches.run_id)`, e.Day, e.ID, runs)
	return err
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
