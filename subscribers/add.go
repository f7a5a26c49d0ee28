package subscribers

import (
	"context"
	"errors"

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

// Check returns FieldErrors for what is wrong with the entry, without looking
// at what is stored.
func (in *Add) Check(c *Catalog) error {
	_, err := in.check(c)
	return err
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
// ErrSuppressed, ErrMailLimit, and ErrUnsubscribed where a reader who left
// would become active without confirming anew. Then nothing has changed.
func (s *Store) Add(ctx context.Context, c *Catalog, in Add) error {
	q, err := in.check(c)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		r, err := byAddress(ctx, tx, q.address, now)
		switch {
		case err != nil:
			return err
		case r.Suppressed():
			return ErrSuppressed
		case r.State == StateActive:
			return ErrExists
		case in.Confirmed && r.HasLeft():
			return ErrUnsubscribed
		case in.Confirmed:
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
