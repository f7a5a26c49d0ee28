package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/mail"
	"broadsheet/templates"
)

// watchEvery is how often sources are looked at for what operators should know.
const watchEvery = time.Minute

// watch keeps the alerts what the sources are.
func (a *App) watch(ctx context.Context) error {
	return every(ctx, watchEvery, func() {
		if err := a.Watch(ctx); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "alerts not brought up to date", "error", err)
		}
	})
}

// Watch opens and ends alerts by the present state of the sources, the sign-ups and
// the editions that were paused for a burst.
func (a *App) Watch(ctx context.Context) error {
	states, err := a.Digests.SourceHealths(ctx)
	if err != nil {
		return err
	}
	wanted := a.Setup.SourceAlerts(states, a.Now())
	readers, err := a.signUpAlerts(ctx)
	if err != nil {
		return err
	}
	bursts, err := delivery.NewStore(a.DB, a.Now).BurstAlerts(ctx, a.bursts())
	if err != nil {
		return err
	}
	wanted = append(append(wanted, readers...), bursts...)
	told, err := a.outboxAlerts(ctx)
	if err != nil {
		return err
	}
	wanted = append(wanted, told...)
	opened, ended, err := a.Digests.SyncAlerts(ctx, wanted)
	a.logAlerts(ctx, opened, ended)
	return err
}

func (a *App) logAlerts(ctx context.Context, opened, ended []digest.Alert) {
	for _, alert := range opened {
		a.Log.WarnContext(ctx, "alert opened", "key", alert.Key, "text", alert.Text)
	}
	for _, alert := range ended {
		a.Log.InfoContext(ctx, "alert ended", "key", alert.Key, "after", a.Now().Sub(alert.OpenedAt).Round(time.Second))
	}
}

// tell mails alerts to the operators over the relays of out.
func (a *App) tell(out *Outgoing) job {
	return func(ctx context.Context) error {
		return every(ctx, watchEvery/2, func() {
			if err := a.Tell(ctx, out); err != nil && ctx.Err() == nil {
				a.Log.ErrorContext(ctx, "operators not told", "error", err, "again_in", watchEvery/2)
			}
		})
	}
}

// Tell mails the alerts that the operators were not told of yet. One that no
// operator's mail was accepted for is told again later.
func (a *App) Tell(ctx context.Context, out *Outgoing) error {
	if len(a.Config.Alerts.To) == 0 {
		return nil
	}
	alerts, err := a.Digests.ClaimAlerts(ctx)
	if err != nil || len(alerts) == 0 {
		return err
	}
	var errs []error
	for _, to := range a.Config.Alerts.To {
		errs = append(errs, a.mailAlerts(ctx, out, to, alerts))
	}
	record := a.Digests.GiveBackAlerts
	if slices.Contains(errs, nil) {
		record = a.Digests.AlertsTold
	}
	return errors.Join(errors.Join(errs...), record(context.WithoutCancel(ctx), alerts))
}

func (a *App) mailAlerts(ctx context.Context, out *Outgoing, to string, alerts []digest.Alert) error {
	msg, address, err := a.composeAlerts(out, to, alerts)
	if err != nil {
		return fmt.Errorf("compose alerts: %w", err)
	}
	env := mail.Envelope{From: "confirm@" + a.Config.Mail.BounceDomain, To: address.Addr}
	answer := out.Pool.Send(ctx, &mail.Message{Envelope: env, Data: msg, Sign: out.Signed(msg), Urgent: true})
	if answer.Class != mail.ClassAccepted && answer.Class != mail.ClassUncertain {
		return fmt.Errorf("send alerts: %s", answer.Reason())
	}
	return nil
}

func (a *App) composeAlerts(out *Outgoing, to string, alerts []digest.Alert) ([]byte, *mail.Address, error) {
	address, err := mail.ParseAddress(to)
	if err != nil {
		return nil, nil, err
	}
	from, err := mail.ParseAddress(a.Config.Mail.From)
	if err != nil {
		return nil, nil, err
	}
	var shown []templates.Alert
	for _, alert := range alerts {
		shown = append(shown, templates.Alert{Text: alert.Text, Since: alert.OpenedAt.In(a.zone())})
	}
	drawn, err := templates.AlertMail(a.Site, shown)
	if err != nil {
		return nil, nil, err
	}
	body, err := mail.Compile(drawn.HTML, drawn.Text, mail.Markers{})
	if err != nil {
		return nil, nil, err
	}
	now := a.Now()
	sum := sha256.Sum256(fmt.Appendf(nil, "alerts %s %d %v", to, now.UnixNano(), alerts))
	id := fmt.Sprintf("<a.%s@%s>", hex.EncodeToString(sum[:12]), out.Domain)
	h := &mail.Header{From: from, To: address, Subject: drawn.Subject, Date: now, MessageID: id, AutoSubmitted: true}
	msg, err := body.Append(make([]byte, 0, body.Size()), h, mail.Boundary(id), &mail.Personal{})
	return msg, &address, err
}

// zone is the site's, UTC where it has none that is known.
func (a *App) zone() *time.Location {
	if zone, err := time.LoadLocation(a.Config.Site.Timezone); err == nil {
		return zone
	}
	return time.UTC
}

// every does something at once and then each time that wait has passed, until
// ctx ends. It returns nil.
func every(ctx context.Context, wait time.Duration, do func()) error {
	ticker := time.NewTicker(wait)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
