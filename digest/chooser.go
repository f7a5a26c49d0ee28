package digest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// mostMade bounds the wishes of readers whose choices are remembered, mostChoices
// the different outcomes, and mostPools the starts of windows that it keeps
// candidates for.
const (
	mostMade    = 200_000
	mostChoices = 50_000
	mostPools   = 32
)

// carryFor is how long before its own window a run looks for stories that were
// too few to send.
const carryFor = 30 * 24 * time.Hour

// wholeStock is where the window of a welcome begins: before all numbers, also
// those of stories that are in no other window.
const wholeStock = -1

// chooser picks stories for the subscriptions of one run. Equal choices are
// made once.
type chooser struct {
	setup    *Setup
	digest   *Digest
	edition  *Edition
	run      *Run
	oldest   int64           // no window begins earlier
	pools    map[int64]*pool // by the start of the window
	choices  *choices
	together *together      // shared with the choosers of other runs
	key      []byte         // of the choice that was made last
	layout   layout         // of the same
	page     []subscription // that was read last
	reached  int64          // up to which subscriber that was
	last     lookup

	audience    map[string]bool   // whether readers of these attributes belong to it
	spoken      map[string]string // the words for readers of these languages
	slots       *slotPlan
	places      map[int64]int // that editors gave to stories, nil until they are loaded
	contents    map[ref]content
	corrections map[int64][]correction // by article, those after corrected
	corrected   int64
	unproven    archived // stories of which that does not tell who had them are left out
	own         archived // of the digest, read where a candidate may have come for a topic that is gone

	admittedSince int64         // who was admitted before then, or never, has to wait; 0: nobody has to
	trace         func(Verdict) // hears which rule decided about each story; nil when planning
	asked         int64         // a story that trace hears of wherever its topics are, 0 for none
}

// chosenKey is all that a choice depends on besides its terms.
type chosenKey struct {
	topics      string
	former      string
	from        int64
	had         string // as bits of the pool
	corrections string
	attributes  string
	language    string // of stories
	words       string // in which the mail is written
	slots       string // of the mail, as a selection has them
}

// chosen is the outcome for one reader.
type chosen struct {
	id      int64
	text    string // the selection as it is stored
	stories int
	skip    SkipReason // "" if the reader gets the selection
	open    bool       // the next window begins where this one does
}

func newChooser(s *Setup, d *Digest, e *Edition, r *Run) *chooser {
	c := &chooser{
		setup: s, digest: d, edition: e, run: r, oldest: -1, corrected: never, own: archived{digests: []int64{d.ID}},
		pools: map[int64]*pool{}, choices: newChoices(), together: newTogether(r), contents: map[ref]content{}, audience: map[string]bool{}, spoken: map[string]string{},
		slots: newSlotPlan(s, d, e),
	}
	c.unproven.digests = c.provers()
	return c
}

// from is where the window of a subscription begins. Before the run's own it
// begins for a reader who had too few stories or came from another cohort, after
// it for one who had them in another cohort.
func (c *chooser) from(sub *subscription) int64 {
	switch {
	case c.edition.Kind == Welcome || c.edition.ArticleID != 0:
		return wholeStock
	case c.ownStart(sub):
		return max(sub.JoinedSeq, c.oldest)
	}
	return max(sub.JoinedSeq, c.run.FromSeq)
}

// ownStart reports whether the window of a subscription begins where that says,
// and not where the run's does.
func (c *chooser) ownStart(sub *subscription) bool {
	return sub.JoinedSeq >= 0 && sub.JoinedRuns == c.run.Number
}

// waits reports whether the reader of a subscription is yet to be admitted.
func (c *chooser) waits(sub *subscription) bool { return sub.AdmittedAt < c.admittedSince }

// passes says why the reader of a subscription gets nothing whatever there is,
// or "".
func (c *chooser) passes(sub *subscription) SkipReason {
	switch {
	case !c.belongs(sub):
		return SkipNotAudience
	case c.waits(sub):
		return SkipNotAdmitted
	case sub.PausedUntil > db.Millis(c.run.DueAt):
		return SkipPaused
	}
	return ""
}

// readsReaders reports whether choosing needs to know more of readers than what
// their subscriptions say.
func (c *chooser) readsReaders() bool {
	return c.admittedSince > 0 || len(c.setup.Attributes) > 0 || c.digest.ReaderLanguage || len(c.setup.Site.Languages) > 0
}

// language is that of the stories that the reader of a subscription may have, ""
// for any.
func (c *chooser) language(sub *subscription) string {
	if !c.digest.ReaderLanguage {
		return ""
	}
	return cmp.Or(sub.Language, c.setup.Site.Language)
}

// words is the language of the words around the stories for the reader of a
// subscription, "" for the site's. It is a part of the selection and so frozen
// with it: a retry is what went out first, whatever the reader chose since, and
// a delivery takes no octet more.
func (c *chooser) words(sub *subscription) string {
	site := &c.setup.Site
	if len(site.Languages) == 0 || sub.Language == "" {
		return ""
	}
	tag, ok := c.spoken[sub.Language]
	if !ok {
		if tag = site.Speak(sub.Language); tag == site.Language {
			tag = ""
		}
		c.spoken[sub.Language] = tag
	}
	return tag
}

// belongs reports whether the digest is for the reader of a subscription.
func (c *chooser) belongs(sub *subscription) bool {
	if len(c.digest.Audience) == 0 {
		return true
	}
	yes, ok := c.audience[sub.Attributes]
	if !ok {
		yes = admits(joinPairs(c.digest.Audience), c.setup.attributesOf(sub.Attributes))
		c.audience[sub.Attributes] = yes
	}
	return yes
}

