package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func (s *Server) showConfirm(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeConfirm, r.PathValue("token"), s.Now())
	if errors.Is(err, subscribers.ErrExpired) {
		return s.showExpired(w, r, token.Subscriber)
	} else if err != nil {
		return err
	}
	v, err := s.Subscribers.Asked(r.Context(), s.catalogFor(r), token)
	if errors.Is(err, subscribers.ErrExpired) {
		return s.showExpired(w, r, token.Subscriber)
	} else if err != nil {
		return err
	}
	switch v.State {
	case subscribers.StateActive: // confirmed before
		return s.toPreferences(w, r, v.ID)
	case subscribers.StateUnsubscribed:
		if isSent(r) {
			return s.showSent(w, r, &v, "")
		}
		return s.showLeft(w, http.StatusOK, s.siteFor(r, v.Language), r.URL.EscapedPath())
	}
	return s.showAsked(w, r, http.StatusOK, &v)
}

// showAsked shows what waits for the reader's confirmation: all of it, for whoever
// filled in the form may be somebody else.
func (s *Server) showAsked(w http.ResponseWriter, r *http.Request, status int, v *subscribers.View) error {
	page := &templates.ConfirmPage{
		Site: s.siteFor(r, v.Language), Masked: v.Masked, Digests: checked(v.Digests), Topics: checked(v.Topics), Name: v.Name, Zone: v.Zone,
		AskedAt: inZone(v.AskedAt, readerZone(s.Catalog(), v.Zone)), Mark: v.Mark, Changed: status == http.StatusConflict, Action: r.URL.EscapedPath(),
	}
	if on, err := url.Parse(v.AskedOn); err == nil {
		page.AskedOn = on.Host
	}
	for i, rhythm := range v.Rhythms {
		if rhythm.Hour != "" {
			page.Hours = append(page.Hours, templates.HourChoice{Slug: rhythm.Slug, Digest: v.Digests[i].Name, Hour: rhythm.Hour})
		}
	}
	return s.show(w, status, func(b io.Writer) error { return s.pages.Confirm(b, page) })
}

func checked(choices []templates.Choice) []string {
	var names []string
	for _, c := range choices {
		if c.Checked {
			names = append(names, c.Name)
		}
	}
	return names
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposeConfirm, r.PathValue("token"), s.Now())
	expired := errors.Is(err, subscribers.ErrExpired)
	if err != nil && !expired {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if r.PostForm.Get(templates.FieldAgain) != "" {
		return s.confirmAgain(w, r, token)
	}
	if expired {
		return s.showExpired(w, r, token.Subscriber)
	}
	if r.PostForm.Has(templates.FieldFresh) { // from the page for who has left
		return s.askFresh(w, r, token.Subscriber)
	}
	by := subscribers.Confirmation{Seen: r.PostForm.Get(templates.FieldSeen), Origin: originForm, Client: s.clientText(r)}
	v, err := s.Subscribers.Confirm(r.Context(), s.catalogFor(r), token, by)
	switch {
	case errors.Is(err, subscribers.ErrExpired):
		return s.showOutdated(w, r, token.Subscriber)
	case errors.Is(err, subscribers.ErrAskedAnew):
		return s.showAsked(w, r, http.StatusConflict, &v)
	case err != nil:
		return err
	}
	if v.Confirmed || v.State == subscribers.StatePending && v.Suppressed { // who is told what others are
		return s.toSettings(w, r, token)
	}
	return s.toPreferences(w, r, v.ID)
}

// toSettings shows who has just confirmed their address the settings, as a link
// would that was mailed to it now.
func (s *Server) toSettings(w http.ResponseWriter, r *http.Request, confirmed subscribers.Token) error {
	token := subscribers.Token{Purpose: subscribers.PurposeFresh, Subscriber: confirmed.Subscriber, Change: confirmed.Change, IssuedAt: s.Now()}
	return s.redirect(w, r, "/f/"+s.Keys.Sign(token)+"?confirmed=1")
}

// toPreferences leads who confirmed before, or somebody to whom the mail was
// forwarded, to what every digest links to.
func (s *Server) toPreferences(w http.ResponseWriter, r *http.Request, id int64) error {
	token := s.Keys.Sign(subscribers.Token{Purpose: subscribers.PurposePreferences, Subscriber: id})
	return s.redirect(w, r, "/p/"+token+"?confirmed=1")
}

// confirmAgain mails a new link to the reader of an old one. The answer is
// always that of a sign-up.
func (s *Server) confirmAgain(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	start := s.Now()
	switch g := s.gate(r, proofOf(r), start); g.pass {
	case passStale, passBare:
		return s.showExpired(w, r, token.Subscriber)
	case passChallenge:
		return s.showStep(w, r, g.step, false)
	case passGranted:
		err := s.Subscribers.ConfirmAgain(r.Context(), token.Subscriber, g.form)
		if err != nil && !errors.Is(err, subscribers.ErrUnknown) && !errors.Is(err, subscribers.ErrFormUsed) {
			return err
		}
	}
	return s.checkInbox(w, r, start, "/subscribed")
}

// showOutdated answers a link from before the reader last left.
func (s *Server) showOutdated(w http.ResponseWriter, r *http.Request, id int64) error {
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), id)
	if err != nil {
		return err
	}
	if v.State == subscribers.StateUnsubscribed && !v.Waits {
		return s.showLeft(w, http.StatusGone, s.siteFor(r, v.Language), r.URL.EscapedPath())
	}
	return s.showExpired(w, r, id)
}

func (s *Server) showExpired(w http.ResponseWriter, r *http.Request, id int64) error {
	page := &templates.ExpiredPage{Site: s.readerSite(r, id), FormToken: s.formToken(s.Now()), Work: s.workFor(r), Action: r.URL.EscapedPath()}
	return s.show(w, http.StatusGone, func(b io.Writer) error { return s.pages.Expired(b, page) })
}
