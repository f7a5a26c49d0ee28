package ingest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"broadsheet/digest"
)

// sitemapURL is an entry of a sitemap (sitemaps.org 0.9), with what Google's
// extensions for news and pictures add.
type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod"`
	News    struct {
		Publication struct {
			Name     string `xml:"name"`
			Language string `xml:"language"`
		} `xml:"publication"`
		Date     string `xml:"publication_date"`
		Title    string `xml:"title"`
		Keywords string `xml:"keywords"`
	} `xml:"http://www.google.com/schemas/sitemap-news/0.9 news"`
	Images []struct {
		Loc     string `xml:"loc"`
		Caption string `xml:"caption"`
	} `xml:"http://www.google.com/schemas/sitemap-image/1.1 image"`

	at time.Time // when it changed, read from its texts
}

// date reads when the entry says that it changed, the zero time if it does not
// say it for sure.
func (u *sitemapURL) date(zone *time.Location) {
	for _, text := range []string{u.News.Date, u.LastMod} {
		if at, _, ok := ParseDate(text, DateOptions{Zone: zone}); ok {
			u.at = at
			return
		}
	}
}

// sitemap is a document of a sitemap: of stories, or an index of others.
type sitemap struct {
	urls   []sitemapURL
	others []sitemapURL
}

// mostSitemapURLs is how many entries of a sitemap are read.
const mostSitemapURLs = 50_000

// ParseSitemap reads a news sitemap; each entry that has a title is a story,
// checked as by Check, the latest MaxItems of them. It may be compressed by
// gzip. An index of sitemaps and anything that is none wrap ErrNotFeed.
func ParseSitemap(body []byte, o FeedOptions) (*Feed, error) {
	p := newFeedParser(o)
	got, err := readSitemap(body, o.ContentType)
	if err != nil {
		return nil, printableError{err}
	}
	if len(got.urls) == 0 && len(got.others) > 0 {
		return nil, fmt.Errorf("%w: it is an index of %d sitemaps; give the source that of the news, such as %s", ErrNotFeed, len(got.others), printable(strings.TrimSpace(got.others[0].Loc)))
	}
	for i := range got.urls {
		got.urls[i].date(o.Zone)
	}
	slices.SortStableFunc(got.urls, func(a, b sitemapURL) int { return b.at.Compare(a.at) })
	if len(got.urls) > MaxItems {
		p.note("the sitemap has %d entries, only the latest %d are read", len(got.urls), MaxItems)
		got.urls = got.urls[:MaxItems]
	}
	untitled := 0
	for i := range got.urls {
		if strings.TrimSpace(got.urls[i].News.Title) == "" {
			untitled++
			continue
		}
		p.sitemapStory(i+1, &got.urls[i])
	}
	if untitled > 0 {
		p.note("without a title of news: %d of %d entries", untitled, len(got.urls))
	}
	return p.out, nil
}

func (p *feedParser) sitemapStory(number int, u *sitemapURL) {
	in := digest.Incoming{Title: u.News.Title, SiteName: cutText(plainTitle(u.News.Publication.Name), MaxTitle), PublishedAt: u.at, Language: p.out.Language}
	canonical, err := CanonicalURL(p.resolve(strings.TrimSpace(u.Loc)))
	if err != nil {
		p.note("entry %d (%s): skipped, %v", number, shorten(u.News.Title, 80), err)
		return
	}
	in.URL = canonical
	if tag := strings.TrimSpace(u.News.Publication.Language); tag != "" {
		if language, ok := languageTag(tag); ok {
			in.Language = language
		}
	}
	for keyword := range strings.SplitSeq(u.News.Keywords, ",") {
		if keyword = strings.TrimSpace(keyword); keyword != "" {
			in.Categories = append(in.Categories, keyword)
		}
	}
	if len(u.Images) > 0 {
		in.ImageURL, in.ImageAlt = strings.TrimSpace(u.Images[0].Loc), u.Images[0].Caption
	}
	switch {
	case u.at.IsZero() && u.News.Date != "":
		p.note("entry %d (%s): the date %q is not understood, it counts as unknown", number, shorten(u.News.Title, 80), shorten(u.News.Date, 60))
	case !p.now.IsZero() && u.at.After(p.now.Add(aheadUnnoted)):
		p.note("entry %d (%s): its date %s is in the future, the story counts as published when it arrives", number, shorten(u.News.Title, 80), u.at.Format(time.RFC3339))
	}
	p.addChecked(number, in)
}