// admitted returns the subscriptions of a page whose readers can get something.
func (c *chooser) admitted(page []subscription) []subscription {
	passed := func(sub subscription) bool { return c.passes(&sub) != "" }
	if !slices.ContainsFunc(page, passed) {
		return page
	}
	return slices.DeleteFunc(slices.Clone(page), passed)
}

// prepare loads what choosing for a page needs: candidates and, as it returns,
// what the ledger tells of the page's subscribers.
func (c *chooser) prepare(ctx context.Context, tx *db.Tx, page []subscription) (*evidence, error) {
	page = c.admitted(page)
	if len(page) == 0 || c.edition.Kind == Letter {
		return &evidence{}, nil
	}
	if err := c.findOldest(ctx, tx, page); err != nil {
		return nil, err
	}
	for {
		if err := c.unproven.find(ctx, tx); err != nil {
			return nil, err
		}
		if err := c.fillPools(ctx, tx, page); err != nil {
			return nil, err
		}
		e, err := c.gather(ctx, tx, page)
		if err != nil {
			return nil, err
		}
		if kept, err := c.stillKept(ctx, tx); err != nil || kept {
			return e, err
		}
	}
}

// pick chooses for one subscription, by what the ledger tells of its reader.
func (c *chooser) pick(sub *subscription, e *evidence) (chosen, error) {
	if reason := c.passes(sub); reason != "" {
		return chosen{text: Selection{}.String(), skip: reason, open: reason != SkipNotAudience}, nil
	}
	if c.edition.Kind == Letter {
		return c.result(Selection{Language: c.words(sub)}, nil), nil
	}
	if e.madeUp[sub.SubscriberID] {
		return chosen{text: Selection{}.String(), skip: SkipMoved, open: true}, nil
	}
	from, had := c.from(sub), e.brought[sub.SubscriberID]
	pool := c.pool(from)
	key := chosenKey{
		topics: sub.Topics, former: pool.judges(sub.Former), from: from,
		had: pool.brought(had, c.contents), corrections: joinIDs(c.owed(from, had)), language: c.language(sub),
		words: c.words(sub), slots: c.slots.of(sub.Attributes),
	}
	if pool.reserved {
		key.attributes = sub.Attributes
	}
	out, err := c.made(key, pool)
	if err != nil {
		return chosen{}, err
	}
	if most := c.digest.DailyCap; out.skip == "" && most > 0 && e.today[sub.SubscriberID] >= most {
		out.skip, out.open = SkipDailyCap, true
	}
	return out, nil
}

// made returns the choice of a key, which is made if it is not remembered.
func (c *chooser) made(key chosenKey, pool *pool) (out chosen, err error) {
	c.key = key.append(c.key[:0])
	sum := sumOf(c.key)
	if known := c.choices.find(pool.list, sum); known != nil {
		return *known, nil
	}
	if out, err = c.choose(key, pool); err == nil {
		c.choices.add(pool.list, sum, out)
	}
	return out, err
}

// choose makes the choice of a key.
func (c *chooser) choose(key chosenKey, pool *pool) (chosen, error) {
	wants := parseTopics(key.topics)
	wants.only, wants.article = c.edition.TopicID, c.edition.ArticleID
	wants.attributes, wants.language = c.setup.attributesOf(key.attributes), key.language
	wants.exclude = pool.stories(key.had)
	var err error
	if wants.former, err = parseFormer(key.former); err != nil {
		return chosen{}, err
	}
	l := &c.layout
	l.digest, l.choice, l.window, l.at = c.digest, &wants, window{key.from, c.run.ToSeq}, db.Millis(c.run.DueAt)
	l.ranked, l.index = pool.ranked, pool.index
	selection := l.choose(c.trace)
	selection.Language = key.words
	if len(selection.Stories) > 0 { // corrections alone bring no ads
		if selection.Slots, err = parseSlots(strings.Fields(key.slots)); err != nil {
			return chosen{}, err
		}
	}
	return c.result(selection, splitIDs(key.corrections)), nil
}

// result is what becomes of a reader for whom those stories were chosen, and who
// has to be told of those corrections.
func (c *chooser) result(selection Selection, corrections []int64) chosen {
	least := c.digest.MinItems
	switch {
	case c.edition.Kind == Letter:
		least = 0
	case c.edition.Kind == Welcome || c.edition.ArticleID != 0:
		least = 1
	}
	out := chosen{stories: len(selection.Stories)}
	switch {
	case out.stories >= least:
		selection.Corrections = corrections
		out.open = selection.More > 0 && c.digest.Overflow == OverflowCarry
	case out.stories == 0:
		out.skip, out.open = SkipNothingNew, len(corrections) > 0
	default:
		out.skip, out.open = SkipTooFew, true
	}
	if out.text = selection.String(); out.skip == "" {
		out.id = selectionID(out.text)
	}
	return out
}

// one chooses for a single subscription and loads its stories as they were at
// a time.
func (c *chooser) one(ctx context.Context, tx *db.Tx, sub *subscription, at time.Time) (pick chosen, sel Selection, articles map[int64]*Article, err error) {
	e, err := c.prepare(ctx, tx, []subscription{*sub})
	if err != nil {
		return pick, sel, nil, err
	}
	if pick, err = c.pick(sub, e); err != nil {
		return pick, sel, nil, err
	}
	if sel, err = parseSelection(pick.text); err != nil {
		return pick, sel, nil, err
	}
	articles, err = articlesAsOf(ctx, tx, sel.articleIDs(), at)
	return pick, sel, articles, err
}
