package web

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"broadsheet/digest"
	"broadsheet/templates"
)

// archiveQuery reads which editions a request is about. What it does not know
// is left out, so that each page has one address in caches.
func archiveQuery(r *http.Request) (digest.ArchiveQuery, error) {
	q := digest.ArchiveQuery{Digest: r.PathValue("digest"), Topic: r.URL.Query().Get("topic"), Page: 1}
	if strings.HasSuffix(r.URL.Path, "/") { // the route takes an empty name, too
		return q, statusError(http.StatusNotFound)
	}
	if text := r.URL.Query().Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || strconv.Itoa(n) != text {
			return q, statusError(http.StatusNotFound)
		}
		q.Page = n
	}
	return q, nil
}

// archivePath is the path of a list of editions.
func archivePath(q digest.ArchiveQuery) string {
	path, values := "/editions", url.Values{}
	if q.Digest != "" {
		path += "/" + q.Digest
	}
	if q.Topic != "" {
		values.Set("topic", q.Topic)
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return path
}

// showEditions lists the editions of the public archive.
func (s *Server) showEditions(w http.ResponseWriter, r *http.Request) error {
	if !s.hasArchive() {
		return statusError(http.StatusNotFound)
	}
	q, err := archiveQuery(r)
	if err != nil {
		return err
	}
	page, err := s.shelf.get(r.Context(), archivePath(q), htmlType, func(b io.Writer) error {
		list, more, err := s.Publisher.List(r.Context(), q)
		if err != nil {
			return err
		}
		return s.pages.Editions(b, s.editionsPage(q, list, more))
	})
	if err != nil {
		return err
	}
	w.Header().Del("X-Robots-Tag")
	page.serve(w, r)
	return nil
}

func (s *Server) editionsPage(q digest.ArchiveQuery, list []digest.Listed, more bool) *templates.EditionsPage {
	first := q
	first.Page = 1
	feed := "/editions/feed.xml"
	if q.Digest != "" {
		feed = "/editions/" + q.Digest + "/feed.xml"
	}
	page := &templates.EditionsPage{
		Site: s.Site, URL: s.address(archivePath(q)), SubscribeURL: s.address("/subscribe"), FeedURL: s.address(feed), Page: q.Page,
	}
	page.Digests, page.Digest = s.digestChoices(first)
	page.Topics, page.Topic = s.topicChoices(first)
	for _, l := range list {
		page.Editions = append(page.Editions, templates.EditionEntry{
			Digest: l.Digest.Name, Date: l.Date, Title: l.Title, Headlines: l.Headlines, URL: s.address("/editions/" + l.Edition.Key),
		})
	}
	if q.Page > 1 {
		newer := q
		newer.Page--
		page.NewerURL = s.address(archivePath(newer))
	}
	if more {
		q.Page++
		page.OlderURL = s.address(archivePath(q))
	}
	return page
}

// digestChoices are the digests to choose from, and the name of the chosen one.
func (s *Server) digestChoices(q digest.ArchiveQuery) (choices []templates.EditionsChoice, name string) {
	chosen := q.Digest
	for _, d := range s.Publisher.Archived() {
		q.Digest = d.Slug
		choices = append(choices, templates.EditionsChoice{Name: d.Name, URL: s.address(archivePath(q)), Chosen: d.Slug == chosen})
		if d.Slug == chosen {
			name = d.Name
		}
	}
	q.Digest = ""
	return append([]templates.EditionsChoice{{URL: s.address(archivePath(q)), Chosen: chosen == ""}}, choices...), name
}

// topicChoices are the topics to choose from, and the name of the chosen one.
func (s *Server) topicChoices(q digest.ArchiveQuery) (choices []templates.EditionsChoice, name string) {
	chosen := q.Topic
	for _, t := range s.Publisher.ArchivedTopics() {
		q.Topic = t.Slug
		choices = append(choices, templates.EditionsChoice{Name: t.Name, URL: s.address(archivePath(q)), Chosen: t.Slug == chosen})
		if t.Slug == chosen {
			name = t.Name
		}
	}
	q.Topic = ""
	return append([]templates.EditionsChoice{{URL: s.address(archivePath(q)), Chosen: chosen == ""}}, choices...), name
}

// showEdition shows an edition of the public archive.
func (s *Server) showEdition(w http.ResponseWriter, r *http.Request) error {
	if !s.hasArchive() {
		return statusError(http.StatusNotFound)
	}
	key := r.PathValue("digest") + "/" + r.PathValue("date")
	page, err := s.shelf.get(r.Context(), "e/"+key, htmlType, func(b io.Writer) error {
		e, err := s.Publisher.Edition(r.Context(), key)
		if err != nil {
			return err
		}
		page := s.editionPage(&e.Published)
		page.URL, page.Image, page.ImageAlt, page.PublishedAt = s.address("/editions/"+key), e.Image, e.ImageAlt, e.At
		page.ArchiveURL, page.FeedURL = s.address("/editions/"+e.Digest.Slug), s.address("/editions/"+e.Digest.Slug+"/feed.xml")
		if e.Before != "" {
			page.BeforeURL = s.address("/editions/" + e.Before)
		}
		if e.After != "" {
			page.AfterURL = s.address("/editions/" + e.After)
		}
		return s.pages.Edition(b, page)
	})
	if err != nil {
		return err
	}
	w.Header().Del("X-Robots-Tag")
	s.allowMail(w.Header())
	page.serve(w, r)
	return nil
}
