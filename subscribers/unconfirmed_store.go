package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// ForgetAfter is how long an address that did not confirm is kept, since it was
// last signed up or brought in.
const ForgetAfter = 30 * 24 * time.Hour

// EventLapsed says that who had left was signed up again and did not confirm
// within ForgetAfter.
const EventLapsed Event = "lapsed"

// PruneUnconfirmed forgets up to most of the readers who did not confirm within
// ForgetAfter, those who were asked first, with all that hangs on them: their
// choices, system mails and record of consent. Of one who had left before only
// what was asked for is forgotten, so that we know it still. A suppression of the
// address stays. It returns how many readers it dealt with.
func (s *Store) PruneUnconfirmed(ctx context.Context, most int) (n int, err error) {
	before := s.now().Add(-ForgetAfter)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		ids, err := unconfirmed(ctx, tx, before, most)
		if n = len(ids); err != nil || n == 0 {
			return err
		}
		recs, err := load(ctx, tx, byIDs, ids, locked)
		if err != nil {
			return err
		}
		return s.lapse(ctx, tx, recs, before)
	})
	if err != nil {
		return 0, fmt.Errorf("prune readers who did not confirm: %w", err)
	}
	return n, nil
}

// unconfirmed lists readers who were asked last before a time, up to most.
func unconfirmed(ctx context.Context, tx *db.Tx, before time.Time, most int) ([]int64, error) {
	var ids []int64
	for _, query := range []string{
		`SELECT id FROM subscribers WHERE state = 'pending' AND asked_at < $1 ORDER BY asked_at LIMIT $2`,
		`SELECT subscriber_id FROM asked_apart WHERE asked_at < $1 ORDER BY asked_at LIMIT $2`,
	} {
		var some []int64
		if err := tx.Select(ctx, &some, query, db.Millis(before), most-len(ids)); err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// lapse deals with those of the records that are still unconfirmed.
func (s *Store) lapse(ctx context.Context, tx *db.Tx, recs []*record, before time.Time) error {
	var addresses []string
	for _, r := range recs {
		addresses = append(addresses, r.Address)
	}
	erased, err := erasuresOf(ctx, tx, addresses)
	if err != nil {
		return err
	}
	var back []*record
	var gone []int64
	for _, r := range recs {
		_, wasErased := erased[r.Address]
		switch {
		case !r.askedBefore(before): // meanwhile
		case r.asked != nil || r.HasLeft() && (!wasErased || !r.ConfirmedAt.IsZero()): // not only before the erasure
			r.lapse(s.now())
			back = append(back, r)
		default:
			gone = append(gone, r.ID)
		}
	}
	if err := s.save(ctx, tx, back); err != nil {
		return err
	}
	return forgetAll(ctx, tx, gone)
}

// askedBefore reports whether the reader was asked to confirm, last before a time.
func (r *record) askedBefore(t time.Time) bool {
	if r.asked != nil {
		return r.asked.At < db.Millis(t)
	}
	return r.State == StatePending && r.AskedAt.Before(t)
}

// lapse makes a reader who had left before and was asked to confirm one who has
// left, since then.
func (r *record) lapse(now time.Time) {
	left := r.EndedAt
	r.end(0, now)
	set(&r.changed, &r.EndedAt, left)
	r.note(note{Consent: Consent{At: now, Event: EventLapsed, Origin: originRetention}})
}

// forgetAll deletes readers who never were active, and all that hangs on them.
func forgetAll(ctx context.Context, tx *db.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	for _, statement := range []string{
		`DELETE FROM subscriptions WHERE subscriber_id {in 1}`,
		`DELETE FROM system_mails WHERE subscriber_id {in 1}`,
		`DELETE FROM address_changes WHERE subscriber_id {in 1}`,
		`DELETE FROM asked_apart WHERE subscriber_id {in 1}`,
		`DELETE FROM outbox WHERE subscriber_id {in 1}`,
		`DELETE FROM leavings WHERE subscriber_id {in 1}`,
		`DELETE FROM consents WHERE subscriber_id {in 1}`,
		`DELETE FROM subscribers WHERE id {in 1}`,
	} {
		if _, err := tx.Exec(ctx, statement, ids); err != nil {
			return fmt.Errorf("forget readers: %w", err)
		}
	}
	return nil
}
