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
// else: it is for links that may be in other hands. What the reader does not have,
// or is no topic any more, is overlooked. Digests that end are a leaving, as Leave
// has it. It returns ErrUnknown for a subscriber that is not there, ErrUnsubscribed for a reader who has left, and ErrLastTopic where a digest that
// stays would be left without a topic; then nothing ends.
func (s *Store) End(ctx context.Context, c *Catalog, subscriberID int64, in Endings, origin, client string) (Left, error) {
	var topics []int64
	for _, t := range c.Topics {
		if slices.Contains(in.Topics, t.Slug) {
			topics = append(topics, t.ID)
		}
	}
	var left Left
	err := s.change(ctx, subscriberID, func(tx *db.Tx, r *record, now time.Time) (err error) {
		left = Left{}
		if r.State == StateUnsubscribed {
			return ErrUnsubscribed
		}
		var digests []int64
		for _, s := range r.seats { // of a digest that is configured no more as well: it may come back
			if slices.Contains(in.Digests, s.Digest) {
				digests = append(digests, s.DigestID)
			}
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
