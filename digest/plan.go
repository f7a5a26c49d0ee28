package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
	"broadsheet/subscribers"
)

// Planner turns due cohorts into editions, runs, selections and deliveries.
// Any number of planners may work at once, on one host or on several.
type Planner struct {
	store *Store
	setup *Setup
	zones *schedule.Zones
	lost  lostZones
	log   *slog.Logger
	ramp  *subscribers.Ramp // nil: everybody is admitted
	made  remembered
}

// NewPlanner returns a planner of the digests of setup, whose ids must have
// been loaded.
func NewPlanner(store *Store, setup *Setup, log *slog.Logger) *Planner {
	return &Planner{store: store, setup: setup, zones: schedule.NewZones(), log: log}
}

// Refresh computes anew when each cohort is due. It belongs to the start of a
// service: the schedule may have changed in the configuration, and the rules
// of a zone with a new time-zone database. The slot that a cohort waits for
// stays, even if it has passed, unless it is gone or a new one comes before it.
// A cohort that fails does not keep the others from being refreshed.
func (p *Planner) Refresh(ctx context.Context, now time.Time) error {
	var errs []error
	for i := range p.setup.Digests {
		d := &p.setup.Digests[i]
		cohorts, err := p.store.cohortsOf(ctx, d.ID)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, c := range cohorts {
			if err := p.refresh(ctx, d, c, now); err != nil {
				errs = append(errs, fmt.Errorf("refresh cohort %s of %s: %w", &c, d.Slug, err))
			}
			if stop(ctx, errs) {
				return errors.Join(errs...)
			}
		}
	}
	return errors.Join(errs...)
}

func (p *Planner) refresh(ctx context.Context, d *Digest, c cohort, now time.Time) error {
	r, err := p.rhythmOf(d, c)
	if err != nil {
		return err
	}
	if d.Instant {
		if c.NextSlot.IsZero() && c.NextDueAt.IsZero() {
			return nil
		}
		return p.store.endSchedule(ctx, c)
	}
	slot, due := r.next(now.Add(d.Cutoff))
	if c.NextSlot.IsZero() { // a new cohort, which has missed nothing yet
		slot, due = r.next(now)
	}
	exists := !c.NextSlot.IsZero() && r.times.Next(c.NextSlot.Add(-time.Second)) == c.NextSlot
	if exists && !slot.Before(c.NextSlot) {
		slot, due = c.NextSlot, c.NextSlot.In(r.loc)
	}
	if slot == c.NextSlot && due.Equal(c.NextDueAt) {
		return nil
	}
	if c.LastSeq < 0 {
		return p.store.setFirstSlot(ctx, c, slot, r)
	}
	return p.store.setNextSlot(ctx, c, slot, due)
}

// Tick plans what is due at now, of the digests with the given ids or of all if
// there are none: the missed slots of cohorts as their digest's catch_up says,
// and runs that an earlier planner left unfinished. A cohort that fails does not
// keep the others from being planned.
func (p *Planner) Tick(ctx context.Context, now time.Time, digests ...int64) error {
	if len(digests) == 0 {
		digests = p.digestIDs()
	}
	began := time.Now()
	found, err := p.store.anythingDue(ctx, p.dueBy(now, digests))
	switch {
	case err != nil:
		return err
	case !found:
		p.made.rest(now)
		return nil
	}
	p.lost.forget()
	var errs []error
	if err := p.ramp.Admit(ctx); err != nil { // who is not admitted waits
		if errs = append(errs, err); stop(ctx, errs) {
			return err
		}
	}
	errs = append(errs, p.begin(ctx, now, digests)...)
	if stop(ctx, errs) {
		return errors.Join(errs...)
	}
	open := p.newRounds(0, digests)
	open.made = p.made.take()
	defer func() { p.made.keep(open.made, now) }()
	for at := now; ; {
		more, err := open.next(ctx)
		if err != nil || !more {
			return errors.Join(append(append(errs, open.errs...), err)...)
		}
		later := now.Add(time.Since(began).Truncate(time.Minute))
		if later.After(at) { // what has fallen due meanwhile does not wait for millions
			at = later
			errs = append(errs, p.begin(ctx, at, digests)...)
		}
	}
}

