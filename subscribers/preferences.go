package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// Preferences are a reader's choices as set on the preferences page.
type Preferences struct {
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

// SetPreferences replaces a reader's choices. It returns FieldErrors for what
// was filled in wrongly, ErrUnknown, and ErrUnsubscribed for a reader who has
// left. Choosing no digest is leaving. ErrPauseOver says that the pause would end
// before now.
func (s *Store) SetPreferences(ctx context.Context, c *Catalog, subscriberID int64, in Preferences, origin, client string) error {
	q, err := in.check(c)
	if err != nil {
		return err
	}
	return s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) error {
		if r.State == StateUnsubscribed {
			return ErrUnsubscribed
		}
		r.setZone(q.zone)
		before := r.Subscriber
		if in.Language != nil {
			r.setLanguage(q.language)
		}
		if in.Format != nil {
			r.setFormat(*in.Format)
		}
		n := note{Consent: Consent{At: now, Event: EventPreferences, Origin: origin, Client: client}}
		if len(q.digests) == 0 {
			r.end(0, now)
			n.Event, n.Detail = EventUnsubscribed, endedAll
		} else {
			r.choose(c, q.keepAll(c, r), now)
			n.Detail = c.describe(r.chosen(c), r.Zone)
			if r.Language != before.Language {
				n.Detail += " language=" + r.Language
			}
			if r.Format != before.Format {
				n.Detail += " format=" + r.Format.String()
			}
		}
		if r.dirty() {
			r.note(n)
		}
		if in.PausedUntil == nil || len(q.digests) == 0 {
			return nil
		}
		return r.pause(0, *in.PausedUntil, now, anySeat, Consent{At: now, Origin: origin, Client: client})
	})
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
