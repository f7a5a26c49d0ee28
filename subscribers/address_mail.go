package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// readChange reads the change of address that the mail is about, if it is about
// one. What goes to the new address is for who has that.
func (m *claimedMail) readChange(ctx context.Context, tx *db.Tx, to *record) error {
	if m.Kind != MailOldAddress && m.Kind != MailNewAddress {
		return nil
	}
	c, err := changeOf(ctx, tx, m.Subscriber)
	if err != nil {
		return err
	}
	m.change = *c
	if m.Kind == MailNewAddress && c.ID != 0 {
		to.Address = c.New
	}
	return nil
}

// isOfChange reports whether the mail is about the reader's present change, and
// still asks for something.
func (m *claimedMail) isOfChange(now time.Time) bool {
	accepted := m.change.AgreedAt
	if m.Kind == MailNewAddress {
		accepted = m.change.ConfirmedAt
	}
	return m.change.isOpen(now) && m.CreatedAt >= m.change.AskedAt && accepted == 0
}

// drawFresh draws the mail with a link to the settings, or to the data of who has
// left.
func (p *Postman) drawFresh(m *claimedMail, to *record) (templates.Mail, error) {
	askedAt := db.Time(m.CreatedAt)
	return templates.FreshLinkMail(&templates.FreshLink{
		Site: p.Site.In(to.Language), URL: p.links.Fresh(to.ID, to.Address, askedAt), RequestedAt: to.clockOf(askedAt),
		Left: to.State != StateActive,
	})
}

// drawMove draws the mail to one side of a change of address.
func (p *Postman) drawMove(m *claimedMail, to *record) (templates.Mail, error) {
	c := &m.change
	askedAt := db.Time(c.AskedAt)
	move := &templates.Move{Site: p.Site.In(to.Language), RequestedAt: to.clockOf(askedAt)}
	if m.Kind == MailNewAddress {
		move.Other, move.URL = Mask(c.Old), p.links.NewAddress(to.ID, c.ID, askedAt)
		return templates.NewAddressMail(move)
	}
	move.Other, move.URL = Mask(c.New), p.links.OldAddress(to.ID, c.ID, askedAt)
	return templates.OldAddressMail(move)
}

// clockOf is a time in the reader's zone, if that is known.
func (r *record) clockOf(t time.Time) time.Time {
	zone, err := time.LoadLocation(r.Zone)
	if r.Zone == "" || err != nil {
		return t
	}
	return t.In(zone)
}
