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

// showLeft answers the links of a reader who has left altogether.
func (s *Server) showLeft(w http.ResponseWriter, status int, site templates.Site) error {
	return s.showGoodbye(w, status, 0, site)
}

// offerReturn lets the page undo a leaving and ask why. Its token is worth nothing
// for anything else: the page may stand at the end of a forwarded mail's link.
func (s *Server) offerReturn(page *templates.GoodbyePage, subscriber, leaving int64) {
	token := s.Keys.Sign(subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: subscriber, Change: leaving, IssuedAt: s.Now()})
	page.UndoAction, page.SubscribeURL, page.MaxWhyText = s.path+"/b/"+token, "", subscribers.MaxWhyText
	for _, why := range subscribers.Whys() {
		page.Whys = append(page.Whys, string(why))
	}
}

// showReturn shows what a leaving was, as long as it can be undone.
func (s *Server) showReturn(w http.ResponseWriter, r *http.Request) error {
	token, left, err := s.readReturn(r)
	if err != nil {
		return s.failReturn(w, r, token, err)
	}
	return s.showReturnable(w, r, token, left, false)
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

func (s *Server) showReturnable(w http.ResponseWriter, r *http.Request, token subscribers.Token, left subscribers.Leaving, thanks bool) error {
	page := s.goodbyePage(left.DigestID, s.readerSite(r, token.Subscriber))
	s.offerReturn(page, token.Subscriber, token.Change)
	page.UndoAction, page.Thanks = s.path+"/b/"+r.PathValue("token"), thanks
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}

// postReturn undoes a leaving, or keeps why the reader left.
func (s *Server) postReturn(w http.ResponseWriter, r *http.Request) error {
	token, left, err := s.readReturn(r)
	if err != nil {
		return s.failReturn(w, r, token, err)
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if r.PostForm.Has(templates.FieldUndo) {
		return s.comeBack(w, r, token)
	}
	err = s.Subscribers.GiveReason(r.Context(), token, subscribers.Why(r.PostForm.Get(templates.FieldWhy)), r.PostForm.Get(templates.FieldWhyText), s.clientText(r))
	if err != nil && !errors.Is(err, subscribers.ErrNoReason) {
		return s.failReturn(w, r, token, err)
	}
	return s.showReturnable(w, r, token, left, err == nil)
}

// comeBack undoes a leaving. It shows no more of the reader than what is back.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	slugs, err := s.Subscribers.Return(r.Context(), token, s.clientText(r))
	if err != nil {
		return s.failReturn(w, r, token, err)
	}
	page := &templates.LessPage{Site: s.readerSite(r, token.Subscriber), What: templates.LessReturned}
	for _, slug := range slugs {
		name := slug
		for _, d := range s.Catalog().In(page.Site.Language).Digests {
			if d.Slug == slug {
				name = d.Name
			}
		}
		page.Names = append(page.Names, name)
	}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Less(b, page) })
}
