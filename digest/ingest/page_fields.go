package ingest

import (
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"broadsheet/internal/pattern"
)

// addresses are what the page may be called in its own metadata.
func (s *pageStory) addresses() []string {
	var out []string
	if s.address != nil {
		out = append(out, samePage(s.address))
	}
	for _, href := range s.parts.links["canonical"] {
		if u := resolveURL(s.parts.base, href); u != nil {
			out = append(out, samePage(u))
		}
	}
	return out
}

// setURL takes the address that the page calls its own, if it is one of the
// same site and not the home page, which some sites name on every page.
func (s *pageStory) setURL() {
	var offers []offer
	for _, href := range s.parts.links["canonical"] {
		offers = append(offers, offer{href, "link canonical"})
	}
	offers = append(offers, s.metaOffers("og:url")...)
	if s.address == nil {
		offers = append(offers, ldOffers(s.story, "url", "mainEntityOfPage", "@id")...)
		for _, id := range ldTexts(s.story["mainEntityOfPage"], "@id", "url") {
			offers = append(offers, offer{id, "json-ld mainEntityOfPage"})
		}
	}
	for _, o := range offers {
		u := resolveURL(s.parts.base, strings.TrimSpace(o.text))
		if u == nil || s.address != nil && (!isSameSite(u, s.address) || isHome(u) && !isHome(s.address)) {
			continue
		}
		if canonical, err := CanonicalURL(u.String()); err == nil {
			s.in.URL = canonical
			s.note("canonical", o.from, canonical)
			return
		}
	}
	if s.address != nil {
		s.in.URL = s.address.String()
		s.note("canonical", "address", s.in.URL)
	}
}

func isHome(u *url.URL) bool { return strings.Trim(u.Path, "/") == "" && u.RawQuery == "" }

// isSameSite says whether two addresses belong to one registered domain.
func isSameSite(a, b *url.URL) bool { return site(a) == site(b) }

func site(u *url.URL) string {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if registered, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return registered
	}
	return host
}

func (s *pageStory) siteNames() []offer {
	offers := s.metaOffers("og:site_name")
	for _, name := range s.data.names(s.story["publisher"]) {
		offers = append(offers, offer{name, "json-ld publisher"})
	}
	offers = append(offers, s.metaOffers("application-name", "dc.publisher", "dcterms.publisher", "apple-mobile-web-app-title")...)
	return append(offers, s.itemOffers("publisher")...)
}

// ownNames are the letters of what the site calls itself in its headlines.
func (s *pageStory) ownNames() []string {
	if s.names == nil {
		s.names = []string{}
		offers := s.metaOffers("og:site_name")
		for _, name := range s.data.names(s.story["publisher"]) {
			offers = append(offers, offer{name, "json-ld publisher"})
		}
		for _, o := range offers {
			s.names = append(s.names, lettersOf(plainTitle(o.text)))
		}
	}
	return s.names
}

// headline takes the first headline and cuts the site's name off. One that was
// cut for search engines gives way to the whole one.
func (s *pageStory) headline() string {
	offers := ldOffers(s.story, "headline", "name", "alternativeHeadline")
	offers = append(offers, s.metaOffers("og:title", "twitter:title", "dc.title", "dcterms.title", "sailthru.title", "parsely-title")...)
	offers = append(offers, s.itemOffers("headline")...)
	offers = append(offers, textOffers("h1", s.parts.headings...)...)
	offers = append(offers, ldOffers(s.page, "headline")...)
	offers = append(offers, textOffers("title", s.parts.title)...)
	for i, o := range offers {
		title := s.withoutSite(plainTitle(o.text))
		if !hasWords(title) || s.isSiteName(title) {
			continue
		}
		if start, cut := cutStart(title); cut {
			for _, other := range offers[i+1:] {
				whole := s.withoutSite(plainTitle(other.text))
				if len(whole) > len(title) && strings.HasPrefix(whole, start) {
					title, o = whole, other
					break
				}
			}
		}
		s.note("headline", o.from, title)
		return html.EscapeString(title)
	}
	return ""
}

// cutStart returns the beginning of a headline that ends in dots, or that has
// the greatest length that search engines take.
func cutStart(title string) (start string, cut bool) {
	start = strings.TrimRight(title, ".… ")
	return start, strings.HasSuffix(title, "…") || strings.HasSuffix(title, "...") || utf8.RuneCountInString(title) >= 105 && utf8.RuneCountInString(title) <= 110
}

var titleMark = pattern.New(`\s+(?:[|–—·•»«-]|::|\|\|)\s+|\s*[|»«]\s*`)

