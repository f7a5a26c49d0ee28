package mail_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"broadsheet/mail"
)

// TestMechanisms: the plainest one under TLS, one that hides the password without it, and a token where nothing else is
// taken.
func TestMechanisms(t *testing.T) {
	r := &mail.Relay{Host: "smtp.courier.example", User: "courier", Password: "secret"}
	local := &mail.Relay{Host: "localhost", User: "courier", Password: "secret"}
	state := &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	for _, c := range []struct {
		relay   *mail.Relay
		state   *tls.ConnectionState
		offered string
		want    string
		says    string
	}{
		{r, state, "CRAM-MD5 scram-sha-256 LOGIN PLAIN XOAUTH2", "PLAIN", "\x00courier\x00secret"},
		{r, state, "LOGIN XOAUTH2", "LOGIN", ""},
		{r, state, "SCRAM-SHA-1 SCRAM-SHA-256 CRAM-MD5", "SCRAM-SHA-256", ""},
		{r, state, "SCRAM-SHA-1 CRAM-MD5", "SCRAM-SHA-1", ""},
		{r, state, "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", ""},
		{r, state, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", ""},
		{r, state, "XOAUTH2", "XOAUTH2", "user=courier\x01auth=Bearer secret\x01\x01"},
		{r, state, "NTLM GSSAPI", "", ""},
		{local, nil, "PLAIN LOGIN CRAM-MD5", "CRAM-MD5", ""},
		{local, nil, "PLAIN SCRAM-SHA-1", "SCRAM-SHA-1", ""},
		{local, nil, "PLAIN SCRAM-SHA-256-PLUS", "PLAIN", "\x00courier\x00secret"},
		{local, nil, "XOAUTH2 SCRAM-SHA-256-PLUS", "", ""},
	} {
		got, said, err := c.relay.AuthBegins(c.state, strings.Fields(c.offered)...)
		if err != nil || got != c.want || said != c.says {
			t.Errorf("of %s: got %q saying %q, %v, want %q saying %q", c.offered, got, said, err, c.want, c.says)
		}
	}
	if mechanism, said, err := r.AuthBegins(nil, "PLAIN"); err == nil {
		t.Errorf("without TLS to another host %s says %q", mechanism, said)
	}
}
