package delivery

import (
	"context"
	"fmt"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Store reads and settles deliveries.
type Store struct {
	db  *db.DB
	now func() time.Time
}

// NewStore returns a store on a migrated database.
func NewStore(d *db.DB, now func() time.Time) *Store { return &Store{db: d, now: now} }

// rollQuery, like all queries by batch, gives day and edition with it: on SQLite the three are the beginning of the
// table's key, on PostgreSQL they are a partition and an index of it.
const rollQuery = `
	SELECT d.subscriber_id, d.selection_id, d.attempts, d.reason, COALESCE(s.address, ''), COALESCE(s.name, ''), COALESCE(s.format, ''), COALESCE(s.state, ''),
		COALESCE(s.suppressed_at, 0), COALESCE(u.state, '')
	FROM deliveries d
	LEFT JOIN subscribers s ON s.id = d.subscriber_id
	LEFT JOIN subscriptions u ON u.subscriber_id = d.subscriber_id AND u.digest_id = $3
	WHERE d.day = $1 AND d.edition_id = $4 AND d.batch_id = $2 AND d.state = 'pending' AND d.next_try_at = 0
	ORDER BY d.subscriber_id`

// load reads the pending deliveries of a batch with their readers, and notes in the batch who has left since planning.
// There are none if the edition was paused or cancelled after the claim.
func (s *Store) load(ctx context.Context, b *batch) ([]*item, error) {
	var items []*item
	began := s.now()
	err := s.db.View(ctx, func(tx *db.Tx) error {
		items, b.roll = nil, map[int64]string{}
		if sends, err := stillSends(ctx, tx, b.edition); err != nil || !sends {
			return err
		}
		var retried []int64
		byID := map[int64]*item{}
		err := eachReader(ctx, tx, b, func(it item, reason string) {
			it.batch = b
			items = append(items, &it)
			b.roll[it.subscriber] = reason
			if it.attempts > 0 {
				retried = append(retried, it.subscriber)
				byID[it.subscriber] = &it
			}
		})
		if err != nil || len(retried) == 0 {
			return err
		}
		return loadAttempts(ctx, tx, b, retried, byID)
	})
	if err != nil {
		return nil, fmt.Errorf("load batch %d: %w", b.id, err)
	}
	b.readAt = began
	return items, nil
}

func eachReader(ctx context.Context, tx *db.Tx, b *batch, row func(it item, reason string)) error {
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var it item
		var state, subscription string
		var suppressedAt int64
		err := scan(&it.subscriber, &it.selection, &it.attempts, &it.waited, &it.address, &it.name, &it.format, &state, &suppressedAt, &subscription)
		if err != nil {
			return err
		}
		row(it, leftBecause(state, suppressedAt, subscription))
		return nil
	}, rollQuery, b.day, b.id, b.digest, b.edition)
}

// leftBecause says why a reader gets nothing more, or "".
func leftBecause(state string, suppressedAt int64, subscription string) string {
	switch {
	case suppressedAt > 0 || subscription == "suppressed":
		return ReasonSuppressed
	case state != "active" || subscription != "active":
		return ReasonUnsubscribed
	}
	return ""
}

// loadAttempts finds out of earlier tries how often the recipient's server put us off, and how the message read when
// its text first went out: from then on it is fixed.
func loadAttempts(ctx context.Context, tx *db.Tx, b *batch, retried []int64, byID map[int64]*item) error {
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber, composedAt int64
		var class, phase string
		var a Answer
		if err := scan(&subscriber, &composedAt, &class, &phase, &a.Enhanced, &a.Text); err != nil {
			return err
		}
		it := byID[subscriber]
		if a.Class = mail.Class(class); a.Class == mail.ClassTemporaryRecipient {
			it.refusals++
			it.mailboxRefuses = it.mailboxRefuses || a.isAboutMailbox()
		}
		if it.asOf.IsZero() && isUnderWay(mail.Phase(phase)) {
			it.asOf = db.Time(composedAt)
		}
		return nil
	}, `SELECT subscriber_id, composed_at, class, phase, enhanced, reply FROM attempts
		WHERE day = $1 AND edition_id = $2 AND subscriber_id {in 3} ORDER BY subscriber_id, n`, b.day, b.edition, retried)
}

// isUnderWay reports whether some of the message's text may have left us by that phase.
func isUnderWay(p mail.Phase) bool { return p == mail.PhaseBody || p == mail.PhaseDot }

// roll reads who of a batch is still to be sent, and whether its edition still sends.
func (s *Store) roll(ctx context.Context, b *batch) (roll map[int64]string, sendable bool, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		roll = map[int64]string{}
		if sendable, err = stillSends(ctx, tx, b.edition); err != nil {
			return err
		}
		return eachReader(ctx, tx, b, func(it item, reason string) { roll[it.subscriber] = reason })
	})
	if err != nil {
		return nil, false, fmt.Errorf("read again who gets batch %d: %w", b.id, err)
	}
	return roll, sendable, nil
}

func stillSends(ctx context.Context, tx *db.Tx, edition int64) (bool, error) {
	var state digest.EditionState
	if err := tx.Get(ctx, &state, `SELECT state FROM editions WHERE id = $1`, edition); err != nil {
		return false, fmt.Errorf("read edition %d: %w", edition, err)
	}
	return state != digest.EditionPaused && state != digest.EditionCancelled, nil
}
