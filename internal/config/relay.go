package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// localRelay is the mail server of this host, which most servers have.
const localRelay = "smtp://127.0.0.1:25?tls=off"

// readRelays reads the relays of [mail]. The environment reaches the first, or
// makes one if the file has none.
func readRelays(mail *table) []Relay {
	tables := mail.list("relay")
	fallback := ""
	if len(tables) == 0 {
		tables = []*table{{l: mail.l, title: "[[mail.relay]]", path: "mail.relay"}}
		fallback = localRelay
	}
	tables[0].env = mail.envBelow("relay")
	out := make([]Relay, len(tables))
	for i := range tables {
		out[i] = readRelay(tables[i], fallback)
	}
	return out
}

func readRelay(t *table, fallback string) Relay {
	var address string
	if fallback == "" {
		address = t.needed("url", `"smtp://user@smtp.courier.example:587"`)
	} else {
		address = t.text("url", fallback)
	}
	r, err := parseRelay(address)
	if err != nil && address != "" {
		t.complain("url", "%v", err)
	}
	r.Connections = t.number("connections", 8, 1, 256)
	r.Rate = t.rate("rate")
	r.Weight = t.number("weight", 1, 1, 1000)
	t.password(&r, err == nil)
	t.clientCertificate(&r, err == nil)
	r.DKIM = t.choice("dkim", DKIMSign, DKIMOff)
	r.DKIMOmit = t.texts("dkim_omit", line(80), omittedField)
	if r.DKIM == DKIMOff && len(r.DKIMOmit) > 0 {
		t.complain("dkim_omit", "is given, but dkim is off: leave one of them out")
	}
	t.done()
	return r
}

// password reads the relay's password and, if the address was understood,
// checks that user and password come together.
func (t *table) password(r *Relay, understood bool) {
	if n := t.child("password"); n != nil {
		t.l.complain(n.line, "password in %s does not belong in this file: write it into a file of its own and name that with password_file", t.title)
		t.names("password", "password_file")
		return
	}
	s := t.secret("password", "")
	r.Password, r.PasswordFile = s.value, s.file
	switch {
	case !understood:
	case r.User != "" && s.value == "" && s.file == "":
		t.complain("url", "names a user: give the password with password_file%s", t.orVariable("password"))
	case r.User == "" && s.value != "":
		t.complain(s.key, `is given, but url names no user: write "smtp://user@host"`)
	}
}

// clientCertificate reads where the certificate is by which the relay knows us
// and, if the address was understood, checks that it will be asked for one.
func (t *table) clientCertificate(r *Relay, understood bool) {
	const remedy = "name a file in PEM"
	r.CertFile, _ = t.file("cert_file", "", remedy)
	r.KeyFile, _ = t.file("key_file", "", remedy)
	switch {
	case r.CertFile != "" && r.KeyFile == "":
		t.complain("cert_file", "is given without key_file: a client certificate needs both")
	case r.KeyFile != "" && r.CertFile == "":
		t.complain("key_file", "is given without cert_file: a client certificate needs both")
	case understood && r.CertFile != "" && r.TLS == TLSOff:
		t.complain("cert_file", "is given, but url has tls=off: without TLS nobody asks for it")
	}
}

// orVariable mentions the variable of key if there is one.
func (t *table) orVariable(key string) string {
	if t.env == "" {
		return ""
	}
	return " or " + t.envName(key)
}

// parseRelay understands smtp://user@host:port?tls=MODE. Its errors do not
// repeat the address, which could hold a password after all.
func parseRelay(s string) (Relay, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return Relay{}, errors.New(`must be an address such as "smtp://user@host:587" or "smtps://user@host"`)
	}
	r := Relay{URL: s, Host: u.Hostname(), User: u.User.Username()}
	if _, has := u.User.Password(); has {
		return r, errors.New("must not hold the password: write it into a file and name that with password_file")
	}
	if strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return r, errors.New("must end with the host or the port, with nothing but ?tls= after it")
	}
	if !isPort(u.Port()) {
		return r, fmt.Errorf("has no valid port: %s", quote(u.Port()))
	}
	r.Port, _ = strconv.Atoi(u.Port())
	return r, r.protect(u)
}

// protect sets TLS and the port that goes with it.
func (r *Relay) protect(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	for name := range query {
		if name != "tls" {
			return errors.New("has an unknown parameter; there is only tls")
		}
	}
	modes := []string{TLSStartTLS, TLSImplicit, TLSOff}
	port := 587
	if u.Scheme == "smtps" {
		modes, port = []string{TLSImplicit}, 465
	}
	r.TLS = modes[0]
	if query.Has("tls") {
		r.TLS = query.Get("tls")
	}
	if r.Port == 0 {
		r.Port = port
	}
	switch {
	case err != nil || !slices.Contains(modes, r.TLS):
		return fmt.Errorf("has an unknown tls: with %s:// it must be %s, not %s", u.Scheme, alternatives(modes), quote(r.TLS))
	case r.TLS == TLSOff && !isLoopback(r.Host):
		return errors.New("has tls=off, which is allowed to a relay on this host only: use starttls or implicit")
	}
	return nil
}

func isLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return host == "localhost"
}
