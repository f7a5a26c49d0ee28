package web

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"time"

	"broadsheet/digest"
)

// rss is a feed as RSS 2.0 has it, with the link to itself of RFC 4287.
type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Self        rssSelf   `xml:"atom:link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Items       []rssItem `xml:"item"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	GUID        rssGUID `xml:"guid"`
	PubDate     string  `xml:"pubDate"`
	Description string  `xml:"description"`
}

type rssGUID struct {
	PermaLink bool   `xml:"isPermaLink,attr"`
	Value     string `xml:",chardata"`
}

// editionsFeed is the feed of the newest editions, of all digests or of one.
func (s *Server) editionsFeed(w http.ResponseWriter, r *http.Request) error {
	if !s.hasArchive() {
		return statusError(http.StatusNotFound)
	}
	q := digest.ArchiveQuery{Digest: r.PathValue("digest"), Page: 1}
	path := archivePath(q)
	page, err := s.shelf.get(r.Context(), path+"/feed.xml", "application/rss+xml; charset=utf-8", func(b io.Writer) error {
		list, _, err := s.Publisher.List(r.Context(), q)
		if err != nil {
			return err
		}
		name := s.Site.Name
		if q.Digest != "" {
			_, name = s.digestChoices(q)
		}
		return writeXML(b, s.feedOf(path, name, list))
	})
	if err != nil {
		return err
	}
	page.serve(w, r)
	return nil
}

func (s *Server) feedOf(path, name string, list []digest.Listed) *rss {
	feed := &rss{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Channel: rssChannel{
		Title: name, Link: s.address(path), Description: s.pages.EditionsTitle(s.Site, name), Language: s.Site.Language,
		Self: rssSelf{Href: s.address(path + "/feed.xml"), Rel: "self", Type: "application/rss+xml"},
	}}
	for _, l := range list {
		link := s.address("/editions/" + l.Edition.Key)
		feed.Channel.Items = append(feed.Channel.Items, rssItem{
			Title: s.pages.EditionTitle(s.Site, l.Digest.Name, l.Date), Link: link, GUID: rssGUID{true, link},
			PubDate: l.At.UTC().Format(time.RFC1123Z), Description: strings.Join(append(titled(l.Title), l.Headlines...), " · "),
		})
	}
	return feed
}

func titled(title string) []string {
	if title == "" {
		return nil
	}
	return []string{title}
}

// urlSet is a map of a site as sitemaps.org has it.
type urlSet struct {
	XMLName xml.Name `xml:"urlset"`
	Space   string   `xml:"xmlns,attr"`
	URLs    []urlRow `xml:"url"`
}

type urlRow struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// sitemap tells search engines the pages of the archive.
func (s *Server) sitemap(w http.ResponseWriter, r *http.Request) error {
	if !s.hasArchive() {
		return statusError(http.StatusNotFound)
	}
	page, err := s.shelf.get(r.Context(), "/editions/sitemap.xml", "application/xml; charset=utf-8", func(b io.Writer) error {
		list, err := s.Publisher.Map(r.Context())
		if err != nil {
			return err
		}
		set := urlSet{Space: "http://www.sitemaps.org/schemas/sitemap/0.9"}
		set.URLs = append(set.URLs, urlRow{Loc: s.address("/editions")})
		for _, d := range s.Publisher.Archived() {
			set.URLs = append(set.URLs, urlRow{Loc: s.address("/editions/" + d.Slug)})
		}
		for _, l := range list {
			set.URLs = append(set.URLs, urlRow{s.address("/editions/" + l.Edition.Key), l.At.UTC().Format(time.RFC3339)})
		}
		set.URLs = set.URLs[:min(len(set.URLs), mostMapped)]
		return writeXML(b, set)
	})
	if err != nil {
		return err
	}
	page.serve(w, r)
	return nil
}

// mostMapped is how many pages a map of a site may have.
const mostMapped = 50_000

func writeXML(w io.Writer, document any) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return xml.NewEncoder(w).Encode(document)
}
