package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

var (
	// ErrExists says that the address is an active subscriber already.
	ErrExists = errors.New("the address is an active subscriber already")
	// ErrMailLimit says that the address has had as many mails as it may.
	ErrMailLimit = errors.New("the address was sent as many confirmation mails as it may get")
	// ErrNoConsent says that a reader is to be confirmed without saying how
	// consent was given.
	ErrNoConsent = errors.New("say how consent was given")
	// ErrErased says that the address was erased, or given up for another, and that
	// nobody's word but its reader's brings it back.
	ErrErased = errors.New("the address was erased or given up by its reader")
)

// Add is a subscriber entered by an operator.
type Add struct {
	Address, Name   string
	Topics, Digests []string // slugs, "*" for all; none means all
	Zone, Language  string   // may be empty
	Hours           []string // "06:30", of all digests that offer it, or "daily=06:30"
	Attributes      []string // such as "tier=paid"
	Origin          string   // by which way it came: command, api ...

	// Confirmed makes the reader active at once, without a mail; Consent says
	// how consent was given. Otherwise the reader gets a confirmation mail.
	Confirmed bool
	Consent   string
}

func (in *Add) check(c *Catalog) (*request, error) {
	wrong := FieldErrors{}
	q := &request{
		address:  wrong.address(in.Address),
		name:     wrong.name(in.Name),
		zone:     wrong.zone(in.Zone),
		language: wrong.language(in.Language),
		text:     newConsentText(in.Language, in.Consent),
		catalog:  c,
	}
	var err error
	q.choices, err = c.lenient(in.Topics, in.Digests)
	wrong.add(templates.FieldTopics, err)
	if err == nil {
		q.hours, err = c.hoursOf(in.Hours, q.digests)
		wrong.add(fieldHour, err)
	}
	q.attributes, err = c.attributesOf(in.Attributes)
	wrong.add(fieldAttributes, err)
	if in.Confirmed && in.Consent == "" {
		return nil, ErrNoConsent
	}
	q.note = note{Consent: Consent{Event: EventAdded, Origin: in.Origin, Detail: c.describe(q.choices, q.zone)}, hash: q.text.hash}
	return q, wrong.result()
}

// Add enters a subscriber for an operator, who is told the truth about the
// address: besides FieldErrors and ErrNoConsent it returns ErrExists,
// ErrSuppressed, ErrMailLimit, and where a reader who left would become active
// without confirming anew ErrUnsubscribed, or ErrErased for an address that was
// erased or given up. Then nothing has changed. What is entered of one who has left
// waits until that reader confirms.
func (s *Store) Add(ctx context.Context, c *Catalog, in Add) error {
	q, err := in.check(c)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		r, err := byAddress(ctx, tx, q.address, now)
		if err != nil {
			return err
		}
		if err := in.admit(r); err != nil {
			return err
		}
		if in.Confirmed {
			r.activate(now)
			return s.apply(ctx, tx, q, r, now)
		}
		if err := s.ask(ctx, tx, q, r, now); err != nil {
			return err
		}
		sent, err := s.enqueueFor(ctx, tx, &r.Subscriber, MailConfirm, askedByOperator)
		if err == nil && !sent {
			err = ErrMailLimit
		}
		return err
	})
}

// RehearseAdd returns what Add would but for ErrMailLimit, and changes nothing.
func (s *Store) RehearseAdd(ctx context.Context, c *Catalog, in Add) error {
	q, err := in.check(c)
	if err != nil {
		return err
	}
	return s.db.View(ctx, func(tx *db.Tx) error {
		recs, err := load(ctx, tx, byAddresses, []string{q.address}, "")
		if err != nil {
			return err
		}
		if len(recs) == 1 {
			return in.admit(recs[0])
		}
		r, err := newcomer(ctx, tx, q.address, s.now())
		if err != nil {
			return err
		}
		return in.admit(r)
	})
}

// admit refuses a reader who cannot be added as the operator wants.
func (in *Add) admit(r *record) error {
	switch {
	case r.Suppressed():
		return ErrSuppressed
	case r.State == StateActive:
		return ErrExists
	case in.Confirmed && r.fresh && r.HasLeft():
		return fmt.Errorf("%w, on %s", ErrErased, r.EndedAt.UTC().Format(time.DateOnly))
	case in.Confirmed && r.HasLeft():
		return ErrUnsubscribed
	}
	return nil
}
