package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/schedule"
)

const (
	mostOwed      = 1000 // readers of an edition that is owed
	mostOwedPages = 50   // of a digest in one tick
)

// owed is a subscription with something to come beside the runs of its cohort.
type owed struct {
	subscriber int64
	kind       EditionKind // Welcome or Moved
	active     bool
	joinedRuns int64
	cohort     cohort
}

// beginOwed makes editions for the readers of a digest who confirmed just now
// and for those whom a change of zone or hour passed over. What is owed to
// nobody any more, or comes to nothing, is forgotten. Who is yet to be admitted is
// welcomed after that.
func (p *Planner) beginOwed(ctx context.Context, d *Digest, now time.Time) error {
	var errs []error
	after, since := int64(0), int64(0)
	if d.Welcome > 0 {
		var err error
		if since, err = p.admittedSince(ctx); err != nil {
			return err
		}
	}
	for range mostOwedPages {
		page, err := p.store.owedPage(ctx, d.ID, after, since)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("find what readers of %s are owed: %w", d.Slug, err))...)
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].subscriber
		for _, give := range []func(context.Context, *Digest, []owed, time.Time) error{p.welcome, p.makeUp} {
			if err := give(ctx, d, page, now); err != nil {
				if errs = append(errs, err); stop(ctx, errs) {
					return errors.Join(errs...)
				}
			}
		}
	}
	return errors.Join(errs...)
}

// welcome gives new readers the best of the last days.
func (p *Planner) welcome(ctx context.Context, d *Digest, page []owed, now time.Time) error {
	var due, over []owed
	for _, o := range page {
		switch {
		case o.kind != Welcome:
		case o.active && d.Welcome > 0:
			due = append(due, o)
		default:
			over = append(over, o)
		}
	}
	runs := map[int64]startRun{}
	for _, o := range due {
		if _, ok := runs[o.cohort.ID]; ok {
			continue
		}
		r, err := p.welcomeRun(d, o.cohort, now)
		if err != nil {
			return fmt.Errorf("cohort %s of %s: %w", &o.cohort, d.Slug, err)
		}
		runs[o.cohort.ID] = *r
	}
	if err := p.give(ctx, due, runs, p.freeSlots(d, now)); err != nil {
		return fmt.Errorf("welcome readers of %s: %w", d.Slug, err)
	}
	return p.store.forgetOwed(ctx, d.ID, over)
}

// welcomeRun returns the run that welcomes readers of a cohort.
func (p *Planner) welcomeRun(d *Digest, c cohort, now time.Time) (*startRun, error) {
	times, err := p.rhythmOf(d, c)
	if err != nil {
		return nil, err
	}
	r := &startRun{digest: d, cohort: c, kind: Welcome, partial: true, firstFrom: now.Add(-d.Welcome), turn: turn{due: now}}
	r.cohort.LastSeq = -1 // its window is that of no other run
	if r.turn.due, err = times.quietUntil(now); err != nil {
		return nil, err
	}
	r.turn.expires = r.turn.due.Add(d.ExpireAfter)
	return r, nil
}

// makeUp gives readers what their cohort got today before they moved to it,
// unless they had today's edition elsewhere.
func (p *Planner) makeUp(ctx context.Context, d *Digest, page []owed, now time.Time) error {
	missed := map[schedule.Local][]owed{}
	runs := map[int64]startRun{}
	var over []owed
	for _, o := range page {
		if o.kind != Moved {
			continue
		}
		r, err := p.missed(d, &o, now)
		switch {
		case err != nil:
			return fmt.Errorf("cohort %s of %s: %w", &o.cohort, d.Slug, err)
		case r == nil:
			over = append(over, o)
		default:
			slot := d.editionSlot(r.turn.slot)
			missed[slot] = append(missed[slot], o)
			runs[o.cohort.ID] = *r
		}
	}
	for slot, readers := range missed {
		had, err := p.store.hadEdition(ctx, d.ID, slot, readers)
		if err != nil {
			return fmt.Errorf("who had %s of %s: %w", slot, d.Slug, err)
		}
		var due []owed
		for _, o := range readers {
			if had[o.subscriber] {
				over = append(over, o)
			} else {
				due = append(due, o)
			}
		}
		if err := p.give(ctx, due, runs, seconds(slot)); err != nil {
			return fmt.Errorf("make up to readers of %s for %s: %w", d.Slug, slot, err)
		}
	}
	return p.store.forgetOwed(ctx, d.ID, over)
}

// missed returns the run that makes up for today's slot of a reader's cohort,
// or nil if that is yet to come for the reader.
func (p *Planner) missed(d *Digest, o *owed, now time.Time) (*startRun, error) {
	times, err := p.rhythmOf(d, o.cohort)
	if err != nil || d.Instant || !o.active || o.joinedRuns < o.cohort.Runs { // a run of the cohort has begun since
		return nil, err
	}
	today := schedule.LocalOf(now.Add(d.Cutoff), times.loc)
	slot := times.times.Prev(today.Add(time.Second))
	due := slot.In(times.loc)
	if slot.DayNumber() != today.DayNumber() || times.closes(due).After(now) || o.cohort.waitsFor(slot) {
		return nil, nil
	}
	r := &startRun{digest: d, cohort: o.cohort, kind: Moved, partial: true, firstFrom: times.firstFrom(slot), turn: turn{slot: slot}}
	if r.turn.due, err = times.quietUntil(latest(due, now)); err != nil {
		return nil, err
	}
	r.turn.expires = r.turn.due.Add(d.ExpireAfter)
	return r, nil
}

// give starts the runs of an edition for readers to whom it is owed, at the first
// of the slots that is free, if there is anything for one of them.
func (p *Planner) give(ctx context.Context, readers []owed, runs map[int64]startRun, slots func(yield func(schedule.Local) bool)) error {
	if len(readers) == 0 {
		return nil
	}
	var ids []int64
	due := map[int64]startRun{}
	for _, o := range readers {
		ids = append(ids, o.subscriber)
		due[o.cohort.ID] = runs[o.cohort.ID]
	}
	d := due[readers[0].cohort.ID].digest
	someone, err := p.anythingFor(ctx, ids, due)
	if err != nil {
		return err
	}
	if !someone {
		return p.store.forgetOwed(ctx, d.ID, readers)
	}
	for slot := range slots {
		began, err := p.store.startOwed(ctx, d, readers, due, slot)
		if errors.Is(err, errSlotTaken) {
			continue
		}
		if began > 0 {
			p.log.InfoContext(ctx, "edition that is owed begun", "digest", d.Slug, "slot", slot.String(), "kind", readers[0].kind, "readers", began)
		}
		return err
	}
	return nil
}

// anythingFor reports whether runs would bring something to one of the readers.
func (p *Planner) anythingFor(ctx context.Context, readers []int64, runs map[int64]startRun) (someone bool, err error) {
	for _, r := range runs {
		r.recipients = readers
		chooser, err := p.imagineRun(ctx, &r)
		if err == nil {
			err = p.walk(ctx, chooser, func(pick chosen) bool { someone = pick.skip == ""; return !someone })
		}
		if err != nil {
			return false, fmt.Errorf("cohort %s: %w", &r.cohort, err)
		}
		if someone {
			return true, nil
		}
	}
	return false, nil
}
