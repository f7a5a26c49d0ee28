package ingest

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// pageParts are the elements of a page that say something about its story.
type pageParts struct {
	base     *url.URL            // what relative addresses are relative to, nil if not known
	metas    map[string][]string // contents of meta elements by property or name, in lower case
	links    map[string][]string // addresses of link elements by rel, as they stand
	language string
	title    string
	headings []string // the texts of h1
	rel      []string // texts of links with rel="author"
	bylines  []string // texts of elements with a class such as "byline"
	times    []string // of time elements, in the order of the page
	items    []*html.Node
	stories  int          // links to what look like other stories
	figures  []*html.Node // figure elements, and img elements outside them
}

// maxParts is how many elements of a kind are looked at.
const maxParts = 200

// readParts walks over the tree of a page once.
func readParts(doc *html.Node, base *url.URL) *pageParts {
	p := &pageParts{base: base, metas: map[string][]string{}, links: map[string][]string{}}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			p.take(n)
		}
	}
	return p
}

func (p *pageParts) take(n *html.Node) {
	switch n.DataAtom {
	case atom.Html:
		p.language = attribute(n, "lang")
		if p.language == "" {
			p.language = attribute(n, "xml:lang")
		}
	case atom.Base:
		if u := resolveURL(p.base, attribute(n, "href")); u != nil && attribute(n, "href") != "" {
			p.base = u
		}
	case atom.Meta:
		p.meta(n)
	case atom.Link:
		for rel := range strings.FieldsSeq(strings.ToLower(attribute(n, "rel"))) {
			if href := attribute(n, "href"); href != "" && len(p.links[rel]) < maxParts {
				p.links[rel] = append(p.links[rel], href)
			}
		}
	case atom.Title:
		if p.title == "" {
			p.title = nodeText(n)
		}
	case atom.H1:
		p.headings = appendPart(p.headings, nodeText(n))
	case atom.Time:
		if at := attribute(n, "datetime"); at != "" {
			p.times = appendPart(p.times, at)
		}
	case atom.A:
		if hasWord(attribute(n, "rel"), "author") {
			p.rel = appendPart(p.rel, nodeText(n))
		}
		if u := resolveURL(p.base, attribute(n, "href")); u != nil && p.stories < maxParts && !isAside(n) && isStoryPath(u, stands(n)) {
			p.stories++
		}
	case atom.Figure:
		p.figures = appendPart(p.figures, n)
	case atom.Img:
		if enclosing(n, atom.Figure) == nil {
			p.figures = appendPart(p.figures, n)
		}
	}
	if attribute(n, "itemprop") != "" || attribute(n, "itemtype") != "" {
		p.items = append(p.items, n)
	}
	if isByline(n) {
		p.bylines = appendPart(p.bylines, nodeText(n))
	}
}

func appendPart[T any](list []T, part T) []T {
	if len(list) >= maxParts {
		return list
	}
	return append(list, part)
}

// meta takes <meta property="og:title" content="..."> and its relatives, which
// many pages write with the wrong one of property, name and http-equiv.
func (p *pageParts) meta(n *html.Node) {
	content := strings.TrimSpace(attribute(n, "content"))
	if content == "" {
		return
	}
	for _, key := range [...]string{"property", "name", "http-equiv"} {
		for name := range strings.FieldsSeq(strings.ToLower(attribute(n, key))) {
			if len(p.metas[name]) < maxParts {
				p.metas[name] = append(p.metas[name], content)
			}
		}
	}
}

// first returns the first content of the meta elements with the given names,
// and the name that had it.
func (p *pageParts) first(names ...string) (content, name string) {
	for _, name := range names {
		for _, content := range p.metas[name] {
			return content, name
		}
	}
	return "", ""
}

// isByline says whether the class of an element says that it names the author.
func isByline(n *html.Node) bool {
	if n.DataAtom == atom.Body || n.DataAtom == atom.Html {
		return false
	}
	for class := range strings.FieldsSeq(strings.ToLower(attribute(n, "class"))) {
		switch class {
		case "byline", "author", "author-name", "authorname", "byline-name", "byline__name", "article-author", "article__author",
			"byline__author", "post-author", "entry-author", "story-byline", "vcard", "fn":
			return true
		}
	}
	return false
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func hasWord(text, word string) bool {
	for field := range strings.FieldsSeq(text) {
		if strings.EqualFold(field, word) {
			return true
		}
	}
	return false
}

// maxNodeText is how many bytes of the text of one element are looked at.
const maxNodeText = 4 << 10

// nodeText returns the text within an element on one line.
func nodeText(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if b.Len() > maxNodeText {
			break
		}
		switch {
		case c.Type == html.TextNode:
			b.WriteString(firstBytes(c.Data, maxNodeText))
		case c.Type == html.ElementNode && (c.DataAtom == atom.Br || isBlock(c.DataAtom)):
			b.WriteByte(' ')
		}
	}
	return foldSpace(cleanRunes(b.String()))
}

// enclosing returns the nearest element around n of one of the kinds, nil if
// there is none.
func enclosing(n *html.Node, kinds ...atom.Atom) *html.Node {
	for a := range n.Ancestors() {
		for _, kind := range kinds {
			if a.DataAtom == kind {
				return a
			}
		}
	}
	return nil
}
