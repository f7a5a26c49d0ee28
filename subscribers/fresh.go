package subscribers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// addressMark stands for an address in a token. It tells one from another, not
// what it is.
func addressMark(address string) int64 {
	sum := sha256.Sum256([]byte("address mark\x00" + address))
	return int64(binary.BigEndian.Uint32(sum[:4]))
}

// FreshToken is what the link holds that opens settings and data, mailed to an
// address at a time.
func FreshToken(subscriber int64, address string, at time.Time) Token {
	return Token{Purpose: PurposeFresh, Subscriber: subscriber, Change: addressMark(address), IssuedAt: at}
}

// wentTo reports whether a token that was mailed went to an address.
func (t Token) wentTo(address string) bool { return t.Change == addressMark(address) }

// AskFresh mails a reader a link to the settings, or to the data of one who has
// left: at most FreshADay a day. It does nothing for one who has not confirmed or
// is suppressed. An unknown subscriber is ErrUnknown.
func (s *Store) AskFresh(ctx context.Context, subscriberID int64) error {
	return s.change(ctx, subscriberID, func(tx *db.Tx, r *record, _ time.Time) error {
		if r.State == StatePending || r.Suppressed() {
			return nil
		}
		_, err := s.enqueue(ctx, tx, &r.Subscriber, MailFresh)
		return err
	})
}

// Personal is what a reader's page shows of them by a fresh link.
type Personal struct {
	View
	Change *ChangeView // of the address that is under way; nil for none
	Left   bool        // a copy and erasure are all that is to be had
}

// freshRecord reads the reader whose address a fresh token was mailed to:
// ErrBadToken, ErrUnknown, or ErrExpired once the address is another.
func freshRecord(ctx context.Context, tx *db.Tx, token Token, lock string) (*record, error) {
	if token.Purpose != PurposeFresh {
		return nil, ErrBadToken
	}
	r, err := byID(ctx, tx, token.Subscriber, lock)
	if err == nil && !token.wentTo(r.Address) {
		err = ErrExpired
	}
	return r, err
}

// opens returns why a fresh token does not open the settings of r: it is of an
// address that the reader had before, or the reader has left.
func (t Token) opens(r *record) error {
	switch {
	case !t.wentTo(r.Address):
		return ErrExpired
	case !r.hasSettings():
		return ErrUnsubscribed
	}
	return nil
}

// hasSettings reports whether r is a reader, or one who followed a confirmation
// and is not told that it did nothing.
func (r *record) hasSettings() bool {
	return r.State == StateActive || r.State == StatePending && r.Suppressed()
}

// Personal returns what the page behind a fresh link shows. It returns
// ErrUnknown, and ErrExpired if the link was mailed to an address that the reader
// no longer has.
func (s *Store) Personal(ctx context.Context, c *Catalog, token Token) (Personal, error) {
	var p Personal
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, err := freshRecord(ctx, tx, token, "")
		if err != nil {
			return err
		}
		p = Personal{View: r.view(c, s.now()), Left: !r.hasSettings()}
		change, err := changeOf(ctx, tx, r.ID)
		if err == nil && change.isOpen(s.now()) {
			v := change.view(&r.Subscriber)
			p.Change = &v
		}
		return err
	})
	return p, err
}

// EraseReader forgets the reader of a fresh token, as Erase does. It returns what
// Personal does.
func (s *Store) EraseReader(ctx context.Context, token Token, origin string) (Erased, error) {
	var e Erased
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockNew(ctx, tx); err != nil {
			return err
		}
		r, err := freshRecord(ctx, tx, token, locked)
		if err != nil {
			return err
		}
		e, err = forgetReader(ctx, tx, r, s.now(), origin)
		return err
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase reader %d: %w", token.Subscriber, err)
	}
	return e, nil
}
