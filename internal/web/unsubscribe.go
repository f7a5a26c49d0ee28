package web

import (
	"errors"
	"io"
	"net/http"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// How the record of consent names the two ways out behind the same link.
const (
	originPage     = "page"
	originOneClick = "one-click"
)

func (s *Server) showUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeUnsubscribe, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	v, err := s.Subscribers.View(r.Context(), s.Catalog(), token.Subscriber)
	if err != nil {
		return err
	}
	page := &templates.UnsubscribePage{Site: s.Site, DigestName: s.digestName(token.Digest), Masked: v.Masked, Action: r.URL.Path}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Unsubscribe(b, page) })
}

// digestName is the digest's name, or the site's where it is gone.
func (s *Server) digestName(id int64) string {
	if d := s.Catalog().Digest(id); d != nil {
		return d.Name
	}
	return s.Site.Name
}

// unsubscribe acts at once, whoever sends the POST: a mailbox provider's
// one-click (RFC 8058) has no cookie, no login and any body or none. It ends
// exactly the digest whose mail the link stood in.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeUnsubscribe, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	origin := originOneClick
	if isPage(r) {
		origin = originPage
	}
	err = s.Subscribers.Unsubscribe(r.Context(), token.Subscriber, token.Digest, origin, s.client(r).String())
	if err != nil && !errors.Is(err, subscribers.ErrUnknown) { // an erased reader has left already
		return err
	}
	page := &templates.GoodbyePage{Site: s.Site, DigestName: s.digestName(token.Digest), SubscribeURL: s.Links.SignUp()}
	return s.showGoodbye(w, page)
}

// isPage reports whether the button of our own page sent the request. A body
// that cannot be read is a one-click all the same.
func isPage(r *http.Request) bool {
	if err := r.ParseMultipartForm(formLimit); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return false
	}
	return r.PostForm.Get(templates.FieldConfirm) != ""
}

func (s *Server) showGoodbye(w http.ResponseWriter, page *templates.GoodbyePage) error {
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}
