package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// The events of a change of address. Addresses that nobody has confirmed stand
// in the record partly hidden: they may be somebody else's.
const (
	EventAddressAsked     Event = "address-asked"
	EventAddressAgreed    Event = "address-agreed"    // by the old address
	EventAddressConfirmed Event = "address-confirmed" // by the new one
	EventAddressStopped   Event = "address-stopped"
	EventAddressChanged   Event = "address-changed"
)

// addressChange is a change of address under way: of nobody if its ID is 0.
type addressChange struct {
	Subscriber  int64  `db:"subscriber_id"`
	ID          int64  `db:"id"`
	Old         string `db:"old_address"`
	New         string `db:"new_address"`
	AskedAt     int64  `db:"asked_at"`
	AgreedAt    int64  `db:"agreed_at"`
	ConfirmedAt int64  `db:"confirmed_at"`
}

// isOpen reports whether the links of the change still work.
func (c *addressChange) isOpen(now time.Time) bool {
	return c.ID != 0 && now.Sub(db.Time(c.AskedAt)) <= ConfirmFor
}

// ChangeView is what pages show of a change of address.
type ChangeView struct {
	Old               string // partly hidden: whoever has the new address need not know it
	New               string // as typed, so that slips and strangers are seen
	Language          string // of the reader, "" for the site's
	Agreed, Confirmed bool   // by the old address, by the new one
	Done              bool   // mails go to the new address
}

func (c *addressChange) view(r *Subscriber) ChangeView {
	return ChangeView{Old: Mask(c.Old), New: c.New, Language: r.Language, Agreed: c.AgreedAt > 0, Confirmed: c.ConfirmedAt > 0}
}

// AskAddress asks for another address in the name of the reader of a fresh
// token, in place of any asked for before. Both addresses get a mail, within the
// limits of SignUp: the old one to agree or to stop it, the new one to confirm.
// It returns FieldErrors, what Personal does, and otherwise nil whatever is known
// of the new address: one that is another reader's gets a mail that says so, and
// a suppressed one gets none.
func (s *Store) AskAddress(ctx context.Context, token Token, address, origin, client string) error {
	wrong := FieldErrors{}
	address = wrong.address(address)
	if err := wrong.result(); err != nil {
		return err
	}
	if err := s.domains.problem(ctx, address); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		r, holder, err := lockMove(ctx, tx, token, address)
		switch {
		case err != nil:
			return err
		case address == r.Address:
			return FieldErrors{templates.FieldAddress: {templates.ProblemAddressSame, "it is the reader's address already"}}
		case r.Suppressed():
			return nil
		}
		by := Consent{At: s.now(), Event: EventAddressAsked, Origin: origin, Client: client, Detail: "to=" + Mask(address)}
		return s.openMove(ctx, tx, r, holder, address, by)
	})
}

// lockMove locks the reader of a fresh token, and whoever holds the address that
// they want, nil for nobody. It returns what freshRecord does.
func lockMove(ctx context.Context, tx *db.Tx, token Token, address string) (r, holder *record, err error) {
	if token.Purpose != PurposeFresh {
		return nil, nil, ErrBadToken
	}
	if err := lockNew(ctx, tx); err != nil {
		return nil, nil, err
	}
	if r, holder, err = lockReaders(ctx, tx, token.Subscriber, address); err != nil {
		return nil, nil, err
	}
	return r, holder, token.opens(r)
}

// openMove stores a change of address and asks both sides. The change is no later
// than the mails, which are known by that to be about it.
func (s *Store) openMove(ctx context.Context, tx *db.Tx, r, holder *record, address string, by Consent) error {
	if ok, err := s.countMail(ctx, tx, &r.Subscriber, MailOldAddress); err != nil || !ok {
		return err
	}
	if err := putChange(ctx, tx, &addressChange{Subscriber: r.ID, Old: r.Address, New: address, AskedAt: db.Millis(by.At)}); err != nil {
		return err
	}
	r.note(note{quiet: true, Consent: by})
	if err := s.save(ctx, tx, []*record{r}); err != nil {
		return err
	}
	return s.askBoth(ctx, tx, r, holder, address)
}

// askBoth mails the old address of a change to agree, within limits that are
// looked at already, and the new one what it should know. Both mails are counted
// before the first is queued: that is the order of the locks.
func (s *Store) askBoth(ctx context.Context, tx *db.Tx, r, holder *record, address string) error {
	to, kind := r.Subscriber, MailNewAddress // which the mail is about
	to.Address = address
	free, err := isFree(ctx, tx, address, holder)
	if err != nil {
		return err
	}
	asks := free
	if !free && holder != nil && holder.State == StateActive && !holder.Suppressed() {
		to, kind, asks = holder.Subscriber, MailAlreadySubscribed, true
	}
	if asks {
		if asks, err = s.countMail(ctx, tx, &to, kind); err != nil {
			return err
		}
	}
	now := s.now()
	if err := queueMail(ctx, tx, r.ID, MailOldAddress, mailPending, now, now); err != nil || !asks {
		return err
	}
	return queueMail(ctx, tx, to.ID, kind, mailPending, now, now)
}

// isFree reports whether a reader may change to an address, which holder has, nil
// for nobody. One that is suppressed, an active reader's, or known to another
// system, is not free.
func isFree(ctx context.Context, tx *db.Tx, address string, holder *record) (bool, error) {
	suppressed, err := suppressedAt(ctx, tx, []string{address})
	if err != nil {
		return false, err
	}
	erased, err := erasuresOf(ctx, tx, []string{address})
	if err != nil || !suppressed[address].IsZero() || erased[address].suppressed {
		return false, err
	}
	return holder == nil || !holder.Suppressed() && holder.State != StateActive && holder.ExternalID == "", nil
}

