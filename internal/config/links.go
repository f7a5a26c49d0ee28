package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Links is what becomes of the links in mails.
type Links struct {
	Tags        LinkTags // of all digests that say nothing else
	Hosts       []string // whose links get parameters, lower-case A-labels or "*"; that of the site unless given
	CountClicks bool     // whether links of stories lead over our server; false unless given
	Pixel       bool     // whether mails carry a picture that tells when they are opened; false unless given
}

// LinkTags are the parameters that links to stories get.
type LinkTags struct {
	Source    string // utm_source and so on: templates, "" for none
	Medium    string
	Campaign  string
	Content   string
	Term      string
	Overwrite bool // whether a parameter that a link has already gives way; false unless given
}

// Archive is the public archive of editions.
type Archive struct {
	Enabled bool          // false unless given
	Digests []string      // slugs; all that have no audience unless given
	Delay   time.Duration // between the first mail of an edition and its page; one hour unless given
	Letters bool          // whether letters are shown; false unless given
	Partial bool          // whether editions to some readers or of one topic or story are shown; false unless given
}

func readLinks(t *table, site Site) Links {
	l := Links{
		Tags:        t.linkTags(LinkTags{}),
		Hosts:       t.hosts("hosts"),
		CountClicks: t.flag("count_clicks"),
		Pixel:       t.flag("pixel"),
	}
	if l.Hosts == nil {
		l.Hosts = ownHosts(site.URL)
	}
	t.done()
	return l
}

// linkTags reads parameters; those that are not given are as in fallback.
func (t *table) linkTags(fallback LinkTags) LinkTags {
	value := func(key, fallback string) string {
		return t.text(key, fallback, line(200), t.l.checks.linkTag(key))
	}
	return LinkTags{
		Source:    value("utm_source", fallback.Source),
		Medium:    value("utm_medium", fallback.Medium),
		Campaign:  value("utm_campaign", fallback.Campaign),
		Content:   value("utm_content", fallback.Content),
		Term:      value("utm_term", fallback.Term),
		Overwrite: t.flag("overwrite") || fallback.Overwrite,
	}
}

// linkTag is the rule of the value of a parameter.
func (c Checks) linkTag(key string) rule {
	return func(value string) error {
		if err := c.LinkTag(key, value); err != nil {
			return fmt.Errorf("is not right: %w", err)
		}
		return nil
	}
}

// digestLinks reads what a digest has of its own.
func (t *table) digestLinks(site LinkTags) LinkTags {
	links := t.sub("links")
	if links.flag("untagged") {
		links.linkTags(LinkTags{}) // what else is there must be right all the same
		links.done()
		return LinkTags{}
	}
	tags := links.linkTags(site)
	links.done()
	return tags
}

// hosts reads names of hosts as a browser has them; "*" stands for all.
func (t *table) hosts(key string) []string {
	var out []string
	for _, it := range t.items(key, hostName) {
		if host, err := asciiDomain(it.text); err == nil {
			out = append(out, host)
		} else {
			out = append(out, it.text)
		}
	}
	return out
}

func hostName(s string) error {
	if s == "*" {
		return nil
	}
	return domainName(s)
}

// ownHosts is the host of the site, without the "www." that other hosts of its
// own do not have.
func ownHosts(site string) []string {
	u, err := url.Parse(site)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if ascii, err := asciiDomain(host); err == nil {
		host = ascii
	}
	return []string{strings.TrimPrefix(host, "www.")}
}

func readArchive(t *table, digests []Digest) Archive {
	a := Archive{
		Enabled: t.flag("enabled"),
		Delay:   t.duration("delay", time.Hour, 0, 366*day),
		Letters: t.flag("letters"),
		Partial: t.flag("partial"),
	}
	public := map[string]bool{}
	for _, d := range digests {
		public[d.Slug] = len(d.Audience) == 0
	}
	for _, it := range t.items("digests") {
		switch open, known := public[it.text]; {
		case !known:
			t.complainAt(it.place, "digests", "names the unknown digest %s: there is no [[digest]] with this slug", quote(it.text))
		case !open:
			t.complainAt(it.place, "digests", "names %s, which has an audience, and the archive is for everybody: remove one of them", quote(it.text))
		default:
			a.Digests = append(a.Digests, it.text)
		}
	}
	if t.child("digests") == nil && a.Digests == nil {
		for _, d := range digests {
			if public[d.Slug] {
				a.Digests = append(a.Digests, d.Slug)
			}
		}
	}
	t.done()
	return a
}
