package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// ErrNotSubscribed says that the person does not get the digest.
var ErrNotSubscribed = errors.New("no active subscription to this digest")

// Reader is what a preview fills in of its reader.
type Reader struct {
	SubscriberID int64
	Name         string
	Unsubscribe  string // links
	Preferences  string
}

// Preview is what a reader would get with the stories of this moment.
type Preview struct {
	Edition  *Edition // that it would belong to; it need not exist
	DueAt    time.Time
	Skip     SkipReason // not "": nothing would go out, for this reason
	Composed *Composed  // nil if nothing would go out
	Subject  string
	HTML     string
	Text     string
	Stories  []*Article // in the order of ranking
	Slots    []SlotVerdict

	drawn *sheet // nil if nothing would go out
}

// Preview returns what the reader would get of the digest next, at or after at:
// what is owed, if that is anything and at is not ahead, else the edition of the
// first slot. It is made by the code that plans, in transactions that cannot write.
func (p *Planner) Preview(ctx context.Context, c *Composer, d *Digest, reader Reader, at time.Time) (*Preview, error) {
	out, err := p.preview(ctx, c, d, reader, at)
	if err != nil {
		return nil, fmt.Errorf("preview %s for subscriber %d: %w", d.Slug, reader.SubscriberID, err)
	}
	return out, nil
}

func (p *Planner) preview(ctx context.Context, c *Composer, d *Digest, reader Reader, at time.Time) (*Preview, error) {
	var cohorts []cohort
	var sub subscription
	err := p.store.db.View(ctx, func(tx *db.Tx) (err error) {
		cohorts, sub, err = subscriptionOf(ctx, tx, d.ID, reader.SubscriberID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(cohorts) == 0 {
		return nil, ErrNotSubscribed
	}
	if !at.After(p.store.now()) {
		owed, err := p.imagineOwed(ctx, d, reader.SubscriberID, cohorts[0])
		if err != nil {
			return nil, err
		}
		if owed != nil {
			if out, err := p.previewRun(ctx, c, d, reader, owed, &sub); err != nil || out.Skip == "" {
				return out, err
			}
		}
	}
	chooser, err := p.imagineSlot(ctx, &Send{Digest: d}, cohorts[0], at)
	if err != nil {
		return nil, err
	}
	return p.previewRun(ctx, c, d, reader, chooser, &sub)
}

// previewRun composes what a run would bring the reader.
func (p *Planner) previewRun(ctx context.Context, c *Composer, d *Digest, reader Reader, chooser *chooser, sub *subscription) (*Preview, error) {
	out := &Preview{Edition: chooser.edition, DueAt: chooser.run.DueAt}
	var pick chosen
	var dr *draft
	err := p.store.db.View(ctx, func(tx *db.Tx) error {
		var selection Selection
		var err error
		if pick, selection, _, err = chooser.one(ctx, tx, sub, c.now()); err != nil || pick.skip != "" {
			return err
		}
		dr, err = gather(ctx, tx, d, out.Edition, selection, c.now())
		return err
	})
	out.Slots = chooser.slots.verdicts(sub.Attributes, nil, pick)
	if out.Skip = pick.skip; err != nil || out.Skip != "" {
		return out, err
	}
	for _, p := range dr.picks {
		out.Stories = append(out.Stories, dr.articles[p.ArticleID])
	}
	return out, c.preview(dr, out, reader)
}

// preview composes as for sending, and draws once more with the reader's own
// links.
func (c *Composer) preview(dr *draft, out *Preview, reader Reader) error {
	composed, drawn, err := c.compile(dr)
	if err != nil {
		return err
	}
	if composed.Empty { // withdrawn just now
		out.Skip = SkipNothingNew
		return nil
	}
	composed.Date, composed.ComposedAt = out.DueAt, c.now()
	out.Composed, out.Subject = composed, composed.Subject
	for _, content := range []*templates.Digest{drawn.content, drawn.plain} {
		content.ReaderName, content.Unsubscribe, content.Preferences = reader.Name, reader.Unsubscribe, reader.Preferences
	}
	out.drawn = drawn
	out.HTML, out.Text, err = out.DrawWith(dr.theme)
	return err
}

// DrawWith draws what the reader would get with another theme. There must be
// something that would go out.
func (p *Preview) DrawWith(theme *templates.Theme) (html, text string, err error) {
	if html, err = theme.HTML(p.drawn.content); err != nil {
		return "", "", err
	}
	text, err = theme.Text(p.drawn.plain)
	return html, text, err
}
