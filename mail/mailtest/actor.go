package mailtest

import (
	"fmt"
	"sync/atomic"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// Actor is a server that plays a scene until End is called, and behaves from then on.
type Actor struct {
	scene   Scene
	server  *sink.Server
	options sink.Options
	relay   mail.Relay
	over    atomic.Bool
}

// Play starts a server for a scene, with or without PIPELINING. Close ends it.
func (s Scene) Play(pipelining bool) (*Actor, error) {
	a := &Actor{scene: s, relay: mail.Relay{Name: "actor", Host: "127.0.0.1", TLS: mail.TLSOff, HELO: "worker.example", Timeouts: s.Timeouts}}
	a.options = sink.Options{NoPipelining: !pipelining, Hook: func(e sink.Event) sink.Action {
		if a.over.Load() || s.Hook == nil {
			return sink.Action{}
		}
		return s.Hook(e)
	}}
	if s.Login {
		a.options.Login = func(string, string) bool { return true }
		a.relay.User, a.relay.Password = "user", "password"
	}
	if s.TLS {
		if err := a.encrypt(); err != nil {
			return nil, err
		}
	}
	if err := a.start(); err != nil || !s.Down {
		return a, err
	}
	return a, a.server.Close()
}

func (a *Actor) encrypt() error {
	server, client, err := Certificate()
	if err != nil {
		return err
	}
	a.relay.TLS, a.relay.TLSConfig = mail.TLSStartTLS, client
	if !a.scene.NoTLS {
		a.options.TLS = server
	}
	return nil
}

func (a *Actor) start() error {
	server, err := sink.NewServer(a.options)
	if err != nil {
		return fmt.Errorf("start the actor: %w", err)
	}
	a.server, a.relay.Port = server, server.Addr().Port
	return nil
}

// Relay returns the way to the server. Ask anew after End.
func (a *Actor) Relay() *mail.Relay {
	relay := a.relay
	return &relay
}

// Accepted returns how many messages the server has taken.
func (a *Actor) Accepted() int { return a.server.Accepted() }

// End ends the scene: what was missing is there, and nobody need hurry any more.
func (a *Actor) End() error {
	a.over.Store(true)
	a.relay.Timeouts = mail.Timeouts{}
	if a.scene.NoTLS {
		a.relay.TLS = mail.TLSOff
	}
	if a.scene.Down {
		return a.start()
	}
	return nil
}

// Close ends the server.
func (a *Actor) Close() error { return a.server.Close() }
