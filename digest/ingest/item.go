package ingest

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"

	"broadsheet/digest"
)

// fullTextRunes is from which length on a description, standing alone, is
// taken for the story itself.
const fullTextRunes = 2 * MaxSummary

// item reads one item and adds it to the feed, or notes why it does not.
func (p *feedParser) item(number int, raw *gofeed.Item) {
	in := digest.Incoming{
		GUID:       strings.TrimSpace(raw.GUID),
		Title:      raw.Title,
		Summary:    unescapeMarkup(summaryOf(raw)),
		Body:       unescapeMarkup(raw.Content),
		Author:     cmp.Or(authorsOf(raw), p.authors),
		SiteName:   cutText(plainTitle(raw.Custom[customSource]), MaxTitle),
		Language:   p.language(number, raw),
		Categories: categoriesOf(raw),
	}
	in.URL = p.link(number, raw)
	if in.URL != "" && len(in.GUID) > MaxGUID {
		p.note("item %d: its id is dropped, %d bytes are too long", number, len(in.GUID))
		in.GUID = ""
	}
	if in.Body == "" && utf8.RuneCountInString(PlainText(in.Summary)) > fullTextRunes {
		in.Body = in.Summary
	}
	in.PublishedAt, in.ModifiedAt = p.dates(number, raw, in.Language)
	p.setPicture(number, &in, raw)
	if err := Check(&in); err != nil {
		p.note("item %d (%s): skipped, %v", number, itemName(in), err)
		return
	}
	if first, known := p.known(number, in); known {
		p.note("item %d (%s): skipped, it is item %d again", number, itemName(in), first)
		return
	}
	p.out.Items = append(p.out.Items, in)
}

// known remembers an item by its identity and returns the number of the first
// that had it.
func (p *feedParser) known(number int, in digest.Incoming) (int, bool) {
	key := in.URL
	if key == "" {
		key = "guid " + in.GUID
	}
	if first, ok := p.seen[key]; ok {
		return first, true
	}
	p.seen[key] = number
	return 0, false
}

func itemName(in digest.Incoming) string {
	for _, name := range [...]string{in.URL, in.Title, in.GUID} {
		if name != "" {
			return shorten(name, 80)
		}
	}
	return "nameless"
}

// link returns the canonical address of an item: what it says its address is
// or else its id, if that is one.
func (p *feedParser) link(number int, raw *gofeed.Item) string {
	var tried []string
	for _, candidate := range p.links(number, raw) {
		if candidate = strings.TrimSpace(candidate); candidate == "" || slices.Contains(tried, candidate) {
			continue
		}
		tried = append(tried, candidate)
		canonical, err := CanonicalURL(p.resolve(candidate))
		if err == nil {
			return canonical
		}
		p.note("item %d: %v", number, err)
	}
	return ""
}

// links are the addresses that an item may have, the best first: that before
// a service put its own in its place, its link, one of Atom within RSS, its id,
// that of RDF, and that of its text.
func (p *feedParser) links(number int, raw *gofeed.Item) []string {
	links := append([]string{firstValue(raw.Extensions["feedburner"], "origLink"), raw.Link}, raw.Links...)
	for _, link := range raw.Extensions["atom"]["link"] {
		if rel := link.Attrs["rel"]; rel == "" || rel == "alternate" {
			links = append(links, link.Attrs["href"])
		}
	}
	links = append(links, permalink(raw.GUID))
	if number <= len(p.marks) {
		links = append(links, p.marks[number-1].about)
	}
	return append(links, raw.Custom[customContent])
}

func permalink(guid string) string {
	guid = strings.TrimSpace(guid)
	if lower := strings.ToLower(guid); strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		return guid
	}
	return ""
}

func (p *feedParser) resolve(reference string) string {
	if p.base == nil {
		return reference
	}
	u, err := url.Parse(strings.Map(dropLineBreaks, escapeStrayPercents(strings.ToValidUTF8(reference, ""))))
	if err != nil {
		return reference
	}
	return p.base.ResolveReference(u).String()
}
