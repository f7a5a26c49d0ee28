package ingest

import (
	"bytes"
	"cmp"
	"html"
	"strings"

	"github.com/mmcdole/gofeed"

	"broadsheet/internal/pattern"
)

// language returns that of an item: dc:language, xml:lang, or the feed's.
func (p *feedParser) language(number int, raw *gofeed.Item) string {
	said := ""
	if raw.DublinCoreExt != nil && len(raw.DublinCoreExt.Language) > 0 {
		said = raw.DublinCoreExt.Language[0]
	}
	if said == "" && number <= len(p.marks) {
		said = p.marks[number-1].language
	}
	if said = strings.TrimSpace(said); said == "" {
		return p.out.Language
	}
	language, ok := languageTag(said)
	if !ok {
		p.note("item %d: %q is not a language tag", number, shorten(said, 40))
		return p.out.Language
	}
	return language
}

// itemMarks are attributes of an item that the parser passes over.
type itemMarks struct {
	language string // xml:lang, of the item or else of its title
	about    string // rdf:about, its address
}

// addMarks adds to what the parser read the attributes that it passed over.
func (p *feedParser) addMarks(raw *gofeed.Feed, text []byte) {
	feed, items := readMarks(text)
	raw.Language = cmp.Or(raw.Language, feed)
	if len(items) == len(raw.Items) {
		p.marks = items
	}
}

var (
	xmlLang  = pattern.New(`\sxml:lang\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	rdfAbout = pattern.New(`\srdf:about\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

// readMarks finds the marks of all items and the language of the feed, which
// the parser knows of Atom alone.
func readMarks(text []byte) (feed string, items []itemMarks) {
	inside, source := false, false // an item; within it, where it is from
	for t := range tags(text) {
		name := localName(t.name)
		switch {
		case name == "item" || name == "entry":
			if t.kind != closing {
				items = append(items, itemMarks{language: attributeIn(text, t, xmlLang), about: attributeIn(text, t, rdfAbout)})
			}
			inside, source = t.kind == opening, false
		case name == "source":
			source = t.kind == opening
		case inside && !source && string(t.name) == "title" && items[len(items)-1].language == "":
			items[len(items)-1].language = attributeIn(text, t, xmlLang)
		case !inside && feed == "" && isFeedElement(name):
			feed = attributeIn(text, t, xmlLang)
		}
	}
	return feed, items
}

func isFeedElement(name string) bool {
	return name == "rss" || name == "rdf" || name == "feed" || name == "channel"
}

func localName(name []byte) string {
	return strings.ToLower(string(name[bytes.IndexByte(name, ':')+1:]))
}

// attributeIn returns the value of an attribute in a tag.
func attributeIn(text []byte, t tag, shape *pattern.Pattern) string {
	m := shape.FindSubmatch(text[t.start:t.end])
	if m == nil {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(string(m[1]) + string(m[2])))
}
