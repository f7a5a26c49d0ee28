package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// SayGoodbye says whether readers who leave by links of theirs get a mail that
// says so. It is to be called before the store is used.
func (s *Store) SayGoodbye(yes bool) { s.goodbye = yes }

// enqueueGoodbye queues the mail that says what a reader has left just now, within
// the limits on mails that anybody can ask for.
func (s *Store) enqueueGoodbye(ctx context.Context, tx *db.Tx, r *record, now time.Time) error {
	if r.Suppressed() {
		return nil
	}
	if ok, err := s.countMail(ctx, tx, &r.Subscriber, MailGoodbye); err != nil || !ok {
		return err
	}
	return queueMail(ctx, tx, r.ID, MailGoodbye, mailPending, now, now)
}

// ended are the subscriptions that a goodbye is about and that are still ended.
func (m *claimedMail) ended(to *record) []*seat {
	var out []*seat
	for _, s := range to.seats {
		if s.State == SubscriptionEnded && db.Millis(s.EndedAt) == m.CreatedAt {
			out = append(out, s)
		}
	}
	return out
}

func (p *Postman) drawGoodbye(m *claimedMail, to *record) (templates.Mail, error) {
	bye := &templates.Goodbye{Site: p.Site.In(to.Language), SubscribeURL: p.links.SignUp()}
	if left := m.ended(to); len(left) == 1 && to.State != StateUnsubscribed {
		bye.Digest = left[0].Digest
		if d := p.catalog().In(bye.Site.Language).Digest(left[0].DigestID); d != nil {
			bye.Digest = d.Name
		}
	}
	return templates.GoodbyeMail(bye)
}
