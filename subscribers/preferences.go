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

// SetPreferences replaces the choices of the reader of a fresh token. It returns
// FieldErrors for what was filled in wrongly, what Personal does, and
// ErrUnsubscribed for a reader who has left. Choosing no digest is leaving, as
// Leave has it.
func (s *Store) SetPreferences(ctx context.Context, c *Catalog, token Token, in Preferences, origin, client string) (Left, error) {
	if token.Purpose != PurposeFresh {
		return Left{}, ErrBadToken
	}
	q, err := in.check(c)
	if err != nil {
		return Left{}, err
	}
	var left Left
	err = s.change(ctx, token.Subscriber, func(tx *db.Tx, r *record, now time.Time) (err error) {
		left = Left{}
		if err := token.opens(r); err != nil {
			return err
		}
		before, by := r.Subscriber, Consent{At: now, Origin: origin, Client: client}
		in.describe(r, q)
		if len(q.digests) == 0 {
			left, err = s.depart(ctx, tx, r, []int64{0}, by)
			return err
		}
		in.choose(c, r, q, &before, by)
		return nil
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
