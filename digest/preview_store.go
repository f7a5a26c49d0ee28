package digest

import (
	"context"
	"errors"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// imagineOwed returns the chooser of the run that the planner would begin for a
// reader right now to whom a welcome is owed or who moved, or nil.
func (p *Planner) imagineOwed(ctx context.Context, d *Digest, subscriberID int64, c cohort) (*chooser, error) {
	o, err := p.store.owedTo(ctx, d.ID, subscriberID)
	if err != nil {
		return nil, err
	}
	o.cohort = c
	now := p.store.now()
	var r *startRun
	slots := p.freeSlots(d, now)
	switch {
	case o.kind == Welcome && d.Welcome > 0:
		r, err = p.welcomeRun(d, c, now)
	case o.kind == Moved:
		if r, err = p.missed(d, &o, now); err != nil || r == nil {
			return nil, err
		}
		slot := d.editionSlot(r.turn.slot)
		slots = seconds(slot)
		had, err := p.store.hadEdition(ctx, d.ID, slot, []owed{o})
		if err != nil || had[subscriberID] {
			return nil, err
		}
	default:
		return nil, nil
	}
	if err == nil {
		r.turn.slot, err = p.store.firstFree(ctx, d, o.kind, slots)
	}
	if err != nil {
		return nil, err
	}
	r.recipients = []int64{subscriberID}
	return p.imagineRun(ctx, r)
}

// owedTo returns what is owed to an active reader; its kind is "" for nothing.
func (s *Store) owedTo(ctx context.Context, digestID, subscriberID int64) (owed, error) {
	var row struct {
		Kind       EditionKind `db:"owed"`
		JoinedRuns int64       `db:"joined_runs"`
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &row, `SELECT owed, joined_runs FROM subscriptions WHERE subscriber_id = $1 AND digest_id = $2 AND state = 'active'`,
			subscriberID, digestID)
	})
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return owed{subscriber: subscriberID, kind: row.Kind, active: true, joinedRuns: row.JoinedRuns}, err
}

// firstFree returns the first slot that no edition of the kind has.
func (s *Store) firstFree(ctx context.Context, d *Digest, kind EditionKind, slots func(yield func(schedule.Local) bool)) (free schedule.Local, err error) {
	for slot := range slots {
		free = slot
		if _, err = s.EditionByKey(ctx, editionKey(d, slot, kind)); err != nil {
			break
		}
	}
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return free, err
}
