package web

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"broadsheet/templates"
)

// showStep asks for one more step: it shows a page with everything that was
// typed, of which a script makes the proof of work while it loads, and whose
// button counts without one once stepWait has passed.
func (s *Server) showStep(w http.ResponseWriter, r *http.Request, token string, framed bool) error {
	page := &templates.StepPage{
		Site: s.siteFor(r, ""), FormToken: token, Work: work, Action: r.URL.RequestURI(), Wait: int(stepWait / time.Second),
		Early: token == r.PostForm.Get(templates.FieldForm), Framed: framed,
	}
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		switch name {
		case templates.FieldForm, templates.FieldWork, templates.FieldWebsite:
			continue
		}
		for _, value := range r.PostForm[name] {
			page.Fields = append(page.Fields, templates.HiddenField{Name: name, Value: value})
		}
	}
	return s.show(w, http.StatusPreconditionRequired, func(b io.Writer) error { return s.pages.Step(b, page) })
}

// workAsked tells a program which proof of work a form needs, and where a script
// is that makes it.
type workAsked struct {
	Parts  int    `json:"parts"`
	Bits   int    `json:"bits"`
	Script string `json:"script"`
}

func (s *Server) askForWork(r *http.Request) *workAsked {
	if s.workFor(r) == "" {
		return nil
	}
	return s.workAsked()
}

func (s *Server) workAsked() *workAsked {
	return &workAsked{Parts: workParts, Bits: workBits, Script: s.address(strings.TrimPrefix(s.pages.Work(), s.path))}
}

// tellStep is showStep for programs: they send the form anew, with this token
// and either the proof of work or the time waited.
func (s *Server) tellStep(w http.ResponseWriter, site templates.Site, token string) {
	writeJSON(w, http.StatusPreconditionRequired, map[string]any{
		"errors": []apiError{{Error: templates.StepWords(site, int(stepWait/time.Second))}}, "form": token, "work": s.workAsked(), "wait": int(stepWait / time.Second),
	})
}
