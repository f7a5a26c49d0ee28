package ingest

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"broadsheet/internal/pattern"
)

// Limits of what PageLinks returns.
const (
	maxLinkedFeeds   = 20
	maxLinkedStories = 200
)

// PageLinks returns the feeds that a page names, the best first, and the
// addresses on its site that look like those of stories, in the page's order:
// canonical, each once, at most 200. What stands in navigation, tags, authors,
// log-ins and the like is left out. Both are empty for what is no page.
func PageLinks(body []byte, contentType, address string) (feeds, articles []string) {
	text, _ := decodeText(body, contentType)
	doc, _, err := parsePage(text)
	if err != nil {
		return nil, nil
	}
	l := linkReader{seen: map[string]bool{}}
	if u, err := parseWebURL(address); err == nil {
		l.base, l.page = u, u
		if canonical, err := CanonicalURL(address); err == nil {
			l.seen[canonical] = true
		}
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			l.take(n)
		}
	}
	feeds = append(l.named, l.linked...)
	return feeds[:min(len(feeds), maxLinkedFeeds)], l.articles
}

// linkReader collects the links of a page.
type linkReader struct {
	base     *url.URL
	page     *url.URL // nil if the page's address is not known
	seen     map[string]bool
	named    []string // feeds of link elements
	linked   []string // feeds that the text links to
	articles []string
}

func (l *linkReader) take(n *html.Node) {
	href := attribute(n, "href")
	if href == "" || strings.HasPrefix(href, "#") {
		return
	}
	switch n.DataAtom {
	case atom.Base:
		if u := resolveURL(l.base, href); u != nil {
			l.base = u
		}
	case atom.Link:
		attributes := map[string]string{"rel": attribute(n, "rel"), "type": mediaType(attribute(n, "type")), "href": href}
		if isFeedLink(attributes) && !isCommentFeed(attribute(n, "title")+" "+href) && !l.isOfStory(href) {
			l.named = l.addFeed(l.named, href)
		}
	case atom.A:
		l.takeLink(n, href)
	}
}

// mediaType is a type without its parameters.
func mediaType(kind string) string {
	kind, _, _ = strings.Cut(kind, ";")
	return strings.TrimSpace(kind)
}

var commentFeed = pattern.New(`(?i)\bcomments?\b|\bkommentare\b|\bcommentaires\b`)

func isCommentFeed(text string) bool { return commentFeed.MatchString(text) }

// isOfStory says whether a feed is that of the comments on the story at hand.
func (l *linkReader) isOfStory(href string) bool {
	u := l.resolve(href)
	return u != nil && l.page != nil && isStoryPath(l.page, false) && strings.HasPrefix(u.Path, strings.TrimSuffix(l.page.Path, "/")+"/")
}

func (l *linkReader) addFeed(feeds []string, href string) []string {
	u := l.resolve(href)
	if u == nil || len(feeds) >= maxLinkedFeeds {
		return feeds
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	address := u.String()
	if l.seen[address] || len(address) > MaxURLBytes {
		return feeds
	}
	l.seen[address] = true
	return append(feeds, address)
}

// resolve returns the absolute web address of a link, nil if it is none.
func (l *linkReader) resolve(href string) *url.URL {
	u := resolveURL(l.base, strings.Map(dropLineBreaks, escapeStrayPercents(href)))
	if u == nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil
	}
	return u
}

// feedPath is what addresses of feeds end in.
var feedPath = pattern.New(`(?i)(?:^|/)(?:feeds?|rss|atom)(?:[./_-]?(?:index|all|news|latest|main|home))?(?:\.(?:xml|json|rss|php|atom))?/?$|\.(?:rss|atom|rdf)$`)

func (l *linkReader) takeLink(n *html.Node, href string) {
	u := l.resolve(href)
	if u == nil || l.page != nil && !isSameSite(u, l.page) || otherHost.MatchString(u.Hostname()) {
		return
	}
	if feedPath.MatchString(u.Path) {
		if !isCommentFeed(href) {
			l.linked = l.addFeed(l.linked, href)
		}
		return
	}
	if len(l.articles) >= maxLinkedStories || isAside(n) || !isStoryPath(u, stands(n)) {
		return
	}
	canonical, err := CanonicalURL(u.String())
	if err != nil || l.seen[canonical] {
		return
	}
	l.seen[canonical] = true
	l.articles = append(l.articles, canonical)
}

// isAside says whether a link leads around the site, or to a tag or an author.
func isAside(n *html.Node) bool {
	for _, rel := range [...]string{"tag", "author", "category", "search", "next", "prev", "license", "privacy-policy"} {
		if hasWord(attribute(n, "rel"), rel) {
			return true
		}
	}
	for a := range n.Ancestors() {
		switch a.DataAtom {
		case atom.Nav, atom.Footer, atom.Form:
			return true
		}
		switch strings.ToLower(attribute(a, "role")) {
		case "navigation", "contentinfo", "search", "menu", "menubar":
			return true
		}
	}
	return false
}

