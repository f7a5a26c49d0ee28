package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// How the record of consent names the ways out behind the same link.
const (
	originPage     = subscribers.OriginPage
	originOneClick = subscribers.OriginOneClick
)

// leaveTime is how long leaving may take. It goes on when the client hangs up.
const leaveTime = 20 * time.Second

func (s *Server) showUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeUnsubscribe, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	return s.askToLeave(w, r, token, http.StatusOK, func(*templates.UnsubscribePage) {})
}

// askToLeave draws the page of an unsubscribe link, as change makes it, or says
// goodbye where there is nothing left to end.
func (s *Server) askToLeave(w http.ResponseWriter, r *http.Request, token subscribers.Token, status int, change func(*templates.UnsubscribePage)) error {
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), token.Subscriber)
	if err != nil {
		return err
	}
	if v.State == subscribers.StateUnsubscribed && isSent(r) {
		return s.showSent(w, r, &v, "")
	}
	if s.hasEnded(&v, token.Digest) {
		return s.showEnded(w, r, &v, token.Digest)
	}
	page := &templates.UnsubscribePage{Site: s.siteFor(r, v.Language), DigestName: s.digestName(token.Digest, s.siteFor(r, v.Language).Language), Masked: v.Masked, Action: r.URL.EscapedPath()}
	s.offerLess(page, token.Digest)
	change(page)
	return s.show(w, status, func(b io.Writer) error { return s.pages.Unsubscribe(b, page) })
}

// offerLess adds what there is instead of leaving a digest. It comes from the
// configuration alone: whoever has the link may let less come to the reader, and
// learns nothing of them.
func (s *Server) offerLess(page *templates.UnsubscribePage, digest int64) {
	c := s.Catalog().In(page.Site.Language)
	d := c.Digest(digest)
	page.All = digest != 0 && (d == nil || len(c.Digests) > 1)
	if digest != 0 && d == nil { // it is no longer configured
		return
	}
	page.Pause = true
	for _, t := range c.Topics {
		if d == nil || slices.Contains(d.Topics, t.ID) {
			page.Topics = append(page.Topics, templates.Choice{Slug: t.Slug, Name: t.Name, Description: t.Description})
		}
	}
	if len(page.Topics) < 2 {
		page.Topics = nil
	}
}

// hasEnded reports whether there is nothing left to end. Of a digest that is no
// longer configured that is not known.
func (s *Server) hasEnded(v *subscribers.View, digest int64) bool {
	d := s.Catalog().Digest(digest)
	return v.State == subscribers.StateUnsubscribed ||
		d != nil && !slices.ContainsFunc(v.Digests, func(c templates.Choice) bool { return c.Slug == d.Slug && c.Checked })
}

// digestName is the digest's name in a language, or the site's where it is gone.
func (s *Server) digestName(id int64, language string) string {
	if d := s.Catalog().In(language).Digest(id); d != nil {
		return d.Name
	}
	return s.Site.Name
}

// unsubscribe acts at once, whoever sends the POST: a mailbox provider's
// one-click (RFC 8058) has no cookie, no login and any body or none. It ends
// exactly the digest whose mail the link stood in. Our own page may ask for less.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeUnsubscribe, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	if !isPage(r) {
		return s.leave(w, r, token, originOneClick)
	}
	if r.PostForm.Has(templates.FieldFresh) { // from the page for who has left
		return s.askFresh(w, r, token.Subscriber)
	}
	switch r.PostForm.Get(templates.FieldInstead) {
	case templates.InsteadPause:
		return s.pauseInstead(w, r, token)
	case templates.InsteadTopics:
		return s.leaveTopics(w, r, token)
	case templates.InsteadAll:
		token.Digest = 0
	case "":
	default: // nothing that we offer
		return statusError(http.StatusBadRequest)
	}
	return s.leave(w, r, token, originPage)
}

// isPage reports whether a button of our own page sent the request. A body that
// cannot be read is a one-click all the same.
func isPage(r *http.Request) bool {
	if err := r.ParseMultipartForm(formLimit); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return false
	}
	f := r.PostForm
	return !f.Has("List-Unsubscribe") && f.Get(templates.FieldConfirm)+f.Get(templates.FieldInstead)+f.Get(templates.FieldFresh) != ""
}

