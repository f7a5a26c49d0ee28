package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// DryRun is what planning a digest would come to. Nothing was written.
type DryRun struct {
	Digest     string
	At         time.Time
	Cohorts    []DryCohort
	Due        int64
	WouldGet   int64 // a delivery
	Skips      map[SkipReason]int64
	Selections int           // distinct ones
	Stories    map[int]int64 // how many readers would get how many stories
}

// DryCohort is the part of one cohort in a dry run.
type DryCohort struct {
	Zone     string
	Slot     schedule.Local // the next one after At
	DueAt    time.Time
	Due      int64
	WouldGet int64
}

// DryRun counts who would get what if the digest were planned with the stories
// of this moment for the first slots after at. It reads in transactions that
// cannot write.
func (p *Planner) DryRun(ctx context.Context, d *Digest, at time.Time) (*DryRun, error) {
	return p.DrySend(ctx, Send{Digest: d}, at)
}

// DrySend counts who would get what if s were sent with the stories of this
// moment. It reads in transactions that cannot write.
func (p *Planner) DrySend(ctx context.Context, s Send, at time.Time) (*DryRun, error) {
	d := s.Digest
	out := &DryRun{Digest: d.Slug, At: at, Skips: map[SkipReason]int64{}, Stories: map[int]int64{}}
	cohorts, err := p.store.cohortsOf(ctx, d.ID)
	if err != nil {
		return nil, fmt.Errorf("dry run of %s: %w", d.Slug, err)
	}
	distinct := map[int64]bool{}
	for _, c := range cohorts {
		if err := p.dryCohort(ctx, &s, c, at, out, distinct); err != nil {
			return nil, fmt.Errorf("dry run of %s: cohort %s: %w", d.Slug, c.Zone, err)
		}
	}
	out.Selections = len(distinct)
	return out, nil
}

func (p *Planner) dryCohort(ctx context.Context, s *Send, c cohort, at time.Time, out *DryRun, distinct map[int64]bool) error {
	chooser, err := p.imagine(ctx, s.Digest, c, at)
	if err != nil {
		return err
	}
	chooser.edition.TopicID = s.TopicID
	dry := DryCohort{Zone: c.Zone, Slot: chooser.edition.Slot, DueAt: chooser.run.DueAt}
	for {
		var page []subscription
		var got map[int64]map[int64]bool
		err := p.store.db.View(ctx, func(tx *db.Tx) (err error) {
			if page, err = subscriptionPage(ctx, tx, c.ID, chooser.run.PlanCursor, c.Runs, s.Recipients); err != nil {
				return err
			}
			got, err = chooser.prepare(ctx, tx, page)
			return err
		})
		if err != nil {
			return err
		}
		for i := range page {
			pick := chooser.pick(&page[i], got[page[i].SubscriberID])
			chooser.run.PlanCursor = page[i].SubscriberID
			dry.Due++
			if pick.skip != "" {
				out.Skips[pick.skip]++
				continue
			}
			dry.WouldGet++
			distinct[pick.id] = true
			out.Stories[len(pick.selection.Stories)]++
		}
		if len(page) < pageSize {
			break
		}
	}
	if dry.Due > 0 {
		out.Cohorts = append(out.Cohorts, dry)
	}
	out.Due += dry.Due
	out.WouldGet += dry.WouldGet
	return nil
}

// imagine returns the chooser of the run that the cohort would have at its
// first slot after at, with the stories of this moment.
func (p *Planner) imagine(ctx context.Context, d *Digest, c cohort, at time.Time) (*chooser, error) {
	loc, err := d.zone(p.zones, c.Zone)
	if err != nil {
		return nil, err
	}
	slot, due := d.Schedule.NextIn(loc, at.Add(-time.Second))
	r := startRun{cohort: c, firstFrom: firstWindow(d, loc, due)}
	var w window
	if err := p.store.db.View(ctx, func(tx *db.Tx) (err error) { w, err = runWindow(ctx, tx, &r); return err }); err != nil {
		return nil, err
	}
	e := &Edition{DigestID: d.ID, Slot: slot, Key: editionKey(d, slot, Scheduled), Kind: Scheduled}
	return newChooser(d, e, &Run{CohortID: c.ID, DueAt: due, FromSeq: w.from, ToSeq: w.to, Number: c.Runs}), nil
}
