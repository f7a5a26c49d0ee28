package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// SignUp is a filled-in sign-up form.
type SignUp struct {
	Address, Name   string
	Topics, Digests []string          // slugs, "*" for all; a single configured digest needs no choosing
	Zone, Language  string            // may be empty
	Hours           map[string]string // as in Preferences
	Origin          string            // by which way it came: form, frame, json ...
	Site            string            // whose page had the form, an origin; "" for our own or an unknown one
	Client          string            // network address it came from
	Text            string            // what was shown as the text to agree to
	Form            Form              // which counts once; the zero one is none
}

// Form is a form as it was shown once.
type Form struct {
	ID    string
	Until time.Time // when it is too old to be sent
}

// request is a checked sign-up.
type request struct {
	address, name, zone, language string
	site                          string // whose page had the form
	choices
	attributes Attributes // of those that it names
	note       note
	text       consentText
	catalog    *Catalog
}

func (in *SignUp) check(c *Catalog) (*request, error) {
	wrong := FieldErrors{}
	q := &request{
		address:  wrong.address(in.Address),
		name:     wrong.name(in.Name),
		zone:     wrong.zone(in.Zone),
		language: wrong.language(in.Language),
		choices:  wrong.choices(c, in.Topics, in.Digests),
		text:     newConsentText(in.Language, in.Text),
		catalog:  c,
	}
	q.hours = wrong.hours(c, in.Hours)
	q.note = note{Consent: Consent{Event: EventSignedUp, Origin: in.Origin, Client: in.Client, Detail: c.describe(q.choices, q.zone)}, hash: q.text.hash}
	if in.Site != "" {
		q.site = in.Site
		q.note.Detail += " site=" + in.Site
	}
	return q, wrong.result()
}

// Check returns FieldErrors for what is filled in wrongly, without looking at
// what is stored.
func (in *SignUp) Check(c *Catalog) error {
	_, err := in.check(c)
	return err
}

// SignUp asks for a subscription. It returns FieldErrors for what was filled
// in wrongly, and otherwise nil whatever the address's state, which callers
// must not reveal: a new reader is pending and gets a confirmation mail, as
// does one who had left, and whose row stays as it is until then; a pending
// reader's choices are replaced and another mail is sent; an active reader's choices stay and a mail says so; nothing
// happens to a suppressed address. Of each kind of mail an address gets
// at most MailsADay a day and MailsInAll in all, as those tell. A form that was
// used before does nothing for the same address, and is ErrFormUsed for another.
func (s *Store) SignUp(ctx context.Context, c *Catalog, in SignUp) error {
	q, err := in.check(c)
	if err != nil {
		return err
	}
	if err := s.domains.problem(ctx, q.address); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		if fresh, err := s.useForm(ctx, tx, in.Form, q.address); err != nil || !fresh {
			return err
		}
		r, err := byAddress(ctx, tx, q.address, now)
		if err != nil || r.Suppressed() {
			return err
		}
		kind := MailAlreadySubscribed
		if r.State != StateActive {
			kind = MailConfirm
			if err := s.ask(ctx, tx, q, r, now); err != nil {
				return err
			}
		}
		_, err = s.enqueue(ctx, tx, &r.Subscriber, kind)
		return err
	})
}

// ask keeps what was asked for until the reader confirms: in the reader's own row,
// or apart if there is one of somebody who has left.
func (s *Store) ask(ctx context.Context, tx *db.Tx, q *request, r *record, now time.Time) error {
	if r.State == StateUnsubscribed {
		r.setAsked(q.asking(&r.Subscriber, now))
		return s.putOnRecord(ctx, tx, q, r, now)
	}
	r.asks(now, q.site)
	return s.apply(ctx, tx, q, r, now)
}

// apply gives r what was asked for, and saves it.
func (s *Store) apply(ctx context.Context, tx *db.Tx, q *request, r *record, now time.Time) error {
	r.setName(q.name)
	r.setZone(q.zone)
	r.setLanguage(q.language)
	r.setAttributes(q.attributes)
	r.choose(q.catalog, q.choices, now)
	return s.putOnRecord(ctx, tx, q, r, now)
}

// putOnRecord saves r with what was shown and by which way it was asked for.
func (s *Store) putOnRecord(ctx context.Context, tx *db.Tx, q *request, r *record, now time.Time) error {
	r.note(q.note.at(now))
	if err := saveText(ctx, tx, q.text, now); err != nil {
		return err
	}
	return s.save(ctx, tx, []*record{r})
}