// addChecked adds a story that passes the check and is there for the first time.
func (p *feedParser) addChecked(number int, in digest.Incoming) {
	if err := Check(&in); err != nil {
		p.note("entry %d (%s): skipped, %v", number, itemName(in), err)
		return
	}
	if first, known := p.known(number, in); known {
		p.note("entry %d (%s): skipped, it is entry %d again", number, itemName(in), first)
		return
	}
	p.out.Items = append(p.out.Items, in)
}

// readSitemap reads the entries of a sitemap, those before the first fault.
func readSitemap(body []byte, contentType string) (*sitemap, error) {
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		plain, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(io.LimitReader(plain, 50<<20+1))
		}
		if err != nil {
			return nil, fmt.Errorf("read gzip: %w", err)
		}
		if len(body) > 50<<20 {
			return nil, fmt.Errorf("%w: a sitemap has at most 50 MB", ErrTooLarge)
		}
	}
	text, _ := decodeText(body, contentType)
	text = cleanXML(bytes.TrimSpace(text))
	root, _ := rootTag(text)
	switch name := strings.ToLower(string(root.name[bytes.IndexByte(root.name, ':')+1:])); name {
	case "urlset", "sitemapindex":
	default:
		if isPage(text) {
			return nil, fmt.Errorf("%w: it is an HTML page, not a sitemap", ErrNotFeed)
		}
		return nil, fmt.Errorf("%w: its first element is <%s>, not <urlset>", ErrNotFeed, shorten(name, 40))
	}
	if err := checkShape(text[root.start:]); err != nil {
		return nil, fmt.Errorf("read sitemap: %w", err)
	}
	return decodeSitemap(text[root.start:])
}

func decodeSitemap(text []byte) (*sitemap, error) {
	out := &sitemap{}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.Strict = false
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for len(out.urls)+len(out.others) < mostSitemapURLs {
		token, err := decoder.Token()
		if err != nil { // its end, or where it is cut off
			if len(out.urls)+len(out.others) == 0 && err != io.EOF {
				return nil, fmt.Errorf("read sitemap: %w", err)
			}
			return out, nil
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "url" && start.Name.Local != "sitemap" {
			continue
		}
		var entry sitemapURL
		if err := decoder.DecodeElement(&entry, &start); err != nil {
			return out, nil
		}
		if start.Name.Local == "url" {
			out.urls = append(out.urls, entry)
		} else {
			out.others = append(out.others, entry)
		}
	}
	return out, nil
}

// sitemaps returns the sitemaps that a site names, those of news first.
func (p *Poller) sitemaps(ctx context.Context, src *digest.Source) []string {
	u, err := url.Parse(src.URL)
	if err != nil {
		return nil
	}
	robots := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	response, err := p.fetcher.Get(ctx, Request{URL: robots.String(), AllowPrivate: src.AllowPrivate})
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(strings.ToValidUTF8(string(response.Body), "")) {
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(strings.TrimSpace(name), "sitemap") {
			continue
		}
		if canonical, err := CanonicalURL(value); err == nil && len(out) < 20 {
			out = append(out, canonical)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(newsFirst(a), newsFirst(b)) })
	return out
}

func newsFirst(sitemap string) int {
	if strings.Contains(strings.ToLower(sitemap), "news") {
		return 0
	}
	return 1
}
