package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// Planner turns due cohorts into editions, runs, selections and deliveries.
// Any number of planners may work at once, on one host or on several.
type Planner struct {
	store *Store
	setup *Setup
	zones *schedule.Zones
	log   *slog.Logger
}

// NewPlanner returns a planner of the digests of setup, whose ids must have
// been loaded.
func NewPlanner(store *Store, setup *Setup, log *slog.Logger) *Planner {
	return &Planner{store: store, setup: setup, zones: schedule.NewZones(), log: log}
}

// Refresh computes anew when each cohort is due. It belongs to the start of a
// service: the schedule may have changed in the configuration, and the rules
// of a zone with a new time-zone database. A slot that still exists keeps its
// name, so that it is neither planned twice nor lost.
func (p *Planner) Refresh(ctx context.Context, now time.Time) error {
	for i := range p.setup.Digests {
		d := &p.setup.Digests[i]
		cohorts, err := p.store.cohortsOf(ctx, d.ID)
		if err != nil {
			return err
		}
		for _, c := range cohorts {
			if err := p.refresh(ctx, d, c, now); err != nil {
				return fmt.Errorf("cohort %s of %s: %w", c.Zone, d.Slug, err)
			}
		}
	}
	return nil
}

func (p *Planner) refresh(ctx context.Context, d *Digest, c cohort, now time.Time) error {
	loc, err := d.zone(p.zones, c.Zone)
	if err != nil {
		return err
	}
	slot, due := c.NextSlot, time.Time{}
	if !slot.IsZero() && d.Schedule.Next(slot.Add(-time.Minute)) == slot {
		due = slot.In(loc)
	} else {
		slot, due = d.Schedule.NextIn(loc, now)
	}
	if slot == c.NextSlot && due.Equal(c.NextDueAt) {
		return nil
	}
	return p.store.setNextSlot(ctx, c, slot, due)
}

// Tick plans what is due at now: the missed slots of cohorts as their digest's
// catch_up says, and runs that an earlier planner left unfinished. A cohort
// that fails does not keep the others from being planned.
func (p *Planner) Tick(ctx context.Context, now time.Time) error {
	var errs []error
	for {
		cohorts, err := p.store.dueCohorts(ctx, now, p.digestIDs())
		if err != nil {
			return fmt.Errorf("find due cohorts: %w", err)
		}
		moved := 0
		for _, c := range cohorts {
			if err := p.start(ctx, c, now); err != nil {
				errs = append(errs, fmt.Errorf("start run of cohort %d: %w", c.ID, err))
				if ctx.Err() != nil || errors.Is(err, db.ErrUnavailable) {
					return errors.Join(errs...)
				}
				continue
			}
			moved++
		}
		if moved == 0 {
			break
		}
	}
	return errors.Join(append(errs, p.PlanRuns(ctx, 0))...)
}

func (p *Planner) digestIDs() []int64 {
	ids := make([]int64, len(p.setup.Digests))
	for i := range p.setup.Digests {
		ids[i] = p.setup.Digests[i].ID
	}
	return ids
}

// start begins the run of a due cohort's slot, or only moves the cohort on
// where the slot is not to be sent any more.
func (p *Planner) start(ctx context.Context, c cohort, now time.Time) error {
	d, err := p.setup.digestByID(c.DigestID)
	if err != nil {
		return err
	}
	loc, err := d.zone(p.zones, c.Zone)
	if err != nil {
		return err
	}
	if c.NextSlot.IsZero() { // a new cohort
		slot, due := d.Schedule.NextIn(loc, now)
		return p.store.setNextSlot(ctx, c, slot, due)
	}
	slot, due := c.NextSlot, c.NextDueAt
	next, nextDue := d.Schedule.NextIn(loc, due)
	if d.CatchUp == CatchUpMerge || d.CatchUp == CatchUpSkip {
		for !nextDue.After(now) { // of several missed slots only the last counts
			slot, due = next, nextDue
			next, nextDue = d.Schedule.NextIn(loc, due)
		}
	}
	missed := slot != c.NextSlot
	expires := due.Add(d.ExpireAfter)
	if nextDue.Before(expires) {
		expires = nextDue // never past the next slot
	}
	if !expires.After(now) || d.CatchUp == CatchUpSkip && (missed || now.Sub(due) > skipAfter) {
		p.log.InfoContext(ctx, "slot passed unsent, its stories come with the next", "digest", d.Slug, "zone", c.Zone, "slot", slot.String())
		return p.store.setNextSlot(ctx, c, next, nextDue)
	}
	began, err := p.store.startRun(ctx, startRun{
		digest: d, cohort: c, slot: slot, due: due, expires: expires, next: next, nextDue: nextDue,
		firstFrom: d.Schedule.Prev(slot).In(loc), asOfDue: d.CatchUp == CatchUpEach && !nextDue.After(now), kind: Scheduled,
	})
	if err == nil && began {
		p.log.InfoContext(ctx, "run started", "edition", editionKey(d, slot, Scheduled), "zone", c.Zone, "due", due)
	}
	return err
}

// skipAfter is how late a slot may be under catch_up = "skip".
const skipAfter = 15 * time.Minute

// PlanRuns plans the runs that are not planned to the end, of one edition or,
// if editionID is 0, of all.
func (p *Planner) PlanRuns(ctx context.Context, editionID int64) error {
	var errs []error
	failed := map[int64]bool{}
	for {
		runs, err := p.store.unplannedRuns(ctx, editionID)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("find unplanned runs: %w", err))...)
		}
		planned := 0
		for _, r := range runs {
			if failed[r.ID] {
				continue
			}
			planned++
			if err := p.planRun(ctx, r, nil); err != nil {
				failed[r.ID] = true
				errs = append(errs, fmt.Errorf("plan run %d: %w", r.ID, err))
				if ctx.Err() != nil || errors.Is(err, db.ErrUnavailable) {
					return errors.Join(errs...)
				}
			}
		}
		if planned == 0 {
			return errors.Join(errs...)
		}
	}
}
