package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// eligible is SQL for the articles a that can be chosen at all. An embargo is a
// hold, too.
const eligible = `a.held_at = 0 AND a.withdrawn_at = 0 AND a.lead_id = 0`

// loadPool loads and ranks the articles of the window that begins at from, with
// the topics that the digest offers. Pins count as they are when the run is due.
func (c *chooser) loadPool(ctx context.Context, tx *db.Tx, from int64) (*pool, error) {
	places, err := c.editorsOrder(ctx, tx)
	if err != nil {
		return nil, err
	}
	stock, err := c.stock(ctx, tx, from)
	if err != nil {
		return nil, err
	}
	p := emptyPool()
	for i := range stock {
		if a := &stock[i]; c.takes(a) {
			p.ranked = append(p.ranked, a.candidateAt(c.run.DueAt))
		}
	}
	if c.edition.ArticleID == 0 {
		p.ranked = slices.DeleteFunc(p.ranked, func(a candidate) bool { return len(a.topics) == 0 })
	}
	if slices.ContainsFunc(p.ranked, func(a candidate) bool { return len(a.gone) > 0 }) {
		if err := c.own.find(ctx, tx); err != nil {
			return nil, err
		}
	}
	for i := range p.ranked {
		a := &p.ranked[i]
		a.place, a.unproven = places[a.id], len(a.gone) > 0 && a.arrivedAt <= c.own.until
		a.orderTopics(c.digest)
		p.count(a)
	}
	rank(p.ranked)
	for i := range p.ranked {
		p.place[p.ranked[i].id] = i
		for _, id := range p.ranked[i].insteadOf {
			p.place[id] = i // who had that has had it
		}
	}
	terms := c.terms(p)
	if p = c.together.same(terms, p); p.list == nil {
		p.index = newIndex(c.digest, p.ranked, db.Millis(c.run.DueAt))
		p.list = c.choices.of(terms)
	}
	return p, nil
}

// stored is a candidate before it is known for which run.
type stored struct {
	candidate
	pinnedUntil int64
}

// candidateAt returns the candidate as it is at a time. It shares nothing that
// changes.
func (s *stored) candidateAt(at time.Time) candidate {
	a := s.candidate
	a.pinned = db.Time(s.pinnedUntil).After(at)
	a.topics, a.gone = slices.Clone(a.topics), slices.Clone(a.gone)
	return a
}

// takes reports whether what is stored can be chosen in the run. What reach
// leaves out for all runs that are planned together is left out.
func (c *chooser) takes(s *stored) bool {
	return s.arrivedAt > c.unproven.until && (!c.boundsAge() || s.freshAt >= c.oldestAt(c.run.DueAt))
}

// stock loads the articles of the window that begins at from, in the order of
// their ids, or returns what another chooser found in this turn.
func (c *chooser) stock(ctx context.Context, tx *db.Tx, from int64) (out []stored, err error) {
	where, args := c.reach(from)
	key := fmt.Sprintln(where, args)
	if known, ok := c.together.stock[key]; ok {
		return known, nil
	}
	err = tx.Each(ctx, func(scan func(dest ...any) error) (err error) { out, err = c.scanStored(scan, out); return err }, `SELECT a.id, a.priority, a.pinned_until, a.published_at, a.fresh_at, a.arrived_at, a.source_id, a.sources, v.language,
		a.audience, a.access, a.again, a.instead_of, COALESCE(t.topic_id, 0), COALESCE(t.seq, 0), COALESCE(t.reason, '')
		FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
		LEFT JOIN article_topics t ON t.article_id = a.id
		WHERE `+eligible+` AND `+where+` ORDER BY a.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("load candidates: %w", err)
	}
	c.together.keepStock(key, out)
	return out, nil
}

// scanStored reads a candidate with one of its topics. All rows of one follow
// each other.
func (c *chooser) scanStored(scan func(dest ...any) error, to []stored) ([]stored, error) {
	var a stored
	var t topicSeq
	var again int
	var access Access
	var reason, insteadOf string
	if err := scan(&a.id, &a.priority, &a.pinnedUntil, &a.publishedAt, &a.freshAt, &a.arrivedAt, &a.sourceID, &a.sources, &a.language,
		&a.audience, &access, &again, &insteadOf, &t.topic, &t.seq, &reason); err != nil {
		return to, err
	}
	if len(to) == 0 || to[len(to)-1].id != a.id {
		a.paid, a.again = access == AccessPaid, again != 0
		a.insteadOf = parsePlaces(insteadOf)
		to = append(to, a)
	}
	last := &to[len(to)-1]
	if _, offered := c.digest.topics[t.topic]; offered && reason != topicGone {
		last.topics = append(last.topics, t)
	} else if t.seq > 0 && (offered || a.arrivedAt <= c.digest.narrowedAt+clockSlack) { // it may have come for that
		t.at = -1
		last.gone = append(last.gone, t)
	}
	return to, nil
}

// boundsAge reports whether what is too old is not a candidate at all. Who
// explains wants to see that, too.
func (c *chooser) boundsAge() bool {
	return c.digest.MaxAge > 0 && c.trace == nil && c.asked == 0 && c.edition.ArticleID == 0 && c.edition.Kind != Welcome
}

// oldestAt is from when the oldest stories are for a run that is due at a time.
func (c *chooser) oldestAt(due time.Time) int64 { return db.Millis(due.Add(-c.digest.MaxAge)) }

// reach is SQL for the articles a of the window that begins at from. A welcome
// looks at how fresh they are instead, and breaking news is one story. It is the
// same for all runs with that window that are planned together.
func (c *chooser) reach(from int64) (where string, args []any) {
	switch {
	case c.edition.ArticleID != 0:
		return `a.id = $1`, []any{c.edition.ArticleID}
	case c.edition.Kind == Welcome:
		return `a.fresh_at > $1 AND a.id IN (SELECT w.article_id FROM article_topics w WHERE w.article_id = a.id AND w.seq <= $2)`,
			[]any{db.Millis(c.run.DueAt.Add(-c.digest.Welcome)), c.run.ToSeq}
	}
	where, args = `a.id IN (SELECT w.article_id FROM article_topics w WHERE w.seq > $1 AND w.seq <= $2)`, []any{max(from, 0), c.run.ToSeq}
	if c.asked != 0 {
		return `(a.id = $3 OR ` + where + `)`, append(args, c.asked)
	}
	if c.boundsAge() {
		where += ` AND a.fresh_at >= $3`
		args = append(args, c.oldestAt(c.together.firstDue))
	}
	return where, args
}

// editorsOrder returns the places that editors gave to stories of the edition,
// which need not be there yet.
func (c *chooser) editorsOrder(ctx context.Context, tx *db.Tx) (map[int64]int, error) {
	if c.places != nil {
		return c.places, nil
	}
	id := c.edition.ID
	if id == 0 {
		err := tx.Get(ctx, &id, `SELECT id FROM editions WHERE digest_id = $1 AND slot = $2`, c.digest.ID, c.edition.Slot.String())
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return nil, fmt.Errorf("find the edition: %w", err)
		}
	}
	text, err := editionText(ctx, tx, id, time.Time{})
	if err != nil {
		return nil, err
	}
	c.places = text.places()
	return c.places, nil
}
