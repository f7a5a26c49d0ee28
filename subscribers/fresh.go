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

// wentTo reports whether a token that was mailed went to an address.
func (t Token) wentTo(address string) bool { return t.Change == addressMark(address) }

// AskFresh mails an active reader a link to what is personal, within the limits
// of SignUp, and does nothing for any other. An unknown subscriber is ErrUnknown.
func (s *Store) AskFresh(ctx context.Context, subscriberID int64) error {
	return s.change(ctx, subscriberID, func(tx *db.Tx, r *record, _ time.Time) error {
		if r.State != StateActive || r.Suppressed() {
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
}

// freshRecord reads the reader of a fresh token: ErrBadToken, ErrUnknown,
// ErrUnsubscribed, or ErrExpired once the address is another.
func freshRecord(ctx context.Context, tx *db.Tx, token Token, lock string) (*record, error) {
	if token.Purpose != PurposeFresh {
		return nil, ErrBadToken
	}
	r, err := byID(ctx, tx, token.Subscriber, lock)
	if err != nil {
		return nil, err
	}
	return r, token.opens(r)
}

// opens returns why a fresh token does not open what is personal of r: it is of
// an address that the reader had before, or the reader has left.
func (t Token) opens(r *record) error {
	switch {
	case !t.wentTo(r.Address):
		return ErrExpired
	case r.State != StateActive:
		return ErrUnsubscribed
	}
	return nil
}

// Personal returns what the page behind a fresh link shows. It returns
// ErrUnknown, ErrUnsubscribed for a reader who has left, and ErrExpired if the
// link was mailed to an address that the reader no longer has.
func (s *Store) Personal(ctx context.Context, c *Catalog, token Token) (Personal, error) {
	var p Personal
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, err := freshRecord(ctx, tx, token, "")
		if err != nil {
			return err
		}
		p = Personal{View: r.view(c, s.now())}
		change, err := changeOf(ctx, tx, r.ID)
		if err == nil && change.isOpen(s.now()) {
			v := change.view(&r.Subscriber)
			p.Change = &v
		}
		return err
	})
	return p, err
}

// SetName gives the reader of a fresh token another name. It returns what
// Personal does, and FieldErrors.
func (s *Store) SetName(ctx context.Context, token Token, name, origin, client string) error {
	wrong := FieldErrors{}
	name = wrong.name(name)
	if err := wrong.result(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		r, err := freshRecord(ctx, tx, token, locked)
		if err != nil {
			return err
		}
		r.setName(name)
		if !r.dirty() {
			return nil
		}
		r.note(note{Consent: Consent{At: s.now(), Event: EventPreferences, Origin: origin, Client: client, Detail: "name"}})
		return s.save(ctx, tx, []*record{r})
	})
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
