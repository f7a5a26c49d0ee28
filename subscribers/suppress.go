package subscribers

import (
	"context"
	"fmt"
	"slices"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Reasons for a suppression, as they are stored.
const (
	ReasonManual      = "manual"
	ReasonImport      = "import"
	ReasonHardBounce  = "hard-bounce"  // there is no such mailbox
	ReasonSoftBounces = "soft-bounces" // it has taken nothing for a long time
	ReasonComplaint   = "complaint"
)

// Suppress keeps an address, known or not, from being mailed. The subscriber's
// state stays, for when it is lifted. An address that is suppressed already
// keeps its first reason, but for one of a machine's, which gives way to a
// person's: what lifts the former must not lift the latter.
func (s *Store) Suppress(ctx context.Context, address, reason, detail, origin string) error {
	address, err := mail.Canonical(address)
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockNew(ctx, tx); err != nil {
			return err
		}
		recs, err := load(ctx, tx, byAddresses, []string{address}, locked)
		if err != nil {
			return err
		}
		why := Suppression{Reason: reason, Detail: detail, CreatedAt: s.now()}
		n, err := insertSuppressions(ctx, tx, []string{address}, why)
		if err != nil || n == 0 || len(recs) == 0 {
			return err
		}
		recs[0].suppressFor(why, origin)
		return saveRecords(ctx, tx, recs)
	})
}

// SuppressTx keeps subscribers from being mailed, within a transaction that
// has more to do. Those that are suppressed or erased already stay as they are.
// The row of each is locked.
func SuppressTx(ctx context.Context, tx *db.Tx, ids []int64, why Suppression, origin string) error {
	recs, err := load(ctx, tx, byIDs, ids, locked)
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	recs = slices.DeleteFunc(recs, func(r *record) bool { return r.Suppressed() })
	if len(recs) == 0 {
		return nil
	}
	addresses := make([]string, len(recs))
	for i, r := range recs {
		addresses[i] = r.Address
		r.suppressFor(why, origin)
	}
	if _, err := insertSuppressions(ctx, tx, addresses, why); err != nil {
		return err
	}
	return saveRecords(ctx, tx, recs)
}

// suppressFor suppresses a reader, or notes one more reason.
func (r *record) suppressFor(why Suppression, origin string) {
	if !r.Suppressed() {
		r.suppress(why.CreatedAt)
	}
	r.note(note{Consent: Consent{At: why.CreatedAt, Event: EventSuppressed, Origin: origin, Detail: "reason=" + why.Reason}})
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
		return s.lift(ctx, tx, []string{address}, recs, note{Consent: Consent{Event: EventUnsuppressed, Origin: origin}})
	})
}

// lift deletes the suppressions of addresses and brings back those of their
// records, locked, that were suppressed.
func (s *Store) lift(ctx context.Context, tx *db.Tx, addresses []string, recs []*record, why note) error {
	if err := deleteSuppressions(ctx, tx, addresses); err != nil {
		return err
	}
	recs = slices.DeleteFunc(recs, func(r *record) bool { return !r.Suppressed() })
	now := s.now()
	for _, r := range recs {
		r.unsuppress(now)
		r.note(why.at(now))
	}
	return saveRecords(ctx, tx, recs)
}
