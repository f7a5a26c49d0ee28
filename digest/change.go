package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// Change is something that somebody changed by hand. Changes are only added.
type Change struct {
	At     time.Time
	Who    string // such as "maria@desk1" or "api:cms"
	Noun   string // "article", "edition" or "source"
	Key    string // an edition's key, or the id of the others
	Action string // the verb, such as "hold"
	Detail string // what it was changed to, for people
}

// recordChange adds a change to what is on record, in the transaction that makes it.
func recordChange(ctx context.Context, tx *db.Tx, c Change) error {
	id, err := tx.NextIDs(ctx, "change", 1)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO changes (id, at, who, noun, key, action, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, db.Millis(c.At), c.Who, c.Noun, c.Key, c.Action, c.Detail); err != nil {
		return fmt.Errorf("record the change of %s %s: %w", c.Noun, c.Key, err)
	}
	return nil
}

// Changes returns what was changed by hand of an article or edition, the
// earliest first.
func (s *Store) Changes(ctx context.Context, noun, key string) ([]Change, error) {
	var out []Change
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			c := Change{Noun: noun, Key: key}
			var at int64
			err := scan(&at, &c.Who, &c.Action, &c.Detail)
			c.At = db.Time(at)
			out = append(out, c)
			return err
		}, `SELECT at, who, action, detail FROM changes WHERE noun = $1 AND key = $2 ORDER BY id`, noun, key)
	})
	if err != nil {
		return nil, fmt.Errorf("list changes of %s %s: %w", noun, key, err)
	}
	return out, nil
}
