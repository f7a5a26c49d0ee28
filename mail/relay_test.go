package mail_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// A relay may know us by a certificate instead of a password.
func TestClientCertificate(t *testing.T) {
	serverTLS, clientTLS, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	ours, trusted, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	strangers, _, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := serverTLS.Clone()
		server.ClientAuth, server.ClientCAs, server.MaxVersion = tls.RequireAndVerifyClientCert, trusted.RootCAs, version
		for _, c := range []struct {
			name string
			show []tls.Certificate
			want mail.Class
		}{
			{"ours", ours.Certificates, mail.ClassAccepted},
			{"none", nil, mail.ClassPermanentPath},
			{"a stranger's", strangers.Certificates, mail.ClassPermanentPath},
		} {
			for _, mode := range []mail.TLSMode{mail.TLSStartTLS, mail.TLSImplicit} {
				t.Run(tls.VersionName(version)+" "+string(mode)+" "+c.name, func(t *testing.T) {
					_, relay := newServer(t, sink.Options{TLS: server, Implicit: mode == mail.TLSImplicit})
					relay.TLS, relay.TLSConfig = mode, clientTLS.Clone()
					relay.TLSConfig.Certificates = c.show
					got := mail.SendOne(t.Context(), []*mail.Relay{relay}, envelope, []byte(aMessage))
					if got.Class != c.want {
						t.Errorf("got %s: %s, want %s", got.Class, got.Reason(), c.want)
					}
					if refused := errors.Is(got.Err, mail.ErrRelaySetup); refused != (c.want == mail.ClassPermanentPath) {
						t.Errorf("got %v, want ErrRelaySetup where the certificate is refused", got.Err)
					}
				})
			}
		}
	}
}

// TestHelloIsRefusedForNow: a relay that has no time for EHLO may well offer later what it must.
func TestHelloIsRefusedForNow(t *testing.T) {
	serverTLS, clientTLS, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reply string
		mode  mail.TLSMode
		want  mail.Class
		phase mail.Phase
		code  int
	}{
		{"421 4.3.2 busy", mail.TLSStartTLS, mail.ClassTemporaryPath, mail.PhaseHello, 421},
		{"451 4.3.0 busy", mail.TLSStartTLS, mail.ClassTemporaryPath, mail.PhaseHello, 451},
		{"451 4.3.0 busy", mail.TLSOff, mail.ClassTemporaryPath, mail.PhaseHello, 451},
		{"502 5.5.1 not known", mail.TLSStartTLS, mail.ClassPermanentPath, mail.PhaseTLS, 0},
		{"502 5.5.1 not known", mail.TLSOff, mail.ClassAccepted, mail.PhaseDot, 250},
	} {
		_, relay := newServer(t, sink.Options{TLS: serverTLS, Hook: func(e sink.Event) sink.Action {
			if strings.HasPrefix(e.Line, "EHLO") {
				return sink.Action{Reply: c.reply}
			}
			return sink.Action{}
		}})
		relay.TLS, relay.TLSConfig = c.mode, clientTLS
		got := mail.SendOne(t.Context(), []*mail.Relay{relay}, envelope, []byte(aMessage))
		if got.Class != c.want || got.Reply.Phase != c.phase || got.Reply.Code != c.code {
			t.Errorf("%s with %s: got %s in phase %s: %s, want %s in %s", c.reply, c.mode, got.Class, got.Reply.Phase, got.Reason(), c.want, c.phase)
		}
	}
}
