package digest

import (
	"context"
	"fmt"
	"slices"

	"broadsheet/internal/db"
)

// batchSize is how many deliveries a worker leases at once.
const batchSize = 250

// mostChoices bounds the choices that a run remembers.
const mostChoices = 50_000

// orderTopics puts the topics of a candidate in the digest's order.
func (c *candidate) orderTopics(d *Digest) {
	slices.SortFunc(c.topics, func(a, b topicSeq) int { return d.topics[a.topic] - d.topics[b.topic] })
}

// chooser picks stories for the subscriptions of one run. Equal choices are
// made once.
type chooser struct {
	digest  *Digest
	edition *Edition
	run     *Run
	pools   map[int64][]candidate // ranked, by the start of the window
	made    map[chosenKey]chosen
	partial []int64 // editions whose stories the reader may have
}

type chosenKey struct {
	topics string
	from   int64
}

type chosen struct {
	selection Selection
	id        int64
	skip      SkipReason // "" if the reader gets the selection
}

func newChooser(d *Digest, e *Edition, r *Run) *chooser {
	return &chooser{digest: d, edition: e, run: r, pools: map[int64][]candidate{}, made: map[chosenKey]chosen{}}
}

// from is where the window of a subscription begins.
func (c *chooser) from(sub *subscription) int64 {
	if sub.JoinedSeq >= 0 && sub.JoinedRuns == c.run.Number {
		return sub.JoinedSeq
	}
	return c.run.FromSeq
}

// prepare loads what choosing for a page needs: the candidates of each start
// of a window, and what partial editions already brought to the page's
// subscribers.
func (c *chooser) prepare(ctx context.Context, tx *db.Tx, page []subscription) (got map[int64]map[int64]bool, err error) {
	if len(page) == 0 {
		return nil, nil
	}
	least := c.run.FromSeq
	for i := range page {
		from := c.from(&page[i])
		least = min(least, from)
		if _, ok := c.pools[from]; ok {
			continue
		}
		if c.pools[from], err = candidates(ctx, tx, c.digest, window{from, c.run.ToSeq}, c.edition.TopicID, c.run.DueAt); err != nil {
			return nil, err
		}
	}
	if c.partial, err = partialBefore(ctx, tx, c.digest.ID, c.edition.ID, least); err != nil {
		return nil, err
	}
	return alreadyGot(ctx, tx, c.partial, page[0].SubscriberID, page[len(page)-1].SubscriberID)
}

// pick chooses for one subscription.
func (c *chooser) pick(sub *subscription, got map[int64]bool) chosen {
	key := chosenKey{sub.Topics, c.from(sub)}
	if got == nil {
		if made, ok := c.made[key]; ok {
			return made
		}
	}
	wants := parseTopics(sub.Topics)
	wants.exclude = got
	var out chosen
	out.selection = choose(c.digest, window{key.from, c.run.ToSeq}, c.pools[key.from], &wants)
	switch n := len(out.selection.Stories); {
	case n == 0:
		out.skip = SkipNothingNew
	case n < c.digest.MinItems:
		out.skip = SkipTooFew
	default:
		out.id = out.selection.ID()
	}
	if got == nil {
		if len(c.made) >= mostChoices {
			clear(c.made)
		}
		c.made[key] = out
	}
	return out
}

// planRun plans a run to its end, a page of subscriptions in one transaction.
// written is called after each page that this planner stored; it may be nil.
func (p *Planner) planRun(ctx context.Context, r Run, written func()) error {
	var e *Edition
	if err := p.store.db.View(ctx, func(tx *db.Tx) (err error) { e, err = editionByID(ctx, tx, r.EditionID); return err }); err != nil {
		return err
	}
	d, err := p.setup.digestByID(e.DigestID)
	if err != nil {
		return err
	}
	c := newChooser(d, e, &r)
	stored := map[int64]bool{} // selections of this run
	for {
		page, err := p.page(ctx, c, stored)
		if err != nil {
			return fmt.Errorf("after subscriber %d: %w", r.PlanCursor, err)
		}
		mine, err := p.store.writePage(ctx, page)
		if err != nil {
			return fmt.Errorf("after subscriber %d: %w", r.PlanCursor, err)
		}
		if !mine { // another planner is at this run, too: go on where it is
			if r.PlanCursor, err = p.store.planCursor(ctx, r.ID); err != nil || r.PlanCursor < 0 {
				return err
			}
			continue
		}
		for id := range page.selections {
			stored[id] = true
		}
		if written != nil {
			written()
		}
		if r.PlanCursor = page.cursor; page.last {
			return nil
		}
	}
}

// page reads and chooses the next page of a run.
func (p *Planner) page(ctx context.Context, c *chooser, stored map[int64]bool) (*plannedPage, error) {
	out := &plannedPage{run: c.run, edition: c.edition, cursor: c.run.PlanCursor, selections: map[int64]string{}, skips: map[SkipReason]int64{}}
	var subs []subscription
	var got map[int64]map[int64]bool
	err := p.store.db.View(ctx, func(tx *db.Tx) (err error) {
		if subs, err = subscriptionPage(ctx, tx, c.run.CohortID, c.run.PlanCursor, c.run.Number, c.edition.Recipients); err != nil {
			return err
		}
		got, err = c.prepare(ctx, tx, subs)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.last = len(subs) < pageSize
	for i := range subs {
		sub := &subs[i]
		out.cursor = sub.SubscriberID
		pick := c.pick(sub, got[sub.SubscriberID])
		if pick.skip != "" {
			out.skips[pick.skip]++
			if pick.skip == SkipTooFew && !c.edition.Partial {
				out.carry, out.carryFrom = append(out.carry, sub.SubscriberID), append(out.carryFrom, c.from(sub))
			}
			continue
		}
		if !stored[pick.id] && out.selections[pick.id] == "" {
			out.selections[pick.id] = pick.selection.String()
		}
		out.subscriber, out.selection = append(out.subscriber, sub.SubscriberID), append(out.selection, pick.id)
	}
	return out, p.cutBatches(ctx, out)
}

// cutBatches divides the deliveries of a page into batches.
func (p *Planner) cutBatches(ctx context.Context, page *plannedPage) error {
	if len(page.subscriber) == 0 {
		return nil
	}
	n := (len(page.subscriber) + batchSize - 1) / batchSize
	first, err := p.store.db.NextIDs(ctx, "batch", n)
	if err != nil {
		return err
	}
	for i := range n {
		page.batches = append(page.batches, first+int64(i))
		page.sizes = append(page.sizes, int64(min(batchSize, len(page.subscriber)-i*batchSize)))
	}
	page.batch = make([]int64, len(page.subscriber))
	for i := range page.batch {
		page.batch[i] = first + int64(i/batchSize)
	}
	return nil
}
