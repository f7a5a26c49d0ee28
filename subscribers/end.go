package subscribers

import (
	"context"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// Endings are what is to come to a reader no more, by slugs.
type Endings struct {
	Topics, Digests []string
}

// End ends digests and topics of a subscriber in one step and changes nothing
// else: it is for links that may be in other hands. What the reader does not have
// is overlooked. Digests that end are a leaving, as Leave has it. It returns
// ErrUnknown for a subscriber, a topic or a digest that is not there,
// ErrUnsubscribed for a reader who has left, and ErrLastTopic where a digest that
// stays would be left without a topic; then nothing ends.
func (s *Store) End(ctx context.Context, c *Catalog, subscriberID int64, in Endings, origin, client string) (Left, error) {
	topics, err := c.topicIDs(in.Topics)
	if err != nil {
		return Left{}, err
	}
	digests, err := c.digestIDs(in.Digests)
	if err != nil {
		return Left{}, err
	}
	var left Left
	err = s.change(ctx, subscriberID, func(tx *db.Tx, r *record, now time.Time) (err error) {
		left = Left{}
		if r.State == StateUnsubscribed {
			return ErrUnsubscribed
		}
		by := Consent{At: now, Origin: origin, Client: client}
		if left, err = s.depart(ctx, tx, r, digests, by); err != nil || r.State == StateUnsubscribed {
			return err
		}
		return r.drop(c, topics, by)
	})
	if err != nil {
		return Left{}, err
	}
	return left, nil
}

// digestIDs are the ids of digests, or ErrUnknown if one is not there.
func (c *Catalog) digestIDs(slugs []string) ([]int64, error) {
	var ids []int64
	for _, slug := range slugs {
		i := slices.IndexFunc(c.Digests, func(d Digest) bool { return d.Slug == slug })
		if i < 0 {
			return nil, ErrUnknown
		}
		ids = append(ids, c.Digests[i].ID)
	}
	return ids, nil
}
