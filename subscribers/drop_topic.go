package subscribers

import (
	"context"
	"errors"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// ErrLastTopic says that a digest would be left without any topic of its
// reader's.
var ErrLastTopic = errors.New("a digest would be left without a topic")

// DropTopic takes a topic off what a reader wants, in all digests. Who wanted
// all topics wants all others of today. It returns ErrUnknown for a subscriber
// or topic that is not there, ErrUnsubscribed for a reader who has left, and
// ErrLastTopic where that would leave a digest empty; a topic that is not wanted
// changes nothing.
func (s *Store) DropTopic(ctx context.Context, c *Catalog, subscriberID int64, slug, origin, client string) error {
	return s.DropTopics(ctx, c, subscriberID, []string{slug}, origin, client)
}

// DropTopics is DropTopic for several topics at once.
func (s *Store) DropTopics(ctx context.Context, c *Catalog, subscriberID int64, slugs []string, origin, client string) error {
	ids, err := c.topicIDs(slugs)
	if err != nil {
		return err
	}
	return s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) error {
		if r.State == StateUnsubscribed {
			return ErrUnsubscribed
		}
		return r.drop(c, ids, Consent{At: now, Origin: origin, Client: client})
	})
}

// topicIDs are the ids of topics, or ErrUnknown if one is not there.
func (c *Catalog) topicIDs(slugs []string) ([]int64, error) {
	var ids []int64
	for _, slug := range slugs {
		i := slices.IndexFunc(c.Topics, func(t Topic) bool { return t.Slug == slug })
		if i < 0 {
			return nil, ErrUnknown
		}
		ids = append(ids, c.Topics[i].ID)
	}
	return ids, nil
}

// drop takes topics off what r wants and puts that on record as by, or returns
// ErrLastTopic.
func (r *record) drop(c *Catalog, topics []int64, by Consent) error {
	w := r.chosen(c)
	if !slices.ContainsFunc(topics, w.topics.Has) {
		return nil
	}
	w.topics = w.topics.without(c, topics)
	if c.check(w) != nil {
		return ErrLastTopic
	}
	r.choose(c, w, by.At)
	if r.dirty() {
		by.Event, by.Detail = EventPreferences, c.describe(r.chosen(c), r.Zone)
		r.note(note{Consent: by})
	}
	return nil
}

// without is all topics of t, or of the catalog, but some.
func (t Topics) without(c *Catalog, some []int64) Topics {
	ids := t.IDs()
	if t == AllTopics {
		for i := range c.Topics {
			ids = append(ids, c.Topics[i].ID)
		}
	}
	return TopicsOf(slices.DeleteFunc(ids, func(have int64) bool { return slices.Contains(some, have) }))
}
