package subscribers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

var (
	// ErrOtherReader says that an address or an external id is another reader's.
	ErrOtherReader = errors.New("it is another reader's already")
	// errNewAddress says that nobody at a new address agreed to get the mails.
	errNewAddress = errors.New("a reader's new address has to agree, too: give the evidence of its consent, or let the reader change it at the link in a mail")
	// ErrLeftSince says that the reader left after the consent that is offered
	// was given.
	ErrLeftSince = errors.New("the reader left after that consent was given")
)

// External is what another system of the newsroom, which knows its readers by
// ids of its own, says of one. What is nil or empty stays, or is as in Add for a
// new reader.
type External struct {
	ID             string // the other system's, at most 200 printable characters without spaces
	Address        string
	Name           *string
	Zone, Language *string
	Format         *Format
	Topics         []string // slugs, "*" for all
	Digests        []string
	Hours          []string // as in Add
	Attributes     []string // such as "tier=paid"
	Ended          bool     // the reader gets nothing more
	Evidence       *Evidence
	Origin         string // by which way it came, such as "api:crm"
}

// Evidence is the proof that a reader agreed somewhere else.
type Evidence struct {
	Text   string    // what the reader agreed to
	At     time.Time // when
	Client string    // the network address that it came from, if known
	Source string    // where, such as a page or a form
}

const (
	maxExternalID = 200
	clockDrift    = 5 * time.Minute // by which the other system's clock may be ahead

	fieldExternalID = "external_id"
	fieldEvidence   = "consent"
)

// isExternalID reports whether a text can be the id of another system.
func isExternalID(id string) bool {
	return id != "" && len(id) <= maxExternalID && utf8.ValidString(id) &&
		!strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) })
}

// Check returns FieldErrors for all that is wrong with what is said, without looking
// at what is stored. Fields are named as in the form of a sign-up, and parts of one
// with a dot between them, as in "consent.at".
func (in *External) Check(c *Catalog, now time.Time) error {
	_, err := in.check(c, now)
	return err
}

func (in *External) check(c *Catalog, now time.Time) (*request, error) {
	wrong := FieldErrors{}
	q := &request{}
	if !isExternalID(in.ID) {
		wrong.add(fieldExternalID, fmt.Errorf("the id is not 1 to %d printable characters without spaces", maxExternalID))
	}
	q.address = wrong.address(in.Address)
	if in.Name != nil {
		q.name = wrong.name(*in.Name)
	}
	if in.Zone != nil {
		q.zone = wrong.zone(*in.Zone)
	}
	if in.Language != nil {
		q.language = wrong.language(*in.Language)
	}
	q.choices = in.read(c, wrong)
	for _, pair := range in.Attributes {
		name, _, _ := strings.Cut(pair, "=")
		a, err := c.attributesOf([]string{pair})
		wrong.add(fieldAttributes+"."+shorten(name), err)
		q.attributes = q.attributes.and(a)
	}
	if in.Evidence != nil {
		in.Evidence.check(wrong, now)
		q.text = newConsentText(cut(q.language, maxShort), in.Evidence.Text)
	}
	return q, wrong.result()
}

// read reads the choices, or says what is wrong with any of them.
func (in *External) read(c *Catalog, wrong FieldErrors) choices {
	known := len(wrong)
	wrong.add(templates.FieldTopics, each(in.Topics, func(slug string) error { _, err := c.topicsOf([]string{slug}); return err }))
	wrong.add(templates.FieldDigests, each(in.Digests, func(slug string) error { _, err := c.digestsOf([]string{slug}); return err }))
	wrong.add(fieldHour, each(in.Hours, func(hour string) error { _, err := c.hoursOf([]string{hour}, c.allDigests()); return err }))
	if len(wrong) > known {
		return choices{}
	}
	w, err := c.lenient(in.Topics, in.Digests)
	wrong.add(templates.FieldTopics, err)
	return w
}

// each is what is wrong with some texts, of all of them.
func each(texts []string, check func(one string) error) error {
	var wrong []string
	for _, text := range texts {
		if err := check(text); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.New(strings.Join(wrong, "; "))
}

func (e *Evidence) check(wrong FieldErrors, now time.Time) {
	if strings.TrimSpace(e.Text) == "" {
		wrong.add(fieldEvidence+".text", errors.New("the text that the reader agreed to is missing"))
	}
	switch {
	case e.At.IsZero():
		wrong.add(fieldEvidence+".at", errors.New("the time at which the reader agreed is missing"))
	case e.At.After(now.Add(clockDrift)):
		wrong.add(fieldEvidence+".at", errors.New("the time at which the reader agreed is still to come"))
	}
}

// PutExternal makes a reader what another system says, and returns the reader
// as known then. Saying the same again changes nothing. With Evidence a reader
// becomes active without a mail, without it one who is not gets a confirmation
// mail, within the limits on those; what is said of one who has left waits until
// the reader confirms. A reader may get another address, with Evidence if mails
// come to the one before; one that the reader gave up comes back by Evidence from
// after that alone. It returns FieldErrors, ErrSuppressed,
// ErrLeftSince for evidence older than the reader's leaving, ErrOtherReader and
// ErrMailLimit; then nothing has changed.
func (s *Store) PutExternal(ctx context.Context, c *Catalog, in External) (*Row, error) {
	q, err := in.check(c, s.now())
	if err != nil {
		return nil, err
	}
	if err := s.cautious(ctx, &in, q.address); err != nil {
		return nil, err
	}
	var row Row
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		r, moved, err := s.externalRecord(ctx, tx, q.address, &in)
		if err != nil {
			return err
		}
		x := external{External: &in, request: q, catalog: c, store: s, record: r, moved: moved, now: s.now(), wrong: FieldErrors{}}
		if err := x.put(ctx, tx); err != nil {
			return err
		}
		slugs, err := topicSlugs(ctx, tx)
		row = r.row(slugs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &row, nil
}

// ByExternalID returns the reader whom another system knows by an id, or
// ErrUnknown.
func (s *Store) ByExternalID(ctx context.Context, id string) (*Row, error) {
	if !isExternalID(id) {
		return nil, ErrUnknown
	}
	var row Row
	err := s.db.View(ctx, func(tx *db.Tx) error {
		recs, err := load(ctx, tx, byExternalIDs, []string{id}, "")
		if err == nil && len(recs) == 0 {
			err = ErrUnknown
		}
		if err != nil {
			return err
		}
		slugs, err := topicSlugs(ctx, tx)
		row = recs[0].row(slugs)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &row, nil
}

// EraseExternal forgets the reader whom another system knows by an id, as Erase
// does, or returns ErrUnknown.
func (s *Store) EraseExternal(ctx context.Context, id, origin string) (Erased, error) {
	if !isExternalID(id) {
		return Erased{}, ErrUnknown
	}
	var e Erased
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockNew(ctx, tx); err != nil {
			return err
		}
		recs, err := load(ctx, tx, byExternalIDs, []string{id}, locked)
		if err == nil && len(recs) == 0 {
			err = ErrUnknown
		}
		if err != nil {
			return err
		}
		e, err = forgetReader(ctx, tx, recs[0], s.now(), origin)
		return err
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase the reader of an external id: %w", err)
	}
	return e, nil
}
