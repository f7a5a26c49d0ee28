package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"broadsheet/internal/db"
)

// mostTerms bounds the terms under which choices are remembered.
const mostTerms = 64

// choices remembers what was chosen, so that equal choices are made once, also
// for the turns of a run and for the runs of several zones and editions. Readers'
// wishes are many more than outcomes, so a choice takes 12 bytes and has nothing
// for the garbage collector to follow.
type choices struct {
	lists    []*madeList      // the oldest first
	outcomes []chosen         // each once
	places   map[keySum]int32 // of outcomes
	n        int
	spelled  []byte // the outcome that was added last
	kept     kept
}

// terms are what a choice depends on, but for the reader.
type terms struct {
	digest         *Digest
	kind           EditionKind
	topic, article int64 // of the edition
	to             int64 // where the window ends
	at             int64 // to which ages count; only the part of an hour if steady
	steady         bool
	reserved       bool
	pool           [sha256.Size]byte
}

// madeList is the choices under the same terms, by keys, as the places of their
// outcomes.
type madeList struct {
	terms terms
	made  map[keySum]int32
	gone  bool // others took its place: it takes no more
}

// keySum stands for a key as the same bytes of such a sum stand for a
// selection: no two keys have the same.
type keySum [8]byte

func sumOf(key []byte) keySum {
	sum := sha256.Sum256(key)
	return keySum(sum[:])
}

func newChoices() *choices {
	return &choices{places: map[keySum]int32{}, kept: kept{of: map[int64]map[int64]bool{}}}
}

// of returns the list of some terms.
func (c *choices) of(t terms) *madeList {
	for _, list := range c.lists {
		if list.terms == t {
			return list
		}
	}
	if len(c.lists) >= mostTerms {
		c.n -= len(c.lists[0].made)
		c.lists[0].made, c.lists[0].gone = nil, true
		c.lists = append(c.lists[:0], c.lists[1:]...)
	}
	list := &madeList{terms: t, made: map[keySum]int32{}}
	c.lists = append(c.lists, list)
	return list
}

// find returns a choice that is remembered, nil for none.
func (c *choices) find(list *madeList, key keySum) *chosen {
	if at, ok := list.made[key]; ok {
		return &c.outcomes[at]
	}
	return nil
}

// add remembers a choice. Equal outcomes are kept once.
func (c *choices) add(list *madeList, key keySum, out chosen) {
	if list.gone {
		return
	}
	c.spelled = out.append(c.spelled[:0])
	sum := sumOf(c.spelled)
	at, ok := c.places[sum]
	if c.n >= mostMade || !ok && len(c.outcomes) >= mostChoices {
		c.forget()
		ok = false
	}
	if !ok {
		at = int32(len(c.outcomes))
		c.outcomes = append(c.outcomes, out)
		c.places[sum] = at
	}
	list.made[key] = at
	c.n++
}

// remembered is the choices that a planner made last. Where no story comes between
// the hours of two zones, the later one has what the earlier one chose.
type remembered struct {
	choices atomic.Pointer[choices]
	at      atomic.Int64 // when they were used last
}

// keepMade is for how long choices are remembered while nothing is due: a little
// longer than zones are apart.
const keepMade = 90 * time.Minute

// take returns the choices, or none. Nobody else has them until keep is called.
func (r *remembered) take() *choices {
	if c := r.choices.Swap(nil); c != nil {
		return c
	}
	return newChoices()
}

func (r *remembered) keep(c *choices, now time.Time) {
	r.choices.Store(c)
	r.at.Store(now.UnixNano())
}

// rest forgets the choices if nothing was due for long.
func (r *remembered) rest(now time.Time) {
	if now.Sub(time.Unix(0, r.at.Load())) > keepMade {
		r.choices.Store(nil)
	}
}

// forget empties all lists.
func (c *choices) forget() {
	for _, list := range c.lists {
		clear(list.made)
	}
	clear(c.places)
	clear(c.outcomes)
	c.outcomes, c.n = c.outcomes[:0], 0
}

// terms returns those of a pool. Where all its candidates have an age that
// counts, an hour more or less is the same for all of them and changes no choice.
func (c *chooser) terms(p *pool) terms {
	t := terms{
		digest: c.digest, kind: c.edition.Kind, topic: c.edition.TopicID, article: c.edition.ArticleID,
		to: c.run.ToSeq, at: db.Millis(c.run.DueAt), steady: true, reserved: p.reserved, pool: hashOf(p.ranked),
	}
	for i := range p.ranked {
		age := t.at - p.ranked[i].freshAt
		if age < 0 || age >= mostHours*hourMS || c.digest.MaxAge > 0 && age > c.digest.MaxAge.Milliseconds() {
			t.steady = false
		}
	}
	if t.steady {
		t.at %= hourMS
	}
	return t
}

// hashOf is a hash of all that choosing sees of candidates.
func hashOf(ranked []candidate) (sum [sha256.Size]byte) {
	h := sha256.New()
	var b []byte
	for i := range ranked {
		a := &ranked[i]
		b = b[:0]
		for _, n := range []int64{
			a.id, int64(a.priority), int64(a.group), int64(a.place), a.publishedAt, a.freshAt, a.sourceID, int64(a.sources),
			int64(number(a.pinned)), int64(number(a.paid)), int64(number(a.again)), int64(number(a.unproven)), int64(len(a.topics)), int64(len(a.gone)),
		} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		for _, t := range slices.Concat(a.topics, a.gone) {
			for _, n := range []int64{t.topic, t.seq, int64(t.at)} {
				b = binary.BigEndian.AppendUint64(b, uint64(n))
			}
		}
		b = strconv.AppendQuote(strconv.AppendQuote(b, a.language), a.audience)
		h.Write(b)
	}
	h.Sum(sum[:0])
	return sum
}

// append appends the outcome's spelling, of which no two outcomes have the same.
func (c *chosen) append(b []byte) []byte {
	b = append(append(append(b, c.text...), '\n'), c.skip...)
	return strconv.AppendBool(append(b, '\n'), c.open)
}

// append appends the key's spelling, of which no two keys have the same: none of
// its texts has a line break.
func (k *chosenKey) append(b []byte) []byte {
	b = append(append(b, k.topics...), '\n')
	b = append(append(b, k.former...), '\n')
	b = append(strconv.AppendInt(b, k.from, 10), '\n')
	b = append(append(b, k.corrections...), '\n')
	b = append(append(b, k.attributes...), '\n')
	b = append(append(b, k.language...), '\n')
	b = append(append(b, k.words...), '\n')
	b = append(append(b, k.slots...), '\n')
	return append(b, k.had...) // bits, which may be anything
}
