package subscribers

import (
	"slices"
	"time"

	"broadsheet/internal/db"
)

// record is a subscriber with all subscriptions, as one transaction reads,
// changes and writes it. Its methods keep the states of both in step.
type record struct {
	Subscriber
	was            State // as shown when it was read, "" for a fresh one
	seats          []*seat
	activeAt       time.Time // of a fresh one: when another tool last saw the reader
	fresh, changed bool
	notes          []note
	asked          *asking // apart from all that, of a reader who has left; nil for nothing
	askedChanged   bool
}

// seat is one subscription of a record.
type seat struct {
	Subscription
	fresh, changed bool
	had            Topics // as read
	former         former
	from           int64 // the cohort that it leaves, 0 if it stays
	owed           owed
	rejoins        bool // it became active just now
}

func newRecord(address string, now time.Time) *record {
	return &record{Subscriber: Subscriber{Address: address, State: StatePending, CreatedAt: now, AskedAt: now}, fresh: true, changed: true}
}

// owed is what a subscription gets beside the runs of its cohort, once.
type owed string

// What may be owed.
const (
	owedWelcome owed = "welcome"
	owedMoved   owed = "moved" // what a change of cohort passed over
)

func set[T comparable](changed *bool, field *T, value T) {
	if *field != value {
		*field, *changed = value, true
	}
}

func (r *record) setName(name string)         { set(&r.changed, &r.Name, name) }
func (r *record) setZone(zone string)         { set(&r.changed, &r.Zone, zone) }
func (r *record) setLanguage(language string) { set(&r.changed, &r.Language, language) }
func (r *record) setFormat(format Format)     { set(&r.changed, &r.Format, format) }
func (r *record) setAttributes(a Attributes)  { set(&r.changed, &r.Attributes, r.Attributes.and(a)) }

// setState changes the state. What is asked for apart is for one who has left.
func (r *record) setState(state State) {
	set(&r.changed, &r.State, state)
	if state != StateUnsubscribed {
		r.setAsked(nil)
	}
}

// asks makes the reader one who was signed up just now by a page of a site, ""
// for one of ours.
func (r *record) asks(now time.Time, site string) {
	r.setState(StatePending)
	set(&r.changed, &r.AskedAt, now)
	set(&r.changed, &r.AskedOn, site)
}

// asksAgain makes the reader one who was asked just now for the same as before.
func (r *record) asksAgain(now time.Time) {
	if r.asked == nil {
		r.asks(now, r.AskedOn)
		return
	}
	later := *r.asked
	later.At = db.Millis(now)
	r.setAsked(&later)
}

// dirty reports whether anything is to be written.
func (r *record) dirty() bool {
	return r.changed || r.askedChanged || slices.ContainsFunc(r.seats, func(s *seat) bool { return s.changed })
}

func (r *record) note(n note) { r.notes = append(r.notes, n) }

func (r *record) seat(digestID int64) *seat {
	for _, s := range r.seats {
		if s.DigestID == digestID {
			return s
		}
	}
	return nil
}

// live is the state that a chosen subscription of r has.
func (r *record) live() SubscriptionState {
	switch {
	case r.State == StatePending:
		return SubscriptionPending
	case r.State == StateActive && r.Suppressed():
		return SubscriptionSuppressed
	case r.State == StateActive:
		return SubscriptionActive
	}
	return SubscriptionEnded
}

// choose makes w the reader's choices. Digests that are no longer configured
// stay as they are: they may come back. The reader has left if w is empty.
func (r *record) choose(c *Catalog, w choices, now time.Time) {
	for i := range c.Digests {
		d := &c.Digests[i]
		s := r.seat(d.ID)
		if !slices.Contains(w.digests, d) {
			if s != nil {
				s.setState(SubscriptionEnded, now)
			}
			continue
		}
		if s == nil {
			s = &seat{Subscription: Subscription{DigestID: d.ID, Digest: d.Slug, CreatedAt: now, JoinedSeq: -1}, fresh: true, changed: true}
			r.seats = append(r.seats, s)
		}
		set(&s.changed, &s.Topics, w.topics)
		hour, said := w.hours[d.ID]
		if !said {
			hour = s.Hour
		}
		s.move(d.zoneFor(r.Zone), d.hourFor(hour))
		s.setState(r.live(), now)
	}
	r.settle(now)
}

