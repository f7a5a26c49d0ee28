package subscribers

import (
	"context"
	"errors"
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
		if !token.wentTo(r.Address) || r.waits() && token.isOlderThanEnd(r) {
			return ErrExpired
		}
		now := s.now()
		v = r.asAsked(c, now).viewAsked(c, now)
		return nil
	})
	return v, err
}

// isOlderThanEnd reports whether a link is from before the reader last left.
func (t *Token) isOlderThanEnd(r *record) bool {
	return t.IssuedAt.Before(r.EndedAt.Truncate(time.Second))
}

// viewAsked is view for the page that asks for a confirmation.
func (r *record) viewAsked(c *Catalog, now time.Time) View {
	v := r.view(c, now)
	v.AskedAt, v.AskedOn, v.Mark = r.AskedAt, r.AskedOn, r.mark(c)
	return v
}

// ErrAskedAnew says that what is asked for is not what the reader has seen: somebody
// has asked for something else meanwhile.
var ErrAskedAnew = errors.New("something else was asked for since the page was shown")

// Confirmation is a reader's word for what a page has shown.
type Confirmation struct {
	Seen   string // the Mark of the View that was shown
	Origin string // by which way it came
	Client string // the network address that it came from
}

// Confirm makes the reader of a confirm token active with what was last asked for
// and returns what the page shows. Using a link again changes nothing. A link from
// before the reader last left, or to another address, is ErrExpired; a suppressed
// reader stays pending. If the reader has seen something else than what is
// asked for by now, nothing changes, and ErrAskedAnew comes with what to show.
func (s *Store) Confirm(ctx context.Context, c *Catalog, token Token, by Confirmation) (View, error) {
	if token.Purpose != PurposeConfirm {
		return View{}, ErrBadToken
	}
	var v View
	err := s.change(ctx, token.Subscriber, func(_ *db.Tx, r *record, now time.Time) error {
		if token.isOlderThanEnd(r) || !token.wentTo(r.Address) {
			return ErrExpired
		}
		asked := r.asAsked(c, now)
		v = asked.viewAsked(c, now)
		switch {
		case asked.State != StatePending:
			return nil
		case by.Seen != v.Mark:
			return ErrAskedAnew
		}
		*r = *asked
		if r.Suppressed() { // who is told what others are
			return nil
		}
		r.activate(now)
		r.welcome()
		r.note(note{Consent: Consent{At: now, Event: EventConfirmed, Origin: by.Origin, Client: by.Client, Detail: c.describe(r.chosen(c), r.Zone)}})
		v = r.view(c, now)
		v.Confirmed = true
		return nil
	})
	return v, err
}
