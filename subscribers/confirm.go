package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// Confirm makes the pending reader of a confirm token active and returns what
// the page shows. Using a link again changes nothing. A link from before the
// reader last left is ErrExpired; a suppressed reader stays as they are.
func (s *Store) Confirm(ctx context.Context, c *Catalog, token Token, origin, client string) (View, error) {
	if token.Purpose != PurposeConfirm {
		return View{}, ErrBadToken
	}
	var v View
	err := s.change(ctx, token.Subscriber, func(_ *db.Tx, r *record, now time.Time) error {
		if token.IssuedAt.Before(r.EndedAt.Truncate(time.Second)) {
			return ErrExpired
		}
		if r.State == StatePending && !r.Suppressed() {
			r.activate(now)
			r.welcome()
			r.note(note{Consent: Consent{At: now, Event: EventConfirmed, Origin: origin, Client: client, Detail: c.describe(r.chosen(c), r.Zone)}})
		}
		v = r.view(c, now)
		return nil
	})
	return v, err
}