// welcome owes a reader who has just confirmed the first digests.
func (r *record) welcome() {
	for _, s := range r.seats {
		if s.State == SubscriptionActive {
			set(&s.changed, &s.owed, owedWelcome)
		}
	}
}

// activate confirms a pending reader.
func (r *record) activate(now time.Time) {
	r.setState(StateActive)
	set(&r.changed, &r.ConfirmedAt, now)
	set(&r.changed, &r.EndedAt, time.Time{})
	r.follow(SubscriptionPending, now)
}

// suppress stops all mail.
func (r *record) suppress(now time.Time) {
	set(&r.changed, &r.SuppressedAt, now)
	r.follow(SubscriptionActive, now)
}

// unsuppress lifts a suppression. What bounces led to it is forgotten, or the
// next one would suppress at once.
func (r *record) unsuppress(now time.Time) {
	set(&r.changed, &r.SuppressedAt, time.Time{})
	set(&r.changed, &r.HardBouncedAt, time.Time{})
	set(&r.changed, &r.SoftBounces, 0)
	r.follow(SubscriptionSuppressed, now)
}

// follow gives the subscriptions in one state the one that r now asks for.
func (r *record) follow(from SubscriptionState, now time.Time) {
	for _, s := range r.seats {
		if s.State == from {
			s.setState(r.live(), now)
		}
	}
}

// end ends one digest, or all of them if digestID is 0, and reports whether
// there was anything to end. What was asked for before that is not any more.
func (r *record) end(digestID int64, now time.Time) bool {
	ended := r.unask(digestID, now)
	for _, s := range r.seats {
		if s.State != SubscriptionEnded && (digestID == 0 || s.DigestID == digestID) {
			s.setState(SubscriptionEnded, now)
			ended = true
		}
	}
	before := r.State
	r.settle(now)
	return ended || r.State != before
}

// unask ends what is asked for apart, of one digest or altogether: who leaves once
// more has left just now.
func (r *record) unask(digestID int64, now time.Time) bool {
	if r.asked == nil {
		return false
	}
	rest, ended := r.asked.without(digestID)
	if r.setAsked(rest); rest == nil {
		set(&r.changed, &r.EndedAt, now)
	}
	return ended
}

// settle makes a reader without live subscriptions one who has left.
func (r *record) settle(now time.Time) {
	if r.State == StateUnsubscribed || slices.ContainsFunc(r.seats, (*seat).isLive) {
		return
	}
	r.setState(StateUnsubscribed)
	set(&r.changed, &r.EndedAt, now)
}

func (s *seat) isLive() bool { return s.State != SubscriptionEnded }

func (s *seat) setState(state SubscriptionState, now time.Time) {
	if s.State == state {
		return
	}
	set(&s.changed, &s.State, state)
	s.EndedAt = time.Time{}
	switch state {
	case SubscriptionEnded:
		s.EndedAt, s.PausedUntil, s.owed = now, time.Time{}, ""
	case SubscriptionActive:
		s.rejoins = true
	}
}

// place puts the subscription into the cohort of a zone and an hour, and reports
// whether it had another one; save finds the cohort's id.
func (s *seat) place(zone, hour string) (moved bool) {
	if s.CohortID != 0 && s.Zone == zone && s.Hour == hour {
		return false
	}
	if s.CohortID != 0 {
		s.from = s.CohortID
	}
	s.Zone, s.Hour, s.CohortID, s.changed = zone, hour, 0, true
	return s.from != 0
}

// move is place for a reader who wants another zone or hour, and who may have
// missed today's digest by it.
func (s *seat) move(zone, hour string) {
	if s.place(zone, hour) && s.State == SubscriptionActive && !s.rejoins && s.owed == "" {
		s.owed = owedMoved
	}
}
