package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// breakerRow is the one row of the table.
type breakerRow struct {
	OpenedAt  int64      `db:"opened_at"`
	Reason    OpenReason `db:"reason"`
	CalmUntil int64      `db:"calm_until"`
	Ceiling   int64      `db:"ceiling"`
	LastHour  int64      `db:"last_hour"`
}

// mustWait counts a sign-up that causes a confirmation, and reports whether that
// is to wait. What takes the most looking is done by the first sign-up of a span
// alone. Who calls it holds the row of the span until the transaction ends.
func (s *Store) mustWait(ctx context.Context, tx *db.Tx, now time.Time) (bool, error) {
	if s.breaker == (BreakerRules{}) {
		return false, nil
	}
	first, err := countSignUp(ctx, tx, spanOf(now))
	if err != nil {
		return false, err
	}
	b, err := loadBreaker(ctx, tx, now)
	if err != nil {
		return false, err
	}
	var reason OpenReason
	if first {
		if reason, err = s.lookBack(ctx, tx, b, now); err != nil {
			return false, err
		}
	}
	if b.Ceiling > 0 && b.LastHour > b.Ceiling {
		reason = OpenSurge
	}
	open := b.OpenedAt > 0
	switch {
	case !open && reason != "" && now.After(db.Time(b.CalmUntil)):
		open, b.OpenedAt, b.Reason = true, db.Millis(now), reason
	case open && reason == "" && first && (b.Ceiling == 0 || b.LastHour <= b.Ceiling/2) && now.Sub(db.Time(b.OpenedAt)) >= calmAfter:
		open, b.OpenedAt = false, 0
	case !first:
		return open, nil
	}
	_, err = tx.Exec(ctx, `UPDATE signup_breaker SET opened_at = $1, reason = $2, ceiling = $3 WHERE id = 1`, b.OpenedAt, string(b.Reason), b.Ceiling)
	if err != nil {
		return false, fmt.Errorf("store the breaker of sign-ups: %w", err)
	}
	return open, nil
}

// countSignUp reports whether the sign-up is the first of its span.
func countSignUp(ctx context.Context, tx *db.Tx, span int64) (first bool, err error) {
	var n int64
	err = tx.Get(ctx, &n, `INSERT INTO signup_spans (span, asked) VALUES ($1, 1)
		ON CONFLICT (span) DO UPDATE SET asked = signup_spans.asked + 1 RETURNING asked`, span)
	if err != nil {
		return false, fmt.Errorf("count sign-ups: %w", err)
	}
	return n == 1, nil
}

func loadBreaker(ctx context.Context, tx *db.Tx, now time.Time) (*breakerRow, error) {
	var b breakerRow
	err := tx.Get(ctx, &b, `SELECT opened_at, reason, calm_until, ceiling,
			(SELECT CAST(coalesce(sum(asked), 0) AS BIGINT) FROM signup_spans WHERE span > $1) AS last_hour
		FROM signup_breaker WHERE id = 1`, spanOf(now.Add(-surgeOver)))
	if err != nil {
		return nil, fmt.Errorf("read the breaker of sign-ups: %w", err)
	}
	return &b, nil
}

