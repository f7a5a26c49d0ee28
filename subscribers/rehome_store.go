package subscribers

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// Rehome moves live subscriptions to the cohorts that the catalog asks for and
// returns how many readers moved. It is for the start of a service whose
// configuration may have given a digest another zone, taken local time up or
// back, or given up an hour: who chose that one gets the digest at its own. It reads every subscription, a thousand readers move in a transaction,
// and it may be interrupted and called again.
func (s *Store) Rehome(ctx context.Context, c *Catalog) (int64, error) {
	var moved int64
	for i := range c.Digests {
		d := &c.Digests[i]
		for after := int64(0); ; {
			ids, err := s.misplaced(ctx, d, after)
			if err != nil {
				return moved, fmt.Errorf("find readers of %s in other cohorts: %w", d.Slug, err)
			}
			if len(ids) == 0 {
				break
			}
			if err := s.rehome(ctx, c, ids); err != nil {
				return moved, fmt.Errorf("move readers of %s to other cohorts: %w", d.Slug, err)
			}
			moved += int64(len(ids))
			after = ids[len(ids)-1]
		}
	}
	return moved, nil
}

// misplaced returns the next readers of a digest whose cohort has a zone that
// is not theirs, or an hour that the digest does not offer.
func (s *Store) misplaced(ctx context.Context, d *Digest, after int64) ([]int64, error) {
	local := 0
	if d.LocalTime {
		local = 1
	}
	var ids []int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Select(ctx, &ids, `SELECT u.subscriber_id FROM subscriptions u
			JOIN cohorts c ON c.id = u.cohort_id JOIN subscribers s ON s.id = u.subscriber_id
			WHERE u.digest_id = $1 AND u.subscriber_id > $2 AND u.state <> 'ended'
				AND (c.zone <> CASE WHEN CAST($3 AS INTEGER) = 1 AND s.timezone <> '' THEN s.timezone ELSE CAST($4 AS TEXT) END
					OR NOT c.rule {in 5})
			ORDER BY u.subscriber_id LIMIT 1000`, d.ID, after, local, d.Zone, append([]string{""}, d.Hours...))
	})
	return ids, err
}

func (s *Store) rehome(ctx context.Context, c *Catalog, ids []int64) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		recs, err := load(ctx, tx, byIDs, ids, locked)
		if err != nil {
			return err
		}
		for _, r := range recs {
			for _, seat := range r.seats {
				if d := c.Digest(seat.DigestID); d != nil && seat.isLive() {
					seat.place(d.zoneFor(r.Zone), d.hourFor(seat.Hour))
				}
			}
		}
		return saveRecords(ctx, tx, recs)
	})
}
