package subscribers

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// loadAsked reads what is asked for apart in the names of those who have left.
// The lock on a reader's row guards it.
func loadAsked(ctx context.Context, tx *db.Tx, recs []*record) error {
	left := map[int64]*record{}
	var ids []int64
	for _, r := range recs {
		if r.State == StateUnsubscribed {
			left[r.ID] = r
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		Subscriber int64 `db:"subscriber_id"`
		asking
	}
	err := tx.Select(ctx, &rows, `SELECT subscriber_id, asked_at, asked_on, name, language, timezone, format, attributes, topics, digests, hours
		FROM asked_apart WHERE subscriber_id {in 1}`, ids)
	if err != nil {
		return fmt.Errorf("read what is asked apart: %w", err)
	}
	for i := range rows {
		left[rows[i].Subscriber].asked = &rows[i].asking
	}
	return nil
}

// saveAsked writes what is asked for apart, and forgets what is not any more.
func saveAsked(ctx context.Context, tx *db.Tx, recs []*record) error {
	var gone []int64
	for _, r := range recs {
		switch {
		case !r.askedChanged:
		case r.asked == nil:
			gone = append(gone, r.ID)
		default:
			if err := putAsked(ctx, tx, r.ID, r.asked); err != nil {
				return err
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM asked_apart WHERE subscriber_id {in 1}`, gone); err != nil {
		return fmt.Errorf("forget what was asked apart: %w", err)
	}
	return nil
}

func putAsked(ctx context.Context, tx *db.Tx, subscriberID int64, a *asking) error {
	_, err := tx.Exec(ctx, `INSERT INTO asked_apart (subscriber_id, asked_at, asked_on, name, language, timezone, format, attributes, topics, digests, hours)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (subscriber_id) DO UPDATE SET asked_at = excluded.asked_at, asked_on = excluded.asked_on, name = excluded.name,
			language = excluded.language, timezone = excluded.timezone, format = excluded.format, attributes = excluded.attributes,
			topics = excluded.topics, digests = excluded.digests, hours = excluded.hours`,
		subscriberID, a.At, a.On, a.Name, a.Language, a.Zone, string(a.Format), string(a.Attributes), string(a.Topics), string(a.Digests), a.Hours)
	if err != nil {
		return fmt.Errorf("keep what is asked apart: %w", err)
	}
	return nil
}

// digestSlug is the name of a digest that r has or that somebody asked for apart, "*"
// for 0.
func (r *record) digestSlug(ctx context.Context, tx *db.Tx, id int64) (string, error) {
	if id == 0 {
		return "*", nil
	}
	if s := r.seat(id); s != nil {
		return s.Digest, nil
	}
	var slug string
	if err := tx.Get(ctx, &slug, `SELECT slug FROM digests WHERE id = $1`, id); err != nil {
		return "", fmt.Errorf("read the name of digest %d: %w", id, err)
	}
	return slug, nil
}
