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
	Largest    int           // stories of the largest selection

	distinct map[int64]bool
	digest   *Digest
	edition  *Edition // of the largest selection
	largest  string
}

// DryCohort is the part of one cohort in a dry run.
type DryCohort struct {
	Zone     string
	Hour     string         // that its readers chose, "" for the digest's
	Slot     schedule.Local // of the edition: the next one after At; of a send by hand, At
	DueAt    time.Time
	Due      int64
	WouldGet int64
}

// DryRun counts who would get what if the digest were planned with the stories
// of this moment for the first slots at or after at. It reads in transactions
// that cannot write.
func (p *Planner) DryRun(ctx context.Context, d *Digest, at time.Time) (*DryRun, error) {
	return p.dry(ctx, Send{Digest: d}, at, p.imagineSlot)
}

// DrySend counts who would get what if SendNow sent s at now. It reads in
// transactions that cannot write.
func (p *Planner) DrySend(ctx context.Context, s Send, now time.Time) (*DryRun, error) {
	if err := p.checkArticle(ctx, &s, now); err != nil {
		return nil, fmt.Errorf("dry run of %s: %w", s.Digest.Slug, err)
	}
	return p.dry(ctx, s, now, p.imagineNow)
}

// imagine makes the chooser of a run that does not exist.
type imagine func(ctx context.Context, s *Send, c cohort, at time.Time) (*chooser, error)

func (p *Planner) dry(ctx context.Context, s Send, at time.Time, imagine imagine) (*DryRun, error) {
	out := &DryRun{
		Digest: s.Digest.Slug, At: at, Skips: map[SkipReason]int64{}, Stories: map[int]int64{}, distinct: map[int64]bool{}, digest: s.Digest,
	}
	cohorts, err := p.store.cohortsOf(ctx, s.Digest.ID)
	if err != nil {
		return nil, fmt.Errorf("dry run of %s: %w", s.Digest.Slug, err)
	}
	for _, c := range cohorts {
		chooser, err := imagine(ctx, &s, c, at)
		if err == nil {
			err = p.count(ctx, chooser, out)
		}
		if err != nil {
			return nil, fmt.Errorf("dry run of %s: cohort %s: %w", s.Digest.Slug, &c, err)
		}
	}
	out.Selections = len(out.distinct)
	return out, nil
}

// count adds a cohort to a dry run.
func (p *Planner) count(ctx context.Context, c *chooser, out *DryRun) error {
	dry := DryCohort{Zone: c.run.Zone, Hour: c.run.Hour, Slot: c.edition.Slot, DueAt: c.run.DueAt}
	err := p.walk(ctx, c, func(pick chosen) bool {
		dry.Due++
		if pick.skip != "" {
			out.Skips[pick.skip]++
			return true
		}
		dry.WouldGet++
		out.distinct[pick.id] = true
		out.Stories[pick.stories]++
		if out.edition == nil || pick.stories > out.Largest {
			out.Largest, out.largest, out.edition = pick.stories, pick.text, c.edition
		}
		return true
	})
	if dry.Due > 0 {
		out.Cohorts = append(out.Cohorts, dry)
	}
	out.Due += dry.Due
	out.WouldGet += dry.WouldGet
	return err
}

// LargestHTML draws the largest selection of a dry run and returns how many bytes
// of HTML it has, 0 if nobody would get anything.
func (c *Composer) LargestHTML(ctx context.Context, dry *DryRun) (int, error) {
	if dry.edition == nil {
		return 0, nil
	}
	size := 0
	err := c.store.db.View(ctx, func(tx *db.Tx) error {
		selection, err := parseSelection(dry.largest)
		if err != nil {
			return err
		}
		dr, err := gather(ctx, tx, dry.digest, dry.edition, selection, c.now())
		if err != nil {
			return err
		}
		_, drawn, err := c.compile(dr)
		if err != nil || drawn == nil {
			return err
		}
		size = len(drawn.html)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("draw the largest selection of %s: %w", dry.Digest, err)
	}
	return size, nil
}

// walk chooses for every subscription of an imagined run, until each returns
// false.
func (p *Planner) walk(ctx context.Context, c *chooser, each func(pick chosen) bool) error {
	for {
		var last bool
		var known *evidence
		err := p.store.db.View(ctx, func(tx *db.Tx) (err error) {
			if _, last, err = subscriptionPage(ctx, tx, []*chooser{c}); err != nil {
				return err
			}
			known, err = c.prepare(ctx, tx, c.page)
			return err
		})
		if err != nil {
			return err
		}
		for i := range c.page {
			pick, err := c.pick(&c.page[i], known)
			if err != nil {
				return err
			}
			if !each(pick) {
				return nil
			}
		}
		c.run.PlanCursor = c.reached
		if last {
			return nil
		}
	}
}

// imagineSlot returns the chooser of the run that the cohort would have at its
// first slot at or after at that has not closed, with the stories of this moment.
// An instant digest would have one then.
func (p *Planner) imagineSlot(ctx context.Context, s *Send, c cohort, at time.Time) (*chooser, error) {
	d := s.Digest
	times, err := p.rhythmOf(d, c)
	if err != nil {
		return nil, err
	}
	if d.Instant {
		r := startRun{digest: d, cohort: c, kind: Scheduled, firstFrom: at}
		r.turn.slot = schedule.LocalOf(at.Truncate(time.Minute), d.Location).Add(time.Second)
		if r.turn.due, err = times.quietUntil(at); err != nil {
			return nil, err
		}
		return p.imagineRun(ctx, &r)
	}
	slot, due := times.next(at.Add(-time.Second))
	first := slot
	switch {
	case c.NextSlot.IsZero(): // it would begin with the first slot from now on
		if ahead, _ := times.next(p.store.now().Add(d.Cutoff)); ahead.Before(slot) {
			first = ahead
		}
	case slot.Before(c.NextSlot): // that one has closed
		slot, due, first = c.NextSlot, c.NextSlot.In(times.loc), c.NextSlot
	default:
		first = c.NextSlot // the window reaches over the slots in between
	}
	r := startRun{
		digest: d, cohort: c, kind: Scheduled, firstFrom: times.firstFrom(first),
		turn: turn{slot: slot, due: due},
	}
	return p.imagineRun(ctx, &r)
}

// imagineNow returns the chooser of the run that SendNow would make.
func (p *Planner) imagineNow(ctx context.Context, s *Send, c cohort, now time.Time) (*chooser, error) {
	r, err := p.manualRun(s, c, schedule.LocalOf(now, s.Digest.Location), now)
	if err != nil {
		return nil, err
	}
	return p.imagineRun(ctx, &r)
}

func (p *Planner) imagineRun(ctx context.Context, r *startRun) (*chooser, error) {
	var w window
	if err := p.store.db.View(ctx, func(tx *db.Tx) (err error) { w, err = runWindow(ctx, tx, r); return err }); err != nil {
		return nil, err
	}
	c := newChooser(p.setup, r.digest, r.edition(), &Run{
		CohortID: r.cohort.ID, Zone: r.cohort.Zone, Hour: r.cohort.Rule, DueAt: r.turn.due, FromSeq: w.from, ToSeq: w.to, Number: r.cohort.Runs,
	})
	var err error
	c.admittedSince, err = p.admittedSince(ctx)
	return c, err
}
