package web

import (
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/text/language"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// siteFor is the site in the language for whoever sent a request: of those that
// the site offers the reader's own, else that of the form or the link, else
// what the browser asks for, else the site's.
func (s *Server) siteFor(r *http.Request, reader string) templates.Site {
	if len(s.Site.Languages) == 0 {
		return s.Site
	}
	wanted := []string{reader, r.PostForm.Get(templates.FieldLang), r.URL.Query().Get(templates.FieldLang)}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err == nil {
		for _, tag := range tags {
			wanted = append(wanted, tag.String())
		}
	}
	return s.Site.In(wanted...)
}

// readerSite is siteFor for a reader of whom only the id is known. Who is not
// there any more has no language.
func (s *Server) readerSite(r *http.Request, id int64) templates.Site {
	if len(s.Site.Languages) == 0 {
		return s.Site
	}
	v, err := s.Subscribers.View(r.Context(), s.Catalog(), id)
	if err != nil {
		return s.siteFor(r, "")
	}
	return s.siteFor(r, v.Language)
}

// catalogFor is what readers can choose, with the names of the language that a page
// has for someone of whom we know nothing.
func (s *Server) catalogFor(r *http.Request) *subscribers.Catalog {
	return s.Catalog().In(s.siteFor(r, "").Language)
}

// signUpIn is the page to sign up on, in the language of another page.
func (s *Server) signUpIn(site templates.Site) string {
	if len(s.Site.Languages) == 0 {
		return s.Links.SignUp()
	}
	return s.Links.SignUp() + "?" + url.Values{templates.FieldLang: {site.Language}}.Encode()
}

// inLanguage gives the path of a page the language of the form before it.
func (s *Server) inLanguage(r *http.Request, path string) string {
	if tag := r.PostForm.Get(templates.FieldLang); tag != "" && len(s.Site.Languages) > 0 {
		return path + "?" + url.Values{templates.FieldLang: {s.Site.Speak(tag)}}.Encode()
	}
	return path
}

// parseLanguage reads which of the offered languages a reader chose; nil stands
// for nothing chosen.
func (s *Server) parseLanguage(f url.Values) *string {
	if len(s.Site.Languages) == 0 || !f.Has(templates.FieldLanguage) {
		return nil
	}
	tag := f.Get(templates.FieldLanguage)
	if !slices.Contains(s.Site.Offered(), tag) {
		tag = "?" // which is refused as no language
	}
	return &tag
}