// leave ends a digest, or all for digest 0, and says so.
func (s *Server) leave(w http.ResponseWriter, r *http.Request, token subscribers.Token, origin string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), leaveTime)
	defer cancel()
	left, err := s.Subscribers.Leave(ctx, token.Subscriber, token.Digest, origin, s.clientText(r))
	if err != nil && !errors.Is(err, subscribers.ErrUnknown) { // an erased reader has left already
		return err
	}
	if left.At != 0 && origin == originPage {
		s.Marks.left(token.Subscriber, left.At, s.network(r), isMachine(r))
	}
	if left.At != 0 && origin != originOneClick { // whose answer no person reads
		return s.toGoodbye(w, r, token.Subscriber, left)
	}
	return s.showGoodbye(w, http.StatusOK, token.Digest, s.readerSite(r, token.Subscriber))
}

// showEnded says that a digest has ended, to a reader who may have left altogether.
func (s *Server) showEnded(w http.ResponseWriter, r *http.Request, v *subscribers.View, digest int64) error {
	page := s.goodbyePage(digest, s.siteFor(r, v.Language))
	if v.State == subscribers.StateUnsubscribed {
		page.FreshAction = r.URL.EscapedPath()
	}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Goodbye(b, page) })
}

// pauseInstead lets nothing come for some weeks, in the reader's zone.
func (s *Server) pauseInstead(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), token.Subscriber)
	if err != nil {
		return err
	}
	weeks, err := strconv.Atoi(r.PostForm.Get(templates.FieldWeeks))
	if err != nil || weeks < 1 || weeks > 52 {
		weeks = 4
	}
	now := s.Now().In(readerZone(s.Catalog(), v.Zone))
	year, month, day := now.Date()
	until := time.Date(year, month, day+7*weeks, 0, 0, 0, 0, now.Location())
	until, err = s.Subscribers.PauseAtLeast(r.Context(), token.Subscriber, token.Digest, until, originPage, s.clientText(r))
	if errors.Is(err, subscribers.ErrNotSubscribed) {
		return s.showEnded(w, r, &v, token.Digest)
	} else if err != nil {
		return err
	}
	page := &templates.LessPage{Site: s.siteFor(r, v.Language), What: templates.LessPaused, Until: until.In(now.Location()), LeaveURL: r.URL.EscapedPath()}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Less(b, page) })
}

// leaveTopics takes the ticked topics off what the reader wants. The answer is the
// same whether they were wanted.
func (s *Server) leaveTopics(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	var slugs, names []string
	for _, t := range s.Catalog().In(s.readerSite(r, token.Subscriber).Language).Topics {
		if slices.Contains(r.PostForm[templates.FieldTopics], t.Slug) {
			slugs, names = append(slugs, t.Slug), append(names, t.Name)
		}
	}
	if len(slugs) == 0 {
		return s.askToLeave(w, r, token, http.StatusUnprocessableEntity, func(page *templates.UnsubscribePage) {
			page.Errors = map[string]templates.Problem{templates.FieldTopics: templates.ProblemNothingTicked}
		})
	}
	err := s.Subscribers.DropTopics(r.Context(), s.Catalog(), token.Subscriber, slugs, originPage, s.clientText(r))
	switch {
	case errors.Is(err, subscribers.ErrLastTopic):
		return s.askToLeave(w, r, token, http.StatusConflict, func(page *templates.UnsubscribePage) {
			page.LastTopic = true
			for i := range page.Topics {
				page.Topics[i].Checked = slices.Contains(slugs, page.Topics[i].Slug)
			}
		})
	case errors.Is(err, subscribers.ErrUnsubscribed):
		return s.showLeft(w, http.StatusOK, s.readerSite(r, token.Subscriber), r.URL.EscapedPath())
	case err != nil:
		return err
	}
	page := &templates.LessPage{Site: s.readerSite(r, token.Subscriber), What: templates.LessTopics, Names: names, LeaveURL: r.URL.EscapedPath()}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Less(b, page) })
}
