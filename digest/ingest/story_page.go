package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"broadsheet/digest"
)

// PageOptions say how a page is read where it leaves that open.
type PageOptions struct {
	Zone     *time.Location // of dates that name none, nil for UTC
	Language string         // of a page that names none, a BCP 47 tag; it settles dates such as 12/11/2026
}

// ErrNoStory is wrapped by errors about pages that can be read but hold no
// story, such as home pages and those that ask for a login.
var ErrNoStory = errors.New("the page holds no story")

// pageStory is a page on its way to becoming a story.
type pageStory struct {
	options   PageOptions
	parts     *pageParts
	data      *linkedData
	story     ldObject // of the story, nil if the page has none
	page      ldObject // of the page, nil if it has none
	items     microdata
	isItem    bool          // microdata says that there is a story
	captioned []pagePicture // those that stand in the page
	figures   []pagePicture // those of them that stand in the text of the story
	address   *url.URL      // nil if not known
	names     []string      // of the site, their letters only; nil until they are needed
	in        digest.Incoming
	taken     []Taken
}

// ReadPage reads the story on a web page: what its metadata says (JSON-LD, then
// OpenGraph and its relatives, then microdata), and the text that stands in it.
// The address is where the page was fetched, "" if that is not known; then it
// must name its own. The story has passed Check. Taken says for each part where
// it was found, and what was left out of the text. The error wraps ErrNoStory
// where there is none, says what is wrong with a page that cannot be read, or
// is a FieldErrors.
func ReadPage(body []byte, contentType, address string, o PageOptions) (digest.Incoming, []Taken, error) {
	text, _ := decodeText(body, contentType)
	if !strings.Contains(string(text[:min(len(text), maxRaw)]), "<") {
		return digest.Incoming{}, nil, fmt.Errorf("%w: it is not HTML", ErrNoStory)
	}
	doc, page, err := parsePage(text)
	if err != nil {
		return digest.Incoming{}, nil, err
	}
	s := pageStory{options: o}
	if u, err := parseWebURL(address); err == nil {
		s.address = u
	}
	s.parts = readParts(doc, s.address)
	s.items, s.captioned, s.isItem = s.parts.microdata(), s.parts.pictures(), s.parts.hasStoryItem()
	s.data = readLinkedData(page.scripts)
	s.story, s.page = s.data.story(s.addresses()), s.data.webPage()
	shown, blocks := extract(doc, s.parts.base) // changes the tree
	s.figures = slices.DeleteFunc(slices.Clone(s.captioned), func(pic pagePicture) bool { return !shown[s.resolve(pic.img)] })
	s.fill()
	trimmer := trimmer{headline: plainTitle(s.in.Title)}
	blocks = trimmer.trim(blocks)
	if problem := s.missing(blocks); problem != "" {
		return digest.Incoming{}, nil, fmt.Errorf("%w: %s", ErrNoStory, problem)
	}
	s.setBody(blocks)
	s.taken = append(s.taken, trimmer.left...)
	if page.cut {
		s.note("furniture", "page", "what comes after so much text or so many elements")
	}
	if err := Check(&s.in); err != nil {
		return digest.Incoming{}, nil, err
	}
	return s.in, s.taken, nil
}

func (s *pageStory) resolve(reference string) string {
	address, err := imageURL(reference, s.parts.base)
	if err != nil {
		return ""
	}
	return address
}

// fill sets all fields but the body.
func (s *pageStory) fill() {
	s.setURL()
	s.in.SiteName = strings.TrimPrefix(s.take("site name", s.siteNames()...), "@")
	s.in.Title = s.headline()
	s.in.Summary = s.take("summary", s.summaries()...)
	s.setLanguage()
	s.setAuthor()
	s.in.PublishedAt = s.date("published", s.publishedDates())
	s.in.ModifiedAt = s.date("modified", s.modifiedDates())
	if s.in.ModifiedAt.Before(s.in.PublishedAt) {
		s.in.ModifiedAt = time.Time{}
	}
	s.setCategories()
	s.setPicture()
	s.setAccess()
}

// offer is what a page offers for a field.
type offer struct {
	text string // HTML or plain text
	from string
}

// ldOffers are the texts of properties of an object of JSON-LD.
func ldOffers(object ldObject, properties ...string) []offer {
	var out []offer
	for _, property := range properties {
		for _, text := range texts(object[property]) {
			out = append(out, offer{text, "json-ld " + property})
		}
	}
	return out
}

// metaOffers are the contents of meta elements.
func (s *pageStory) metaOffers(names ...string) []offer {
	var out []offer
	for _, name := range names {
		for _, content := range s.parts.metas[name] {
			out = append(out, offer{content, name})
		}
	}
	return out
}

// itemOffers are the properties of microdata.
func (s *pageStory) itemOffers(names ...string) []offer {
	var out []offer
	for _, name := range names {
		for _, item := range s.items[name] {
			out = append(out, offer{item.text, "itemprop " + name})
		}
	}
	return out
}

func textOffers(from string, texts ...string) []offer {
	var out []offer
	for _, text := range texts {
		out = append(out, offer{html.EscapeString(text), from})
	}
	return out
}

// take returns the first offer that has words, and notes where it stood.
func (s *pageStory) take(as string, offers ...offer) string {
	for _, o := range offers {
		if plain := plainTitle(o.text); hasWords(plain) {
			s.note(as, o.from, plain)
			return o.text
		}
	}
	return ""
}

