package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// leaving is a digest that a reader left by a link, as it is kept for a while.
type leaving struct {
	subscriber, digestID int64
	digest               string // its slug, as read from the subscription
	at                   time.Time
	origin               string
	pausedUntil          time.Time
	again                bool // the reader left what had ended once more: that was meant
}

// keepLeavings is for how long they are kept.
const keepLeavings = 30 * 24 * time.Hour

func insertLeavings(ctx context.Context, tx *db.Tx, rows []leaving) error {
	_, err := tx.ExecRows(ctx, `INSERT INTO leavings (subscriber_id, digest_id, at, origin, paused_until)
		SELECT v.subscriber, v.digest, v.at, v.origin, v.paused_until FROM {rows}
		WHERE TRUE ON CONFLICT (subscriber_id, digest_id, at) DO NOTHING`, []db.Column{
		ints("subscriber", rows, func(l leaving) int64 { return l.subscriber }),
		ints("digest", rows, func(l leaving) int64 { return l.digestID }),
		ints("at", rows, func(l leaving) int64 { return db.Millis(l.at) }),
		texts("origin", rows, func(l leaving) string { return l.origin }),
		ints("paused_until", rows, func(l leaving) int64 { return db.Millis(l.pausedUntil) }),
	})
	if err != nil {
		return fmt.Errorf("keep how a reader left: %w", err)
	}
	return nil
}

// sameVisit is for how long a page that is sent again is the same visit: a
// scanner or a nervous finger, not a reader who comes back.
const sameVisit = time.Minute

// leaveAgain notes that a reader left what had ended by our pages already: by
// another way, or on another visit. What is left twice was meant.
func leaveAgain(ctx context.Context, tx *db.Tx, subscriber, digest int64, origin string, now time.Time) error {
	before := now
	if origin == OriginPage || origin == OriginForm {
		before = now.Add(-sameVisit)
	}
	_, err := tx.Exec(ctx, `UPDATE leavings SET again_at = $1
		WHERE subscriber_id = $2 AND (CAST($3 AS BIGINT) = 0 OR digest_id = $3) AND origin IN ($4, $5) AND again_at = 0 AND at <= $6`,
		db.Millis(now), subscriber, digest, OriginPage, OriginForm, db.Millis(before))
	if err != nil {
		return fmt.Errorf("note that a reader left again: %w", err)
	}
	return nil
}

// leavingsAt reads what a reader left at a time.
func leavingsAt(ctx context.Context, tx *db.Tx, subscriber, at int64) ([]leaving, error) {
	var out []leaving
	err := tx.Each(ctx, func(scan func(...any) error) error {
		l := leaving{subscriber: subscriber, at: db.Time(at)}
		var paused, again int64
		err := scan(&l.digestID, &l.origin, &paused, &again)
		l.pausedUntil, l.again = db.Time(paused), again > 0
		out = append(out, l)
		return err
	}, `SELECT digest_id, origin, paused_until, again_at FROM leavings WHERE subscriber_id = $1 AND at = $2 ORDER BY digest_id`, subscriber, at)
	if err != nil {
		return nil, fmt.Errorf("read how a reader left: %w", err)
	}
	return out, nil
}

// deleteLeavings forgets what a reader left at a time.
func deleteLeavings(ctx context.Context, tx *db.Tx, subscriber, at int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM leavings WHERE subscriber_id = $1 AND at = $2`, subscriber, at)
	if err != nil {
		return fmt.Errorf("forget how a reader left: %w", err)
	}
	return nil
}

// deleteAllLeavings forgets how a reader left, so that nothing of it is undone.
func deleteAllLeavings(ctx context.Context, tx *db.Tx, subscriber int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM leavings WHERE subscriber_id = $1`, subscriber); err != nil {
		return fmt.Errorf("forget how a reader left: %w", err)
	}
	return nil
}

// hasReason reports whether the reader has said why since a leaving.
func hasReason(ctx context.Context, tx *db.Tx, subscriber, at int64) (bool, error) {
	var n int
	err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM consents WHERE subscriber_id = $1 AND event = $2 AND at >= $3`, subscriber, string(EventReason), at)
	if err != nil {
		return false, fmt.Errorf("read why a reader left: %w", err)
	}
	return n > 0, nil
}

// Marks are what made a leaving by the page look like a scanner's. They name
// nobody and no network.
type Marks struct {
	Links   int  // different links of the mail that were opened within seconds of it
	Machine bool // it was sent by a program that says so
}

// MarkLeaving keeps the marks of a leaving by the page, whose name Left has.
func (s *Store) MarkLeaving(ctx context.Context, subscriber, at int64, m Marks) error {
	machine := 0
	if m.Machine {
		machine = 1
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE leavings SET links = $1, machine = $2 WHERE subscriber_id = $3 AND at = $4 AND origin = $5`,
			m.Links, machine, subscriber, at, OriginPage)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the marks of a leaving: %w", err)
	}
	return nil
}

// pruneSome is how many leavings are forgotten at once.
const pruneSome = 10_000

// PruneLeavings forgets some of how readers left more than a month ago.
func (s *Store) PruneLeavings(ctx context.Context) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM leavings WHERE (subscriber_id, digest_id, at) IN
			(SELECT subscriber_id, digest_id, at FROM leavings WHERE at < $1 ORDER BY at LIMIT $2)`,
			db.Millis(s.now().Add(-keepLeavings)), pruneSome)
		return err
	})
	if err != nil {
		return fmt.Errorf("prune how readers left: %w", err)
	}
	return nil
}
