package ingest

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// microdata are the properties of a story in the attributes of a page's
// elements, by name.
type microdata map[string][]itemValue

type itemValue struct {
	text string
	node *html.Node
}

// microdata reads the properties of the first item that is a story. Where no
// item says that it is one, the properties count that stand in no item.
func (p *pageParts) microdata() microdata {
	var scope *html.Node
	for _, n := range p.items {
		if isStoryItem(attribute(n, "itemtype")) {
			scope = n
			break
		}
	}
	data := microdata{}
	for _, n := range p.items {
		if itemScope(n) != scope {
			continue
		}
		for name := range strings.FieldsSeq(attribute(n, "itemprop")) {
			if text := itemText(n); text != "" && len(data[name]) < maxParts {
				data[name] = append(data[name], itemValue{text, n})
			}
		}
	}
	return data
}

// hasStoryItem says whether an item of the page is a story.
func (p *pageParts) hasStoryItem() bool {
	return slices.ContainsFunc(p.items, func(n *html.Node) bool { return isStoryItem(attribute(n, "itemtype")) })
}

func isStoryItem(itemType string) bool {
	for kind := range strings.FieldsSeq(itemType) {
		if (ldObject{"@type": kind}).storyRank() > 0 {
			return true
		}
	}
	return false
}

// itemScope returns the item that a property belongs to, nil if there is none.
func itemScope(n *html.Node) *html.Node {
	for a := range n.Ancestors() {
		if a.Type == html.ElementNode && hasAttribute(a, "itemscope") {
			return a
		}
	}
	return nil
}

func hasAttribute(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// itemText returns the value of a property (HTML, section 5.2.4); of one that
// is an item itself its name, or its address.
func itemText(n *html.Node) string {
	if hasAttribute(n, "itemscope") {
		return innerItem(n, "name", "url", "contentUrl")
	}
	if content := attribute(n, "content"); content != "" {
		return content
	}
	switch n.DataAtom {
	case atom.Meta:
		return ""
	case atom.Img, atom.Audio, atom.Video, atom.Source, atom.Embed, atom.Iframe, atom.Track:
		return attribute(n, "src")
	case atom.A, atom.Area, atom.Link:
		if attribute(n, "itemprop") == "url" || n.DataAtom == atom.Link {
			return attribute(n, "href")
		}
	case atom.Time:
		if at := attribute(n, "datetime"); at != "" {
			return at
		}
	}
	return nodeText(n)
}

// innerItem returns the first of the properties that an item has.
func innerItem(item *html.Node, names ...string) string {
	for _, name := range names {
		for n := range item.Descendants() {
			if n.Type == html.ElementNode && hasWord(attribute(n, "itemprop"), name) && !hasAttribute(n, "itemscope") {
				if text := itemText(n); text != "" {
					return text
				}
			}
		}
	}
	return nodeText(item)
}
