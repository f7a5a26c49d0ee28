package app

import (
	"context"
	"fmt"
	"net"

	"broadsheet/digest"
	"broadsheet/internal/web"
	"broadsheet/subscribers"
)

// guard gives the store of readers the caution that the configuration asks for.
func (a *App) guard() {
	c := &a.Config.SignUp
	a.Subscribers.WithBreaker(subscribers.BreakerRules(c.Breaker))
	if c.CheckDomains == "on" {
		a.Subscribers.WithDomains(subscribers.Domains{
			MX:         subscribers.NewMX(&net.Resolver{PreferGo: true}, a.Now),
			Disposable: subscribers.NewDisposable(c.DisposableFile, a.Log, a.Now),
		})
	}
}

// signUpRules are the limits of the pages.
func (a *App) signUpRules() web.SignUpRules {
	c := &a.Config.SignUp
	return web.SignUpRules{
		Client: c.ClientLimit, Network: c.NetworkLimit, Window: c.LimitWindow, Total: c.TotalLimit,
		FormAfter: c.FormAfter, Challenge: web.Challenge(c.Challenge), Attack: c.ChallengeAbove,
	}
}

// signUpAlerts say that confirmations wait for an operator.
func (a *App) signUpAlerts(ctx context.Context) ([]digest.Alert, error) {
	b, err := a.Subscribers.Breaker(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at sign-ups: %w", err)
	}
	if !b.IsOpen() && b.Waiting == 0 {
		return nil, nil
	}
	text := "Sign-ups: " + BreakerReason(b)
	if !b.IsOpen() {
		text += " That is over, and new sign-ups get their confirmation."
	}
	text += " What waits is not lost. See who it is with broadsheet signup show; send the confirmations with broadsheet signup release, or give them up with broadsheet signup drop."
	return []digest.Alert{{Key: "signup breaker", Text: text}}, nil
}

// BreakerReason tells why the breaker of sign-ups opened, in a sentence.
func BreakerReason(b *subscribers.Breaker) string {
	switch b.Reason {
	case subscribers.OpenSurge:
		return "many more addresses than usual are signed up, so their confirmations wait for you."
	case subscribers.OpenUnconfirmed:
		return "next to nobody confirms who was signed up lately, so further confirmations wait for you."
	case subscribers.OpenRefused:
		return "relays refuse many of the addresses that were signed up lately, so further confirmations wait for you."
	}
	return "nothing is unusual."
}
