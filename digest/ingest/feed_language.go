package ingest

import (
	"bytes"
	"cmp"
	"html"
	"regexp"
	"strings"

	"github.com/mmcdole/gofeed"
)

// language returns that of an item: dc:language, xml:lang, or the feed's.
func (p *feedParser) language(number int, raw *gofeed.Item) string {
	said := ""
	if raw.DublinCoreExt != nil && len(raw.DublinCoreExt.Language) > 0 {
		said = raw.DublinCoreExt.Language[0]
	}
	if said == "" && number <= len(p.languages) {
		said = p.languages[number-1]
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

// addLanguages adds to what the parser read the languages that it passed over.
func (p *feedParser) addLanguages(raw *gofeed.Feed, text []byte) {
	feed, items := readLanguages(text)
	raw.Language = cmp.Or(raw.Language, feed)
	if len(items) == len(raw.Items) {
		p.languages = items
	}
}

var xmlLang = regexp.MustCompile(`\sxml:lang\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// readLanguages finds the attribute xml:lang of the items of a feed, or else of
// their titles, which the parser passes over; and that of the feed, which it
// knows of Atom alone. There is one for each item.
func readLanguages(text []byte) (feed string, items []string) {
	inside, source := false, false // an item; within it, where it is from
	for t := range tags(text) {
		name := localName(t.name)
		switch {
		case name == "item" || name == "entry":
			if t.kind != closing {
				items = append(items, langOf(text, t))
			}
			inside, source = t.kind == opening, false
		case name == "source":
			source = t.kind == opening
		case inside && !source && string(t.name) == "title" && items[len(items)-1] == "":
			items[len(items)-1] = langOf(text, t)
		case !inside && feed == "" && isFeedElement(name):
			feed = langOf(text, t)
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

// langOf returns the value of xml:lang in a tag.
func langOf(text []byte, t tag) string {
	m := xmlLang.FindSubmatch(text[t.start:t.end])
	if m == nil {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(string(m[1]) + string(m[2])))
}
