package templates

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// addresses checks where links lead and pictures come from.
func (m *mailCheck) addresses() {
	ids := map[string]bool{}
	m.elements(func(n *html.Node) {
		ids[attribute(n, "id")] = true
		if n.Data == "a" {
			ids[attribute(n, "name")] = true
		}
	})
	m.elements(func(n *html.Node) {
		switch n.Data {
		case "a", "area":
			m.link(n, ids)
		case "img":
			m.source(n, "src")
		}
		if has(n, "background") {
			m.source(n, "background")
		}
	})
}

func (m *mailCheck) link(n *html.Node, ids map[string]bool) {
	if !has(n, "href") {
		return
	}
	href := strings.TrimSpace(attribute(n, "href"))
	address, err := url.Parse(href)
	at := m.placeOf(n)
	switch {
	case href == "" || href == "#":
		m.error(RuleLink, at, "a link leads nowhere: href=%q", href)
	case err != nil:
		m.error(RuleLink, at, "a link has no address that can be read: %s", cut(href, 60))
	case strings.HasPrefix(href, "#"):
		if !ids[href[1:]] {
			m.error(RuleLink, at, "no element has the id that a link leads to: %s", cut(href, 60))
		}
	case address.Scheme == "":
		m.error(RuleLink, at, "a link is relative, and a mail has no place that it could be relative to: %s", cut(href, 60))
	case address.Scheme == "mailto" || address.Scheme == "tel":
	case address.Scheme != "https":
		m.error(RuleLink, at, "a link is not https: %s", cut(href, 60))
	}
	if n.Data == "a" && wordsOf(n) == "" && !showsPicture(n) {
		m.error(RuleLink, at, "a link has no words, nor a picture with alt: %s", cut(href, 60))
	}
}

func showsPicture(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == "img" && attribute(d, "alt") != "" {
			return true
		}
	}
	return false
}

// source checks where a picture comes from.
func (m *mailCheck) source(n *html.Node, key string) {
	src := strings.TrimSpace(attribute(n, key))
	address, err := url.Parse(src)
	switch {
	case err == nil && address.Scheme == "https" && address.Host != "":
	case err == nil && address.Scheme == "" && address.Host == "":
		m.error(RuleLink, m.placeOf(n), "a picture has a relative address: %q", cut(src, 60))
	default:
		m.error(RuleLink, m.placeOf(n), "a picture does not come by https: %q", cut(src, 60))
	}
}

// remote looks for what would be asked of other servers when the mail is
// opened, pictures apart, and for what would run or be sent.
func (m *mailCheck) remote() {
	for n := range m.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, tag := range refusedTags {
			if n.Data == tag {
				m.error(RuleRemote, m.placeOf(n), "<%s> is not for mails", tag)
			}
		}
		if n.Data == "style" && n.FirstChild != nil && strings.Contains(strings.ToLower(n.FirstChild.Data), "@font-face") {
			m.warn(RuleRemote, m.htmlFile, "@font-face asks another server for a font when the mail is opened: name fonts that readers have")
		}
	}
}
