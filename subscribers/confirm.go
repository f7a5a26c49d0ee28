package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// ConfirmToken is what the link holds by which a subscriber confirms that an
// address is theirs, asked for at a time.
func ConfirmToken(subscriber int64, address string, at time.Time) Token {
	return Token{Purpose: PurposeConfirm, Subscriber: subscriber, Change: addressMark(address), IssuedAt: at}
}

// Asked returns what the page behind a confirmation link shows. A link that was
// mailed to an address which the reader no longer has is ErrExpired.
func (s *Store) Asked(ctx context.Context, c *Catalog, token Token) (View, error) {
	if token.Purpose != PurposeConfirm {
		return View{}, ErrBadToken
	}
	var v View
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, err := byID(ctx, tx, token.Subscriber, "")
		if err != nil {
			return err
		}
		if !token.wentTo(r.Address) {
			return ErrExpired
		}
		v = r.view(c, s.now())
		return nil
	})
	return v, err
}

// Confirm makes the pending reader of a confirm token active and returns what
// the page shows. Using a link again changes nothing. A link from before the
// reader last left, or to another address, is ErrExpired; a suppressed reader
// stays as they are.
func (s *Store) Confirm(ctx context.Context, c *Catalog, token Token, origin, client string) (View, error) {
	if token.Purpose != PurposeConfirm {
		return View{}, ErrBadToken
	}
	var v View
	err := s.change(ctx, token.Subscriber, func(_ *db.Tx, r *record, now time.Time) error {
		if token.IssuedAt.Before(r.EndedAt.Truncate(time.Second)) || !token.wentTo(r.Address) {
			return ErrExpired
		}
		confirms := r.State == StatePending && !r.Suppressed()
		if confirms {
			r.activate(now)
			r.welcome()
			r.note(note{Consent: Consent{At: now, Event: EventConfirmed, Origin: origin, Client: client, Detail: c.describe(r.chosen(c), r.Zone)}})
		}
		v = r.view(c, now)
		v.Confirmed = confirms
		return nil
	})
	return v, err
}
