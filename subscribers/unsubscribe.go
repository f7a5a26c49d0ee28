package subscribers

import (
	"context"
	"slices"
	"strings"
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
	err := s.change(ctx, subscriberID, func(tx *db.Tx, r *record, now time.Time) (err error) {
		left, err = s.depart(ctx, tx, r, []int64{digestID}, Consent{At: now, Origin: origin, Client: client})
		return err
	})
	return left, err
}

// depart ends digests of r as one leaving, and all of them if 0 is among them. It
// puts that on record as by, and keeps what can be undone.
func (s *Store) depart(ctx context.Context, tx *db.Tx, r *record, digests []int64, by Consent) (Left, error) {
	left, gone := Left{}, r.leaving(digests, by.Origin)
	var ended []string
	for _, id := range digests {
		if r.end(id, by.At) {
			slug, err := r.digestSlug(ctx, tx, id)
			if err != nil {
				return left, err
			}
			ended = append(ended, slug)
			if len(gone) > 0 { // and not what was asked for alone
				continue
			}
		}
		if err := leaveAgain(ctx, tx, r.ID, id, by.Origin, by.At); err != nil {
			return left, err
		}
	}
	if len(ended) == 0 {
		return left, nil
	}
	by.Event, by.Detail = EventUnsubscribed, "digests="+strings.Join(ended, ";")
	if slices.Contains(ended, "*") {
		by.Detail = endedAll
	}
	r.note(note{Consent: by})
	if len(gone) == 0 {
		return left, nil
	}
	left.At = db.Millis(by.At)
	for i := range gone {
		gone[i].at = by.At
		left.Digests = append(left.Digests, gone[i].digest)
	}
	if err := insertLeavings(ctx, tx, gone); err != nil || !s.goodbye {
		return left, err
	}
	return left, s.enqueueGoodbye(ctx, tx, r, by.At)
}

// leaving returns what is kept for a while of a reader who is about to leave by
// such a way: which digests were active, or suppressed, which nobody is to be told.
func (r *record) leaving(digests []int64, origin string) []leaving {
	switch origin {
	case OriginPage, OriginForm, OriginOneClick, OriginMail:
	default:
		return nil
	}
	var out []leaving
	all := slices.Contains(digests, 0)
	for _, s := range r.seats {
		if (s.State == SubscriptionActive || s.State == SubscriptionSuppressed) && (all || slices.Contains(digests, s.DigestID)) {
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
