package digest

import (
	"context"
	"slices"

	"broadsheet/internal/db"
)

// gather loads what the ledger tells of the subscribers of a page.
func (c *chooser) gather(ctx context.Context, tx *db.Tx, page []subscription) (*evidence, error) {
	out := &evidence{}
	var err error
	if c.digest.DailyCap > 0 {
		if out.today, err = loadToday(ctx, tx, c.digest.ID, c.edition.ID, c.edition.Slot.DayNumber(), page); err != nil {
			return nil, err
		}
	}
	madeUp, err := c.together.madeUpEditions(ctx, tx, c.edition)
	if err != nil {
		return nil, err
	}
	if out.madeUp, err = loadMadeUp(ctx, tx, madeUp, page); err != nil {
		return nil, err
	}
	q, corrected, err := c.ask(ctx, tx, page)
	if err != nil {
		return nil, err
	}
	editions, err := c.together.proofEditions(ctx, tx, q, c.edition)
	if err != nil {
		return nil, err
	}
	if out.brought, err = loadBrought(ctx, tx, editions, page, corrected); err != nil {
		return nil, err
	}
	return out, loadContents(ctx, tx, c.contents, out.brought)
}

// ask says which editions are proof of what the readers of a page already had,
// and whether one of them may have to be told of a correction.
func (c *chooser) ask(ctx context.Context, tx *db.Tx, page []subscription) (q query, corrected bool, err error) {
	q = newQuery()
	least, oldest := c.run.FromSeq, int64(never)
	for i := range page {
		from := c.from(&page[i])
		found := c.lookUp(from)
		pool := found.pool
		least = min(least, from)
		oldest, q.own = min(oldest, pool.oldest), min(q.own, found.asked)
		if c.ownStart(&page[i]) { // it may have stayed open after a mail
			q.carried = min(q.carried, from)
		}
		if page[i].Former != "" { // either may have brought a story for a topic that is not wanted any more
			q.partial, q.carried = min(q.partial, pool.first-1), min(q.carried, pool.first-1)
		}
	}
	q.partial = min(q.partial, least)
	if least == wholeStock {
		q.partial, q.carried, q.own = never, never, oldest
	}
	if c.digest.OnceAcross {
		q.across, q.others = oldest, c.setup.sharers(c.digest)
	}
	if err := c.findCorrections(ctx, tx, least); err != nil {
		return q, false, err
	}
	for _, list := range c.corrections {
		for _, k := range list {
			if k.Seq > least {
				q.own, corrected = min(q.own, k.ArrivedAt), true
			}
		}
	}
	return q, corrected, nil
}

// findCorrections loads the corrections after a number, if they are not there.
// A welcome and breaking news bring none.
func (c *chooser) findCorrections(ctx context.Context, tx *db.Tx, least int64) error {
	if least == wholeStock || least >= c.corrected {
		return nil
	}
	list, err := loadCorrections(ctx, tx, window{least, c.run.ToSeq})
	c.corrections, c.corrected = map[int64][]correction{}, least
	for _, k := range list {
		c.corrections[k.ArticleID] = append(c.corrections[k.ArticleID], k)
	}
	return err
}

// owed returns the corrections of which a reader has to be told whose window
// begins at from, by what deliveries brought: those of articles that the reader
// got as they were before, and was not told of yet.
func (c *chooser) owed(from int64, had []brought) []int64 {
	var out []int64
	for _, b := range had {
		if b.composedAt == 0 || len(c.corrections) == 0 {
			continue
		}
		for _, article := range c.contents[b.ref].articles {
			for _, k := range c.corrections[article] {
				if k.Seq > from && b.composedAt < k.At {
					out = append(out, k.ID)
				}
			}
		}
	}
	if out == nil {
		return nil
	}
	told := map[int64]bool{}
	for _, b := range had {
		for _, id := range c.contents[b.ref].corrections {
			told[id] = true
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(id int64) bool { return told[id] })
}

// provers are the digests without whose deliveries a story is left out.
func (c *chooser) provers() (digests []int64) {
	if c.edition.ArticleID != 0 {
		digests = append(digests, c.digest.ID)
	}
	if c.digest.OnceAcross {
		digests = append(digests, c.setup.sharers(c.digest)...)
	}
	return digests
}

// stillKept reports whether all deliveries were there that were asked for, after
// they were read. Where a day was archived meanwhile, it forgets the candidates,
// for another choice has to be made.
func (c *chooser) stillKept(ctx context.Context, tx *db.Tx) (bool, error) {
	kept := true
	for _, a := range []*archived{&c.unproven, &c.own} {
		grew, err := a.grew(ctx, tx)
		if err != nil {
			return false, err
		}
		kept = kept && !grew
	}
	if !kept {
		clear(c.pools)
		clear(c.together.stock)
	}
	return kept, nil
}

// sharers returns the other digests that share no story with one.
func (s *Setup) sharers(d *Digest) []int64 {
	var ids []int64
	for i := range s.Digests {
		if o := &s.Digests[i]; o.OnceAcross && o.ID != d.ID {
			ids = append(ids, o.ID)
		}
	}
	return ids
}
