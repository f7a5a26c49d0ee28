package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// ErrNothingDue says that a send would reach nobody: no story has arrived
// since the last edition, or nobody subscribes. No edition was made.
var ErrNothingDue = errors.New("nothing is due")

// Send is an edition that an editor triggers by hand.
type Send struct {
	Digest     *Digest
	TopicID    int64   // only stories of this topic, 0 for all
	Recipients []int64 // only these subscribers, nil for all
}

func (s *Send) partial() bool { return s.TopicID != 0 || s.Recipients != nil }

// SendNow makes and plans an edition with the stories that have arrived since
// each reader's last one, outside the schedule. The scheduled slots stay and go
// on with what arrives later. It returns ErrNothingDue if there is nothing to
// send.
func (p *Planner) SendNow(ctx context.Context, s Send, now time.Time) (*Edition, error) {
	slot, err := p.freeSlot(ctx, s.Digest, now)
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", s.Digest.Slug, err)
	}
	cohorts, err := p.store.cohortsOf(ctx, s.Digest.ID)
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", s.Digest.Slug, err)
	}
	began := 0
	for _, c := range cohorts {
		ok, err := p.startNow(ctx, &s, c, slot, now)
		if err != nil {
			return nil, fmt.Errorf("send %s: cohort %s: %w", s.Digest.Slug, c.Zone, err)
		}
		if ok {
			began++
		}
	}
	if began == 0 {
		return nil, fmt.Errorf("%w: no story has arrived for the readers of %s since their last edition", ErrNothingDue, s.Digest.Slug)
	}
	e, err := p.store.EditionByKey(ctx, editionKey(s.Digest, slot, Manual))
	if err != nil {
		return nil, err
	}
	return e, p.PlanRuns(ctx, e.ID)
}

// freeSlot is the current second in the digest's zone, or the next one that no
// edition has. Seconds keep it apart from all scheduled slots.
func (p *Planner) freeSlot(ctx context.Context, d *Digest, now time.Time) (schedule.Local, error) {
	for slot := schedule.LocalOf(now, d.Location); ; slot = slot.Add(time.Second) {
		if len(slot.String()) == len("2006-01-02T15:04") { // on the full minute, where schedules are
			continue
		}
		_, err := p.store.EditionByKey(ctx, editionKey(d, slot, Manual))
		if errors.Is(err, ErrNotFound) {
			return slot, nil
		} else if err != nil {
			return slot, err
		}
	}
}

func (p *Planner) startNow(ctx context.Context, s *Send, c cohort, slot schedule.Local, now time.Time) (bool, error) {
	loc, err := s.Digest.zone(p.zones, c.Zone)
	if err != nil {
		return false, err
	}
	r := startRun{
		digest: s.Digest, cohort: c, slot: slot, due: now, expires: now.Add(s.Digest.ExpireAfter),
		next: c.NextSlot, nextDue: c.NextDueAt, firstFrom: firstWindow(s.Digest, loc, now),
		kind: Manual, partial: s.partial(), topicID: s.TopicID, recipients: s.Recipients,
	}
	var w window
	if err := p.store.db.View(ctx, func(tx *db.Tx) (err error) { w, err = runWindow(ctx, tx, &r); return err }); err != nil {
		return false, err
	}
	if w.to <= w.from {
		return false, nil
	}
	return p.store.startRun(ctx, r)
}

// firstWindow is when the first window of a cohort begins that has not run
// yet: at the slot before, as if it had always been there.
func firstWindow(d *Digest, loc *time.Location, now time.Time) time.Time {
	local := schedule.LocalOf(now, loc)
	if prev := d.Schedule.Prev(local).In(loc); now.Sub(prev) >= 12*time.Hour {
		return prev
	}
	return d.Schedule.Prev(d.Schedule.Prev(local)).In(loc)
}
