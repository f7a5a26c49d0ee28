package digest

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// plannedPage is what one page of runs comes to for those of an edition. The
// slices of a group have a value for each of its members.
type plannedPage struct {
	edition    *Edition
	parts      []*pagePart // a run each
	last       bool
	planned    int64            // when it finished its runs, 0 if it did not
	selections map[int64]string // that are not surely stored yet

	subscriber []int64 // who gets a delivery
	part       []int   // whose run it is in
	selection  []int64
	from       []int64 // where their windows begin
}

// pagePart is what a page comes to for one of its runs.
type pagePart struct {
	run    *Run
	cursor int64 // up to which subscriber the page reaches
	due    int64
	skips  map[SkipReason]int64

	carry     []int64 // whose window stays open
	carryFrom []int64
	carried   bool // one of them gets a delivery all the same
}

// keepOpen lets the subscriber's next window begin where this one did.
func (p *pagePart) keepOpen(subscriber, from int64) {
	p.carry, p.carryFrom = append(p.carry, subscriber), append(p.carryFrom, from)
}

// planTogether plans the next pages of runs of one digest, if they have as many,
// a page of subscriptions in one transaction. The readers of all are planned in
// the order of their ids: those of a cohort may lie scattered among the others', and
// a page of it alone would touch as many pages of the tables as it has readers.
func (p *Planner) planTogether(ctx context.Context, runs []openRun, admittedSince int64, pages int, made *choices) error {
	d, err := p.setup.digestByID(runs[0].edition.DigestID)
	if err != nil {
		return err
	}
	choosers := make([]*chooser, len(runs))
	all := make([]*Run, len(runs))
	for i := range runs {
		all[i] = &runs[i].Run
	}
	shared := newTogether(all...)
	if runs[0].small { // as all of them are
		shared.reach = everyID
	}
	for i := range runs {
		c := newChooser(p.setup, d, runs[i].edition, &runs[i].Run)
		c.admittedSince, c.choices, c.together = admittedSince, made, shared
		choosers[i] = c
	}
	for range pages {
		planned, err := p.planPage(ctx, choosers)
		if err != nil {
			return fmt.Errorf("after subscriber %d: %w", runs[0].PlanCursor, err)
		}
		for _, page := range planned {
			made.kept.add(page)
		}
		if len(planned) == 0 || planned[0].last {
			return nil
		}
	}
	return nil
}

// planPage plans and stores the next page of runs of a digest, or returns nothing
// if all are planned. It reads the subscriptions with the runs locked: whoever
// moves one to another cohort meanwhile waits, and then sees how far they got.
func (p *Planner) planPage(ctx context.Context, choosers []*chooser) (planned []*plannedPage, err error) {
	err = p.store.db.Write(ctx, func(tx *db.Tx) error {
		planned = nil
		if choosers[0].digest.OnceAcross {
			if err := shareLock(ctx, tx); err != nil {
				return err
			}
		}
		open, err := lockRuns(ctx, tx, choosers)
		if err != nil || len(open) == 0 {
			return err
		}
		if err := choosers[0].choices.kept.know(ctx, tx, open); err != nil {
			return err
		}
		if planned, err = choosePage(ctx, tx, open); err != nil {
			return err
		}
		return p.store.writePages(ctx, tx, planned)
	})
	return planned, err
}

// choosePage reads the next page of runs and chooses for it. It returns a page for
// each edition.
func choosePage(ctx context.Context, tx *db.Tx, choosers []*chooser) ([]*plannedPage, error) {
	parts, last, err := subscriptionPage(ctx, tx, choosers)
	if err != nil {
		return nil, err
	}
	choosers[0].together.turnPage()
	out := &pages{last: last, n: len(parts), of: map[int64]*plannedPage{}}
	known := make([]*evidence, len(choosers))
	for i, c := range choosers {
		if known[i], err = c.prepare(ctx, tx, c.page); err != nil {
			return nil, err
		}
		out.add(c)
	}
	next := make([]int, len(choosers)) // of each chooser's part
	for _, part := range parts {
		c := choosers[part]
		sub := &c.page[next[part]]
		next[part]++
		pick, err := c.pick(sub, known[part])
		if err != nil {
			return nil, err
		}
		out.places[part].take(c, sub, pick)
	}
	return out.list, nil
}

// pages are those that a page of runs comes to, one for each edition.
type pages struct {
	last   bool
	n      int
	list   []*plannedPage
	of     map[int64]*plannedPage
	places []pagePlace // of each run
}

// pagePlace is where a run stands in the page of its edition.
type pagePlace struct {
	*plannedPage
	at int
}

// add makes room for the run of a chooser.
func (p *pages) add(c *chooser) {
	page := p.of[c.edition.ID]
	if page == nil {
		page = &plannedPage{
			edition: c.edition, last: p.last, selections: map[int64]string{},
			subscriber: make([]int64, 0, p.n), part: make([]int, 0, p.n), selection: make([]int64, 0, p.n), from: make([]int64, 0, p.n),
		}
		p.of[c.edition.ID] = page
		p.list = append(p.list, page)
	}
	p.places = append(p.places, pagePlace{page, len(page.parts)})
	page.parts = append(page.parts, &pagePart{run: c.run, cursor: max(c.run.PlanCursor, c.reached), skips: map[SkipReason]int64{}})
}

// take adds what was chosen for the next subscription of a run.
func (p pagePlace) take(c *chooser, sub *subscription, pick chosen) {
	part := p.parts[p.at]
	if pick.open {
		part.keepOpen(sub.SubscriberID, c.from(sub))
		part.carried = part.carried || pick.skip == "" && !p.edition.Partial
	}
	if pick.skip != "" {
		part.skips[pick.skip]++
		return
	}
	if !c.choices.kept.of[p.edition.ID][pick.id] {
		p.selections[pick.id] = pick.text
	}
	p.subscriber, p.plannedPage.part = append(p.subscriber, sub.SubscriberID), append(p.plannedPage.part, p.at)
	p.selection, p.from = append(p.selection, pick.id), append(p.from, c.from(sub))
}
