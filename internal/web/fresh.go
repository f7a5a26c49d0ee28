package web

import (
	"errors"
	"net/http"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// askFresh mails a reader a link to the settings, or to the data of one who has
// left. The answer and its time are the same whether that was within the limits or
// not, and whether we may write at all.
func (s *Server) askFresh(w http.ResponseWriter, r *http.Request, id int64) error {
	start := s.Now()
	if err := s.Subscribers.AskFresh(r.Context(), id); err != nil {
		return err
	}
	s.evenOut(r.Context(), start)
	return s.redirectBack(w, r, "sent")
}

// isSent reports whether a page is to tell that a fresh link is on its way.
func isSent(r *http.Request) bool { return r.URL.Query().Has("sent") }

// showSent tells that a fresh link is on its way. A way back is "" where the page
// has nothing to go back to.
func (s *Server) showSent(w http.ResponseWriter, r *http.Request, v *subscribers.View, back string) error {
	return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{
		Site: s.siteFor(r, v.Language), Answer: templates.AnswerFresh, Address: v.Masked, PreferencesURL: back,
	})
}

// freshToken reads the token of a request for what is personal.
func (s *Server) freshToken(r *http.Request) (subscribers.Token, error) {
	return s.Keys.Verify(subscribers.PurposeFresh, r.PathValue("token"), s.Now())
}

// showFresh shows what only the reader may see and do.
func (s *Server) showFresh(w http.ResponseWriter, r *http.Request) error {
	token, err := s.freshToken(r)
	if isSent(r) && (err == nil || errors.Is(err, subscribers.ErrExpired)) {
		v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), token.Subscriber)
		if err != nil {
			return err
		}
		return s.showSent(w, r, &v, "")
	}
	if err != nil {
		return s.freshFailed(w, r, token, err)
	}
	p, err := s.Subscribers.Personal(r.Context(), s.catalogFor(r), token)
	if err != nil {
		return s.freshFailed(w, r, token, err)
	}
	if r.URL.Query().Has("asked") && !p.Left {
		return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{
			Site: s.siteFor(r, p.Language), Answer: templates.AnswerAsked, PreferencesURL: r.URL.EscapedPath(),
		})
	}
	return s.drawPersonal(w, r, &p, http.StatusOK, func(page *templates.PersonalPage) {
		page.Saved, page.Confirmed = r.URL.Query().Has("saved"), r.URL.Query().Has("confirmed") && !p.Left
	})
}

// postFresh does what the button that was pressed says. A link that is too old can
// still have a new one mailed.
func (s *Server) postFresh(w http.ResponseWriter, r *http.Request) error {
	token, err := s.freshToken(r)
	if err != nil && !errors.Is(err, subscribers.ErrExpired) {
		return err
	}
	if wrong := r.ParseForm(); wrong != nil {
		return badForm(wrong)
	}
	if r.PostForm.Has(templates.FieldFresh) {
		return s.askFresh(w, r, token.Subscriber)
	}
	if err == nil {
		err = s.doFresh(w, r, token)
	}
	return s.freshFailed(w, r, token, err)
}

func (s *Server) doFresh(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	switch r.PostForm.Get(templates.FieldDo) {
	case templates.DoSave:
		return s.saveSettings(w, r, token)
	case templates.DoPause, templates.DoResume:
		return s.pauseDigests(w, r, token)
	case templates.DoAddress:
		return s.askAddress(w, r, token)
	case templates.DoCopy:
		return s.download(w, r, token)
	case templates.DoErase:
		return s.eraseReader(w, r, token)
	case templates.DoLeave:
		return s.leaveSettings(w, r, token)
	}
	return statusError(http.StatusBadRequest)
}

// freshFailed answers for a reader who has left, and for a link that is too old.
// It leaves other errors to the one table.
func (s *Server) freshFailed(w http.ResponseWriter, r *http.Request, token subscribers.Token, err error) error {
	switch {
	case errors.Is(err, subscribers.ErrUnsubscribed):
		return s.showLeft(w, http.StatusGone, s.readerSite(r, token.Subscriber), r.URL.EscapedPath())
	case errors.Is(err, subscribers.ErrExpired):
		return s.showAnswer(w, http.StatusGone, &templates.AnswerPage{
			Site: s.readerSite(r, token.Subscriber), Answer: templates.AnswerExpired, FreshAction: r.URL.EscapedPath(),
			NotSaved: r.Method == http.MethodPost && r.PostForm.Get(templates.FieldDo) != templates.DoCopy,
		})
	}
	return err
}
