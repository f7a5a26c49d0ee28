package subscribers

import (
	"context"

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
	State          State
	Suppressed     bool // not to be revealed; nothing is sent
	AllTopics      bool // topics that are added later are wanted too
	Topics         []templates.Choice
	Digests        []templates.Choice
}

// View returns what the pages of a subscriber show, or ErrUnknown.
func (s *Store) View(ctx context.Context, c *Catalog, subscriberID int64) (View, error) {
	var v View
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, err := byID(ctx, tx, subscriberID, "")
		if err == nil {
			v = r.view(c)
		}
		return err
	})
	return v, err
}

func (r *record) view(c *Catalog) View {
	w := r.chosen(c)
	v := View{ID: r.ID, Masked: Mask(r.Address), Name: r.Name, Zone: r.Zone, Language: r.Language,
		State: r.State, Suppressed: r.Suppressed(), AllTopics: w.topics == AllTopics}
	for _, t := range c.Topics {
		v.Topics = append(v.Topics, templates.Choice{Slug: t.Slug, Name: t.Name, Description: t.Description, Checked: w.topics.Has(t.ID)})
	}
	for i := range c.Digests {
		d := &c.Digests[i]
		s := r.seat(d.ID)
		v.Digests = append(v.Digests, templates.Choice{Slug: d.Slug, Name: d.Name, Checked: s != nil && s.isLive()})
	}
	return v
}

// chosen returns the reader's present choices: the configured digests that are
// live, and the topics of any subscription, which all have the same.
func (r *record) chosen(c *Catalog) choices {
	var w choices
	for i := range c.Digests {
		if s := r.seat(c.Digests[i].ID); s != nil && s.isLive() {
			w.digests = append(w.digests, &c.Digests[i])
		}
	}
	for _, s := range r.seats {
		if w.topics == "" || s.isLive() {
			w.topics = s.Topics
		}
	}
	return w
}
