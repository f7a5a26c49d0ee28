package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// mostLately is how many mails the page of a reader lists.
const mostLately = 10

// askFresh mails a reader a link to what is personal. The answer is the same
// whether that was within the limits or not.
func (s *Server) askFresh(w http.ResponseWriter, r *http.Request, id int64) error {
	start := s.Now()
	if err := s.Subscribers.AskFresh(r.Context(), id); err != nil {
		return err
	}
	s.evenOut(r.Context(), start)
	return s.redirect(w, r, "/p/"+r.PathValue("token")+"?sent=1")
}

// freshToken reads the token of a request for what is personal.
func (s *Server) freshToken(r *http.Request) (subscribers.Token, error) {
	return s.Keys.Verify(subscribers.PurposeFresh, r.PathValue("token"), s.Now())
}

// showFresh shows what only the reader may see and do.
func (s *Server) showFresh(w http.ResponseWriter, r *http.Request) error {
	token, err := s.freshToken(r)
	if err != nil {
		return s.freshFailed(w, r, token, err)
	}
	p, err := s.Subscribers.Personal(r.Context(), s.Catalog(), token)
	if err != nil {
		return s.freshFailed(w, r, token, err)
	}
	if r.URL.Query().Has("asked") {
		return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{
			Site: s.siteFor(r, p.Language), Answer: templates.AnswerAsked, PreferencesURL: s.preferencesURL(p.ID),
		})
	}
	page, err := s.personalPage(r, &p)
	if err != nil {
		return err
	}
	page.Saved = r.URL.Query().Has("saved")
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Personal(b, page) })
}

// postFresh does what the button that was pressed says.
func (s *Server) postFresh(w http.ResponseWriter, r *http.Request) error {
	token, err := s.freshToken(r)
	if err != nil {
		return s.freshFailed(w, r, token, err)
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	switch r.PostForm.Get(templates.FieldDo) {
	case "name":
		err = s.saveName(w, r, token)
	case "address":
		err = s.askAddress(w, r, token)
	case "copy":
		err = s.download(w, r, token)
	case "erase":
		err = s.eraseReader(w, r, token)
	default:
		return statusError(http.StatusBadRequest)
	}
	return s.freshFailed(w, r, token, err)
}

func (s *Server) saveName(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	err := s.Subscribers.SetName(r.Context(), token, r.PostForm.Get(templates.FieldName), originForm, s.clientText(r))
	if err != nil {
		return s.showWrongPersonal(w, r, token, err)
	}
	return s.redirect(w, r, "/f/"+r.PathValue("token")+"?saved=1")
}

// download sends everything that is kept about a reader as a file.
func (s *Server) download(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	p, err := s.Subscribers.Personal(r.Context(), s.Catalog(), token)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := s.PersonalData(r.Context(), &b, p.ID); err != nil {
		return err
	}
	s.Log.InfoContext(r.Context(), "reader got a copy of their data", "subscriber", p.ID)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="my-data.json"`)
	_, _ = b.WriteTo(w) // a visitor who left is nobody's error
	return nil
}

// eraseReader forgets a reader who ticked the box.
func (s *Server) eraseReader(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	if r.PostForm.Get(templates.FieldSure) == "" {
		return s.showWrongPersonal(w, r, token, subscribers.FieldErrors{templates.FieldSure: {Problem: templates.ProblemNotSure, Text: "the box is not ticked"}})
	}
	site := s.readerSite(r, token.Subscriber)
	e, err := s.Subscribers.EraseReader(r.Context(), token, originPage)
	if err != nil {
		return err
	}
	s.Log.InfoContext(r.Context(), "reader erased", "subscriber", e.ID, "by", "reader")
	return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{Site: site, Answer: templates.AnswerErased})
}

// freshFailed answers for a reader who has left, and for a link that is too old.
// It leaves other errors to the one table.
func (s *Server) freshFailed(w http.ResponseWriter, r *http.Request, token subscribers.Token, err error) error {
	switch {
	case errors.Is(err, subscribers.ErrUnsubscribed):
		return s.showLeft(w, http.StatusGone, s.readerSite(r, token.Subscriber))
	case errors.Is(err, subscribers.ErrExpired):
		return s.showAnswer(w, http.StatusGone, &templates.AnswerPage{
			Site: s.readerSite(r, token.Subscriber), Answer: templates.AnswerExpired, PreferencesURL: s.preferencesURL(token.Subscriber),
		})
	}
	return err
}

// showWrongPersonal shows the page with what is wrong and what was typed, if err
// is about that.
func (s *Server) showWrongPersonal(w http.ResponseWriter, r *http.Request, token subscribers.Token, err error) error {
	var wrong subscribers.FieldErrors
	if !errors.As(err, &wrong) {
		return err
	}
	p, err := s.Subscribers.Personal(r.Context(), s.Catalog(), token)
	if err != nil {
		return err
	}
	page, err := s.personalPage(r, &p)
	if err != nil {
		return err
	}
	page.Errors = wrong.Problems()
	if f := r.PostForm; f.Has(templates.FieldName) {
		page.Name = f.Get(templates.FieldName)
	}
	page.Address = strings.TrimSpace(r.PostForm.Get(templates.FieldAddress))
	return s.show(w, http.StatusUnprocessableEntity, func(b io.Writer) error { return s.pages.Personal(b, page) })
}

func (s *Server) personalPage(r *http.Request, p *subscribers.Personal) (*templates.PersonalPage, error) {
	page := &templates.PersonalPage{
		Site: s.siteFor(r, p.Language), Masked: p.Masked, Name: p.Name, Action: r.URL.EscapedPath(),
		PreferencesURL: s.preferencesURL(p.ID), Now: s.Now(),
	}
	if c := p.Change; c != nil {
		page.Change = &templates.AddressMove{New: c.New, Agreed: c.Agreed, Confirmed: c.Confirmed}
	}
	return page, s.addLately(r, page, p)
}

// addLately lists the mails that came to a reader last.
func (s *Server) addLately(r *http.Request, page *templates.PersonalPage, p *subscribers.Personal) error {
	mails, err := s.Lately(r.Context(), p.ID, mostLately)
	if err != nil {
		return fmt.Errorf("what came lately: %w", err)
	}
	c := s.Catalog()
	zone := readerZone(c, p.Zone)
	for _, m := range mails {
		one := templates.LatelyMail{Digest: s.digestName(m.DigestID, page.Site.Language), What: m.State, At: inZone(m.At, zone)}
		if s.Publisher != nil && m.State == "sent" {
			one.URL = s.Publisher.Links().View(m.Mailing)
		}
		page.Mails = append(page.Mails, one)
	}
	return nil
}

// preferencesURL is the path of a reader's settings.
func (s *Server) preferencesURL(id int64) string {
	return s.path + "/p/" + s.Keys.Sign(subscribers.Token{Purpose: subscribers.PurposePreferences, Subscriber: id})
}

func (s *Server) showAnswer(w http.ResponseWriter, status int, page *templates.AnswerPage) error {
	return s.show(w, status, func(b io.Writer) error { return s.pages.Answer(b, page) })
}
