package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// How the record of consent names the two ways out behind the same link.
const (
	originPage     = "page"
	originOneClick = "one-click"
)

// leaveTime is how long leaving may take. It goes on when the client hangs up.
const leaveTime = 20 * time.Second

func (s *Server) showUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeUnsubscribe, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	v, err := s.Subscribers.View(r.Context(), s.Catalog(), token.Subscriber)
	if err != nil {
		return err
	}
	if s.hasEnded(&v, token.Digest) {
		return s.showGoodbye(w, http.StatusOK, token.Digest, s.siteFor(r, v.Language))
	}
	page := &templates.UnsubscribePage{Site: s.siteFor(r, v.Language), DigestName: s.digestName(token.Digest), Masked: v.Masked, Action: r.URL.EscapedPath()}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Unsubscribe(b, page) })
}

// hasEnded reports whether there is nothing left to end. Of a digest that is no
// longer configured that is not known.
func (s *Server) hasEnded(v *subscribers.View, digest int64) bool {
	d := s.Catalog().Digest(digest)
	return v.State == subscribers.StateUnsubscribed ||
		d != nil && !slices.ContainsFunc(v.Digests, func(c templates.Choice) bool { return c.Slug == d.Slug && c.Checked })
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
	return s.leave(w, r, token, origin)
}

// leave ends a digest, or all for digest 0, and says so.
func (s *Server) leave(w http.ResponseWriter, r *http.Request, token subscribers.Token, origin string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), leaveTime)
	defer cancel()
	err := s.Subscribers.Unsubscribe(ctx, token.Subscriber, token.Digest, origin, s.clientText(r))
	if err != nil && !errors.Is(err, subscribers.ErrUnknown) { // an erased reader has left already
		return err
	}
	return s.showGoodbye(w, http.StatusOK, token.Digest, s.readerSite(r, token.Subscriber))
}

// isPage reports whether the button of our own page sent the request. A body
// that cannot be read is a one-click all the same.
func isPage(r *http.Request) bool {
	if err := r.ParseMultipartForm(formLimit); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return false
	}
	return r.PostForm.Get(templates.FieldConfirm) != ""
}

// showGoodbye says that a digest has ended, or all for digest 0.
func (s *Server) showGoodbye(w http.ResponseWriter, status int, digest int64, site templates.Site) error {
	page := &templates.GoodbyePage{Site: site, DigestName: s.digestName(digest), All: digest == 0, SubscribeURL: s.signUpIn(site)}
	return s.show(w, status, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}

// showLeft answers the links of a reader who has left altogether.
func (s *Server) showLeft(w http.ResponseWriter, status int, site templates.Site) error {
	return s.showGoodbye(w, status, 0, site)
}