// begin starts the runs of all that is due, after the stories whose embargo is
// over were released.
func (p *Planner) begin(ctx context.Context, now time.Time, digests []int64) (errs []error) {
	by := p.dueBy(now, digests)
	if released, err := p.store.ReleaseEmbargoes(ctx, now); err != nil {
		if errs = append(errs, err); stop(ctx, errs) {
			return errs
		}
	} else if released > 0 {
		p.log.InfoContext(ctx, "embargoes ended", "stories", released)
	}
	errs = append(errs, p.beginSlots(ctx, by)...)
	for _, id := range digests {
		if stop(ctx, errs) {
			return errs
		}
		d, err := p.setup.digestByID(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if d.Instant {
			if err := p.beginInstant(ctx, d, now); err != nil {
				errs = append(errs, err)
			}
		}
		if err := p.beginOwed(ctx, d, now); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// beginSlots starts the runs of slots that have closed.
func (p *Planner) beginSlots(ctx context.Context, by dueBy) (errs []error) {
	failed := map[int64]bool{}
	for moved := true; moved; {
		moved = false
		cohorts, err := p.dueCohorts(ctx, by)
		if err != nil {
			return append(errs, fmt.Errorf("find due cohorts: %w", err))
		}
		for _, c := range cohorts {
			if failed[c.ID] {
				continue
			}
			if err := p.start(ctx, c, by.now); err != nil {
				failed[c.ID] = true
				errs = append(errs, fmt.Errorf("start run of cohort %d: %w", c.ID, err))
			} else {
				moved = true
			}
			if stop(ctx, errs) {
				return errs
			}
		}
	}
	return errs
}

// dueBy says what is due of the digests with the given ids.
func (p *Planner) dueBy(now time.Time, digests []int64) dueBy {
	by := dueBy{now: now, closing: map[int64]time.Time{}, digests: digests}
	for i := range p.setup.Digests {
		switch d := &p.setup.Digests[i]; {
		case !slices.Contains(digests, d.ID):
		case d.Instant:
			by.instant = append(by.instant, d.ID)
		default:
			by.closing[d.ID] = now.Add(d.Cutoff)
		}
	}
	return by
}

// dueCohorts returns the cohorts whose slot has closed or has yet to be
// computed.
func (p *Planner) dueCohorts(ctx context.Context, by dueBy) ([]cohort, error) {
	latest, scheduled := by.scheduled()
	cohorts, err := p.store.dueCohorts(ctx, latest, scheduled)
	return slices.DeleteFunc(cohorts, func(c cohort) bool { return c.NextDueAt.After(by.closing[c.DigestID]) }), err
}

// stop reports whether going on makes no sense after the last error.
func stop(ctx context.Context, errs []error) bool {
	return len(errs) > 0 && (ctx.Err() != nil || errors.Is(errs[len(errs)-1], db.ErrUnavailable))
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
	times, err := p.rhythmOf(d, c)
	if err != nil {
		return err
	}
	if c.NextSlot.IsZero() { // a new cohort
		slot, due := times.next(now)
		if c.LastSeq < 0 {
			return p.store.setFirstSlot(ctx, c, slot, times)
		}
		return p.store.setNextSlot(ctx, c, slot, due)
	}
	r := startRun{
		digest: d, cohort: c, turn: times.turnOf(c, now),
		firstFrom: times.firstFrom(c.NextSlot), kind: Scheduled,
	}
	if err := times.quieten(&r.turn, now); err != nil {
		return err
	}
	began, err := p.store.startRun(ctx, r)
	if err != nil {
		return err
	}
	switch attrs := []any{"digest", d.Slug, "slot", r.turn.slot.String(), "zone", c.Zone, "hour", c.Rule}; {
	case r.turn.pass:
		p.log.InfoContext(ctx, "slot passed unsent, its stories come with the next", attrs...)
	case began:
		p.log.InfoContext(ctx, "run started", attrs...)
	}
	return nil
}
