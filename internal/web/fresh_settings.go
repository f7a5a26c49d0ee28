package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func (s *Server) parsePreferences(f url.Values) *subscribers.Preferences {
	in := &subscribers.Preferences{
		Zone: f.Get(templates.FieldZone), Language: s.parseLanguage(f), Format: parseFormat(f),
		Topics: f[templates.FieldTopics], Digests: f[templates.FieldDigests], Hours: parseHours(f, f[templates.FieldDigests]),
	}
	if f.Has(templates.FieldName) {
		name := f.Get(templates.FieldName)
		in.Name = &name
	}
	return in
}

// parseFormat reads how mails are wanted; nil stands for nothing chosen. What is
// no format is refused with the other fields.
func parseFormat(f url.Values) *subscribers.Format {
	if !f.Has(templates.FieldFormat) {
		return nil
	}
	format, err := subscribers.ParseFormat(f.Get(templates.FieldFormat))
	if err != nil {
		format = "?"
	}
	return &format
}

// saveSettings saves what the reader chose. To choose no digest is to leave.
func (s *Server) saveSettings(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	in := s.parsePreferences(r.PostForm)
	left, err := s.Subscribers.SetPreferences(r.Context(), s.Catalog(), token, *in, originForm, s.clientText(r))
	switch {
	case err != nil:
		return s.showWrongPersonal(w, r, token, in, err)
	case left.At != 0:
		return s.toGoodbye(w, r, token.Subscriber, left)
	}
	return s.redirectBack(w, r, "saved")
}

// leaveSettings ends everything, as the last button of the settings says.
func (s *Server) leaveSettings(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	p, err := s.Subscribers.Personal(r.Context(), s.catalogFor(r), token)
	if err != nil {
		return err
	}
	if p.Left {
		return subscribers.ErrUnsubscribed
	}
	return s.leave(w, r, subscribers.Token{Subscriber: p.ID}, originForm)
}

// pauseDigests pauses all digests of a reader until the day that was chosen, or
// ends the pause.
func (s *Server) pauseDigests(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	p, err := s.Subscribers.Personal(r.Context(), s.catalogFor(r), token)
	if err != nil {
		return err
	}
	if p.Left {
		return subscribers.ErrUnsubscribed
	}
	if r.PostForm.Get(templates.FieldDo) == templates.DoResume {
		err = s.Subscribers.Resume(r.Context(), p.ID, 0, originForm, s.clientText(r))
	} else {
		err = s.pauseUntil(r, &p)
	}
	switch {
	case errors.Is(err, subscribers.ErrPauseOver):
		wrong := map[string]templates.Problem{templates.FieldPauseUntil: templates.ProblemPauseOver}
		return s.drawPersonal(w, r, &p, http.StatusUnprocessableEntity, func(page *templates.PersonalPage) {
			page.Errors, page.PauseUntil = wrong, r.PostForm.Get(templates.FieldPauseUntil)
		})
	case errors.Is(err, subscribers.ErrNotSubscribed): // who left meanwhile
		return subscribers.ErrUnsubscribed
	case err != nil:
		return err
	}
	return s.redirectBack(w, r, "saved")
}

// pauseUntil pauses until the beginning of the day that was chosen, where the
// reader is.
func (s *Server) pauseUntil(r *http.Request, p *subscribers.Personal) error {
	until, err := time.ParseInLocation(time.DateOnly, r.PostForm.Get(templates.FieldPauseUntil), readerZone(s.Catalog(), p.Zone))
	if err != nil || until.After(s.Now().Add(longestPause)) {
		return subscribers.ErrPauseOver
	}
	return s.Subscribers.Pause(r.Context(), p.ID, 0, until, originForm, s.clientText(r))
}
