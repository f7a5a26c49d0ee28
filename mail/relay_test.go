package mail_test

import (
	"crypto/tls"
	"errors"
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
