package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// By which way a sign-up came, in the record of consent: a page of ours, a
// frame of ours in another page, or the API, as the web component uses it.
const (
	originForm  = "form"
	originFrame = "frame"
	originJSON  = "json"
)

// signUpForm is the sign-up form as it is to be shown.
type signUpForm struct {
	in     *subscribers.SignUp          // what was typed
	wrong  map[string]templates.Problem // by field
	review bool                         // it was filled in on another site's page
	framed bool                         // it stands in one
}

func (s *Server) showSubscribe(w http.ResponseWriter, r *http.Request) error {
	w.Header().Del("X-Robots-Tag") // the one page that people should find
	return s.showForm(w, r, http.StatusOK, &signUpForm{in: new(subscribers.SignUp)})
}

// showForm draws the form with what was typed.
func (s *Server) showForm(w http.ResponseWriter, r *http.Request, status int, f *signUpForm) error {
	c, in := s.offered(r), f.in
	page := &templates.SubscribePage{
		Site: s.siteFor(r, ""), Address: in.Address, Name: in.Name, Errors: f.wrong, FormToken: s.formToken(s.Now()), Work: s.workFor(r),
		Action: s.formPath(r, f.framed), Review: f.review, Framed: f.framed, From: in.Site, ZoneChosen: in.Zone != "",
	}
	page.Zones, page.Zone = s.offerZones(c, in.Zone)
	for _, t := range c.Topics {
		page.Topics = append(page.Topics, templates.Choice{
			Slug: t.Slug, Name: t.Name, Description: t.Description, Checked: slices.Contains(in.Topics, t.Slug),
		})
	}
	for _, d := range c.Digests {
		page.Digests = append(page.Digests, templates.Choice{Slug: d.Slug, Name: d.Name, Often: d.Often, Checked: slices.Contains(in.Digests, d.Slug)})
		if len(d.Hours) > 0 {
			page.Hours = append(page.Hours, templates.HourChoice{Slug: d.Slug, Digest: d.Name, Hours: d.Hours, Hour: in.Hours[d.Slug]})
		}
	}
	return s.show(w, status, func(b io.Writer) error { return s.pages.Subscribe(b, page) })
}

// offered is what a form offers: all, or what the link to it names.
func (s *Server) offered(r *http.Request) *subscribers.Catalog {
	q := r.URL.Query()
	return s.catalogFor(r).Narrow(q[queryTopic], q[queryDigest])
}

// What a link to a form may name, so that it offers nothing else.
const (
	queryTopic  = "topic"
	queryDigest = "digest"
)

// formPath is where a form is sent, narrowed as the form is.
func (s *Server) formPath(r *http.Request, framed bool) string {
	path, narrowed := s.path+"/subscribe", url.Values{}
	if framed {
		path += "/embed"
	}
	for _, name := range []string{queryTopic, queryDigest} {
		if values, ok := r.URL.Query()[name]; ok {
			narrowed[name] = values
		}
	}
	if len(narrowed) == 0 {
		return path
	}
	return path + "?" + narrowed.Encode()
}

func parseSignUp(r *http.Request) (*subscribers.SignUp, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badForm(err)
	}
	f := r.PostForm
	return &subscribers.SignUp{
		Address: f.Get(templates.FieldAddress), Name: f.Get(templates.FieldName), Zone: f.Get(templates.FieldZone),
		Topics: f[templates.FieldTopics], Digests: f[templates.FieldDigests], Hours: parseHours(f, f[templates.FieldDigests]),
	}, nil
}

// parseHours reads the hours that were chosen of the given digests.
func parseHours(f url.Values, digests []string) map[string]string {
	hours := map[string]string{}
	for field := range f {
		if slug, ok := strings.CutPrefix(field, templates.FieldHour); ok && slices.Contains(digests, slug) {
			hours[slug] = f.Get(field)
		}
	}
	return hours
}

// badForm keeps "too large" apart from nonsense.
func badForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return statusError(http.StatusBadRequest)
}

// subscribe answers a filled-in form of our own page, or shows one that came
// from another. Whatever we know of the address, a good form gets the same
// answer, after the same time.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) error {
	in, err := parseSignUp(r)
	if err != nil {
		return err
	}
	in.Origin, in.Site = originForm, s.siteOf(r)
	f := &signUpForm{in: in}
	if !r.PostForm.Has(templates.FieldForm) || s.foreign(r) {
		return s.review(w, r, f)
	}
	return s.takeForm(w, r, f)
}

// review shows a form that was filled in on another site's page, as everything
// that the limits and the signed time are to hold for must have come from ours.
// What was filled in wrongly is told at once; what that form did not ask for is
// not.
func (s *Server) review(w http.ResponseWriter, r *http.Request, f *signUpForm) error {
	if r.PostForm.Get(templates.FieldWebsite) != "" { // filled in by a machine
		return s.checkInbox(w, r, s.Now(), "/subscribed")
	}
	f.review = true
	var wrong subscribers.FieldErrors
	if err := f.in.Check(s.Catalog()); errors.As(err, &wrong) {
		f.wrong = wrong.Problems()
		for field := range f.wrong {
			if !r.PostForm.Has(field) {
				delete(f.wrong, field)
			}
		}
	}
	if len(f.wrong) > 0 {
		return s.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.showForm(w, r, http.StatusOK, f)
}

// takeForm signs up who sent a form of ours.
func (s *Server) takeForm(w http.ResponseWriter, r *http.Request, f *signUpForm) error {
	now, done := s.Now(), "/subscribed"
	if f.framed {
		done += "/embed"
	}
	v, err := s.takeSignUp(r, f.in, proofOf(r), now)
	switch {
	case err != nil:
		return err
	case v.step != "":
		return s.showStep(w, r, v.step, f.framed)
	case v.refusal != nil:
		return s.refuse(w, r, f, v.refusal)
	case v.problems != nil:
		f.wrong = v.problems
		return s.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.checkInbox(w, r, now, done)
}

// refuse answers a form beyond the limits.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f *signUpForm, no *refusal) error {
	if no.status == http.StatusServiceUnavailable {
		s.showError(w, r, no.status)
		return nil
	}
	w.Header().Set("Retry-After", seconds(no.wait))
	f.wrong = map[string]templates.Problem{templates.FieldForm: templates.ProblemTooMany}
	return s.showForm(w, r, no.status, f)
}

// seconds writes a time to wait as Retry-After takes it, rounded up.
func seconds(wait time.Duration) string {
	return strconv.Itoa(int((wait + time.Second - 1) / time.Second))
}

func (s *Server) showCheckInbox(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, http.StatusOK, func(b io.Writer) error {
		return s.pages.CheckInbox(b, &templates.CheckInboxPage{Site: s.siteFor(r, "")})
	})
}
