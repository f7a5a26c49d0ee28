package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Warnings returns what is valid and yet hardly meant, each in a sentence with
// the key to set. A configuration for the machine that it is written on, whose
// site is on that machine, too, has none.
func (c *Config) Warnings() []string {
	if !isPublic(c.Site.URL) {
		return nil
	}
	switch {
	case !isPublic(c.Web.PublicURL):
		return []string{fmt.Sprintf("readers of %s cannot reach %s, with which every link in a mail begins: "+
			"set public_url in [web] to the address under which they reach this service", c.Site.URL, c.Web.PublicURL)}
	case strings.HasPrefix(c.Web.PublicURL, "http:"):
		return []string{fmt.Sprintf("%s is not encrypted, and mail programs offer no one-click unsubscribing over it: "+
			"set public_url in [web] to an https address", c.Web.PublicURL)}
	}
	return nil
}

// isPublic reports whether others than this machine and its network can know the
// host of an address.
func isPublic(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		return a.IsGlobalUnicast() && !a.IsPrivate()
	}
	if !strings.Contains(host, ".") {
		return false
	}
	for _, own := range []string{".localhost", ".local", ".internal", ".home.arpa"} {
		if strings.HasSuffix(host, own) {
			return false
		}
	}
	return true
}
