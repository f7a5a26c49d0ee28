package config

import (
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// rule judges a value. Its error goes on after "KEY in [TABLE] ".
type rule func(value string) error

// line wants one line of at most most characters.
func line(most int) rule {
	return func(s string) error {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return errors.New("must be one line without control characters")
		}
		return atMost(s, most)
	}
}

// prose wants text of at most most characters that may have several lines.
func prose(most int) rule {
	return func(s string) error {
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
			return errors.New("must not hold control characters")
		}
		return atMost(s, most)
	}
}

func atMost(s string, most int) error {
	if n := utf8.RuneCountInString(s); n > most {
		return fmt.Errorf("must have at most %d characters, not %d", most, n)
	}
	return nil
}

func slug(s string) error {
	ok := len(s) <= 40
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		ok = ok && (letter || i > 0 && (r == '-' || r >= '0' && r <= '9'))
	}
	if !ok {
		return fmt.Errorf("must be at most 40 lower-case letters, digits and hyphens, a letter first, not %s", quote(s))
	}
	return nil
}

func oneOf(allowed []string) rule {
	return func(s string) error {
		for _, a := range allowed {
			if s == a {
				return nil
			}
		}
		return fmt.Errorf("must be %s, not %s", alternatives(allowed), quote(s))
	}
}

// alternatives writes "a", "b" or "c".
func alternatives(all []string) string {
	var b strings.Builder
	for i, a := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(a))
	}
	return b.String()
}

// webURL wants an absolute address that can be fetched.
func webURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || !isPort(u.Port()) {
		if strings.Contains(s, "@") { // what does not parse may hold a password
			return errors.New("must be an absolute http or https address, without a user name or password")
		}
		return fmt.Errorf("must be an absolute http or https address, not %s", quote(s))
	}
	if u.User != nil {
		return errors.New("must not hold a user name or password")
	}
	return nil
}

// baseURL wants a webURL to which a path can be added.
func baseURL(s string) error {
	if err := webURL(s); err != nil {
		return err
	}
	if strings.ContainsAny(s, "?#") {
		return fmt.Errorf("must end with its path, without ? or #, not %s", quote(s))
	}
	return nil
}

// origin wants what a browser sends as Origin.
func origin(s string) error {
	u, err := url.Parse(s)
	if webURL(s) != nil || err != nil || s != strings.ToLower(u.Scheme+"://"+u.Host) {
		return fmt.Errorf(`must hold origins such as "https://www.example.org", in lower case and without a path, not %s`, quote(s))
	}
	return nil
}

// isPort accepts the empty string, which stands for the default.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}

func listenAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil || port == "" || (port != "0" && !isPort(port)) {
		return fmt.Errorf(`must be a host and a port such as "127.0.0.1:8080" or ":8080", not %s`, quote(s))
	}
	return nil
}

func languageTag(s string) error {
	for i, part := range strings.Split(s, "-") {
		ok := len(part) >= 1 && len(part) <= 8 && (i > 0 || len(part) >= 2)
		for _, r := range part {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
			ok = ok && (letter || i > 0 && r >= '0' && r <= '9')
		}
		if !ok {
			return fmt.Errorf(`must be a language tag such as "en" or "pt-BR", not %s`, quote(s))
		}
	}
	return nil
}

func urlPath(s string) error {
	if !strings.HasPrefix(s, "/") {
		return fmt.Errorf("must hold paths that begin with /, not %s", quote(s))
	}
	return nil
}

// picturePattern wants the address of a site's resizer with the picture's in it.
func picturePattern(s string) error {
	if !strings.Contains(s, "{url}") && !strings.Contains(s, "{url_escaped}") && !strings.Contains(s, "{path}") {
		return fmt.Errorf(`must hold {url}, {url_escaped} or {path} where the picture's address goes, such as "https://img.courier.example/{width}/{path}", not %s`, quote(s))
	}
	return nil
}

func domainName(s string) error {
	if a, err := asciiDomain(s); err != nil || !strings.Contains(a, ".") {
		return fmt.Errorf(`must be a domain name such as "news.example.org", not %s`, quote(s))
	}
	return nil
}

