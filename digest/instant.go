package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/schedule"
)

// beginInstant starts runs of a digest without a schedule, for the cohorts that
// stories have arrived for: one edition for all of them. Those in quiet hours
// are looked at when the hours are over, and then get what has come since.
func (p *Planner) beginInstant(ctx context.Context, d *Digest, now time.Time) error {
	cohorts, err := p.store.behind(ctx, d.ID, now)
	if err != nil {
		return fmt.Errorf("find cohorts of %s that stories came for: %w", d.Slug, err)
	}
	var ready []startRun
	for _, c := range cohorts {
		r, err := p.instantRun(ctx, d, c, now)
		if err != nil {
			return fmt.Errorf("cohort %s of %s: %w", &c, d.Slug, err)
		}
		if r != nil {
			ready = append(ready, *r)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	for slot := range p.freeSlots(d, now) {
		err := p.startAll(ctx, ready, slot)
		if !errors.Is(err, errSlotTaken) {
			return err
		}
	}
	return nil
}

// instantRun returns the run that a cohort is due for, or nil after it was put
// off or nothing of what arrived was for it.
func (p *Planner) instantRun(ctx context.Context, d *Digest, c cohort, now time.Time) (*startRun, error) {
	times, err := p.rhythmOf(d, c)
	if err != nil {
		return nil, err
	}
	if c.LastSeq < 0 {
		return nil, p.store.passOver(ctx, c)
	}
	until, err := times.quietUntil(now)
	if err != nil {
		return nil, err
	}
	if until.After(now) {
		return nil, p.store.setNextSlot(ctx, c, schedule.Local{}, until)
	}
	if came, err := p.store.storiesCame(ctx, d, c, now); err != nil || !came {
		return nil, err
	}
	return &startRun{
		digest: d, cohort: c, kind: Scheduled, firstFrom: now,
		turn: turn{due: now, expires: now.Add(d.ExpireAfter)},
	}, nil
}

// startAll starts runs of one edition.
func (p *Planner) startAll(ctx context.Context, runs []startRun, slot schedule.Local) error {
	for _, r := range runs {
		r.turn.slot = slot
		began, err := p.store.startRun(ctx, r)
		if err != nil {
			return fmt.Errorf("cohort %s of %s: %w", &r.cohort, r.digest.Slug, err)
		}
		if began {
			p.log.InfoContext(ctx, "run started", "digest", r.digest.Slug, "slot", slot.String(), "zone", r.cohort.Zone)
		}
	}
	return nil
}

// freeSlots yields the seconds of this minute in the digest's zone and those
// after it, in which no schedule has a slot. Planners that work at once begin
// with the same.
func (p *Planner) freeSlots(d *Digest, now time.Time) func(yield func(schedule.Local) bool) {
	return seconds(schedule.LocalOf(now.Truncate(time.Minute), d.Location))
}

// seconds yields the seconds after a time but for the full minutes.
func seconds(after schedule.Local) func(yield func(schedule.Local) bool) {
	return func(yield func(schedule.Local) bool) {
		for slot := after.Add(time.Second); ; slot = slot.Add(time.Second) {
			if !onMinute(slot) && !yield(slot) {
				return
			}
		}
	}
}

// onMinute reports whether a slot is where schedules have theirs.
func onMinute(slot schedule.Local) bool { return len(slot.String()) == len("2006-01-02T15:04") }
