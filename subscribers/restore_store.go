package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// isScanners is true of a leaving l that can be undone: by the page, with the
// marks of a scanner, and the reader has not left anything since in another way.
const isScanners = `l.origin = 'page' AND l.again_at = 0 AND l.links >= $1
	AND NOT EXISTS (SELECT 1 FROM leavings o WHERE o.subscriber_id = l.subscriber_id AND o.at > l.at AND (o.origin <> 'page' OR o.links < $1))
	AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = l.subscriber_id AND c.at > l.at AND c.event = 'unsubscribed' AND c.origin <> 'page')`

func restorables(ctx context.Context, tx *db.Tx, since, until time.Time) ([]Restorable, error) {
	var out []Restorable
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var one Restorable
		var at int64
		var machine int
		err := scan(&one.Subscriber, &one.Address, &one.DigestID, &one.Digest, &at, &one.Links, &machine)
		one.LeftAt, one.Machine = db.Time(at), machine != 0
		out = append(out, one)
		return err
	}, `SELECT l.subscriber_id, r.address, l.digest_id, d.slug, l.at, l.links, l.machine FROM leavings l
		JOIN subscribers r ON r.id = l.subscriber_id AND r.state <> 'pending'
		JOIN digests d ON d.id = l.digest_id
		JOIN subscriptions s ON s.subscriber_id = l.subscriber_id AND s.digest_id = l.digest_id AND s.state = 'ended' AND s.ended_at = l.at
		WHERE `+isScanners+` AND l.at >= $2 AND l.at < $3 ORDER BY l.at DESC, l.subscriber_id, l.digest_id`,
		ManyLinks, db.Millis(since), db.Millis(until))
	return out, err
}

// stillRestorable reads a leaving of a locked reader, if it can still be undone.
func stillRestorable(ctx context.Context, tx *db.Tx, subscriber, digest, at int64) ([]leaving, error) {
	var out []leaving
	err := tx.Each(ctx, func(scan func(...any) error) error {
		l := leaving{subscriber: subscriber, digestID: digest, at: db.Time(at)}
		var paused int64
		err := scan(&l.origin, &paused)
		l.pausedUntil = db.Time(paused)
		out = append(out, l)
		return err
	}, `SELECT l.origin, l.paused_until FROM leavings l WHERE `+isScanners+` AND l.subscriber_id = $2 AND l.digest_id = $3 AND l.at = $4`,
		ManyLinks, subscriber, digest, at)
	if err != nil {
		return nil, fmt.Errorf("read how a reader left: %w", err)
	}
	return out, nil
}

func deleteLeaving(ctx context.Context, tx *db.Tx, subscriber, digest, at int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM leavings WHERE subscriber_id = $1 AND digest_id = $2 AND at = $3`, subscriber, digest, at)
	if err != nil {
		return fmt.Errorf("forget how a reader left: %w", err)
	}
	return nil
}
