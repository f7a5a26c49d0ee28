package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// Preferences are a reader's choices as set on the page of settings.
type Preferences struct {
	Name            *string // nil leaves it as it is
	Zone            string
	Language        *string  // BCP 47, "" for the site's; nil leaves it as it is
	Format          *Format  // nil leaves it as it is
	Topics, Digests []string // slugs, "*" for all; no digest ends all of them

	// Hours are those that the reader chose, by a digest's slug: one of what the
	// digest offers, or "" for its own time. Of other digests they stay.
	Hours map[string]string
	// PausedUntil pauses all digests, or resumes them if it is zero. nil leaves
	// them as they are.
	PausedUntil *time.Time
}

func (in *Preferences) check(c *Catalog) (*request, error) {
	wrong := FieldErrors{}
	q := &request{zone: wrong.zone(in.Zone)}
	if in.Name != nil {
		q.name = wrong.name(*in.Name)
	}
	if in.Language != nil {
		q.language = wrong.language(*in.Language)
	}
	if in.Format != nil && *in.Format != FormatHTML && *in.Format != FormatText {
		wrong.add(templates.FieldFormat, flawed(templates.ProblemFormatUnknown, "unknown format %q, want html or text", shorten(string(*in.Format))))
	}
	if len(in.Digests) > 0 {
		q.choices = wrong.choices(c, in.Topics, in.Digests)
		q.hours = wrong.hours(c, in.Hours)
	}
	return q, wrong.result()
}

// SetPreferences is SetPersonal for whoever has no need of a link.
func (s *Store) SetPreferences(ctx context.Context, c *Catalog, subscriberID int64, in Preferences, origin, client string) error {
	_, err := s.setPreferences(ctx, c, subscriberID, in, Consent{Origin: origin, Client: client}, func(*record) error { return nil })
	return err
}

// SetPersonal replaces the choices of the reader of a fresh token. It returns
// FieldErrors for what was filled in wrongly, what Personal does, and
// ErrUnsubscribed for a reader who has left. Choosing no digest is leaving, as
// Leave has it. ErrPauseOver says that the pause would end before now.
func (s *Store) SetPersonal(ctx context.Context, c *Catalog, token Token, in Preferences, origin, client string) (Left, error) {
	if token.Purpose != PurposeFresh {
		return Left{}, ErrBadToken
	}
	return s.setPreferences(ctx, c, token.Subscriber, in, Consent{Origin: origin, Client: client}, token.opens)
}

// setPreferences replaces the choices of a reader whom may lets it.
func (s *Store) setPreferences(ctx context.Context, c *Catalog, subscriberID int64, in Preferences, by Consent, may func(*record) error) (Left, error) {
	q, err := in.check(c)
	if err != nil {
		return Left{}, err
	}
	var left Left
	err = s.change(ctx, subscriberID, func(tx *db.Tx, r *record, now time.Time) (err error) {
		left, by.At = Left{}, now
		if err := may(r); err != nil {
			return err
		}
		if r.State == StateUnsubscribed {
			return ErrUnsubscribed
		}
		before := r.Subscriber
		in.describe(r, q)
		if len(q.digests) == 0 {
			left, err = s.depart(ctx, tx, r, []int64{0}, by)
			return err
		}
		in.choose(c, r, q, &before, by)
		if in.PausedUntil == nil {
			return nil
		}
		return r.pause(0, *in.PausedUntil, now, anySeat, by)
	})
	if err != nil {
		return Left{}, err
	}
	return left, nil
}

// describe changes what is told of the reader beside the choices.
func (in *Preferences) describe(r *record, q *request) {
	r.setZone(q.zone)
	if in.Name != nil {
		r.setName(q.name)
	}
	if in.Language != nil {
		r.setLanguage(q.language)
	}
	if in.Format != nil {
		r.setFormat(*in.Format)
	}
}

// choose makes the choices those of q, and puts on record what is different from
// before. A name stands there as no more than that it is another.
func (in *Preferences) choose(c *Catalog, r *record, q *request, before *Subscriber, by Consent) {
	r.choose(c, q.keepAll(c, r), by.At)
	if !r.dirty() {
		return
	}
	by.Event, by.Detail = EventPreferences, c.describe(r.chosen(c), r.Zone)
	if r.Language != before.Language {
		by.Detail += " language=" + r.Language
	}
	if r.Format != before.Format {
		by.Detail += " format=" + r.Format.String()
	}
	if r.Name != before.Name {
		by.Detail += " name"
	}
	r.note(note{Consent: by})
}

// keepAll keeps "all topics, also later ones" for a reader who had it and
// unticked none: a form can only say which of today's topics are wanted.
func (q *request) keepAll(c *Catalog, r *record) choices {
	w := q.choices
	if r.chosen(c).topics == AllTopics && len(w.topics.IDs()) == len(c.Topics) {
		w.topics = AllTopics
	}
	return w
}

// endedAll is the detail of a consent that ended everything.
const endedAll = "digests=*"
