package subscribers

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Reasons for a suppression, as they are stored.
const (
	ReasonManual    = "manual"
	ReasonImport    = "import"
	ReasonBounce    = "bounce"
	ReasonComplaint = "complaint"
)

// Suppress keeps an address, known or not, from being mailed. The subscriber's
// state stays, for when it is lifted. An address that is suppressed already
// keeps its first reason.
func (s *Store) Suppress(ctx context.Context, address, reason, detail, origin string) error {
	address, err := mail.Canonical(address)
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockNew(ctx, tx); err != nil {
			return err
		}
		now := s.now()
		err := insertSuppressions(ctx, tx, []string{address}, Suppression{Reason: reason, Detail: cut(detail, 500), CreatedAt: now})
		if err != nil {
			return err
		}
		recs, err := load(ctx, tx, byAddresses, []string{address}, locked)
		if err != nil || len(recs) == 0 || recs[0].Suppressed() {
			return err
		}
		recs[0].suppress(now)
		recs[0].note(note{Consent: Consent{At: now, Event: EventSuppressed, Origin: origin, Detail: "reason=" + reason}})
		return save(ctx, tx, recs)
	})
}

// Unsuppress lifts a suppression: what was active is active again. An address
// that is not suppressed stays as it is; one that we have never heard of is
// ErrUnknown.
func (s *Store) Unsuppress(ctx context.Context, address, origin string) error {
	address, err := mail.Canonical(address)
	if err != nil {
		return fmt.Errorf("unsuppress: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockNew(ctx, tx); err != nil {
			return err
		}
		found, err := suppressionOf(ctx, tx, address)
		if err != nil {
			return err
		}
		recs, err := load(ctx, tx, byAddresses, []string{address}, locked)
		if err != nil {
			return err
		}
		if found == nil && len(recs) == 0 {
			return ErrUnknown
		}
		if err := deleteSuppression(ctx, tx, address); err != nil {
			return err
		}
		if len(recs) == 0 || !recs[0].Suppressed() {
			return nil
		}
		now := s.now()
		recs[0].unsuppress(now)
		recs[0].note(note{Consent: Consent{At: now, Event: EventUnsuppressed, Origin: origin}})
		return save(ctx, tx, recs)
	})
}
