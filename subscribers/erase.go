package subscribers

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Erased tells what an erasure takes, or took, away.
type Erased struct {
	Since                        string // the present address of the reader, if the one that was named is a former one
	ID                           int64  // of the subscriber that was, 0 for an address that was only suppressed
	Subscriptions, Mails, Proofs int64  // rows: choices and system mails are deleted, entries of the record of consent kept without what was personal
	Suppressed                   bool   // the address stays suppressed
}

// Erase forgets an address and all that is known of its reader. What stays is
// a salted hash of the address, so that no file, API or operator brings it
// back, and of the record of consent what happened when and by which text.
// Mail already planned or claimed goes out no more, and the reader may sign up
// again. An address that its reader gave up for another stands for that reader.
// One that is neither known nor suppressed is ErrUnknown. The record says by which
// way the wish came, such as "command" or "api:crm".
func (s *Store) Erase(ctx context.Context, address, origin string) (Erased, error) {
	address, err := mail.Canonical(address)
	if err != nil {
		return Erased{}, err
	}
	var e Erased
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockNew(ctx, tx); err != nil {
			return err
		}
		r, err := toErase(ctx, tx, address, locked)
		if err != nil {
			return err
		}
		if e, err = forgetReader(ctx, tx, r, s.now(), origin); err != nil {
			return err
		}
		e.Since = since(r, address)
		return deleteChangesNaming(ctx, tx, address)
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase a reader: %w", err)
	}
	return e, nil
}

// RehearseErase is Erase without changing anything.
func (s *Store) RehearseErase(ctx context.Context, address string) (Erased, error) {
	address, err := mail.Canonical(address)
	if err != nil {
		return Erased{}, err
	}
	var e Erased
	err = s.db.View(ctx, func(tx *db.Tx) error {
		r, err := toErase(ctx, tx, address, "")
		if err != nil {
			return err
		}
		e, err = countErasure(ctx, tx, r)
		e.Since = since(r, address)
		return err
	})
	return e, err
}

// since returns the address of r if it is another than the one that was named.
func since(r *record, named string) string {
	if r.Address == named {
		return ""
	}
	return r.Address
}

// toErase reads the record of an address, also of one that its reader gave up for
// another, or one without an id if the address is only suppressed.
func toErase(ctx context.Context, tx *db.Tx, address, lock string) (*record, error) {
	return followed(ctx, tx, address, func(address string) (*record, error) {
		recs, err := load(ctx, tx, byAddresses, []string{address}, lock)
		if err != nil {
			return nil, err
		}
		found, err := suppressedAt(ctx, tx, []string{address})
		switch {
		case err != nil:
			return nil, err
		case len(recs) == 0 && found[address].IsZero():
			return nil, ErrUnknown
		case len(recs) == 0:
			return &record{Subscriber: Subscriber{Address: address, SuppressedAt: found[address]}}, nil
		}
		if r := recs[0]; r.SuppressedAt.IsZero() {
			r.SuppressedAt = found[address]
		}
		return recs[0], nil
	})
}

// forgetReader erases a reader, and what others asked for that names the address.
func forgetReader(ctx context.Context, tx *db.Tx, r *record, now time.Time, origin string) (Erased, error) {
	e, err := countErasure(ctx, tx, r)
	if err != nil {
		return e, err
	}
	if err := erase(ctx, tx, r, now, origin); err != nil {
		return e, err
	}
	return e, deleteChangesNaming(ctx, tx, r.Address)
}

// erasure is what is kept of an address that was erased.
type erasure struct {
	at         time.Time
	suppressed bool
	subscriber int64 // 0 for an address that was only suppressed
	givenUpBy  Actor // ActorAPI for an address that another system changed; "" for one that its reader gave up or had erased
}

// addressHash is the salted hash under which an erased address is kept. The
// salt stands in the database: it keeps lists of hashed addresses from being
// compared with ours, not somebody who has the database from guessing.
func addressHash(salt, address string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(address))
	return hex.EncodeToString(mac.Sum(nil))
}

// erasuresOf tells which of the addresses were erased.
func erasuresOf(ctx context.Context, tx *db.Tx, addresses []string) (map[string]erasure, error) {
	var salt string
	err := tx.Get(ctx, &salt, `SELECT value FROM salts WHERE name = 'erasure'`)
	if errors.Is(err, db.ErrNoRows) || len(addresses) == 0 {
		return nil, nil // nobody was ever erased
	}
	if err != nil {
		return nil, fmt.Errorf("read the salt of erasures: %w", err)
	}
	of := make(map[string]string, len(addresses))
	hashes := make([]string, len(addresses))
	for i, address := range addresses {
		hashes[i] = addressHash(salt, address)
		of[hashes[i]] = address
	}
	return readErasures(ctx, tx, of, hashes)
}

// saltOf reads the salt of erasures, or makes it.
func saltOf(ctx context.Context, tx *db.Tx) (string, error) {
	if err := insertSalt(ctx, tx, rand.Text()+rand.Text()); err != nil {
		return "", err
	}
	var salt string
	if err := tx.Get(ctx, &salt, `SELECT value FROM salts WHERE name = 'erasure'`); err != nil {
		return "", fmt.Errorf("read the salt of erasures: %w", err)
	}
	return salt, nil
}
