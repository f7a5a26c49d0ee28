package subscribers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/templates"
)

// PostmanOptions is what system mails need besides the queue.
type PostmanOptions struct {
	Site           templates.Site
	From           mail.Address
	ReplyTo        *mail.Address // nil for none
	EnvelopeSender string
	Domain         string // right side of message ids

	// Send hands over a message, which it may sign first.
	Send func(ctx context.Context, env mail.Envelope, msg []byte) mail.Outcome
	Log  *slog.Logger
}

// Postman delivers the system mails that the store queues. Several may work on
// one database: each mail is leased by one at a time.
type Postman struct {
	store   *Store
	catalog func() *Catalog
	links   *Links
	lease   time.Duration
	PostmanOptions
}

// NewPostman returns a postman for the queue of s. c is asked for the present
// catalog with every mail.
func NewPostman(s *Store, c func() *Catalog, links *Links, o PostmanOptions) *Postman {
	return &Postman{store: s, catalog: c, links: links, lease: mailLease, PostmanOptions: o}
}

// Trying again: after these times, then hourly, until the mail is a day old.
const giveUpAfter = 24 * time.Hour

func retryDelay(attempts int) time.Duration {
	delays := [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	return delays[min(max(attempts, 1), len(delays))-1]
}

// Run delivers mails as they become due until ctx ends, and prunes the old
// ones; mails in hand are finished and recorded first. It returns nil.
func (p *Postman) Run(ctx context.Context) error {
	l := newLanes()
	var prune pruning
	wait := time.Second
	for ctx.Err() == nil {
		err := p.fill(ctx, l)
		switch {
		case err == nil:
			wait = time.Second
			p.prune(ctx, &prune)
		case ctx.Err() == nil:
			p.Log.ErrorContext(ctx, "system mails not delivered", "error", err, "again_in", wait)
			wait = min(2*wait, 30*time.Second)
		}
		timer := time.NewTimer(wait*3/4 + rand.N(wait/2))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	l.busy.Wait()
	if err := l.takeError(); err != nil {
		p.Log.ErrorContext(ctx, "system mail in hand not recorded at the end", "error", err)
	}
	return nil
}

// Deliver tries every mail that is due now, a few at once, and returns how many
// were sent. Trouble with a relay is no error: the mail is tried again later. A
// mail whose process died between the relay's answer and its record is sent
// once more when the lease has ended.
func (p *Postman) Deliver(ctx context.Context) (n int, err error) {
	l := newLanes()
	err = p.fill(ctx, l)
	l.busy.Wait()
	if err == nil {
		err = l.takeError()
	}
	return l.sent, err
}

// pruning is how far the postman has come with old mails.
type pruning struct {
	after int64
	at    time.Time
}

// prune looks through some thousand mails an hour, so that it is never in the
// way of those who wait for one.
func (p *Postman) prune(ctx context.Context, at *pruning) {
	now := p.store.now()
	if !at.at.IsZero() && now.Sub(at.at) < time.Hour {
		return
	}
	p.forget(ctx)
	next, err := p.store.PruneMails(ctx, at.after, 10_000)
	if err = errors.Join(err, p.store.PruneCaution(ctx), p.store.PruneLeavings(ctx), p.store.PruneAddressChanges(ctx)); err != nil && ctx.Err() == nil {
		p.Log.ErrorContext(ctx, "old system mails not pruned", "error", err)
	}
	*at = pruning{next, now}
}

// forget forgets some thousand readers who did not confirm, some hundred at a
// time.
func (p *Postman) forget(ctx context.Context) {
	const page = 500
	all := 0
	for range 20 {
		n, err := p.store.PruneUnconfirmed(ctx, page)
		if err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "readers who did not confirm not forgotten", "error", err)
		}
		if all += n; n < page {
			break
		}
	}
	if all > 0 {
		p.Log.InfoContext(ctx, "forgot readers who did not confirm", "readers", all)
	}
}

// drain is how long a message on the wire may take once the service is to end.
const drain = 15 * time.Second

// deliver sends a claimed mail and records the answer. The end of ctx does not
// interrupt the record, and the message on the wire only after a while.
func (p *Postman) deliver(ctx context.Context, m *claimedMail) (mailState, error) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drain, cut) })()
	ctx = context.WithoutCancel(ctx)
	to, err := p.store.recipient(ctx, m)
	if err != nil {
		return "", fmt.Errorf("system mail %d: %w", m.ID, err)
	}
	result := mailResult{state: mailDropped}
	if m.wanted(to, p.store.now()) && (m.Kind != MailGoodbye || len(m.ended(to)) > 0) {
		release := p.hold(ctx, m)
		result = p.try(sending, m, to)
		release()
	}
	if err := p.store.recordMail(ctx, m, result); err != nil {
		return "", err
	}
	p.log(ctx, m, &result)
	return result.state, nil
}

