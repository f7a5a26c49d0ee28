package ingest

import (
	"bytes"
	"fmt"
	"strings"

	"broadsheet/internal/pattern"
)

// rootTag returns the first element of a document.
func rootTag(text []byte) (tag, bool) {
	for t := range tags(text) {
		if t.kind == opening || t.kind == selfClose {
			return t, true
		}
	}
	return tag{}, false
}

// mostGarbage is how far into a document its feed may begin.
const mostGarbage = 16 << 10

// feedRoot returns the element that is the feed: the first of the document, or
// one with namespaces or a version that comes after some garbage, such as the
// warning of a script. Without one it returns the first element and false.
func feedRoot(text []byte) (root tag, ok bool) {
	first, _ := rootTag(text)
	switch localName(first.name) {
	case "rss", "rdf", "feed":
		return first, true
	case "urlset", "sitemapindex", "html":
		return first, false
	}
	for t := range tags(text) {
		if t.start > mostGarbage {
			break
		}
		if t.kind != opening {
			continue
		}
		whole := text[t.start:t.end]
		switch strings.ToLower(string(t.name)) {
		case "rss", "rdf:rdf", "feed":
			if bytes.Contains(whole, []byte("xmlns")) || bytes.Contains(whole, []byte("version")) {
				return t, true
			}
		}
	}
	return first, false
}

// isGarbage says whether something else than comments, instructions and a
// document type stands before the feed.
func isGarbage(before []byte) bool {
	before = doctype.ReplaceAll(before, nil)
	end := 0
	for t := range tags(before) {
		if t.kind != other || len(bytes.TrimSpace(before[end:t.start])) > 0 {
			return true
		}
		end = t.end
	}
	return len(bytes.TrimSpace(before[end:])) > 0
}

// doctype is a document type, with what it declares.
var doctype = pattern.New(`(?is)<!DOCTYPE[^\[<>]*(?:\[.*?\]\s*)?>`)

// notFeed says what a document is that is no feed, by its first element.
func (p *feedParser) notFeed(text []byte, root tag) error {
	switch name := localName(root.name); {
	case name == "urlset" || name == "sitemapindex":
		return fmt.Errorf("%w: it is a sitemap", ErrNotFeed)
	case isPage(text):
		return &PageError{Feed: p.namedFeed(text)}
	case name == "":
		return fmt.Errorf("%w: it is neither XML nor JSON, it begins with %q", ErrNotFeed, shorten(string(text[:min(len(text), 160)]), 40))
	}
	return fmt.Errorf("%w: its first element is <%s>, not <rss>, <rdf:RDF> or <feed>", ErrNotFeed, shorten(string(root.name), 40))
}
