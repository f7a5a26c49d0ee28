package subscribers

import (
	"context"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// externalRecord finds the reader whom another system means: by its id, else by
// the address of one whom no system claims. moved is the reader's address until
// now if it is to be another.
func (s *Store) externalRecord(ctx context.Context, tx *db.Tx, address string, in *External) (r *record, moved string, err error) {
	if err := lockNew(ctx, tx); err != nil {
		return nil, "", err
	}
	recs, err := loadPair(ctx, tx, pairOfExternalID, in.ID, address)
	if err != nil {
		return nil, "", err
	}
	if at := slices.IndexFunc(recs, func(r *record) bool { return r.Address == address }); at >= 0 {
		r = recs[at]
	} else if r, err = byAddress(ctx, tx, address, s.now()); err != nil {
		return nil, "", err
	}
	recs = slices.DeleteFunc(recs, func(r *record) bool { return r.ExternalID != in.ID })
	switch {
	case len(recs) == 0 && (r.fresh || r.ExternalID == "" || r.ExternalID == in.ID):
		set(&r.changed, &r.ExternalID, in.ID)
		return r, "", nil
	case len(recs) == 1 && recs[0].ID == r.ID:
		return r, "", nil
	case len(recs) == 1 && r.fresh && !r.Suppressed(): // a new address of a known reader
		moved, err = in.move(ctx, tx, recs[0], address)
		return recs[0], moved, err
	case r.Suppressed():
		return nil, "", ErrSuppressed
	}
	return nil, "", ErrOtherReader
}

// move gives r an address that nobody has and returns the one until now, or ""
// where it stays: the reader gave the other one up, of which the system has not
// heard, or it is told that nothing is to go to either.
func (in *External) move(ctx context.Context, tx *db.Tx, r *record, address string) (from string, err error) {
	all, err := erasuresOf(ctx, tx, []string{address})
	if err != nil {
		return "", err
	}
	was := all[address]
	older := in.Evidence == nil || !in.Evidence.At.After(was.at)
	switch {
	case r.Suppressed() && in.Ended:
		return "", nil
	case r.Suppressed():
		return "", ErrSuppressed
	case was.at.IsZero() || was.givenUpBy == ActorAPI:
	case was.subscriber == r.ID && older:
		return "", nil
	case older && in.Evidence != nil: // somebody else had it, and was erased
		return "", ErrLeftSince
	}
	from = r.Address
	set(&r.changed, &r.Address, address)
	set(&r.changed, &r.HardBouncedAt, time.Time{})
	set(&r.changed, &r.SoftBounces, 0)
	return from, nil
}

// external is one reader that another system speaks of, in one transaction.
type external struct {
	*External
	*request
	catalog *Catalog
	store   *Store
	record  *record
	moved   string // from which address, "" if it stays
	apart   bool   // what is said waits for a reader who has left
	now     time.Time
	wrong   FieldErrors
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
	detail := x.amend()
	if err := x.wrong.result(); err != nil {
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
	case r.State == StateActive && x.moved != "" && x.Evidence == nil:
		x.wrong.add(fieldEvidence, errNewAddress)
		return false, nil
	case r.State == StateActive:
		return false, nil
	case x.Evidence == nil:
		return x.ask(), nil
	case r.HasLeft() && !x.Evidence.At.After(r.EndedAt):
		return false, ErrLeftSince
	}
	r.activate(x.now)
	return false, nil
}

// ask has a reader who is not active wait for a confirmation, and reports whether
// a mail is to ask for it. Who gets another address has none that could undo a
// leaving.
func (x *external) ask() bool {
	r := x.record
	if x.apart = r.State == StateUnsubscribed && x.moved == ""; x.apart {
		return r.asked == nil
	}
	asks := r.State != StatePending || r.fresh || x.moved != ""
	if asks {
		r.asks(x.now, "")
	}
	return asks
}

// amend gives the reader what was said, or keeps it apart, and returns the choices
// in words.
func (x *external) amend() string {
	r, c := x.record, x.catalog
	if x.apart {
		if r = r.asAsked(c, x.now); r == x.record {
			r = r.copy()
		}
	}
	if x.Name != nil {
		r.setName(x.name)
	}
	if x.Zone != nil {
		r.setZone(x.zone)
	}
	if x.Language != nil {
		r.setLanguage(x.language)
	}
	if x.Format != nil {
		r.setFormat(*x.Format)
	}
	r.setAttributes(x.attributes)
	w := r.chosen(c)
	if x.Topics != nil || len(w.digests) == 0 {
		w.topics = x.choices.topics
	}
	if x.Digests != nil || len(w.digests) == 0 {
		w.digests = x.choices.digests
	}
	x.wrong.add(templates.FieldTopics, c.check(w))
	asked, err := c.hoursOf(x.Hours, w.digests)
	x.wrong.add(fieldHour, err)
	w.hours = w.hours.and(asked)
	if x.apart {
		x.keepApart(newAsking(&r.Subscriber, r.Attributes, r.atHours(w), x.now, ""))
	} else {
		r.choose(c, w, x.now)
	}
	return c.describe(w, r.Zone)
}

// atHours is w with the hours that the reader has where it says none.
func (r *record) atHours(w choices) choices {
	own := hours{}
	for _, d := range w.digests {
		if own[d.ID] = ""; r.seat(d.ID) != nil {
			own[d.ID] = r.seat(d.ID).Hour
		}
	}
	w.hours = own.and(w.hours)
	return w
}

// keepApart keeps what was said until the reader confirms, since when the reader was
// first asked.
func (x *external) keepApart(a *asking) {
	if before := x.record.asked; before != nil {
		a.At, a.On = before.At, before.On
	}
	x.record.setAsked(a)
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
	if x.moved != "" {
		n.Detail += " address changed from=" + Mask(x.moved)
		if err := x.leaveFormer(ctx, tx, &before); err != nil {
			return err
		}
	}
	r.note(n)
	if err := saveText(ctx, tx, x.text, x.now); err != nil {
		return err
	}
	return x.store.save(ctx, tx, []*record{r})
}

// leaveFormer leaves of the former address what a reader's own change of address
// leaves, but nothing of one that never was confirmed: it may be anybody's. Unless
// the reader is active, nobody at the new address has agreed that a leaving is
// undone.
func (x *external) leaveFormer(ctx context.Context, tx *db.Tx, before *Subscriber) error {
	r := x.record
	if r.State != StateActive {
		if err := deleteAllLeavings(ctx, tx, r.ID); err != nil {
			return err
		}
	}
	if !before.ConfirmedAt.IsZero() {
		if err := keepFormer(ctx, tx, x.moved, erasure{at: x.now, subscriber: r.ID, givenUpBy: ActorAPI}); err != nil {
			return err
		}
	}
	return takeAddress(ctx, tx, r)
}
