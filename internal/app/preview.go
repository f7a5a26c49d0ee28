package app

import (
	"context"
	"fmt"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// Accepted is the class of an outcome that means success.
const Accepted = mail.ClassAccepted

// Preview is what a reader would get, with the whole message.
type Preview struct {
	*digest.Preview
	Message []byte // unsigned; nil if nothing would go out
}

// Preview returns what a reader would get of a digest at its first slot after
// at. It writes nothing.
func (a *App) Preview(ctx context.Context, d *digest.Digest, reader *subscribers.Detail, at time.Time) (*Preview, error) {
	p, err := a.Planner.Preview(ctx, a.Composer, d, digest.Reader{
		SubscriberID: reader.ID, Name: reader.Name,
		Unsubscribe: a.Links.Unsubscribe(reader.ID, d.ID), Preferences: a.Links.Preferences(reader.ID),
	}, at)
	if err != nil || p.Composed == nil {
		return &Preview{Preview: p}, err
	}
	message, err := delivery.Message(p.Composed, delivery.Addressee{
		Name: reader.Name, Address: reader.Address, MessageID: fmt.Sprintf("<preview.%d.%d@%s>", d.ID, reader.ID, mail.Domain(d.From.Addr)),
		Unsubscribe: a.Links.Unsubscribe(reader.ID, d.ID), Preferences: a.Links.Preferences(reader.ID),
		Mailbox: a.Config.Mail.UnsubscribeTo, Format: reader.Format,
	})
	return &Preview{Preview: p, Message: message}, err
}

// SendTest sends one marked test of a digest to an address and records
// nothing. Its links lead to the sign-up form: they can end nobody's
// subscription.
func (a *App) SendTest(ctx context.Context, d *digest.Digest, address string, now time.Time) (mail.Outcome, error) {
	composed, err := a.Planner.Sample(ctx, a.Composer, d, now)
	if err != nil {
		return mail.Outcome{}, err
	}
	return a.sendTest(ctx, d, composed, address, now)
}

// SendLetterTest sends one marked test of a letter to an address, as SendTest
// does.
func (a *App) SendLetterTest(ctx context.Context, d *digest.Digest, l digest.LetterText, address string, now time.Time) (mail.Outcome, error) {
	composed, err := a.Composer.Letter(d, l, now)
	if err != nil {
		return mail.Outcome{}, err
	}
	return a.sendTest(ctx, d, composed, address, now)
}

func (a *App) sendTest(ctx context.Context, d *digest.Digest, composed *digest.Composed, address string, now time.Time) (mail.Outcome, error) {
	to, err := mail.ParseAddress(address)
	if err != nil {
		return mail.Outcome{}, err
	}
	out, err := a.NewOutgoing()
	if err != nil {
		return mail.Outcome{}, err
	}
	defer out.Pool.Close()
	composed.Subject = "[Test] " + composed.Subject
	message, err := delivery.Message(composed, delivery.Addressee{
		Name: to.Name, Address: to.Addr, MessageID: fmt.Sprintf("<test.%d.%d@%s>", d.ID, now.UnixNano(), out.Domain),
		Unsubscribe: a.Links.SignUp(), Preferences: a.Links.SignUp(),
	})
	if err != nil {
		return mail.Outcome{}, err
	}
	envelope := mail.Envelope{From: out.Sender.SenderAsOf(now, 0, 0), To: to.Addr}
	return out.Pool.Send(ctx, &mail.Message{Envelope: envelope, Data: message, Sign: out.Signed(message), Urgent: true}), nil
}

// OpenEditions returns the editions of a digest that are planned and not done,
// the oldest first. One that editors made ahead of its slot has no run yet.
func (a *App) OpenEditions(ctx context.Context, d *digest.Digest) ([]*digest.Edition, error) {
	all, err := a.Digests.Editions(ctx, d.ID, 1000)
	if err != nil {
		return nil, err
	}
	var open []*digest.Edition
	for i := len(all) - 1; i >= 0; i-- {
		if s := all[i].State; s != digest.EditionSending && s != digest.EditionPaused {
			continue
		}
		runs, err := a.Digests.Runs(ctx, all[i].ID)
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			open = append(open, all[i])
		}
	}
	return open, nil
}