// stands says whether a link stands where a page lists stories.
func stands(n *html.Node) bool {
	for c := range n.Descendants() {
		switch c.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4:
			return true
		}
	}
	return enclosing(n, atom.Article, atom.Main, atom.H1, atom.H2, atom.H3, atom.H4) != nil
}

var (
	// otherPath are the parts of paths behind which no story is.
	otherPath = pattern.New(`(?i)^(?:tags?|topics?|thema|themen|themes?|categor(?:y|ies)|kategorien?|authors?|autor(?:en|es)?|auteurs?|people|profiles?|users?|members?|staff|log-?in|log-?out|sign-?in|sign-?up|register|registration|` +
		`subscribe|subscriptions?|account|my-?account|search|suche|recherche|about(?:-us)?|contact(?:-us)?|kontakt|impressum|privacy(?:-policy)?|datenschutz|terms(?:-.*)?|legal|imprint|help|faq|support|jobs|careers|newsletters?|advertis(?:e|ing).*|` +
		`podcasts?|specials|(?:article)?comments?|feeds?|rss|wp-(?:admin|login|content|includes|json).*|cart|shop|store|checkout|share|print|cookies?(?:-policy)?|sitemaps?|archives?|page|cdn-cgi|amp|apps?|donate|events?|games?|weather|wetter|tv-guide|horoscopes?|crosswords?|obituaries)$`)

	// otherHost are names of hosts on a site that have no stories.
	otherHost = pattern.New(`(?i)^(?:shop|store|forums?|deals|accounts?|login|auth|sso|jobs|support|help|id|my|secure|ads?|subscribe|abo)\.`)

	datePath = pattern.New(`(?:^|/)(?:19|20)\d\d(?:[/_-](?:\d{1,2}|[a-z]{3})\b(?:[/_-]\d{1,2}\b)?|(?:0[1-9]|1[0-2])[0-3]\d\b)`)
)

// isStoryPath says whether an address looks like that of a story: it has a
// date, some words or a number in it. Where stories are listed, less will do.
func isStoryPath(u *url.URL, listed bool) bool {
	switch extension := strings.ToLower(path.Ext(u.Path)); extension {
	case "", ".html", ".htm", ".shtml", ".php", ".asp", ".aspx", ".jsp", ".story", ".article", ".ece", ".do", ".cms", ".stm":
	default:
		if len(extension) < 6 && !strings.ContainsAny(extension, "0123456789-") {
			return false
		}
	}
	if query := u.Query(); query.Has("share") || query.Has("replytocom") || query.Has("print") {
		return false
	}
	parts := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		return u.Query().Get("p") != "" && listed // the plain addresses of WordPress
	}
	if slices.ContainsFunc(parts, isOtherPath) {
		return false
	}
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "index.") && len(parts) > 1 {
		last = parts[len(parts)-2]
	}
	last = strings.TrimSuffix(last, path.Ext(last))
	words := slugWords(last)
	dated, numbered := strings.ContainsAny(u.Path, "0123456789") && datePath.MatchString(u.Path), hasID(last) || isNumbered(u)
	switch {
	case words >= 4 || dated && words >= 2 || numbered && words >= 2:
		return true
	case listed:
		return words >= 3 || numbered || dated && words >= 1 || isOtherScript(last)
	}
	return false
}

// isOtherPath says whether no story is behind a part of a path.
func isOtherPath(part string) bool {
	lower := strings.ToLower(part)
	return otherPath.MatchString(part) || strings.HasSuffix(lower, "terms-of-use") || strings.HasSuffix(lower, "terms-of-service")
}

// slugWords counts the words of two letters or more in a part of a path, of the
// letters that addresses are made of.
func slugWords(part string) (words int) {
	letters := 0
	for i := range len(part) {
		if c := part[i] | 0x20; c < 'a' || c > 'z' {
			letters = 0
			continue
		}
		if letters++; letters == 2 {
			words++
		}
	}
	return words
}

// hasID says whether a part of a path has a number of five digits, or of four
// after three letters at most at its beginning, or a long hexadecimal one.
func hasID(part string) bool {
	const digits = "0123456789"
	number := strings.TrimLeft(part, "abcdefghijklmnopqrstuvwxyz")
	if len(part)-len(number) <= 3 && len(number)-len(strings.TrimLeft(number, digits)) >= 4 {
		return true
	}
	return longestOf(part, digits) >= 5 || longestOf(part, digits+"abcdef") >= 16
}

// longestOf returns how many bytes of a set follow each other in a text.
func longestOf(text, set string) (longest int) {
	n := 0
	for i := range len(text) {
		if n++; strings.IndexByte(set, text[i]) < 0 {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

// isNumbered says whether the query names a story by number.
func isNumbered(u *url.URL) bool {
	query := u.Query()
	for _, name := range [...]string{"id", "article", "articleid", "story", "storyid", "aid", "nid"} {
		if value := query.Get(name); len(value) >= 3 && strings.Trim(value, "0123456789") == "" {
			return true
		}
	}
	return false
}

// isOtherScript says whether a part of a path is words in a script that has no
// hyphens between them.
func isOtherScript(part string) bool {
	letters := 0
	for _, r := range part {
		if r > 0x2ff {
			letters++
		}
	}
	return letters >= 4
}
