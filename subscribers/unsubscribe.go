package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// The ways by which readers leave by themselves, as the record of consent names
// them.
const (
	OriginPage     = "page"      // the page behind the link in a mail
	OriginForm     = "form"      // the reader's settings
	OriginOneClick = "one-click" // a mailbox provider's POST for the reader (RFC 8058)
	OriginMail     = "mail"      // a mail to the mailbox of List-Unsubscribe
)

// Left is what became of a request to leave.
type Left struct {
	// At names the leaving, for a return token, in milliseconds. It is 0 where no
	// digest ended that the reader got until then.
	At int64
	// Digests are the slugs of those that ended.
	Digests []string
}

// Unsubscribe is Leave for whoever need not know what ended.
func (s *Store) Unsubscribe(ctx context.Context, subscriberID, digestID int64, origin, client string) error {
	_, err := s.Leave(ctx, subscriberID, digestID, origin, client)
	return err
}

// Leave ends one digest of a subscriber, or all of them if digestID is 0; who has
// none left has left. It needs no configuration and no row but the subscriber's
// own, works for pending and suppressed readers too, and changes nothing the
// second time, but that what the reader asked for again stands. An unknown
// subscriber is ErrUnknown.
func (s *Store) Leave(ctx context.Context, subscriberID, digestID int64, origin, client string) (Left, error) {
	var left Left
	err := s.change(ctx, subscriberID, func(tx *db.Tx, r *record, now time.Time) error {
		left = Left{}
		detail := endedAll
		if seat := r.seat(digestID); seat != nil {
			detail = "digests=" + seat.Digest
		}
		gone := r.leaving(digestID, origin)
		if !r.end(digestID, now) {
			return leaveAgain(ctx, tx, r.ID, digestID, origin, now)
		}
		r.note(note{Consent: Consent{At: now, Event: EventUnsubscribed, Origin: origin, Client: client, Detail: detail}})
		if len(gone) == 0 {
			return nil
		}
		left.At = db.Millis(now)
		for i := range gone {
			gone[i].at = now
			left.Digests = append(left.Digests, gone[i].digest)
		}
		if err := insertLeavings(ctx, tx, gone); err != nil || !s.goodbye {
			return err
		}
		return s.enqueueGoodbye(ctx, tx, r, now)
	})
	return left, err
}

// leaving returns what is kept for a while of a reader who is about to leave by
// such a way: which digests were active.
func (r *record) leaving(digestID int64, origin string) []leaving {
	switch origin {
	case OriginPage, OriginForm, OriginOneClick, OriginMail:
	default:
		return nil
	}
	var out []leaving
	for _, s := range r.seats {
		if s.State == SubscriptionActive && (digestID == 0 || s.DigestID == digestID) {
			out = append(out, leaving{subscriber: r.ID, digestID: s.DigestID, digest: s.Digest, origin: origin, pausedUntil: s.PausedUntil})
		}
	}
	return out
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