// log tells what became of a mail. Relays repeat the recipient in their
// replies, so that these are for Debug.
func (p *Postman) log(ctx context.Context, m *claimedMail, r *mailResult) {
	whose := []any{"kind", m.Kind, "subscriber", m.Subscriber, "attempt", m.Attempts}
	state, answer := whose, r.answer
	if r.class != "" {
		state = append(state, "class", r.class, "code", answer.Code, "enhanced", answer.Enhanced, "phase", answer.Phase)
		p.Log.DebugContext(ctx, "system mail answered", append(whose, "reply", r.reply)...)
	}
	p.Log.InfoContext(ctx, "system mail "+string(r.state), state...)
}

// wanted reports whether the mail still fits its reader.
func (m *claimedMail) wanted(to *record, now time.Time) bool {
	if to.Suppressed() {
		return false
	}
	switch m.Kind {
	case MailConfirm:
		return to.waits()
	case MailFresh:
		return to.State != StatePending && now.Sub(db.Time(m.CreatedAt)) <= FreshFor
	case MailOldAddress, MailNewAddress:
		return to.State == StateActive && m.isOfChange(now)
	case MailGoodbye:
		return to.State != StatePending
	}
	return to.State == StateActive
}

// try composes and sends a mail.
func (p *Postman) try(ctx context.Context, m *claimedMail, to *record) mailResult {
	msg, err := p.compose(m, to)
	if err != nil {
		p.Log.ErrorContext(ctx, "system mail not composed", "kind", m.Kind, "error", err)
		return mailResult{state: mailFailed, reply: "compose: " + err.Error()}
	}
	out := p.Send(ctx, mail.Envelope{From: p.EnvelopeSender, To: to.Address}, msg)
	result := mailResult{state: mailFailed, class: out.Class, answer: out.Reply, reply: out.Reason()}
	switch out.Class {
	case mail.ClassAccepted:
		result.state = mailSent
	case mail.ClassUncertain:
		result.state = mailUncertain
	case mail.ClassTemporaryRecipient, mail.ClassTemporaryPath, mail.ClassPermanentPath:
		next := p.store.now().Add(retryDelay(m.Attempts))
		if next.Sub(db.Time(m.CreatedAt)) <= giveUpAfter {
			result.state, result.next = mailPending, next
		}
	}
	return result
}

// compose draws the message: the same octets each time, as long as the choices
// of the reader stay.
func (p *Postman) compose(m *claimedMail, to *record) ([]byte, error) {
	drawn, err := p.draw(m, to)
	if err != nil {
		return nil, err
	}
	body, err := mail.Compile(drawn.HTML, drawn.Text, mail.Markers{})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "system mail %d %d %d", m.ID, m.Subscriber, m.CreatedAt))
	id := fmt.Sprintf("<s%d.%s@%s>", m.ID, hex.EncodeToString(sum[:8]), p.Domain)
	h := &mail.Header{From: p.From, ReplyTo: p.ReplyTo, To: mail.Address{Addr: to.Address}, Subject: drawn.Subject,
		Date: db.Time(m.CreatedAt), MessageID: id, AutoSubmitted: true}
	dst := make([]byte, 0, body.Size())
	if to.Format == FormatText {
		return body.AppendText(dst, h, &mail.Personal{})
	}
	return body.Append(dst, h, mail.Boundary(id), &mail.Personal{})
}

func (p *Postman) draw(m *claimedMail, to *record) (templates.Mail, error) {
	switch m.Kind {
	case MailAlreadySubscribed:
		return templates.AlreadySubscribedMail(p.Site.In(to.Language), p.links.Preferences(to.ID))
	case MailFresh:
		return p.drawFresh(m, to)
	case MailOldAddress, MailNewAddress:
		return p.drawMove(m, to)
	case MailGoodbye:
		return p.drawGoodbye(m, to)
	}
	return p.drawConfirm(m, to.asAsked(p.catalog(), p.store.now()))
}

// drawConfirm draws the mail with what is asked for.
func (p *Postman) drawConfirm(m *claimedMail, to *record) (templates.Mail, error) {
	c := p.catalog().In(p.Site.In(to.Language).Language)
	askedAt := m.askedAt()
	confirm := &templates.Confirm{Site: p.Site.In(to.Language), URL: p.links.Confirm(to.ID, to.Address, db.Time(m.CreatedAt)), RequestedAt: askedAt}
	if on, err := url.Parse(to.AskedOn); err == nil {
		confirm.RequestedOn = on.Host
	}
	if zone, err := time.LoadLocation(to.Zone); err == nil {
		confirm.RequestedAt = askedAt.In(zone)
	}
	w := to.chosen(c)
	for _, d := range w.digests {
		confirm.Digests = append(confirm.Digests, d.Name)
	}
	for _, t := range c.Topics {
		if w.topics != AllTopics && w.topics.Has(t.ID) {
			confirm.Topics = append(confirm.Topics, t.Name)
		}
	}
	return templates.ConfirmMail(confirm)
}
