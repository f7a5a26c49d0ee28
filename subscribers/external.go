package subscribers

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	var err error
	q.choices, err = c.lenient(in.Topics, in.Digests)
	wrong.add(templates.FieldTopics, err)
	if err == nil {
		_, err = c.hoursOf(in.Hours, c.allDigests())
		wrong.add(fieldHour, err)
	}
	q.attributes, err = c.attributesOf(in.Attributes)
	wrong.add(fieldAttributes, err)
	if e := in.Evidence; e != nil {
		switch {
		case strings.TrimSpace(e.Text) == "":
			wrong.add(fieldEvidence, errors.New("the text that the reader agreed to is missing"))
		case e.At.IsZero() || e.At.After(now.Add(clockDrift)):
			wrong.add(fieldEvidence, errors.New("the time at which the reader agreed is missing or still to come"))
		}
		q.text = newConsentText(cut(q.language, maxShort), e.Text)
	}
	return q, wrong.result()
}

// PutExternal makes a reader what another system says, and returns the reader
// as known then. Saying the same again changes nothing. With Evidence a reader
// becomes active without a mail, without it one who is not gets a confirmation
// mail, within the limits on those. It returns FieldErrors, ErrSuppressed,
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
		r, moved, err := s.externalRecord(ctx, tx, q.address, in.ID)
		if err != nil {
			return err
		}
		x := external{External: &in, request: q, catalog: c, store: s, record: r, moved: moved, now: s.now()}
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

// externalRecord finds the reader whom another system means: by its id, else by
// the address of one whom no system claims.
func (s *Store) externalRecord(ctx context.Context, tx *db.Tx, address, id string) (r *record, moved bool, err error) {
	if err := lockNew(ctx, tx); err != nil {
		return nil, false, err
	}
	recs, err := loadPair(ctx, tx, pairOfExternalID, id, address)
	if err != nil {
		return nil, false, err
	}
	if at := slices.IndexFunc(recs, func(r *record) bool { return r.Address == address }); at >= 0 {
		r = recs[at]
	} else if r, err = byAddress(ctx, tx, address, s.now()); err != nil {
		return nil, false, err
	}
	recs = slices.DeleteFunc(recs, func(r *record) bool { return r.ExternalID != id })
	switch {
	case len(recs) == 0 && (r.fresh || r.ExternalID == "" || r.ExternalID == id):
		set(&r.changed, &r.ExternalID, id)
		return r, false, nil
	case len(recs) == 1 && recs[0].ID == r.ID:
		return r, false, nil
	case len(recs) == 1 && r.fresh && !r.Suppressed(): // a new address of a known reader
		if left, err := hasLeft(ctx, tx, recs[0].ID, address); err != nil || left {
			return recs[0], false, err
		}
		set(&recs[0].changed, &recs[0].Address, address)
		return recs[0], true, nil
	case r.Suppressed():
		return nil, false, ErrSuppressed
	}
	return nil, false, ErrOtherReader
}

// hasLeft reports whether a reader changed from the address to the present one:
// the other system has not heard of that yet.
func hasLeft(ctx context.Context, tx *db.Tx, subscriberID int64, address string) (bool, error) {
	left, err := erasuresOf(ctx, tx, []string{address})
	return err == nil && left[address].subscriber == subscriberID, err
}

// external is one reader that another system speaks of, in one transaction.
type external struct {
	*External
	*request
	catalog *Catalog
	store   *Store
	record  *record
	moved   bool // to a new address
	now     time.Time
}

func (x *external) put(ctx context.Context, tx *db.Tx) error {
	r := x.record
	before, seats := r.Subscriber, r.subscriptions()
	if x.Ended {
		r.end(0, x.now)
		return x.save(ctx, tx, before, seats, EventUnsubscribed, endedAll)
	}
	asks, err := x.admit()
	if err != nil {
		return err
	}
	detail, err := x.amend()
	if err != nil {
		return err
	}
	event := EventChanged
	if asks || before.State != StateActive {
		event = EventAdded
	}
	if x.Evidence != nil {
		detail += " agreed_at=" + x.Evidence.At.UTC().Format(time.RFC3339)
		if x.Evidence.Source != "" {
			detail += " source=" + cut(x.Evidence.Source, 200)
		}
	}
	if err := x.save(ctx, tx, before, seats, event, strings.TrimSpace(detail)); err != nil || !asks {
		return err
	}
	sent, err := x.store.enqueue(ctx, tx, &r.Subscriber, MailConfirm)
	if err == nil && !sent {
		err = ErrMailLimit
	}
	return err
}

// admit makes the reader active by evidence, or reports that the reader is to
// be asked.
func (x *external) admit() (asks bool, err error) {
	r := x.record
	switch {
	case r.Suppressed():
		return false, ErrSuppressed
	case r.State == StateActive && x.moved && x.Evidence == nil:
		wrong := FieldErrors{}
		wrong.add(fieldEvidence, errNewAddress)
		return false, wrong.result()
	case r.State == StateActive:
		return false, nil
	case x.Evidence == nil:
		if asks = r.State != StatePending || r.fresh || x.moved; asks {
			r.asks(x.now, "")
		}
		return asks, nil
	case r.HasLeft() && !x.Evidence.At.After(r.EndedAt):
		return false, ErrLeftSince
	}
	r.activate(x.now)
	return false, nil
}

// amend gives the reader what was said, and returns the choices in words.
func (x *external) amend() (string, error) {
	r, c := x.record, x.catalog
	if x.Name != nil {
		r.setName(x.name)
	}
	if x.Zone != nil {
		r.setZone(x.zone)
	}
	if x.Language != nil {
		r.setLanguage(x.language)
	}
	r.setAttributes(x.attributes)
	w := r.chosen(c)
	if x.Topics != nil || len(w.digests) == 0 {
		w.topics = x.choices.topics
	}
	if x.Digests != nil || len(w.digests) == 0 {
		w.digests = x.choices.digests
	}
	wrong := FieldErrors{}
	wrong.add(templates.FieldTopics, c.check(w))
	asked, err := c.hoursOf(x.Hours, w.digests)
	wrong.add(fieldHour, err)
	if err := wrong.result(); err != nil {
		return "", err
	}
	w.hours = w.hours.and(asked)
	r.choose(c, w, x.now)
	return c.describe(w, r.Zone), nil
}

// save writes what became different, with an entry in the record of consent.
func (x *external) save(ctx context.Context, tx *db.Tx, before Subscriber, seats []Subscription, event Event, detail string) error {
	r := x.record
	if !r.fresh && r.Subscriber == before && slices.Equal(seats, r.subscriptions()) && !r.dirty() {
		return nil
	}
	n := note{Consent: Consent{At: x.now, Event: event, Origin: x.Origin, Detail: strings.TrimSpace(detail + " external_id=" + x.ID)}}
	if x.Evidence != nil {
		n.Client, n.hash = cut(x.Evidence.Client, maxShort), x.text.hash
	}
	if x.moved {
		n.Detail += " address changed"
	}
	r.note(n)
	if err := saveText(ctx, tx, x.text, x.now); err != nil {
		return err
	}
	return x.store.save(ctx, tx, []*record{r})
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