// lookBack finds how many sign-ups are too many by those of the last days, and
// whether what became of the latest is suspicious.
func (s *Store) lookBack(ctx context.Context, tx *db.Tx, b *breakerRow, now time.Time) (OpenReason, error) {
	until := spanOf(now.Add(-surgeOver))
	var usual struct {
		Asked int64 `db:"asked"`
		From  int64 `db:"first_span"`
	}
	err := tx.Get(ctx, &usual, `SELECT CAST(coalesce(sum(asked), 0) AS BIGINT) AS asked, coalesce(min(span), $1) AS first_span
		FROM signup_spans WHERE span > $2 AND span <= $1`, until, spanOf(now.Add(-surgeOver-usualOver)))
	if err != nil {
		return "", fmt.Errorf("count the usual sign-ups: %w", err)
	}
	b.Ceiling = s.breaker.ceiling(usual.Asked, time.Duration(until-usual.From)*spanLength)
	if s.breaker.Confirmed == 0 && s.breaker.Refused == 0 {
		return "", nil
	}
	var got shares
	// What waits or was dropped could not be confirmed.
	err = tx.Get(ctx, &got, `SELECT count(*) AS asked, count(CASE WHEN s.state <> 'pending'
				AND NOT EXISTS (SELECT 1 FROM asked_apart a WHERE a.subscriber_id = s.id) THEN 1 END) AS confirmed,
			count(CASE WHEN m.state = 'failed' OR s.suppressed_at > 0 THEN 1 END) AS refused
		FROM (SELECT subscriber_id, state FROM system_mails WHERE kind = 'confirm' AND created_at > $1 AND created_at <= $2 AND state NOT IN ('held', 'dropped')
			ORDER BY created_at DESC LIMIT $3) m JOIN subscribers s ON s.id = m.subscriber_id`,
		db.Millis(now.Add(-sharesIn-sharesOver)), db.Millis(now.Add(-sharesIn)), sampled)
	if err != nil {
		return "", fmt.Errorf("count who confirmed: %w", err)
	}
	return s.breaker.reason(got), nil
}

func (s *Store) readBreaker(ctx context.Context, tx *db.Tx) (*Breaker, error) {
	row, err := loadBreaker(ctx, tx, s.now())
	if err != nil {
		return nil, err
	}
	var held struct {
		N     int64 `db:"n"`
		Since int64 `db:"since"`
	}
	if err := tx.Get(ctx, &held, `SELECT count(*) AS n, coalesce(min(created_at), 0) AS since FROM system_mails WHERE state = 'held'`); err != nil {
		return nil, fmt.Errorf("count what waits: %w", err)
	}
	if s.breaker == (BreakerRules{}) {
		row.OpenedAt = 0
	}
	return &Breaker{
		OpenedAt: db.Time(row.OpenedAt), Reason: row.Reason, CalmUntil: db.Time(row.CalmUntil), LastHour: row.LastHour, Ceiling: row.Ceiling,
		Waiting: held.N, Since: db.Time(held.Since),
	}, nil
}

// isHeld reports whether a confirmation of a subscriber waits already.
func isHeld(ctx context.Context, tx *db.Tx, subscriberID int64) (bool, error) {
	var n int64
	err := tx.Get(ctx, &n, `SELECT count(*) FROM system_mails WHERE subscriber_id = $1 AND state = 'held'`, subscriberID)
	if err != nil {
		return false, fmt.Errorf("look for a mail that waits: %w", err)
	}
	return n > 0, nil
}

func releaseHeld(ctx context.Context, tx *db.Tx, now time.Time) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE system_mails SET state = 'pending', asked_at = created_at, created_at = $1, next_try_at = $1 WHERE state = 'held'`, db.Millis(now))
	if err != nil {
		return 0, fmt.Errorf("release what waits: %w", err)
	}
	return n, nil
}

func dropHeld(ctx context.Context, tx *db.Tx) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE system_mails SET state = 'dropped' WHERE state = 'held'`)
	if err != nil {
		return 0, fmt.Errorf("drop what waits: %w", err)
	}
	return n, nil
}

func forgetSpans(ctx context.Context, tx *db.Tx, from int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM signup_spans WHERE span >= $1`, from); err != nil {
		return fmt.Errorf("forget sign-ups: %w", err)
	}
	return nil
}

func closeBreaker(ctx context.Context, tx *db.Tx, calmUntil time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE signup_breaker SET opened_at = 0, calm_until = $1 WHERE id = 1`, db.Millis(calmUntil))
	if err != nil {
		return fmt.Errorf("close the breaker of sign-ups: %w", err)
	}
	return nil
}
