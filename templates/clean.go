package templates

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// oneLine makes text from outside safe to stand on one line between our own
// words: control characters and line ends become one space, and what reorders
// text beyond its own end goes.
func oneLine(s string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case reorders(r) || r == '\uFEFF':
			continue
		case r == ' ' || unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if strings.TrimSpace(b.String()) == "" { // spaces of other kinds stay between words only
		return ""
	}
	return b.String()
}

// name is what a site is called, for links that need words: its host where it
// has no name.
func (s *Site) name() string {
	if name := oneLine(s.Name); name != "" {
		return name
	}
	u, err := url.Parse(webURL(s.URL))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// reorders reports whether r opens or closes a stretch of embedded direction:
// one left open turns the words that follow around.
func reorders(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// webURL gives the URL in a form that is safe in a link and on a line of its
// own, and "" unless it is an absolute http or https URL.
func webURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	if !isASCII(u.Host) {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil {
			return ""
		}
		if port := u.Port(); port != "" {
			host += ":" + port
		}
		u.Host = host
	}
	if !isHost(u.Hostname()) {
		return ""
	}
	return encoded(u.String())
}

// encoded writes what is no visible ASCII of a link as browsers do before they ask
// for it; all else stays as it is.
func encoded(link string) string {
	if !strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return link
	}
	var b strings.Builder
	for i := range len(link) {
		if c := link[i]; c <= ' ' || c >= 0x7F {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isHost reports whether s is a name or an address as links carry it.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// cut shortens text to at most limit runes, at a space where one is near.
func cut(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	short := string(runes[:limit-1])
	if i := strings.LastIndexByte(short, ' '); i > len(short)*3/4 {
		short = short[:i]
	}
	return strings.TrimRight(short, " ,;:") + "…"
}