// asciiDomain returns a domain as it is published: lower-case A-labels.
func asciiDomain(s string) (string, error) {
	profile := idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	return profile.ToASCII(s)
}

func dkimSelector(s string) error {
	a, err := asciiDomain(s)
	if err != nil || a != s {
		return fmt.Errorf(`must be a DNS name of lower-case letters, digits and hyphens, such as "b1", not %s`, quote(s))
	}
	return nil
}

// signedFields are the header fields that a signature covers, as package mail signs them.
func signedFields() []string {
	return []string{
		"Reply-To", "Subject", "Date", "To", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
	}
}

// omittedField wants the name of a header field that a signature covers unless
// it is left out (RFC 6376 section 5.4): any other would change nothing.
func omittedField(s string) error {
	if strings.EqualFold(s, "From") {
		return errors.New("must not hold From, which every signature has to cover")
	}
	names := signedFields()
	if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, s) }) {
		return nil
	}
	if near := nearest(s, names); near != "" {
		return fmt.Errorf("holds %s, which no signature covers, did you mean %q?", quote(s), near)
	}
	return fmt.Errorf("holds %s, which no signature covers: it can hold %s", quote(s), alternatives(names))
}

// subject wants a template that parses, so that a slip is not found at seven
// in the morning.
func subject(s string) error {
	_, err := texttemplate.New("subject").Parse(s)
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "template: subject:1: ")
		return fmt.Errorf("is no valid template: %s", text)
	}
	return nil
}

// Checks judge values whose rules other packages know. Each returns an error
// that says what is wrong and what to do. A nil check is replaced by a plain
// one of the standard library.
type Checks struct {
	Schedule func(expression string) error // of cron
	Zone     func(name string) error       // of a time zone
	Address  func(address string) error    // of mail, with or without a name
	Language func(tag string) error        // in which mails and pages have words
	Provider func(name string) error       // of mailboxes, given without domains; the error goes on after "domains in [[mail.provider]] "

	LinkTag func(name, value string) error // a parameter of links and the template of its value

	// Attribute is asked for the name of an attribute of readers; the error says
	// what else that name is.
	Attribute func(name string) error

	// Creative returns what keeps the HTML of a slot from being put into a mail.
	Creative func(html string) []Flaw

	// Colours returns which colours of [theme] make text unreadable in a theme.
	Colours func(theme string, look *Theme) []PaleColour
}

func (c Checks) orPlain() Checks {
	if c.Schedule == nil {
		c.Schedule = plainSchedule
	}
	if c.Zone == nil {
		c.Zone = plainZone
	}
	if c.Address == nil {
		c.Address = plainAddress
	}
	if c.Language == nil {
		c.Language = func(string) error { return nil }
	}
	if c.Provider == nil {
		c.Provider = plainProvider
	}
	if c.LinkTag == nil {
		c.LinkTag = func(_, value string) error { return subject(value) }
	}
	if c.Attribute == nil {
		c.Attribute = func(string) error { return nil }
	}
	if c.Creative == nil {
		c.Creative = func(string) []Flaw { return nil }
	}
	if c.Colours == nil {
		c.Colours = func(string, *Theme) []PaleColour { return nil }
	}
	return c
}

func plainSchedule(s string) error {
	if n := len(strings.Fields(s)); n != 5 && !strings.HasPrefix(s, "@") && s != unscheduled {
		return fmt.Errorf("a cron expression has five fields, this has %d", n)
	}
	return nil
}

func plainZone(s string) error {
	if _, err := time.LoadLocation(s); err != nil || s == "Local" {
		return fmt.Errorf(`there is no time zone %s; use a name such as "Europe/Berlin"`, quote(s))
	}
	return nil
}

func plainAddress(s string) error {
	_, err := netmail.ParseAddress(s)
	return err
}

// plainProvider knows none: each must give its domains.
func plainProvider(name string) error {
	return fmt.Errorf(`must name the domains of %s, such as ["courier.example"]`, quote(name))
}

// judged turns a check into a rule.
func judged(check func(string) error) rule {
	return func(s string) error {
		if err := check(s); err != nil {
			return fmt.Errorf("is not right: %w", err)
		}
		return nil
	}
}
