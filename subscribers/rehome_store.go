package subscribers

import (
	"context"
	"crypto/rand"

	"broadsheet/internal/db"
)

// claimHomes begins to move the readers of a digest to where the catalog wants
// them, and returns its claim, or "" if all are there. It waits for whoever is
// saving readers, so that what they put elsewhere is found; who comes later sees
// the claim.
func (s *Store) claimHomes(ctx context.Context, d *Digest) (claim homes, err error) {
	wanted := homesOf(d)
	var known []homes
	err = s.db.View(ctx, func(tx *db.Tx) error {
		known = nil
		return tx.Select(ctx, &known, `SELECT homed FROM digests WHERE id = $1`, d.ID)
	})
	if err != nil || len(known) == 1 && known[0] == wanted {
		return "", err
	}
	claim = wanted.claimed(rand.Text())
	return claim, s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := lockHomes(ctx, tx, `{for update}`, []int64{d.ID}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE digests SET homed = $1 WHERE id = $2`, string(claim), d.ID)
		return err
	})
}

// noteHomed notes that all readers of a digest are where the catalog wants them,
// unless the claim is gone: somebody put one elsewhere meanwhile, or moves them as
// well.
func (s *Store) noteHomed(ctx context.Context, d *Digest, claim homes) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE digests SET homed = $1 WHERE id = $2 AND homed = $3`, string(homesOf(d)), d.ID, string(claim))
		return err
	})
}

// lockHomes reads what is known of where the readers of digests are. Who locks it
// for key share waits for claimHomes and for nobody else.
func lockHomes(ctx context.Context, tx *db.Tx, lock string, digests []int64) (map[int64]homes, error) {
	known := make(map[int64]homes, len(digests))
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id int64
		var h homes
		err := scan(&id, &h)
		known[id] = h
		return err
	}, `SELECT id, homed FROM digests WHERE id {in 1} ORDER BY id `+lock, digests)
	return known, err
}

// keepHomed is called with records that were saved. Where one of them is not where
// it is known that all are, such as by a process that has another configuration,
// that is no longer known.
func keepHomed(ctx context.Context, tx *db.Tx, recs []*record) error {
	digests := touched(recs)
	if len(digests) == 0 {
		return nil
	}
	known, err := lockHomes(ctx, tx, `{for key share}`, digests)
	if err != nil {
		return err
	}
	if lost := astray(recs, known); len(lost) > 0 {
		_, err = tx.Exec(ctx, `UPDATE digests SET homed = '' WHERE id {in 1}`, lost)
	}
	return err
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
