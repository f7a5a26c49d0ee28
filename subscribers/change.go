package subscribers

import (
	"context"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// Change is what an operator changes of a reader who is there. What is nil or
// empty stays.
type Change struct {
	Zone, Language *string
	Format         *Format
	Hours          []string // as in Add, of digests that the reader gets
	Attributes     []string // such as "tier=paid"
	Origin         string   // by which way it came: command, api ...
}

// check reads what does not depend on the reader.
func (in *Change) check(c *Catalog) (*request, error) {
	wrong := FieldErrors{}
	q := &request{}
	if in.Zone != nil {
		q.zone = wrong.zone(*in.Zone)
	}
	if in.Language != nil {
		q.language = wrong.language(*in.Language)
	}
	var err error
	q.attributes, err = c.attributesOf(in.Attributes)
	wrong.add(fieldAttributes, err)
	return q, wrong.result()
}

// Change changes a reader for an operator, puts that on record and returns it in
// words, "" if nothing became different. It returns FieldErrors for what is
// wrong, ErrUnsubscribed for a reader who has left, and ErrUnknown.
func (s *Store) Change(ctx context.Context, c *Catalog, subscriberID int64, in Change) (string, error) {
	q, err := in.check(c)
	if err != nil {
		return "", err
	}
	var detail string
	err = s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) (err error) {
		if detail, err = in.apply(c, r, q); err == nil && detail != "" {
			r.note(note{Consent: Consent{At: now, Event: EventChanged, Origin: in.Origin, Detail: detail}})
		}
		return err
	})
	return detail, err
}

// RehearseChange tells what Change would change, and its errors, and changes
// nothing.
func (s *Store) RehearseChange(ctx context.Context, c *Catalog, subscriberID int64, in Change) (detail string, err error) {
	q, err := in.check(c)
	if err != nil {
		return "", err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		r, err := byID(ctx, tx, subscriberID, "")
		if err == nil {
			detail, err = in.apply(c, r, q)
		}
		return err
	})
	return detail, err
}

// apply changes r and says what became different, as choices are described.
func (in *Change) apply(c *Catalog, r *record, q *request) (string, error) {
	if r.State == StateUnsubscribed {
		return "", ErrUnsubscribed
	}
	before := r.Subscriber
	w := r.chosen(c)
	asked, err := c.hoursOf(in.Hours, w.digests)
	if err != nil {
		wrong := FieldErrors{}
		wrong.add(fieldHour, err)
		return "", wrong
	}
	if in.Zone != nil {
		r.setZone(q.zone)
	}
	if in.Language != nil {
		r.setLanguage(q.language)
	}
	if in.Format != nil {
		r.setFormat(*in.Format)
	}
	r.setAttributes(q.attributes)
	parts := before.differences(&r.Subscriber)
	if hours := r.moveTo(w.digests, asked); len(hours) > 0 {
		parts = append(parts, "hours="+strings.Join(hours, ";"))
	}
	return strings.Join(parts, " "), nil
}

// moveTo gives the reader's digests the zone and the hours that are asked for, and
// returns those hours that are others than before.
func (r *record) moveTo(digests []*Digest, asked hours) []string {
	var other []string
	for _, d := range digests {
		s := r.seat(d.ID)
		hour, said := asked[d.ID]
		if !said {
			hour = s.Hour
		}
		if hour = d.hourFor(hour); hour != s.Hour {
			other = append(other, d.Slug+"="+hour)
		}
		s.move(d.zoneFor(r.Zone), hour)
	}
	return other
}

// differences lists what an operator changed of a reader.
func (s *Subscriber) differences(after *Subscriber) []string {
	var out []string
	if s.Zone != after.Zone {
		out = append(out, "timezone="+after.Zone)
	}
	if s.Language != after.Language {
		out = append(out, "language="+after.Language)
	}
	if s.Format != after.Format {
		out = append(out, "format="+after.Format.String())
	}
	var pairs []string
	for _, pair := range after.Attributes.Pairs() {
		if !slices.Contains(s.Attributes.Pairs(), pair) {
			pairs = append(pairs, pair)
		}
	}
	if len(pairs) > 0 {
		out = append(out, "attributes="+strings.Join(pairs, ";"))
	}
	return out
}
