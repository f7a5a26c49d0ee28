package digest

import (
	"context"

	"broadsheet/internal/db"
)

// For the tests of package digest_test.

// ParseSelection reads the stored form of a selection.
func ParseSelection(text string) (Selection, error) { return parseSelection(text) }

// PageSize is how many subscriptions are planned in one transaction.
const PageSize = pageSize

// BatchSize is how many deliveries a worker leases at once.
const BatchSize = batchSize

// Story is a candidate as a test writes it: topics maps each of its topics to
// the number under which it came, a negative one if it is gone again;
// Unproven says that deliveries do not tell who had it for that.
type Story struct {
	ID, Published int64
	Priority      int
	Pinned        bool
	Topics        map[int64]int64

	Fresh    int64 // milliseconds
	Source   int64
	Sources  int
	Place    int
	Language string
	Audience []string
	Paid     bool
	Unproven bool
}

// Wish is what a reader asks for; no topics are all topics.
type Wish struct {
	Topics  []int64 // in the reader's order
	Only    int64
	Article int64
	Exclude []int64
	From    int64
	To      int64

	At         int64 // to which ages count, milliseconds
	Attributes []string
	Language   string
}

// Pool is the ranked candidates of a digest.
type Pool struct {
	digest *Digest
	ranked []candidate
	index  *index
	at     int64  // to which ages count in it
	layout layout // for one reader after the other
}

// NewPool ranks stories for a digest that offers the given topics in that order,
// of a site in English whose readers pay by "tier=paid".
func NewPool(d Digest, offered []int64, stories []Story) *Pool {
	d.topics, d.paid, d.language = map[int64]int{}, ",tier=paid,", "en"
	for i, id := range offered {
		d.topics[id] = i
	}
	p := &Pool{digest: &d}
	for _, s := range stories {
		c := candidate{
			id: s.ID, priority: s.Priority, pinned: s.Pinned, publishedAt: s.Published, freshAt: s.Fresh, sourceID: s.Source, sources: s.Sources,
			place: s.Place, language: s.Language, audience: joinPairs(s.Audience), paid: s.Paid, unproven: s.Unproven,
		}
		for topic, seq := range s.Topics {
			if seq < 0 {
				c.gone = append(c.gone, topicSeq{topic: topic, seq: -seq, at: -1})
			} else {
				c.topics = append(c.topics, topicSeq{topic: topic, seq: seq})
			}
		}
		c.orderTopics(&d)
		p.ranked = append(p.ranked, c)
	}
	rank(p.ranked)
	return p
}

// Choose picks for one reader; trace may be nil.
func (p *Pool) Choose(wish Wish, trace func(Verdict)) Selection {
	l := &p.layout
	if p.index == nil || p.at != wish.At {
		p.index, p.at = newIndex(p.digest, p.ranked, wish.At), wish.At
	}
	l.digest, l.choice, l.window, l.at = p.digest, wish.choice(), window{wish.From, wish.To}, wish.At
	l.ranked, l.index = p.ranked, p.index
	return l.choose(trace)
}

func (w *Wish) choice() *choice {
	c := parseTopics("*")
	if w.Topics != nil {
		c = parseTopics(joinIDs(w.Topics))
	}
	c.only, c.article, c.exclude, c.attributes, c.language = w.Only, w.Article, map[int64]bool{}, joinPairs(w.Attributes), w.Language
	for _, id := range w.Exclude {
		c.exclude[id] = true
	}
	return &c
}

// Choose ranks stories and picks from them for one reader of a digest that
// offers the given topics in that order.
func Choose(d Digest, offered []int64, stories []Story, wish Wish) Selection {
	return NewPool(d, offered, stories).Choose(wish, nil)
}

// Memory remembers choices as a planner does, each by a text that stands for its
// selection.
type Memory struct {
	choices *choices
	list    *madeList
}

// MostMade and MostChoices bound it.
const (
	MostMade    = mostMade
	MostChoices = mostChoices
)

// NewMemory returns an empty one.
func NewMemory() *Memory {
	c := newChoices()
	return &Memory{c, c.of(terms{})}
}

// Add remembers the choice of a key.
func (m *Memory) Add(key, text string) { m.choices.add(m.list, sumOf([]byte(key)), chosen{text: text}) }

// Find returns the choice of a key, "" if it is not remembered, and how many
// different ones are.
func (m *Memory) Find(key string) (text string, outcomes int) {
	if out := m.choices.find(m.list, sumOf([]byte(key))); out != nil {
		text = out.text
	}
	return text, len(m.choices.outcomes)
}

// Remembered is how many choices the planner remembers.
func (p *Planner) Remembered() int {
	if c := p.made.choices.Load(); c != nil {
		return c.n
	}
	return 0
}

// PlanPages plans a run to its end as one turn, and calls between before each
// page but the first.
func (p *Planner) PlanPages(ctx context.Context, r Run, between func()) error {
	var e *Edition
	err := p.store.db.View(ctx, func(tx *db.Tx) (err error) { e, err = editionByID(ctx, tx, r.EditionID); return err })
	if err != nil {
		return err
	}
	d, err := p.setup.digestByID(e.DigestID)
	if err != nil {
		return err
	}
	c := newChooser(p.setup, d, e, &r)
	for {
		if planned, err := p.planPage(ctx, []*chooser{c}); err != nil || len(planned) == 0 || planned[0].last {
			return err
		}
		between()
	}
}
