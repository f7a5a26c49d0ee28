package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"broadsheet/digest"
	"broadsheet/templates"
)

// showView shows a mail as a page: what all readers with these stories got,
// without what belongs to one of them. The link can change nothing.
func (s *Server) showView(w http.ResponseWriter, r *http.Request) error {
	if s.Publisher == nil {
		return statusError(http.StatusNotFound)
	}
	token := r.PathValue("token")
	page, err := s.shelf.get(r.Context(), "v/"+token, htmlType, func(b io.Writer) error {
		p, err := s.Publisher.View(r.Context(), token)
		if err != nil {
			return err
		}
		return s.pages.Edition(b, s.editionPage(p))
	})
	if errors.Is(err, digest.ErrGone) {
		return s.showViewGone(w, r, token)
	}
	if err != nil {
		return err
	}
	s.allowMail(w.Header())
	page.serve(w, r)
	return nil
}

// htmlType is the Content-Type of pages.
const htmlType = "text/html; charset=utf-8"

// editionPage is the page of an edition without what the archive adds.
func (s *Server) editionPage(p *digest.Published) *templates.EditionPage {
	page := &templates.EditionPage{
		Site: s.Site.In(p.Language), Digest: p.Digest.NameIn(p.Language), HTML: p.HTML, Title: p.Title, Description: p.Description,
		SubscribeURL: s.address("/subscribe"),
	}
	if p.Language != "" {
		page.SubscribeURL += "?" + url.Values{templates.FieldLang: {p.Language}}.Encode()
	}
	if s.hasArchive() {
		page.ArchiveURL = s.address("/editions")
	}
	return page
}

// showViewGone says that a mail is no longer kept, and leads to the archive where
// that has its edition.
func (s *Server) showViewGone(w http.ResponseWriter, r *http.Request, token string) error {
	page := &templates.GonePage{Site: s.siteFor(r, "")}
	mailing, err := s.Publisher.Links().ReadView(token)
	if err != nil {
		return err
	}
	key, err := s.Publisher.InArchive(r.Context(), mailing.EditionID)
	if err != nil {
		return err
	}
	if key != "" {
		page.ArchiveURL = s.address("/editions/" + key)
	}
	return s.show(w, http.StatusGone, func(b io.Writer) error { return s.pages.Gone(b, page) })
}

// allowMail lets a page be what a mail is: styles stand in it, and its pictures
// are on other servers.
func (s *Server) allowMail(h http.Header) {
	pictures := "https:"
	if !s.https { // a site that is tried out on one host
		pictures = "https: http:"
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src "+pictures+
		"; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
}

// address is the public address of one of our paths.
func (s *Server) address(path string) string { return strings.TrimRight(s.PublicURL, "/") + path }

// hasArchive reports whether there is a public archive.
func (s *Server) hasArchive() bool { return s.Publisher != nil && len(s.Publisher.Archived()) > 0 }
