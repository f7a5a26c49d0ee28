package ingest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// MaxURLBytes is the longest canonical URL that is accepted: it is a key in
// the database.
const MaxURLBytes = 2048

// CanonicalURL returns the form of an absolute http or https URL by which two
// spellings of one address are known to be the same: scheme and host in lower
// case, the host as A-labels, without user information, default port,
// fragment, dot segments, session ids and the parameters that only track where
// a reader came from. A fragment that begins with "!" stays, for it names the
// page. The other parameters keep their order, and percent-encoding is written
// in one way (RFC 3986 section 6.2.2). The AMP version of a page, on its own
// site or in a cache of such pages, gives the URL of the page; the host of a
// site for phones stays. The result is at most MaxURLBytes long and is its own
// canonical form.
func CanonicalURL(raw string) (string, error) {
	canonical, err := canonicalOnce(raw)
	for last := raw; err == nil && canonical != last; {
		last = canonical
		canonical, err = canonicalOnce(last) // an address within an address
	}
	return canonical, err
}

func canonicalOnce(raw string) (string, error) {
	u, err := parseWebURL(raw)
	if err != nil {
		return "", err
	}
	if inner, ok := unwrapAMP(u); ok {
		if page, err := parseWebURL(inner); err == nil {
			if _, err := canonicalHost(page); err == nil {
				u = page
			}
		}
	}
	host, err := canonicalHost(u)
	if err != nil {
		return "", err
	}
	path := removeDotSegments(escape(u.EscapedPath(), pathBytes))
	path = withoutAMPPath(withoutSession(path))
	out := u.Scheme + "://" + withoutAMPHost(host) + path
	if query := canonicalQuery(u.RawQuery); query != "" {
		out += "?" + query
	}
	if strings.HasPrefix(u.Fragment, "!") && len(u.Fragment) > 1 {
		out += "#" + escape(u.EscapedFragment(), fragmentBytes)
	}
	if len(out) > MaxURLBytes {
		return "", fmt.Errorf("URL is %d bytes long, at most %d are accepted", len(out), MaxURLBytes)
	}
	return out, nil
}

// parseWebURL parses an absolute http or https URL as leniently as browsers
// do about white space and stray percent signs.
func parseWebURL(raw string) (*url.URL, error) {
	text := strings.Map(dropLineBreaks, strings.TrimSpace(strings.ToValidUTF8(raw, "\uFFFD")))
	if text == "" {
		return nil, errors.New("URL is empty")
	}
	u, err := url.Parse(escapeStrayPercents(text))
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, fmt.Errorf("%q is not a URL: %w", shorten(text, 100), err)
	}
	switch {
	case u.Scheme == "":
		return nil, fmt.Errorf("URL %q is not absolute, it must begin with http:// or https://", shorten(text, 100))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("URL %q has the scheme %s, only http and https are accepted", shorten(text, 100), u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("URL %q has no host", shorten(text, 100))
	}
	return u, nil
}

func dropLineBreaks(r rune) rune {
	if r < 0x20 || r == 0x7f {
		return -1
	}
	return r
}

// escapeStrayPercents writes a percent sign that begins no escape as %25, as
// in "/100%-sure".
func escapeStrayPercents(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		if s[i] == '%' && !isEscape(s[i:]) {
			b.WriteString("25")
		}
	}
	return b.String()
}

// hostProfile maps names as browsers do, and lets the underscores pass that
// real hosts have.
var hostProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

func canonicalHost(u *url.URL) (string, error) {
	name := u.Hostname()
	host := ""
	if addr, err := netip.ParseAddr(name); err == nil {
		host = addr.WithZone("").String()
	} else {
		name = strings.TrimSuffix(name, ".")
		if host, err = hostProfile.ToASCII(name); err != nil {
			return "", fmt.Errorf("host %q is not a name: %w", name, err)
		}
		if problem := hostProblem(host); problem != "" {
			return "", fmt.Errorf("host %q %s", shorten(host, 100), problem)
		}
	}
	port := u.Port()
	if port == "" {
		return bracketed(host), nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return "", fmt.Errorf("port %q is not between 1 and 65535", port)
	}
	if u.Scheme == "http" && number == 80 || u.Scheme == "https" && number == 443 {
		return bracketed(host), nil
	}
	return net.JoinHostPort(host, strconv.FormatUint(number, 10)), nil
}

func hostProblem(host string) string {
	switch {
	case host == "" || len(host) > 253:
		return "is empty or longer than 253 bytes"
	case strings.HasPrefix(host, ".") || strings.HasSuffix(host, ".") || strings.Contains(host, ".."):
		return "has an empty label"
	}
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return fmt.Sprintf("has the character %q in it", c)
		}
	}
	return ""
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// removeDotSegments follows RFC 3986 section 5.2.4 for a path that begins
// with a slash; it keeps empty segments.
func removeDotSegments(path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".":
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, segment)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// Bytes that stand for themselves, besides letters, digits and "-._~".
const (
	pathBytes     = "!$&'()*+,;=:@/"
	fragmentBytes = pathBytes + "?"
	queryBytes    = "!$&'()*+,;=:@/?[]{}|^`\\"
)

// escape writes percent-encoding in one way: unreserved characters bare,
// upper-case digits, everything that is not in plain encoded.
func escape(s, plain string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && isEscape(s[i:]) {
			value, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
			i += 2
			if c = byte(value); isUnreserved(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			continue
		}
		if isUnreserved(c) || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func isEscape(s string) bool {
	return len(s) >= 3 && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}
