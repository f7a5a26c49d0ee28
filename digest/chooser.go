package digest

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// mostChoices bounds the choices that a run remembers, and mostPools the starts
// of windows that it keeps candidates for.
const (
	mostChoices = 50_000
	mostPools   = 32
)

// carryFor is how long before its own window a run looks for stories that were
// too few to send.
const carryFor = 30 * 24 * time.Hour

// chooser picks stories for the subscriptions of one run. Equal choices are
// made once.
type chooser struct {
	digest  *Digest
	edition *Edition
	run     *Run
	oldest  int64           // no window begins earlier
	pools   map[int64]*pool // by the start of the window
	made    map[chosenKey]chosen

	admittedSince int64 // who was admitted before then, or never, has to wait; 0: nobody has to
}

// pool is what can be chosen in a window.
type pool struct {
	ranked []candidate
	first  int64 // the lowest number under which one of them got a topic
}

// chosenKey is all that a choice depends on within a run.
type chosenKey struct {
	topics string
	former string
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
	return &chooser{digest: d, edition: e, run: r, oldest: -1, pools: map[int64]*pool{}, made: map[chosenKey]chosen{}}
}

// from is where the window of a subscription begins. Before the run's own it
// begins for a reader who had too few stories or came from another cohort, after
// it for one who had them in another cohort.
func (c *chooser) from(sub *subscription) int64 {
	if sub.JoinedSeq >= 0 && sub.JoinedRuns == c.run.Number {
		return max(sub.JoinedSeq, c.oldest)
	}
	return max(sub.JoinedSeq, c.run.FromSeq)
}

// waits reports whether the reader of a subscription is yet to be admitted.
func (c *chooser) waits(sub *subscription) bool { return sub.AdmittedAt < c.admittedSince }

// admitted returns the subscriptions of a page whose readers need not wait.
func (c *chooser) admitted(page []subscription) []subscription {
	if c.admittedSince == 0 {
		return page
	}
	var out []subscription
	for i := range page {
		if !c.waits(&page[i]) {
			out = append(out, page[i])
		}
	}
	return out
}

// prepare loads what choosing for a page needs: candidates and, as it returns,
// what partial editions already brought to the page's subscribers.
func (c *chooser) prepare(ctx context.Context, tx *db.Tx, page []subscription) (got map[int64]string, err error) {
	if len(page) == 0 {
		return nil, nil
	}
	if err := c.findOldest(ctx, tx, page); err != nil {
		return nil, err
	}
	if err := c.fillPools(ctx, tx, page); err != nil {
		return nil, err
	}
	least := c.run.FromSeq
	for i := range page {
		from := c.from(&page[i])
		least = min(least, from)
		if page[i].Former != "" { // a partial edition may have brought a story for a topic that is not wanted any more
			least = min(least, c.pool(from).first-1)
		}
	}
	partial, err := partialBefore(ctx, tx, c.digest.ID, c.edition.ID, least)
	if err != nil {
		return nil, err
	}
	return alreadyGot(ctx, tx, partial, page[0].SubscriberID, page[len(page)-1].SubscriberID)
}

// findOldest sets where the earliest window begins, if one of the page begins
// before the run's own: carryFor before the slot that this comes from.
func (c *chooser) findOldest(ctx context.Context, tx *db.Tx, page []subscription) (err error) {
	early := func(sub subscription) bool {
		return sub.JoinedRuns == c.run.Number && sub.JoinedSeq >= 0 && sub.JoinedSeq < c.run.FromSeq
	}
	if c.oldest >= 0 || !slices.ContainsFunc(page, early) {
		return nil
	}
	slot := c.edition.Slot
	own := slot.In(time.UTC).Sub(c.digest.Schedule.Prev(slot).In(time.UTC))
	c.oldest, err = seqAt(ctx, tx, c.run.DueAt.Add(-own-carryFor))
	c.oldest = min(c.oldest, c.run.FromSeq)
	return err
}

// fillPools loads the candidates of the page's windows. Most begin with the
// run's own; of too many others the earliest serve the later ones, too.
func (c *chooser) fillPools(ctx context.Context, tx *db.Tx, page []subscription) error {
	starts := map[int64]bool{}
	for i := range page {
		starts[c.from(&page[i])] = true
	}
	if len(c.pools)+len(starts) > mostPools {
		clear(c.pools)
	}
	order := append([]int64{c.run.FromSeq}, slices.Sorted(maps.Keys(starts))...)
	for _, from := range order {
		if c.pools[from] != nil || len(c.pools) >= mostPools {
			continue
		}
		ranked, err := candidates(ctx, tx, c.digest, window{from, c.run.ToSeq}, c.run.DueAt)
		if err != nil {
			return err
		}
		c.pools[from] = newPool(ranked)
	}
	return nil
}

func newPool(ranked []candidate) *pool {
	p := &pool{ranked: ranked, first: math.MaxInt64}
	for i := range ranked {
		for _, t := range ranked[i].topics {
			p.first = min(p.first, t.seq)
		}
	}
	return p
}

// pool returns candidates among which are all of the window that begins at from.
func (c *chooser) pool(from int64) *pool {
	if p := c.pools[from]; p != nil {
		return p
	}
	nearest := int64(-1)
	for start := range c.pools {
		if start < from {
			nearest = max(nearest, start)
		}
	}
	return c.pools[nearest]
}

// pick chooses for one subscription, whose reader already got the stories of
// the given selections.
func (c *chooser) pick(sub *subscription, got string) (chosen, error) {
	if c.waits(sub) {
		return chosen{text: Selection{}.String(), skip: SkipNotAdmitted}, nil
	}
	from := c.from(sub)
	pool := c.pool(from)
	key := chosenKey{sub.Topics, pool.judges(sub.Former), from, got}
	if made, ok := c.made[key]; ok {
		return made, nil
	}
	wants := parseTopics(sub.Topics)
	wants.only = c.edition.TopicID
	var err error
	if wants.former, err = parseFormer(key.former); err != nil {
		return chosen{}, err
	}
	if wants.exclude, err = storiesOf(got); err != nil {
		return chosen{}, err
	}
	out := c.result(choose(c.digest, window{from, c.run.ToSeq}, db.Millis(c.run.DueAt), pool.ranked, &wants, nil))
	if len(c.made) >= mostChoices {
		clear(c.made)
	}
	c.made[key] = out
	return out, nil
}

// result is what becomes of a reader for whom those stories were chosen.
func (c *chooser) result(selection Selection) chosen {
	out := chosen{text: selection.String(), stories: len(selection.Stories)}
	switch {
	case out.stories == 0:
		out.skip = SkipNothingNew
	case out.stories < c.digest.MinItems:
		out.skip = SkipTooFew
	default:
		out.id = selectionID(out.text)
	}
	return out
}

// judges returns former choices, or "" if they ended before any of the
// candidates came, so that readers who differ in nothing else share a choice.
func (p *pool) judges(former string) string {
	if former == "" {
		return ""
	}
	last := former[strings.LastIndexByte(former, ' ')+1:]
	number, _, _ := strings.Cut(last, ":")
	if until, err := parseNumber(number); err == nil && until < p.first {
		return ""
	}
	return former
}

// one chooses for a single subscription and loads its stories as they were at
// a time.
func (c *chooser) one(ctx context.Context, tx *db.Tx, sub *subscription, at time.Time) (pick chosen, sel Selection, articles map[int64]*Article, err error) {
	got, err := c.prepare(ctx, tx, c.admitted([]subscription{*sub}))
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
