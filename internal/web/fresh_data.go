package web

import (
	"bytes"
	"net/http"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

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
		return s.showWrongPersonal(w, r, token, nil, subscribers.FieldErrors{templates.FieldSure: {Problem: templates.ProblemNotSure, Text: "the box is not ticked"}})
	}
	site := s.readerSite(r, token.Subscriber)
	e, err := s.Subscribers.EraseReader(r.Context(), token, originPage)
	if err != nil {
		return err
	}
	s.Log.InfoContext(r.Context(), "reader erased", "subscriber", e.ID, "by", "reader")
	return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{Site: site, Answer: templates.AnswerErased})
}
