package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// sampleDays is how far back a sample takes its stories from.
const sampleDays = 7

// Sample composes the digest as a reader of all its topics would get it with
// the best stories of the last days, for a test. It belongs to no reader and
// writes nothing. It returns ErrNothingDue if there are no stories.
func (p *Planner) Sample(ctx context.Context, c *Composer, d *Digest, now time.Time) (*Composed, error) {
	chooser, err := p.imagineSlot(ctx, &Send{Digest: d}, cohort{DigestID: d.ID, Zone: d.Location.String(), LastSeq: -1}, now)
	if err != nil {
		return nil, fmt.Errorf("sample of %s: %w", d.Slug, err)
	}
	sub := subscription{Topics: "*", JoinedSeq: -1}
	var dr *draft
	err = p.store.db.View(ctx, func(tx *db.Tx) (err error) {
		if chooser.run.FromSeq, err = seqAt(ctx, tx, now.AddDate(0, 0, -sampleDays)); err != nil {
			return err
		}
		_, selection, _, err := chooser.one(ctx, tx, &sub, now)
		if err != nil {
			return err
		}
		dr, err = gather(ctx, tx, d, chooser.edition, selection, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sample of %s: %w", d.Slug, err)
	}
	if len(dr.picks) == 0 {
		return nil, fmt.Errorf("%w: no story of the last %d days has a topic of %s", ErrNothingDue, sampleDays, d.Slug)
	}
	composed, _, err := c.compile(dr)
	if err != nil {
		return nil, fmt.Errorf("sample of %s: %w", d.Slug, err)
	}
	composed.Date, composed.ComposedAt = now, now
	return composed, nil
}
