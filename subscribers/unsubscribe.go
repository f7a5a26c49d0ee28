package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// Unsubscribe ends one digest of a subscriber, or all of them if digestID is
// 0; who has none left has left. It needs no configuration and no row but the
// subscriber's own, works for pending and suppressed readers too, and changes
// nothing the second time. An unknown subscriber is ErrUnknown.
func (s *Store) Unsubscribe(ctx context.Context, subscriberID, digestID int64, origin, client string) error {
	return s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) error {
		detail := endedAll
		if seat := r.seat(digestID); seat != nil {
			detail = "digests=" + seat.Digest
		}
		if r.end(digestID, now) {
			r.note(note{Consent: Consent{At: now, Event: EventUnsubscribed, Origin: origin, Client: client, Detail: detail}})
		}
		return nil
	})
}

// UnsubscribeAddress ends everything for an address, for operators and for
// mail that asks for it. The address may be written in any way.
func (s *Store) UnsubscribeAddress(ctx context.Context, address, origin string) error {
	id, err := s.idOf(ctx, address)
	if err != nil {
		return err
	}
	return s.Unsubscribe(ctx, id, 0, origin, "")
}
