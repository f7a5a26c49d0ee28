package subscribers

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// changeOf reads the change of address of a subscriber, one without an ID if
// there is none.
func changeOf(ctx context.Context, tx *db.Tx, subscriberID int64) (*addressChange, error) {
	var rows []addressChange
	err := tx.Select(ctx, &rows, `SELECT subscriber_id, id, old_address, new_address, asked_at, agreed_at, confirmed_at
		FROM address_changes WHERE subscriber_id = $1`, subscriberID)
	if err != nil {
		return nil, fmt.Errorf("read the change of address: %w", err)
	}
	if len(rows) == 0 {
		return &addressChange{}, nil
	}
	return &rows[0], nil
}

// lockReaders locks a reader, or returns ErrUnknown, and whoever else holds an
// address, nil for nobody. lockNew must have been called.
func lockReaders(ctx context.Context, tx *db.Tx, id int64, address string) (r, holder *record, err error) {
	recs, err := loadPair(ctx, tx, pairOfID, id, address)
	if err != nil {
		return nil, nil, err
	}
	for _, rec := range recs {
		if rec.ID == id {
			r = rec
		} else {
			holder = rec
		}
	}
	if r == nil {
		return nil, nil, ErrUnknown
	}
	return r, holder, nil
}

// NewAddressOf returns the address that a subscriber asked to change to, "" if no
// change is under way.
func (s *Store) NewAddressOf(ctx context.Context, subscriberID int64) (string, error) {
	var c *addressChange
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		c, err = changeOf(ctx, tx, subscriberID)
		return err
	})
	if err != nil {
		return "", err
	}
	return c.New, nil
}

// putChange stores a new change in place of any other of its subscriber.
func putChange(ctx context.Context, tx *db.Tx, c *addressChange) error {
	id, err := tx.NextIDs(ctx, "address_change", 1)
	if err != nil {
		return err
	}
	c.ID = id
	_, err = tx.Exec(ctx, `INSERT INTO address_changes (subscriber_id, id, old_address, new_address, asked_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (subscriber_id) DO UPDATE SET id = excluded.id, old_address = excluded.old_address, new_address = excluded.new_address,
			asked_at = excluded.asked_at, agreed_at = 0, confirmed_at = 0`, c.Subscriber, c.ID, c.Old, c.New, c.AskedAt)
	if err != nil {
		return fmt.Errorf("store the change of address: %w", err)
	}
	return nil
}

// saveChange stores who has accepted a change.
func saveChange(ctx context.Context, tx *db.Tx, c *addressChange) error {
	_, err := tx.Exec(ctx, `UPDATE address_changes SET agreed_at = $1, confirmed_at = $2 WHERE subscriber_id = $3 AND id = $4`,
		c.AgreedAt, c.ConfirmedAt, c.Subscriber, c.ID)
	if err != nil {
		return fmt.Errorf("store who accepts a change of address: %w", err)
	}
	return nil
}

func deleteChange(ctx context.Context, tx *db.Tx, subscriberID int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM address_changes WHERE subscriber_id = $1`, subscriberID); err != nil {
		return fmt.Errorf("delete the change of address: %w", err)
	}
	return nil
}

// deleteChangesNaming ends the changes from and to an address, whoever asked for
// them.
func deleteChangesNaming(ctx context.Context, tx *db.Tx, address string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM address_changes WHERE old_address = $1 OR new_address = $1`, address); err != nil {
		return fmt.Errorf("delete changes of address: %w", err)
	}
	return nil
}

// keepFormer keeps the hash of an address that its reader gave up, so that no file
// brings it back.
func keepFormer(ctx context.Context, tx *db.Tx, address string, was erasure) error {
	salt, err := saltOf(ctx, tx)
	if err != nil {
		return err
	}
	return keepErasure(ctx, tx, addressHash(salt, address), was)
}

// takeAddress drops the hash of the address that r has by now, and ends the change
// of address that was under way.
func takeAddress(ctx context.Context, tx *db.Tx, r *record) error {
	salt, err := saltOf(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM erasures WHERE hash = $1`, addressHash(salt, r.Address)); err != nil {
		return fmt.Errorf("forget that the address was erased: %w", err)
	}
	return deleteChange(ctx, tx, r.ID)
}

// PruneAddressChanges forgets the changes whose links have expired.
func (s *Store) PruneAddressChanges(ctx context.Context) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM address_changes WHERE asked_at < $1`, db.Millis(s.now().Add(-ConfirmFor)))
		return err
	})
	if err != nil {
		return fmt.Errorf("prune changes of address: %w", err)
	}
	return nil
}
