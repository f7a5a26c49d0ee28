package digest

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// batchSize is how many deliveries a worker leases at once.
const batchSize = 250

// plannedPage is what one page of a run comes to. The slices of a group have a
// value for each of its members.
type plannedPage struct {
	cursor     int64 // the last subscriber of the page
	last       bool
	selections map[int64]string // that are not surely stored yet
	skips      map[SkipReason]int64

	subscriber []int64 // who gets a delivery
	selection  []int64
	from       []int64 // where their windows begin

	carry     []int64 // whose window stays open
	carryFrom []int64
	carried   bool // one of them gets a delivery all the same
}

// planRun plans the next pages of a run, if it has as many, a page of
// subscriptions in one transaction.
func (p *Planner) planRun(ctx context.Context, r Run, admittedSince int64, pages int, made *choices) error {
	var e *Edition
	if err := p.store.db.View(ctx, func(tx *db.Tx) (err error) { e, err = editionByID(ctx, tx, r.EditionID); return err }); err != nil {
		return err
	}
	d, err := p.setup.digestByID(e.DigestID)
	if err != nil {
		return err
	}
	c := newChooser(p.setup, d, e, &r)
	c.admittedSince, c.choices = admittedSince, made
	for range pages {
		page, err := p.planPage(ctx, c)
		if err != nil {
			return fmt.Errorf("after subscriber %d: %w", r.PlanCursor, err)
		}
		if page == nil {
			return nil
		}
		if made.keep(e.ID, page.selections); page.last {
			return nil
		}
	}
	return nil
}

// planPage plans and stores the next page of a run, or returns nil if the run
// is planned. It reads the subscriptions with the run locked: whoever moves one
// to another cohort meanwhile waits, and then sees how far the run got.
func (p *Planner) planPage(ctx context.Context, c *chooser) (page *plannedPage, err error) {
	err = p.store.db.Write(ctx, func(tx *db.Tx) error {
		page = nil
		if c.digest.OnceAcross {
			if err := shareLock(ctx, tx); err != nil {
				return err
			}
		}
		open, err := lockRun(ctx, tx, c.run)
		if err != nil || !open {
			return err
		}
		if page, err = choosePage(ctx, tx, c); err != nil {
			return err
		}
		return p.store.writePage(ctx, tx, c, page)
	})
	return page, err
}

// choosePage reads the next page of a run and chooses for it.
func choosePage(ctx context.Context, tx *db.Tx, c *chooser) (*plannedPage, error) {
	subs, err := subscriptionPage(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	known, err := c.prepare(ctx, tx, subs)
	if err != nil {
		return nil, err
	}
	page := newPage(c, subs)
	for i := range subs {
		sub := &subs[i]
		pick, err := c.pick(sub, known)
		if err != nil {
			return nil, err
		}
		if pick.open {
			page.keepOpen(sub.SubscriberID, c.from(sub))
			page.carried = page.carried || pick.skip == "" && !c.edition.Partial
		}
		if pick.skip != "" {
			page.skips[pick.skip]++
			continue
		}
		if !c.choices.stored[ref{c.edition.ID, pick.id}] {
			page.selections[pick.id] = pick.text
		}
		page.subscriber = append(page.subscriber, sub.SubscriberID)
		page.selection = append(page.selection, pick.id)
		page.from = append(page.from, c.from(sub))
	}
	return page, nil
}

func newPage(c *chooser, subs []subscription) *plannedPage {
	page := &plannedPage{
		cursor: c.run.PlanCursor, last: len(subs) < pageSize,
		selections: map[int64]string{}, skips: map[SkipReason]int64{},
		subscriber: make([]int64, 0, len(subs)), selection: make([]int64, 0, len(subs)), from: make([]int64, 0, len(subs)),
	}
	if len(subs) > 0 {
		page.cursor = subs[len(subs)-1].SubscriberID
	}
	return page
}

// keepOpen lets the subscriber's next window begin where this one did.
func (p *plannedPage) keepOpen(subscriber, from int64) {
	p.carry, p.carryFrom = append(p.carry, subscriber), append(p.carryFrom, from)
}
