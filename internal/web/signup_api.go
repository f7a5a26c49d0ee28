package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// signUpSent is a sign-up as programs send it. What it does not know it
// overlooks, for scripts send what stands in a form, and sites have fields of their
// own there; but not what looks like a slip.
type signUpSent struct {
	Form     string            `json:"form"` // from signUpOffer
	Work     string            `json:"work"` // the proof that signUpOffer asked for
	Website  string            `json:"website"`
	Address  string            `json:"address"`
	Name     string            `json:"name"`
	Topics   []string          `json:"topics"`
	Digests  []string          `json:"digests"`
	Zone     string            `json:"timezone"`
	Hours    map[string]string `json:"hours"`
	Language string            `json:"language"`
}

// signUpOffer is what there is to sign up for.
type signUpOffer struct {
	Form    string          `json:"form"`           // to be sent back
	Work    *workAsked      `json:"work,omitempty"` // to be done before that
	Topics  []topicOffered  `json:"topics"`
	Digests []digestOffered `json:"digests"`
}

type topicOffered struct {
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

type digestOffered struct {
	Slug      string   `json:"slug"`
	Name      string   `json:"name"`
	HowOften  string   `json:"how_often,omitempty"`
	Hours     []string `json:"hours,omitempty"`
	LocalTime bool     `json:"local_time"`
}

// signUpAnswer is what to show the reader of a sign-up that was taken.
type signUpAnswer struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// crossOrigin lets the scripts of the allowed origins send a request and read
// the answer. Programs, which name no origin, may as well; another site's
// script may not.
func (s *Server) crossOrigin(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); s.allows(origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		} else if s.foreign(r) || r.Method == http.MethodOptions {
			s.Log.InfoContext(r.Context(), "script of another site refused, see web.allowed_origins", "origin", origin)
			writeJSON(w, http.StatusForbidden, errorList{{Error: "pages of this origin may not sign readers up: web.allowed_origins does not have it"}})
			return
		}
		h(w, r)
	}
}

// preflight answers a browser that asks what it may send.
func (s *Server) preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	w.Header().Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}

// getSignUp tells what there is to sign up for, with the signed time that the
// sign-up must bring back.
func (s *Server) getSignUp(w http.ResponseWriter, r *http.Request) {
	c, site := s.catalogFor(r), s.siteFor(r, "")
	offer := signUpOffer{Form: s.formToken(s.Now()), Work: s.askForWork(r), Topics: []topicOffered{}, Digests: []digestOffered{}}
	for _, t := range c.Topics {
		offer.Topics = append(offer.Topics, topicOffered{t.Slug, t.Name, t.Description})
	}
	for _, d := range c.Digests {
		offer.Digests = append(offer.Digests, digestOffered{d.Slug, d.Name, templates.InWords(site, d.Often), d.Hours, d.LocalTime})
	}
	writeJSON(w, http.StatusOK, offer)
}

// postSignUp is subscribe for programs.
func (s *Server) postSignUp(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		writeJSON(w, http.StatusUnsupportedMediaType, errorList{{Error: "send Content-Type: application/json"}})
		return
	}
	sent, slips, err := readSignUp(http.MaxBytesReader(w, r.Body, formLimit))
	if err != nil {
		if bad := badForm(err); statusOf(bad) != http.StatusBadRequest {
			s.failed(w, r, bad, s.tellError)
			return
		}
		writeJSON(w, http.StatusBadRequest, errorList{{Error: "send an object with address, topics, digests and form"}})
		return
	}
	if slips != nil {
		writeJSON(w, http.StatusUnprocessableEntity, slips)
		return
	}
	r.PostForm = url.Values{templates.FieldLang: {sent.Language}} // by which siteFor goes
	now := s.Now()
	in := sent.signUp(s.siteOf(r))
	v, err := s.takeSignUp(r, in, proof{form: sent.Form, website: sent.Website, work: sent.Work}, now)
	if err != nil {
		s.failed(w, r, err, s.tellError)
		return
	}
	s.answerSignUp(w, r, v, now)
}

// readSignUp reads a sign-up, and tells of fields that are nearly those that there
// are.
func readSignUp(body io.Reader) (*signUpSent, errorList, error) {
	var raw json.RawMessage
	if err := json.NewDecoder(body).Decode(&raw); err != nil {
		return nil, nil, err
	}
	sent, named := new(signUpSent), map[string]json.RawMessage{}
	if err := errors.Join(json.Unmarshal(raw, sent), json.Unmarshal(raw, &named)); err != nil {
		return nil, nil, err
	}
	var slips errorList
	known := []string{"form", "work", "website", "address", "name", "topics", "digests", "timezone", "hours", "language"}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if meant := subscribers.Slip(name, known); meant != "" {
			slips = append(slips, apiError{Field: name, Error: fmt.Sprintf("there is no such field, did you mean %q?", meant)})
		}
	}
	return sent, slips, nil
}

func (sent *signUpSent) signUp(site string) *subscribers.SignUp {
	return &subscribers.SignUp{
		Address: sent.Address, Name: sent.Name, Topics: sent.Topics, Digests: sent.Digests, Zone: sent.Zone,
		Hours: sent.Hours, Origin: originJSON, Site: site,
	}
}

// answerSignUp tells a program what became of a sign-up.
func (s *Server) answerSignUp(w http.ResponseWriter, r *http.Request, v verdict, start time.Time) {
	site := s.siteFor(r, "")
	switch {
	case v.step != "":
		s.tellStep(w, site, v.step)
	case v.refusal != nil:
		w.Header().Set("Retry-After", seconds(v.refusal.wait))
		writeJSON(w, v.refusal.status, errorList{{Error: templates.ProblemText(site, templates.ProblemTooMany)}})
	case v.problems[templates.FieldForm] == templates.ProblemFormIncomplete:
		writeJSON(w, http.StatusUnprocessableEntity, errorList{{Field: templates.FieldForm,
			Error: "form is missing: GET /api/v1/subscribe gives one; what broadsheet form component prints asks for it by itself"}})
	case v.problems != nil:
		writeJSON(w, http.StatusUnprocessableEntity, problemList(site, v.problems))
	default:
		s.evenOut(r.Context(), start)
		title, text := templates.CheckInboxWords(site)
		writeJSON(w, http.StatusAccepted, signUpAnswer{title, text})
	}
}

// problemList puts what is wrong in words, by the names that programs use, in
// the order of the form.
func problemList(site templates.Site, problems map[string]templates.Problem) errorList {
	order := []string{templates.FieldForm, templates.FieldAddress, templates.FieldName, templates.FieldTopics, templates.FieldDigests, templates.FieldZone}
	fields := slices.Sorted(maps.Keys(problems))
	slices.SortStableFunc(fields, func(a, b string) int {
		return cmp.Compare(uint(slices.Index(order, a)), uint(slices.Index(order, b))) // what is not there comes last
	})
	var list errorList
	for _, field := range fields {
		name := field
		if field == templates.FieldZone {
			name = "timezone"
		} else if slug, ok := strings.CutPrefix(field, templates.FieldHour); ok {
			name = "hours." + slug
		}
		list = append(list, apiError{Field: name, Error: templates.ProblemText(site, problems[field])})
	}
	return list
}
