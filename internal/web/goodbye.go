package web

import (
	"errors"
	"io"
	"net/http"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func (s *Server) goodbyePage(digest int64, site templates.Site) *templates.GoodbyePage {
	return &templates.GoodbyePage{Site: site, DigestName: s.digestName(digest, site.Language), All: digest == 0, SubscribeURL: s.signUpIn(site)}
}

// showGoodbye says that a digest has ended, or all for digest 0.
func (s *Server) showGoodbye(w http.ResponseWriter, status int, digest int64, site templates.Site) error {
	page := s.goodbyePage(digest, site)
	return s.show(w, status, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}

// showLeft answers the links of a reader who has left altogether. The page has a
// button that posts to fresh, for a link to the reader's data, unless that is "".
func (s *Server) showLeft(w http.ResponseWriter, status int, site templates.Site, fresh string) error {
	page := s.goodbyePage(0, site)
	page.FreshAction = fresh
	return s.show(w, status, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}

// toGoodbye sends the browser to the page that tells what a leaving was and undoes
// it: a page that it can go back to without sending a form again. Its token is
// worth nothing for anything else: it may stand at the end of a forwarded mail's
// link.
func (s *Server) toGoodbye(w http.ResponseWriter, r *http.Request, subscriber int64, left subscribers.Left) error {
	token := subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: subscriber, Change: left.At, IssuedAt: s.Now()}
	return s.redirect(w, r, "/b/"+s.Keys.Sign(token))
}

// showReturn shows what a leaving was, as long as it can be undone.
func (s *Server) showReturn(w http.ResponseWriter, r *http.Request) error {
	token, left, err := s.readReturn(r)
	if err != nil {
		return s.failReturn(w, r, token, err)
	}
	if isSent(r) {
		v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), token.Subscriber)
		if err != nil {
			return err
		}
		return s.showSent(w, r, &v, "")
	}
	return s.showReturnable(w, r, token, left)
}

// readReturn reads a return token, and what it can undo.
func (s *Server) readReturn(r *http.Request) (subscribers.Token, subscribers.Leaving, error) {
	token, err := s.Keys.Verify(subscribers.PurposeReturn, r.PathValue("token"), s.Now())
	if err != nil {
		return token, subscribers.Leaving{}, err
	}
	left, err := s.Subscribers.Returnable(r.Context(), token)
	return token, left, err
}

// failReturn answers a token that is ours and can undo nothing.
func (s *Server) failReturn(w http.ResponseWriter, r *http.Request, token subscribers.Token, err error) error {
	if !errors.Is(err, subscribers.ErrExpired) && !errors.Is(err, subscribers.ErrNotReturnable) && !errors.Is(err, subscribers.ErrUnknown) {
		return err
	}
	site := s.readerSite(r, token.Subscriber)
	page := &templates.LessPage{Site: site, What: templates.LessGone, SubscribeURL: s.signUpIn(site)}
	return s.show(w, http.StatusGone, func(b io.Writer) error { return s.pages.Less(b, page) })
}

// showReturnable says what has ended, offers to undo it and asks why.
func (s *Server) showReturnable(w http.ResponseWriter, r *http.Request, token subscribers.Token, left subscribers.Leaving) error {
	page := s.goodbyePage(left.DigestID, s.readerSite(r, token.Subscriber))
	page.UndoAction, page.SubscribeURL, page.MaxWhyText = r.URL.EscapedPath(), "", subscribers.MaxWhyText
	page.All, page.Thanks = left.All, r.URL.Query().Has("thanks")
	switch {
	case left.All:
		page.FreshAction = r.URL.EscapedPath()
	case left.DigestID == 0:
		page.Names = s.digestNames(left.Digests, page.Site.Language)
	}
	for _, why := range subscribers.Whys() {
		page.Whys = append(page.Whys, string(why))
	}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}

// digestNames are the names of digests in a language; what has no name keeps its
// slug.
func (s *Server) digestNames(slugs []string, language string) []string {
	var names []string
	for _, slug := range slugs {
		name := slug
		for _, d := range s.Catalog().In(language).Digests {
			if d.Slug == slug {
				name = d.Name
			}
		}
		names = append(names, name)
	}
	return names
}

// postReturn undoes a leaving, keeps why the reader left, or mails a link to the
// data of one who has left altogether.
func (s *Server) postReturn(w http.ResponseWriter, r *http.Request) error {
	token, left, err := s.readReturn(r)
	if err != nil {
		return s.failReturn(w, r, token, err)
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	switch {
	case r.PostForm.Has(templates.FieldUndo):
		return s.comeBack(w, r, token)
	case r.PostForm.Has(templates.FieldFresh) && left.All:
		return s.askFresh(w, r, token.Subscriber)
	}
	err = s.Subscribers.GiveReason(r.Context(), token, subscribers.Why(r.PostForm.Get(templates.FieldWhy)), r.PostForm.Get(templates.FieldWhyText), s.clientText(r))
	if errors.Is(err, subscribers.ErrNoReason) {
		return s.showReturnable(w, r, token, left)
	} else if err != nil {
		return s.failReturn(w, r, token, err)
	}
	return s.redirectBack(w, r, "thanks")
}

// comeBack undoes a leaving. It shows no more of the reader than what is back.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	slugs, err := s.Subscribers.Return(r.Context(), s.Catalog(), token, s.clientText(r))
	if err != nil {
		return s.failReturn(w, r, token, err)
	}
	page := &templates.LessPage{Site: s.readerSite(r, token.Subscriber), What: templates.LessReturned}
	page.Names = s.digestNames(slugs, page.Site.Language)
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Less(b, page) })
}
