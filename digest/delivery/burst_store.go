package delivery

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// leftLately returns the digests that at least so many readers have left by
// themselves since a time.
func (s *Store) leftLately(ctx context.Context, since time.Time, least int) ([]int64, error) {
	var ids []int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Select(ctx, &ids, `SELECT digest_id FROM leavings WHERE at > $1 GROUP BY digest_id HAVING COUNT(*) >= $2 ORDER BY digest_id`,
			db.Millis(since), least)
	})
	if err != nil {
		return nil, fmt.Errorf("count who left: %w", err)
	}
	return ids, nil
}

// sentEdition is an edition and how many readers have it, or are about to.
type sentEdition struct {
	ID   int64  `db:"id"`
	Key  string `db:"key"`
	Day  int64  `db:"day"`
	Have int64  `db:"have"`
}

// sentLately returns the editions of a digest of which a batch was worked on since
// a time, but for those that were paused for a burst before.
func (s *Store) sentLately(ctx context.Context, digestID int64, since time.Time) ([]sentEdition, error) {
	var out []sentEdition
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Select(ctx, &out, `SELECT id, key, day, have FROM (
				SELECT e.id, e.key, e.day, e.state,
					(SELECT coalesce(sum(b.size), 0) FROM batches b WHERE b.edition_id = e.id AND b.fence > 0) AS have,
					(SELECT coalesce(max(b.done_at), 0) FROM batches b WHERE b.edition_id = e.id) AS done_at
				FROM (SELECT id, key, day, state FROM editions WHERE digest_id = $1 AND state IN ('sending', 'done') AND burst_at = 0 ORDER BY id DESC LIMIT 20) e) t
			WHERE have > 0 AND (state = 'sending' OR done_at > $2) ORDER BY id`, digestID, db.Millis(since))
	})
	if err != nil {
		return nil, fmt.Errorf("read what was sent lately: %w", err)
	}
	return out, nil
}

// leftOfQuery says CROSS JOIN so that SQLite begins with those who left, and not
// with all who got the edition.
const leftOfQuery = `SELECT COUNT(DISTINCT l.subscriber_id) FROM leavings l
	JOIN editions e ON e.digest_id = l.digest_id AND e.id = $1
	CROSS JOIN deliveries d
	WHERE l.at > $3 AND d.subscriber_id = l.subscriber_id AND d.day = $2 AND d.edition_id = $1 AND d.state IN ('sent', 'uncertain')`

// leftOf counts the readers who got an edition and left its digest since a time.
func (s *Store) leftOf(ctx context.Context, e sentEdition, since time.Time) (n int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &n, leftOfQuery, e.ID, e.Day, db.Millis(since))
	})
	if err != nil {
		return 0, fmt.Errorf("count who left edition %s: %w", e.Key, err)
	}
	return n, nil
}

// pauseBurst pauses an edition for a burst, and reports whether no other process
// did before.
func (s *Store) pauseBurst(ctx context.Context, id int64, b *Burst) (paused bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE editions SET state = 'paused', reason = $1, burst_at = $2
			WHERE id = $3 AND burst_at = 0 AND state IN ('sending', 'done')`, b.reason(), db.Millis(s.now()), id)
		paused = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("pause edition %s: %w", b.Edition, err)
	}
	return paused, nil
}

// pausedBurst is an edition that is paused for a burst.
type pausedBurst struct {
	key, reason string
	at          time.Time
}

func (s *Store) pausedBursts(ctx context.Context) ([]pausedBurst, error) {
	var out []pausedBurst
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var p pausedBurst
			var at int64
			err := scan(&p.key, &p.reason, &at)
			p.at = db.Time(at)
			out = append(out, p)
			return err
		}, `SELECT key, reason, burst_at FROM editions WHERE state = 'paused' AND burst_at > 0 ORDER BY id`)
	})
	if err != nil {
		return nil, fmt.Errorf("read which editions are paused for a burst: %w", err)
	}
	return out, nil
}
