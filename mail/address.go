package mail

import (
	"errors"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of RFC 5321 section 4.5.3.1, in octets.
const (
	maxLocal   = 64
	maxDomain  = 253
	maxAddress = 254
)

// ErrAddress is in the chain of every error of [ParseAddress] and [Canonical].
var ErrAddress = errors.New("not an e-mail address")

// addressError is a reason a person can act on. It does not repeat the address, so that it may be logged.
type addressError string

func (e addressError) Error() string        { return string(e) }
func (e addressError) Is(target error) bool { return target == ErrAddress }

// Address is a mailbox with an optional display name.
type Address struct {
	// Name is the display name in UTF-8, decoded, and may be empty.
	Name string
	// Addr is local@domain. The domain is a lower-case A-label; the local part keeps its letter case.
	Addr string
}

// ParseAddress reads "a@b.example", "<a@b.example>" or "Name <a@b.example>", the name plain, quoted or as RFC 2047
// encoded words. Surrounding spaces are dropped. The local part must be an ASCII dot-atom: quoted local parts and
// those that need SMTPUTF8 are refused, as are address literals. The domain needs a dot, unless it is localhost.
// Errors are written for the person who typed the address.
func ParseAddress(s string) (Address, error) {
	s = strings.Trim(s, " \t")
	if err := checkText(s); err != nil {
		return Address{}, err
	}
	s = strings.TrimSpace(s)
	name, addr := "", s
	if strings.HasSuffix(s, ">") {
		open := strings.LastIndexByte(s, '<')
		if open < 0 {
			return Address{}, addressError("the address has a > but no <")
		}
		name, addr = strings.TrimSpace(s[:open]), s[open+1:len(s)-1]
	}
	name, err := decodeName(name)
	if err != nil {
		return Address{}, err
	}
	addr, err = normalize(addr)
	if err != nil {
		return Address{}, err
	}
	return Address{Name: name, Addr: addr}, nil
}

// Canonical returns the key under which a bare address is stored and compared: all of it in lower case, the domain as
// A-label, surrounding spaces dropped. It is idempotent.
func Canonical(addr string) (string, error) {
	addr = strings.Trim(addr, " \t")
	if err := checkText(addr); err != nil {
		return "", err
	}
	addr, err := normalize(strings.TrimSpace(addr))
	if err != nil {
		return "", err
	}
	return strings.ToLower(addr), nil
}

// Domain returns the part after the last @ in lower case, and "" when there is no @.
func Domain(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(addr[at+1:])
}

// String returns the address as it stands in a header field (RFC 5322 section 3.4): the name quoted where it needs to
// be, and encoded (RFC 2047) where it is not ASCII. It is one line and is read back by [ParseAddress].
func (a Address) String() string {
	if a.Name == "" {
		return a.Addr
	}
	return strings.Join(phrase(a.Name, maxEncodedWord), " ") + " <" + a.Addr + ">"
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return addressError("the address contains broken characters")
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return addressError("the address contains a line break or another control character")
	}
	return nil
}

// decodeName turns a display name as typed or as sent into plain text.
func decodeName(s string) (string, error) {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.TrimSpace(unescape(s[1 : len(s)-1])), nil
	}
	decoded, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		return s, nil // an unknown charset stays as it was written
	}
	if err := checkText(decoded); err != nil {
		return "", err
	}
	return strings.TrimSpace(decoded), nil
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// normalize checks a bare address and returns it with its domain as lower-case A-label.
func normalize(addr string) (string, error) {
	at := strings.LastIndexByte(addr, '@')
	switch {
	case addr == "":
		return "", addressError("the address is empty")
	case at < 0:
		return "", addressError("the address has no @, as in name@example.com")
	}
	local := addr[:at]
	if err := checkLocal(local); err != nil {
		return "", err
	}
	domain, err := normalizeDomain(addr[at+1:])
	if err != nil {
		return "", err
	}
	if len(local)+1+len(domain) > maxAddress {
		return "", addressError("the address is longer than 254 characters")
	}
	return local + "@" + domain, nil
}

func checkLocal(local string) error {
	switch {
	case local == "":
		return addressError("nothing stands before the @")
	case len(local) > maxLocal:
		return addressError("the part before the @ is longer than 64 characters")
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return addressError("the part before the @ has a dot too many")
	}
	for _, r := range local {
		if r >= utf8.RuneSelf {
			return addressError("the part before the @ may only have English letters, digits and signs")
		}
		if r != '.' && !isAtom(byte(r)) {
			return addressError("the part before the @ contains a space or a sign that addresses cannot have")
		}
	}
	return nil
}

// normalizeDomain checks the letters of a domain and returns it as lower-case A-label.
func normalizeDomain(domain string) (string, error) {
	if !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", addressError("the part after the @ is not a domain name")
		}
		domain = ascii
	}
	domain = strings.ToLower(domain)
	switch {
	case domain == "":
		return "", addressError("nothing stands after the @")
	case domain == "localhost":
		return domain, nil
	case !strings.Contains(domain, "."):
		return "", addressError("the part after the @ needs a dot, as in example.com")
	case len(domain) > maxDomain:
		return "", addressError("the part after the @ is longer than 253 characters")
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", addressError("the part after the @ is not a domain name")
		}
	}
	if top := labels[len(labels)-1]; strings.Trim(top, "0123456789") == "" {
		return "", addressError("the part after the @ must be a domain name, not a number")
	}
	return domain, nil
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && !isAlphanumeric(c) {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isAtom tells whether c is atext of RFC 5322 section 3.2.3.
func isAtom(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