// withoutSite cuts the name of the site, or of one of its sections, off the
// end or the beginning of a headline.
func (s *pageStory) withoutSite(title string) string {
	for range 3 {
		marks := titleMark.FindAllStringIndex(title, -1)
		if len(marks) == 0 {
			break
		}
		first, last := marks[0], marks[len(marks)-1]
		switch {
		case s.isSiteName(title[last[1]:]):
			title = title[:last[0]]
		case s.isSiteName(title[:first[0]]):
			title = title[first[1]:]
		default:
			return title
		}
	}
	return title
}

// isSiteName says whether a text is the name of the site, as the page or its
// address has it: "CNN" and "CNN Politics" of cnn.com.
func (s *pageStory) isSiteName(text string) bool {
	text = lettersOf(text)
	if text == "" {
		return false
	}
	if slices.Contains(s.ownNames(), text) {
		return true
	}
	if s.address == nil {
		return false
	}
	label, _, _ := strings.Cut(site(s.address), ".")
	if label = lettersOf(label); len(label) < 3 {
		return false
	}
	return strings.HasPrefix(text, label) && len(text) <= len(label)+12 || text == "the"+label
}

// lettersOf returns the letters and digits of a text in lower case.
func lettersOf(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// setAuthor takes the names of the first origin that has any.
func (s *pageStory) setAuthor() {
	origins := [][]offer{{}, {}}
	for _, property := range [...]string{"author", "creator"} {
		for _, name := range s.data.names(s.story[property]) {
			origins[0] = append(origins[0], offer{name, "json-ld " + property})
		}
		if len(origins[0]) > 0 {
			break
		}
	}
	for _, name := range [...]string{"author", "article:author", "og:article:author", "article:author_name", "parsely-author", "sailthru.author", "dc.creator", "dcterms.creator", "byl", "article.author"} {
		origins = append(origins, s.metaOffers(name))
	}
	origins = append(origins, s.itemOffers("author", "creator"), textOffers("rel author", s.parts.rel...))
	for _, text := range s.parts.bylines {
		origins = append(origins, textOffers("byline", text))
	}
	for _, offers := range origins {
		if names := s.authors(offers); len(names) > 0 {
			text := strings.Join(names, ", ")
			s.in.Author = html.EscapeString(text)
			s.note("author", offers[0].from, text)
			return
		}
	}
}

var bylineHead = pattern.New(`(?i)^(?:(?:written|posted|reported)\s+)?(?:by|von|par|por)\s*:?\s+`)

// authors cleans the names of authors: addresses are nobody's business, and
// the site is an author only if there is no other.
func (s *pageStory) authors(offers []offer) []string {
	var names []string
	hasPerson := false
	for _, o := range offers {
		name := strings.Trim(bylineHead.ReplaceAllString(plainTitle(o.text), ""), " ,;|·•-")
		switch lower := strings.ToLower(name); {
		case !hasWords(name) || utf8.RuneCountInString(name) > 120 || strings.ContainsAny(name, "@<>{}") || strings.Contains(lower, "http") || strings.Contains(lower, "www."):
			continue
		case lower == "admin" || lower == "administrator" || lower == "webmaster" || !strings.ContainsFunc(name, unicode.IsLetter) || strings.HasPrefix(o.from, "byline") && strings.ContainsFunc(name, unicode.IsDigit):
			continue
		case slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) }):
			continue
		}
		names = append(names, name)
		hasPerson = hasPerson || !s.isSiteName(name)
	}
	if hasPerson {
		names = slices.DeleteFunc(names, s.isSiteName)
	}
	return names
}

// setCategories takes the sections of all origins, and the keywords of the
// first that has any.
func (s *pageStory) setCategories() {
	sections := ldOffers(s.story, "articleSection")
	sections = append(sections, s.metaOffers("article:section", "og:article:section", "parsely-section", "section", "cxenseparse:recs:category")...)
	for _, o := range append(sections, s.itemOffers("articleSection")...) {
		for _, text := range splitKeywords(plainTitle(o.text)) {
			s.addCategory("section", o.from, text)
		}
	}
	keywords := []offer{}
	for _, text := range s.data.keywords(s.story["keywords"]) {
		keywords = append(keywords, offer{text, "json-ld keywords"})
	}
	for _, name := range [...]string{"article:tag", "og:article:tag", "news_keywords", "parsely-tags", "sailthru.tags", "keywords"} {
		if len(keywords) > 0 {
			break
		}
		keywords = s.metaOffers(name)
	}
	if len(keywords) == 0 {
		keywords = s.itemOffers("keywords")
	}
	for _, o := range keywords {
		for _, text := range splitKeywords(plainTitle(o.text)) {
			s.addCategory("keyword", o.from, text)
		}
	}
}

func (s *pageStory) addCategory(as, from, text string) {
	known := func(other string) bool { return strings.EqualFold(other, text) }
	if !hasWords(text) || len(s.in.Categories) >= maxCategories || slices.ContainsFunc(s.in.Categories, known) {
		return
	}
	s.in.Categories = append(s.in.Categories, text)
	s.note(as, from, text)
}
