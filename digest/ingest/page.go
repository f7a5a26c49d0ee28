package ingest

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"broadsheet/internal/pattern"
)

var pageStart = pattern.New(`(?i)<(?:!doctype\s+html|html|head|body)[\s>]`)

// isPage says whether a document that is no feed looks like a web page.
func isPage(text []byte) bool {
	return pageStart.Match(text[:min(len(text), 4096)])
}

// namedFeed returns the first feed that a page names in its head by
// <link rel="alternate">, as an absolute address if possible.
func (p *feedParser) namedFeed(page []byte) string {
	base := p.base
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = strings.TrimSpace(a.Val)
			}
			switch {
			case token.Data == "base" && attributes["href"] != "":
				if u := resolveURL(base, attributes["href"]); u != nil {
					base = u
				}
			case token.Data == "link" && isFeedLink(attributes):
				if u := resolveURL(base, attributes["href"]); u != nil {
					u.User = nil
					return shorten(u.String(), MaxURLBytes)
				}
			}
		}
	}
}

func isFeedLink(attributes map[string]string) bool {
	if !strings.Contains(" "+strings.ToLower(attributes["rel"])+" ", " alternate ") || attributes["href"] == "" {
		return false
	}
	switch strings.ToLower(attributes["type"]) {
	case "application/rss+xml", "application/atom+xml", "application/feed+json":
		return true
	}
	return false
}

func resolveURL(base *url.URL, reference string) *url.URL {
	u, err := url.Parse(reference)
	if err != nil {
		return nil
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	return u
}
