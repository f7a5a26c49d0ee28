package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// View is what a subscriber's own pages show: no more of the address than the
// reader needs to recognise it.
type View struct {
	ID             int64
	Masked         string
	Name           string
	Zone, Language string
	Format         Format
	State          State
	Suppressed     bool // not to be revealed; nothing is sent
	Confirmed      bool // by the call of Confirm that returned it, and not before
	Waits          bool // something was asked for that the reader has not confirmed, also apart
	AllTopics      bool // topics that are added later are wanted too
	Topics         []templates.Choice
	Digests        []templates.Choice
	Rhythms        []Rhythm // of the digests in their order

	// These are for the page that asks for a confirmation.
	AskedAt time.Time // when it was last asked for
	AskedOn string    // as in Subscriber
	Mark    string    // of all that the reader would confirm
}

// Rhythm is when a reader gets a digest.
type Rhythm struct {
	Slug        string
	Live        bool      // the reader chose the digest
	Hours       []string  // those to choose from beside the digest's own; none for no choice
	Hour        string    // the reader's, "" for the digest's own
	PausedUntil time.Time // zero unless the reader wants nothing until then
}

// PausedUntil returns when the first of the reader's digests comes again, zero
// unless all of them are paused.
func (v *View) PausedUntil() time.Time {
	var first time.Time
	for _, r := range v.Rhythms {
		switch {
		case !r.Live:
		case r.PausedUntil.IsZero():
			return time.Time{}
		case first.IsZero() || r.PausedUntil.Before(first):
			first = r.PausedUntil
		}
	}
	return first
}

// View returns what the pages of a subscriber show, or ErrUnknown.
func (s *Store) View(ctx context.Context, c *Catalog, subscriberID int64) (View, error) {
	var v View
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, err := byID(ctx, tx, subscriberID, "")
		if err == nil {
			v = r.view(c, s.now())
		}
		return err
	})
	return v, err
}

func (r *record) view(c *Catalog, now time.Time) View {
	if r.Language != "" {
		c = c.In(r.Language)
	}
	w := r.chosen(c)
	v := View{ID: r.ID, Masked: Mask(r.Address), Name: r.Name, Zone: r.Zone, Language: r.Language, Format: r.Format,
		State: r.State, Suppressed: r.Suppressed(), Waits: r.waits(), AllTopics: w.topics == AllTopics}
	for _, t := range c.Topics {
		v.Topics = append(v.Topics, templates.Choice{Slug: t.Slug, Name: t.Name, Description: t.Description, Checked: w.topics.Has(t.ID)})
	}
	for i := range c.Digests {
		d := &c.Digests[i]
		s := r.seat(d.ID)
		v.Digests = append(v.Digests, templates.Choice{Slug: d.Slug, Name: d.Name, Checked: s != nil && s.isLive()})
		v.Rhythms = append(v.Rhythms, s.rhythm(d, now))
	}
	return v
}

// rhythm returns when the reader of s, which may be nil, gets the digest.
func (s *seat) rhythm(d *Digest, now time.Time) Rhythm {
	r := Rhythm{Slug: d.Slug, Hours: d.Hours}
	if s == nil || !s.isLive() {
		return r
	}
	r.Live, r.Hour = true, d.hourFor(s.Hour)
	if s.IsPaused(now) {
		r.PausedUntil = s.PausedUntil
	}
	return r
}

// chosen returns the reader's present choices: the configured digests that are
// live, and the topics of any subscription, which all have the same.
func (r *record) chosen(c *Catalog) choices {
	w := choices{hours: hours{}}
	for i := range c.Digests {
		if s := r.seat(c.Digests[i].ID); s != nil && s.isLive() {
			w.digests = append(w.digests, &c.Digests[i])
			w.hours[s.DigestID] = s.Hour
		}
	}
	for _, s := range r.seats {
		if w.topics == "" || s.isLive() {
			w.topics = s.Topics
		}
	}
	return w
}
