package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"broadsheet/internal/db"
)

// offerRow is what the database knows of the topics that a digest offers.
type offerRow struct {
	ID         int64  `db:"id"`
	Topics     string `db:"topics"`
	NarrowedAt int64  `db:"narrowed_at"` // when it last ceased to offer one
}

// loadOffers tells the digests when they last ceased to offer a topic, for they
// may have brought stories for it before. It returns the rows that the database
// has otherwise.
func (s *Store) loadOffers(ctx context.Context, tx *db.Tx, set *Setup) (changed []offerRow, err error) {
	var rows []offerRow
	if err := tx.Select(ctx, &rows, `SELECT id, topics, narrowed_at FROM digests`); err != nil {
		return nil, fmt.Errorf("load the topics of digests: %w", err)
	}
	for i := range set.Digests {
		d := &set.Digests[i]
		n := slices.IndexFunc(rows, func(r offerRow) bool { return r.ID == d.ID })
		if n < 0 {
			continue
		}
		row := rows[n]
		lost := row.Topics == "" || slices.ContainsFunc(splitIDs(row.Topics), func(id int64) bool { _, ok := d.topics[id]; return !ok })
		if lost {
			row.NarrowedAt = db.Millis(s.now())
		}
		if row.Topics = joinIDs(slices.Sorted(maps.Keys(d.topics))); row.Topics != rows[n].Topics {
			changed = append(changed, row)
		} else {
			row.NarrowedAt = rows[n].NarrowedAt
		}
		d.narrowedAt = row.NarrowedAt
	}
	return changed, nil
}

// syncOffers stores the topics of digests, whose ids are loaded.
func (s *Store) syncOffers(ctx context.Context, tx *db.Tx, set *Setup) error {
	changed, err := s.loadOffers(ctx, tx, set)
	if err != nil {
		return err
	}
	for _, row := range changed {
		if _, err := tx.Exec(ctx, `UPDATE digests SET topics = $1, narrowed_at = $2 WHERE id = $3`, row.Topics, row.NarrowedAt, row.ID); err != nil {
			return fmt.Errorf("store the topics of digest %d: %w", row.ID, err)
		}
	}
	return nil
}
