package digest

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// mostChoices bounds the choices that a run remembers.
const mostChoices = 50_000

// chooser picks stories for the subscriptions of one run. Equal choices are
// made once.
type chooser struct {
	digest  *Digest
	edition *Edition
	run     *Run
	pools   map[int64][]candidate // ranked, by the start of the window
	made    map[chosenKey]chosen
}

// chosenKey is all that a choice depends on within a run.
type chosenKey struct {
	topics string
	from   int64
	got    string
}

// chosen is the outcome for one reader.
type chosen struct {
	id      int64
	text    string // the selection as it is stored
	stories int
	skip    SkipReason // "" if the reader gets the selection
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
// of a window, and, as it returns, what partial editions already brought to
// the page's subscribers.
func (c *chooser) prepare(ctx context.Context, tx *db.Tx, page []subscription) (got map[int64]string, err error) {
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
		if c.pools[from], err = candidates(ctx, tx, c.digest, window{from, c.run.ToSeq}, c.run.DueAt); err != nil {
			return nil, err
		}
	}
	partial, err := partialBefore(ctx, tx, c.digest.ID, c.edition.ID, least)
	if err != nil {
		return nil, err
	}
	return alreadyGot(ctx, tx, partial, page[0].SubscriberID, page[len(page)-1].SubscriberID)
}

// pick chooses for one subscription, whose reader already got the stories of
// the given selections.
func (c *chooser) pick(sub *subscription, got string) (chosen, error) {
	key := chosenKey{sub.Topics, c.from(sub), got}
	if made, ok := c.made[key]; ok {
		return made, nil
	}
	wants := parseTopics(sub.Topics)
	wants.only = c.edition.TopicID
	var err error
	if wants.exclude, err = storiesOf(got); err != nil {
		return chosen{}, err
	}
	selection := choose(c.digest, window{key.from, c.run.ToSeq}, c.pools[key.from], &wants)
	out := chosen{text: selection.String(), stories: len(selection.Stories)}
	switch {
	case out.stories == 0:
		out.skip = SkipNothingNew
	case out.stories < c.digest.MinItems:
		out.skip = SkipTooFew
	default:
		out.id = selectionID(out.text)
	}
	if len(c.made) >= mostChoices {
		clear(c.made)
	}
	c.made[key] = out
	return out, nil
}

// one chooses for a single subscription and loads its stories as they were at
// a time.
func (c *chooser) one(ctx context.Context, tx *db.Tx, sub *subscription, at time.Time) (pick chosen, sel Selection, articles map[int64]*Article, err error) {
	got, err := c.prepare(ctx, tx, []subscription{*sub})
	if err != nil {
		return pick, sel, nil, err
	}
	if pick, err = c.pick(sub, got[sub.SubscriberID]); err != nil {
		return pick, sel, nil, err
	}
	if sel, err = parseSelection(pick.text); err != nil {
		return pick, sel, nil, err
	}
	articles, err = articlesAsOf(ctx, tx, sel.articleIDs(), at)
	return pick, sel, articles, err
}
