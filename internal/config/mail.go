package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// localRelay is the mail server of this host, which most servers have.
const localRelay = "smtp://127.0.0.1:25?tls=off"

const longestExpiry = 30 * 24 * time.Hour

func readMail(t *table) Mail {
	address := judged(t.l.checks.Address)
	m := Mail{
		From:        t.needed("from", `"City Courier <digest@courier.example>"`, line(320), address),
		ReplyTo:     t.text("reply_to", "", line(320), address),
		Rate:        t.rate("rate"),
		OnUncertain: t.choice("on_uncertain", "hold", "resend", "assume-sent"),
		StateDir:    t.location("state_dir", "state"),
		ExpireAfter: t.duration("expire_after", 24*time.Hour, time.Minute, longestExpiry),
	}
	m.BounceDomain = t.domain("bounce_domain", addressDomain(m.From))
	m.Relays = readRelays(t)
	if d := t.sub("dkim"); d.given() {
		m.DKIM = readDKIM(d, addressDomain(m.From))
	} else {
		d.names("domain", "selector", "key_file")
	}
	t.done()
	return m
}

// domain returns the domain of key as lower-case A-labels.
func (t *table) domain(key, fallback string) string {
	name := t.text(key, fallback, domainName)
	if a, err := asciiDomain(name); err == nil {
		return a
	}
	return name
}

// addressDomain returns the domain of an address with or without a name, as
// lower-case A-labels where that is possible.
func addressDomain(address string) string {
	d := strings.TrimRight(address[strings.LastIndexByte(address, '@')+1:], "> \t")
	if a, err := asciiDomain(d); err == nil {
		return a
	}
	return d
}

func readDKIM(t *table, domain string) *DKIM {
	d := &DKIM{
		Domain:   t.domain("domain", domain),
		Selector: t.text("selector", "b1", dkimSelector),
	}
	d.KeyFile, _ = t.file("key_file", "dkim.pem", `"broadsheet init" writes one`)
	t.done()
	return d
}

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