// AddressChange returns the change of a token from either address. It returns
// ErrUnknown, ErrUnsubscribed for a reader who has left since, and ErrExpired for
// a change that is done, stopped or replaced by another.
func (s *Store) AddressChange(ctx context.Context, token Token) (ChangeView, error) {
	var v ChangeView
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, c, err := s.openChange(ctx, tx, token, "")
		if err == nil {
			v = c.view(&r.Subscriber)
		}
		return err
	})
	return v, err
}

// openChange reads the change of a token, and its reader.
func (s *Store) openChange(ctx context.Context, tx *db.Tx, token Token, lock string) (*record, *addressChange, error) {
	r, err := byID(ctx, tx, token.Subscriber, lock)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.changeBy(ctx, tx, token, r)
	return r, c, err
}

// changeBy reads the change of a token of r.
func (s *Store) changeBy(ctx context.Context, tx *db.Tx, token Token, r *record) (*addressChange, error) {
	if token.Purpose != PurposeOldAddress && token.Purpose != PurposeNewAddress {
		return nil, ErrBadToken
	}
	c, err := changeOf(ctx, tx, r.ID)
	switch {
	case err != nil:
		return nil, err
	case c.ID != token.Change || c.Old != r.Address || !c.isOpen(s.now()):
		return nil, ErrExpired
	case r.State != StateActive:
		return nil, ErrUnsubscribed
	}
	return c, nil
}

// lockChange locks the reader of a token and whoever holds the address that is
// asked for, nil for nobody, and reads the change.
func (s *Store) lockChange(ctx context.Context, tx *db.Tx, token Token) (r, holder *record, c *addressChange, err error) {
	if err := lockNew(ctx, tx); err != nil {
		return nil, nil, nil, err
	}
	asked, err := changeOf(ctx, tx, token.Subscriber)
	if err != nil {
		return nil, nil, nil, err
	}
	if r, holder, err = lockReaders(ctx, tx, token.Subscriber, asked.New); err != nil {
		return nil, nil, nil, err
	}
	c, err = s.changeBy(ctx, tx, token, r) // which may have been stopped meanwhile
	return r, holder, c, err
}

// AcceptAddress agrees to the change of a token for the old address, or confirms
// it for the new one, and carries it out once both did. It returns what
// AddressChange does. Doing it again changes nothing.
func (s *Store) AcceptAddress(ctx context.Context, token Token, origin, client string) (ChangeView, error) {
	var v ChangeView
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		r, holder, c, err := s.lockChange(ctx, tx, token)
		if err != nil {
			return err
		}
		by := Consent{At: s.now(), Origin: origin, Client: client, Detail: "to=" + Mask(c.New)}
		if c.accept(token.Purpose, &by) {
			if err := saveChange(ctx, tx, c); err != nil {
				return err
			}
			r.note(note{quiet: true, Consent: by})
		}
		v = c.view(&r.Subscriber)
		if v.Agreed && v.Confirmed {
			if v.Done, err = s.moveAddress(ctx, tx, r, holder, c, by); err != nil {
				return err
			}
		}
		return s.save(ctx, tx, []*record{r})
	})
	return v, err
}

// accept marks the change as accepted by the side of p and names the event. It
// returns false if it was before.
func (c *addressChange) accept(p Purpose, by *Consent) bool {
	field := &c.AgreedAt
	by.Event = EventAddressAgreed
	if p == PurposeNewAddress {
		field, by.Event = &c.ConfirmedAt, EventAddressConfirmed
	}
	if *field > 0 {
		return false
	}
	*field = db.Millis(by.At)
	return true
}

// moveAddress gives r its new address, which is then saved with it, and reports
// false if that cannot be: it or the old one is suppressed, or it became another
// reader's. Who holds it without getting anything is forgotten, for the same
// person has just confirmed it. Of the old address a hash is kept, so that no file
// brings it back.
func (s *Store) moveAddress(ctx context.Context, tx *db.Tx, r, holder *record, c *addressChange, by Consent) (bool, error) {
	free, err := isFree(ctx, tx, c.New, holder)
	if err != nil || !free || r.Suppressed() {
		return false, err
	}
	if holder != nil {
		if err := erase(ctx, tx, holder, by.At, "address-change"); err != nil {
			return false, fmt.Errorf("forget who had the address: %w", err)
		}
	}
	if err := keepFormer(ctx, tx, c.Old, erasure{at: by.At, subscriber: r.ID}); err != nil {
		return false, err
	}
	set(&r.changed, &r.Address, c.New)
	if err := takeAddress(ctx, tx, r); err != nil {
		return false, err
	}
	set(&r.changed, &r.HardBouncedAt, time.Time{})
	set(&r.changed, &r.SoftBounces, 0)
	by.Event, by.Detail = EventAddressChanged, "from="+Mask(c.Old)+" to="+Mask(c.New)
	r.note(note{Consent: by})
	return true, nil
}

// StopAddress ends the change of a token for the old address. It returns what
// AddressChange does.
func (s *Store) StopAddress(ctx context.Context, token Token, origin, client string) (ChangeView, error) {
	if token.Purpose != PurposeOldAddress {
		return ChangeView{}, ErrBadToken
	}
	var v ChangeView
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		r, c, err := s.openChange(ctx, tx, token, locked)
		if err != nil {
			return err
		}
		v = c.view(&r.Subscriber)
		if err := deleteChange(ctx, tx, r.ID); err != nil {
			return err
		}
		r.note(note{quiet: true, Consent: Consent{At: s.now(), Event: EventAddressStopped, Origin: origin, Client: client, Detail: "to=" + Mask(c.New)}})
		return s.save(ctx, tx, []*record{r})
	})
	return v, err
}
