package config

import (
	"strings"
	"time"
)

const (
	day           = 24 * time.Hour
	longestExpiry = 30 * day

	// A delivery is kept at least as long as bounces and complaints about it
	// come, and its links are looked into when readers ask what they got.
	shortestKeeping = 7 * day
	longestKeeping  = 3650 * day
)

func readMail(t *table) Mail {
	address := judged(t.l.checks.Address)
	m := Mail{
		From:          t.needed("from", `"City Courier <digest@courier.example>"`, line(320), address),
		ReplyTo:       t.text("reply_to", "", line(320), address),
		UnsubscribeTo: t.mailbox("unsubscribe_to"),
		Rate:          t.rate("rate"),
		OnUncertain:   t.choice("on_uncertain", "hold", "resend", "assume-sent"),
		StateDir:      t.location("state_dir", "state"),
		ExpireAfter:   t.duration("expire_after", 24*time.Hour, time.Minute, longestExpiry),
	}
	m.KeepDeliveries = t.duration("keep_deliveries", 30*day, shortestKeeping, longestKeeping)
	m.BounceDomain = t.domain("bounce_domain", addressDomain(m.From))
	m.Relays = readRelays(t)
	m.Providers = readProviders(t.list("provider"))
	m.Bounces = readBounces(t.sub("bounces"))
	if r := t.sub("ramp"); r.given() {
		m.Ramp = readRamp(r)
	} else {
		r.names("start", "first", "growth", "days")
	}
	if d := t.sub("dkim"); d.given() {
		m.DKIM = readDKIM(d, addressDomain(m.From))
	} else {
		d.names("domain", "selector", "key_file")
	}
	t.done()
	return m
}

// mailbox is an address alone that may stand in a mailto URI as it is.
func (t *table) mailbox(key string) string {
	address := t.text(key, "", line(200), judged(t.l.checks.Address))
	if strings.Trim(address, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+-_@") != "" {
		t.complain(key, `is %q: write an address of letters, digits, ".", "+", "-" and "_" alone, such as leave@%s`, address, addressDomain(address))
		return ""
	}
	return address
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

// readRamp reads how a new sending domain warms up. Ten times as much each day
// would be no warming-up any more.
func readRamp(t *table) *Ramp {
	r := &Ramp{
		Start:  t.date("start", `"2026-12-01"`),
		First:  t.number("first", 500, 1, 10_000_000),
		Growth: t.decimal("growth", 1.5, 1, 10, ""),
		Days:   t.number("days", 30, 1, 365),
	}
	t.done()
	return r
}

func readBounces(t *table) Bounces {
	b := Bounces{
		HardAfter: t.duration("hard_after", day, 0, 30*day),
		SoftLimit: t.number("soft_limit", 10, 0, 1000),
	}
	t.done()
	return b
}

func readProviders(tables []*table) []MailProvider {
	names, owners := slugs{}, map[string]string{}
	var out []MailProvider
	for _, t := range tables {
		p := MailProvider{Name: t.unique("name", `"google"`, names), Rate: t.rate("rate")}
		told := len(t.l.problems)
		p.Domains = t.ownDomains(p.Name, owners)
		if len(p.Domains) == 0 && p.Name != "" && told == len(t.l.problems) {
			t.check("domains", p.Name, []rule{t.l.checks.Provider})
		}
		t.done()
		out = append(out, p)
	}
	return out
}

// ownDomains returns the domains of a provider as lower-case A-labels. No two
// providers have the same.
func (t *table) ownDomains(provider string, owners map[string]string) []string {
	var out []string
	for _, it := range t.items("domains", domainName) {
		domain, err := asciiDomain(it.text)
		if err != nil {
			continue // domainName has refused it
		}
		if owner, taken := owners[domain]; taken {
			t.complainAt(it.place, "domains", "names %s, which %s has already", quote(it.text), quote(owner))
			continue
		}
		owners[domain] = provider
		out = append(out, domain)
	}
	return out
}
