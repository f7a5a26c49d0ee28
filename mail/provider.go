package mail

import (
	"maps"
	"slices"
	"strings"
)

// Provider is who runs mailboxes under one or more domains. What it thinks of a sender holds for all of them.
type Provider struct {
	Name    string
	Domains []string // lower-case A-labels
	Rate    float64  // messages a second that we send it at most; 0, no limit
}

// Providers tells whose mailboxes addresses are. It is safe for concurrent use.
type Providers struct {
	byDomain map[string]string
	rates    map[string]float64
}

// NewProviders returns the well-known providers together with the configured ones, which come first where both claim a
// domain. A configured one with the name of a well-known one adds to it.
func NewProviders(configured []Provider) *Providers {
	p := &Providers{byDomain: map[string]string{}, rates: map[string]float64{}}
	for _, provider := range append(wellKnownProviders(), configured...) {
		for _, domain := range provider.Domains {
			p.byDomain[domain] = provider.Name
		}
		if provider.Rate > 0 {
			p.rates[provider.Name] = provider.Rate
		}
	}
	return p
}

// Of returns the name of the provider of an address. Where that is not known it returns the address's domain.
func (p *Providers) Of(address string) (name string, known bool) {
	domain := Domain(address)
	if name, known = p.byDomain[domain]; known {
		return name, true
	}
	return domain, false
}

// Names returns the names of the providers whose domains are known, in alphabetical order.
func (p *Providers) Names() []string {
	return slices.Compact(slices.Sorted(maps.Values(p.byDomain)))
}

// Rate returns how many messages a second a provider gets at most, 0 being no limit.
func (p *Providers) Rate(name string) float64 { return p.rates[name] }

// IsWellKnown tells whether the domains of a provider are known without being configured.
func IsWellKnown(provider string) bool {
	return slices.ContainsFunc(wellKnownProviders(), func(p Provider) bool { return p.Name == provider })
}

func wellKnownProviders() []Provider {
	domains := func(s string) []string { return strings.Fields(s) }
	return []Provider{
		{Name: "google", Domains: domains("gmail.com googlemail.com")},
		{Name: "microsoft", Domains: domains(`outlook.com hotmail.com live.com msn.com hotmail.co.uk hotmail.de hotmail.es hotmail.fr
			hotmail.it live.co.uk live.de live.fr live.it live.nl outlook.de outlook.es outlook.fr outlook.it`)},
		{Name: "yahoo", Domains: domains(`yahoo.com ymail.com rocketmail.com aol.com yahoo.ca yahoo.co.in yahoo.co.uk yahoo.de
			yahoo.es yahoo.fr yahoo.it yahoo.com.au yahoo.com.br yahoo.com.mx`)},
		{Name: "apple", Domains: domains("icloud.com me.com mac.com")},
		{Name: "gmx", Domains: domains("gmx.de gmx.net gmx.at gmx.ch gmx.com web.de mail.com")},
		{Name: "orange", Domains: domains("orange.fr wanadoo.fr")},
		{Name: "t-online", Domains: domains("t-online.de magenta.de")},
		{Name: "proton", Domains: domains("proton.me protonmail.com pm.me")},
	}
}