func (s *pageStory) note(as, from, text string) {
	s.taken = append(s.taken, Taken{As: as, From: from, Text: text})
}

func (s *pageStory) summaries() []offer {
	offers := ldOffers(s.story, "description", "abstract")
	offers = append(offers, s.metaOffers("og:description", "description", "twitter:description", "dc.description", "dcterms.abstract", "sailthru.description")...)
	return append(offers, s.itemOffers("description")...)
}

func (s *pageStory) setLanguage() {
	offers := ldOffers(s.story, "inLanguage")
	for _, language := range ldTexts(s.story["inLanguage"], "alternateName", "name") {
		offers = append(offers, offer{language, "json-ld inLanguage"})
	}
	offers = append(offers, textOffers("html lang", s.parts.language)...)
	offers = append(offers, s.metaOffers("content-language", "language", "dc.language", "og:locale")...)
	for _, o := range append(offers, s.itemOffers("inLanguage")...) {
		first, _, _ := strings.Cut(o.text, ",")
		if tag, ok := languageTag(first); ok {
			s.in.Language = tag
			s.note("language", o.from, tag)
			return
		}
	}
}

func (s *pageStory) publishedDates() []offer {
	offers := ldOffers(s.story, "datePublished", "dateCreated", "uploadDate")
	offers = append(offers, s.metaOffers("article:published_time", "og:article:published_time", "og:published_time", "article:published", "datepublished",
		"parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "dc.date", "dcterms.date",
		"date", "pubdate", "publishdate", "publish-date", "publication_date", "article.published", "cxenseparse:recs:publishtime")...)
	offers = append(offers, s.itemOffers("datePublished", "dateCreated")...)
	offers = append(offers, ldOffers(s.page, "datePublished")...)
	for _, at := range s.parts.times {
		offers = append(offers, offer{at, "time"})
	}
	return offers
}

func (s *pageStory) modifiedDates() []offer {
	offers := ldOffers(s.story, "dateModified")
	offers = append(offers, s.metaOffers("article:modified_time", "og:article:modified_time", "og:updated_time", "article:updated", "lastmod",
		"dcterms.modified", "dc.date.modified", "article.updated", "last-modified")...)
	offers = append(offers, s.itemOffers("dateModified")...)
	return append(offers, ldOffers(s.page, "dateModified")...)
}

// date returns the first offer that is understood, and notes those that are not.
func (s *pageStory) date(as string, offers []offer) time.Time {
	language := cmp.Or(s.in.Language, s.options.Language)
	for _, o := range offers {
		text := plainTitle(o.text)
		at, odd, ok := ParseDate(text, DateOptions{Zone: s.options.Zone, Language: language})
		switch {
		case !ok:
			s.note(as+" not understood", o.from, text)
			continue
		case odd != "":
			s.note(as, o.from+" ("+odd+")", text)
		default:
			s.note(as, o.from, text)
		}
		return at
	}
	return time.Time{}
}

func (s *pageStory) setPicture() {
	offered := s.data.pictures(s.story)
	offered = append(offered, s.parts.metaPictures()...)
	for _, name := range [...]string{"image", "thumbnailUrl"} {
		for _, item := range s.items[name] {
			offered = append(offered, pagePicture{url: item.text, from: "itemprop " + name})
		}
	}
	offered = append(offered, s.data.pictures(s.page)...)
	best, ok := s.pickPicture(append(offered, s.figures...))
	if !ok {
		return
	}
	best.describe(offered, s.captioned)
	s.in.ImageURL, s.in.ImageWidth, s.in.ImageHeight = best.url, best.width, best.height
	s.note("picture", best.from, best.url)
	if hasWords(best.alt) {
		s.in.ImageAlt = best.alt
		s.note("picture alt", best.from, plainTitle(best.alt))
	}
	if hasWords(best.credit) {
		s.in.ImageCredit = plainTitle(best.credit)
		s.note("picture credit", best.from, s.in.ImageCredit)
	}
}

func (s *pageStory) setAccess() {
	tier, name := s.parts.first("article:content_tier")
	switch tier = strings.ToLower(tier); {
	case s.story.isPaid():
		s.in.Access = digest.AccessPaid
		s.note("access", "json-ld isAccessibleForFree", "paid")
	case s.story["isAccessibleForFree"] == nil && (tier == "locked" || tier == "metered"):
		s.in.Access = digest.AccessPaid
		s.note("access", name, "paid")
	}
}

// setBody takes the text that stands in the page, or that of the JSON-LD where
// it is much longer: some pages show only the beginning before scripts run.
func (s *pageStory) setBody(blocks []block) {
	paragraphs := make([]string, len(blocks))
	runes := 0
	for i, b := range blocks {
		paragraphs[i] = b.text
		runes += b.runes()
	}
	plain, from := strings.Join(paragraphs, "\n\n"), "page"
	if linked := s.story.body(); utf8.RuneCountInString(linked)*minShown > runes*100 {
		plain, from = linked, "json-ld articleBody"
	}
	if plain == "" {
		return
	}
	s.in.Body = html.EscapeString(plain)
	s.note("body", from, plain)
}

// minShown is which part of the JSON-LD's text, in percent, a page shows if it
// shows the story at all.
const minShown = 60
