package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// Answers is what an operator is asked before the first file is written. What
// is left empty gets a default with which the service runs on a laptop.
type Answers struct {
	SiteName      string // "The Example Times"
	SiteURL       string // "https://news.example"
	Language      string // "en"
	Timezone      string // "UTC"
	PostalAddress string // none
	From          string // digest@ the host of SiteURL, under the name of the site
	Listen        string // "127.0.0.1:8080"
	PublicURL     string // "http://127.0.0.1:8080"
	DatabaseURL   string // "sqlite:broadsheet.db"
	RelayURL      string // "smtp://127.0.0.1:25?tls=off"
	RelayPassword string // needed if RelayURL names a user; written to relay.password
	BounceDomain  string // bounce. and the domain of From
	Selector      string // of the DKIM key, "b1"
	FeedURL       string // feed.xml below SiteURL

	Checks Checks // applied to the answers, as by Load
}

// exampleDomain can be anybody's, and is reserved to be nobody's.
const exampleDomain = "news.example"

func (a Answers) orDefaults() Answers {
	orDefault(&a.SiteName, "The Example Times")
	orDefault(&a.SiteURL, "https://"+exampleDomain)
	a.SiteURL = trimSlash(a.SiteURL)
	orDefault(&a.Language, "en")
	orDefault(&a.Timezone, "UTC")
	orDefault(&a.From, mailbox(a.SiteName, "digest@"+mailDomain(a.SiteURL)))
	orDefault(&a.Listen, "127.0.0.1:8080")
	orDefault(&a.PublicURL, "http://127.0.0.1:8080")
	orDefault(&a.DatabaseURL, "sqlite:broadsheet.db")
	orDefault(&a.RelayURL, localRelay)
	orDefault(&a.BounceDomain, "bounce."+addressDomain(a.From))
	orDefault(&a.Selector, "b1")
	orDefault(&a.FeedURL, a.SiteURL+"/feed.xml")
	return a
}

func orDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// mailDomain guesses the domain a site sends from.
func mailDomain(site string) string {
	u, err := url.Parse(site)
	if err != nil {
		return exampleDomain
	}
	host := strings.TrimPrefix(u.Hostname(), "www.")
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return exampleDomain
	}
	return host
}

// mailbox writes "name <address>" with the name in quotes where RFC 5322 wants them.
func mailbox(name, address string) string {
	if strings.ContainsAny(name, `()<>[]:;@\,."`) {
		name = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return name + " <" + address + ">"
}
