package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"

	"broadsheet/digest/delivery"
	"broadsheet/digest/ingest"
	"broadsheet/internal/config"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// Outgoing is the way out: relays, signature and envelope senders.
type Outgoing struct {
	Pool   *mail.Pool
	Signer func(r *mail.Relay) *mail.Signer // what signs mail that goes over a relay; nil from it: unsigned
	Sender delivery.Sender
	Domain string         // of Message-ID
	Meter  delivery.Meter // counts what engines do; nil: nobody does
}

// NewOutgoing prepares the configured relays. It connects to none of them yet.
func (a *App) NewOutgoing() (*Outgoing, error) {
	signer, err := newSigner(a.Config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	relays, err := newRelays(a.Config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	from, err := mail.ParseAddress(a.Config.Mail.From)
	if err != nil {
		return nil, err
	}
	pool := mail.NewPool(relays, a.Config.Mail.Rate, a.Log, a.Now)
	pool.ShareRates(delivery.NewStore(a.DB, a.Now).Reserve)
	return &Outgoing{
		Pool: pool, Signer: signers(signer, relays),
		Sender: &senders{keys: a.Keys, domain: a.Config.Mail.BounceDomain}, Domain: mail.Domain(from.Addr),
	}, nil
}

// newRelays returns the configured relays with their client certificates.
func newRelays(cfg *config.Config) ([]*mail.Relay, error) {
	var relays []*mail.Relay
	for _, r := range cfg.Mail.Relays {
		relay := &mail.Relay{
			Host: r.Host, Port: r.Port, TLS: mail.TLSMode(r.TLS), User: r.User, Password: r.Password,
			Connections: r.Connections, Rate: r.Rate, Weight: r.Weight,
			Unsigned: r.DKIM == config.DKIMOff, UnsignedFields: r.DKIMOmit,
		}
		if r.CertFile != "" {
			certificate, err := tls.LoadX509KeyPair(r.CertFile, r.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("client certificate %s of relay %s: %w", filepath.Base(r.CertFile), relay.Address(), err)
			}
			relay.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
		}
		relays = append(relays, relay)
	}
	return relays, nil
}

// signers returns what signs for each relay. A nil signer signs nothing.
func signers(signer *mail.Signer, relays []*mail.Relay) func(r *mail.Relay) *mail.Signer {
	of := make(map[*mail.Relay]*mail.Signer, len(relays))
	for _, r := range relays {
		switch {
		case signer == nil, r.Unsigned:
		case len(r.UnsignedFields) > 0:
			of[r] = signer.Without(r.UnsignedFields...)
		default:
			of[r] = signer
		}
	}
	return func(r *mail.Relay) *mail.Signer { return of[r] }
}

// newProviders returns who runs the mailboxes: those that everybody knows and the configured ones.
func newProviders(cfg *config.Config) *mail.Providers {
	var configured []mail.Provider
	for _, p := range cfg.Mail.Providers {
		configured = append(configured, mail.Provider(p))
	}
	return mail.NewProviders(configured)
}

// Signed returns a function that puts the signature for a relay before a message.
func (o *Outgoing) Signed(msg []byte) func(r *mail.Relay) ([]byte, error) {
	return func(r *mail.Relay) ([]byte, error) {
		signer := o.Signer(r)
		if signer == nil {
			return msg, nil
		}
		field, err := signer.Sign(msg)
		return append(field, msg...), err
	}
}

// newSigner returns nil without a DKIM key.
func newSigner(cfg *config.Config) (*mail.Signer, error) {
	d := cfg.Mail.DKIM
	if d == nil {
		return nil, nil
	}
	key, err := os.ReadFile(d.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("DKIM key: %w", err)
	}
	signer, err := mail.NewSigner(d.Domain, d.Selector, key)
	if err != nil {
		return nil, fmt.Errorf("DKIM key %s: %w", filepath.Base(d.KeyFile), err)
	}
	return signer, nil
}

// NewEngine returns a delivery engine over the relays of out.
func (a *App) NewEngine(out *Outgoing) (*delivery.Engine, error) {
	return delivery.New(delivery.Options{
		DB: a.DB, Compose: a.Composer.Compose, Send: out.Pool.Send, Lanes: out.Pool.Size(), Links: a.Links,
		Sender: out.Sender, Signer: out.Signer, Providers: a.Providers, MessageDomain: out.Domain, StateDir: a.Config.Mail.StateDir,
		OnUncertain: delivery.Policy(a.Config.Mail.OnUncertain), Bounces: delivery.Bounces(a.Config.Mail.Bounces), Log: a.Log, Now: a.Now,
		Meter: out.Meter, UnsubscribeTo: a.Config.Mail.UnsubscribeTo,
	})
}

// NewPostman returns the postman of confirmations and other system mails.
func (a *App) NewPostman(out *Outgoing) (*subscribers.Postman, error) {
	from, err := mail.ParseAddress(a.Config.Mail.From)
	if err != nil {
		return nil, err
	}
	o := subscribers.PostmanOptions{
		Site: a.Site, From: from, EnvelopeSender: "confirm@" + a.Config.Mail.BounceDomain, Domain: out.Domain, Log: a.Log,
		Send: func(ctx context.Context, env mail.Envelope, msg []byte) mail.Outcome {
			return out.Pool.Send(ctx, &mail.Message{Envelope: env, Data: msg, Sign: out.Signed(msg), Urgent: true})
		},
	}
	if a.Config.Mail.ReplyTo != "" {
		replyTo, err := mail.ParseAddress(a.Config.Mail.ReplyTo)
		if err != nil {
			return nil, err
		}
		o.ReplyTo = &replyTo
	}
	return subscribers.NewPostman(a.Subscribers, func() *subscribers.Catalog { return a.Catalog }, a.Links, o), nil
}

// Poller returns the poller of the configured sources.
func (a *App) Poller() *ingest.Poller {
	return ingest.NewPoller(a.Digests, a.Setup, a.Tagger, newFetcher(a.Config), a.Log, a.Now)
}
