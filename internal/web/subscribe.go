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

// originForm is how the record of consent names our own pages.
const originForm = "form"

func (s *Server) showSubscribe(w http.ResponseWriter, r *http.Request) error {
	w.Header().Del("X-Robots-Tag") // the one page that people should find
	return s.showForm(w, r, http.StatusOK, new(subscribers.SignUp), nil)
}

// showForm draws the form with what was typed.
func (s *Server) showForm(w http.ResponseWriter, r *http.Request, status int, in *subscribers.SignUp, wrong map[string]templates.Problem) error {
	c := s.Catalog()
	page := &templates.SubscribePage{
		Site: s.siteFor(r, ""), Address: in.Address, Name: in.Name, Errors: wrong,
		FormToken: s.formToken(s.Now()), Action: s.path + "/subscribe",
	}
	page.Zones, page.Zone = s.offerZones(c, in.Zone)
	for _, t := range c.Topics {
		page.Topics = append(page.Topics, templates.Choice{
			Slug: t.Slug, Name: t.Name, Description: t.Description, Checked: slices.Contains(in.Topics, t.Slug),
		})
	}
	for _, d := range c.Digests {
		page.Digests = append(page.Digests, templates.Choice{Slug: d.Slug, Name: d.Name, Checked: slices.Contains(in.Digests, d.Slug)})
		if len(d.Hours) > 0 {
			page.Hours = append(page.Hours, templates.HourChoice{Slug: d.Slug, Digest: d.Name, Hours: d.Hours, Hour: in.Hours[d.Slug]})
		}
	}
	return s.show(w, status, func(b io.Writer) error { return s.pages.Subscribe(b, page) })
}

func parseSignUp(r *http.Request) (*subscribers.SignUp, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badForm(err)
	}
	f := r.PostForm
	return &subscribers.SignUp{
		Address: f.Get(templates.FieldAddress), Name: f.Get(templates.FieldName), Zone: f.Get(templates.FieldZone),
		Topics: f[templates.FieldTopics], Digests: f[templates.FieldDigests], Hours: parseHours(f, f[templates.FieldDigests]), Origin: originForm,
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

// subscribe answers a filled-in form. Whatever we know of the address, a good
// form gets the same answer, after the same time.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) error {
	in, err := parseSignUp(r)
	if err != nil {
		return err
	}
	now := s.Now()
	v, err := s.takeSignUp(r, in, proof{form: r.PostForm.Get(templates.FieldForm), website: r.PostForm.Get(templates.FieldWebsite)}, now)
	switch {
	case err != nil:
		return err
	case v.refusal != nil:
		return s.refuse(w, r, in, v.refusal)
	case v.problems != nil:
		return s.showForm(w, r, http.StatusUnprocessableEntity, in, v.problems)
	}
	return s.checkInbox(w, r, now)
}

// refuse answers a form beyond the limits.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, in *subscribers.SignUp, no *refusal) error {
	if no.status == http.StatusServiceUnavailable {
		s.showError(w, r, no.status)
		return nil
	}
	w.Header().Set("Retry-After", seconds(no.wait))
	return s.showForm(w, r, no.status, in, map[string]templates.Problem{templates.FieldForm: templates.ProblemTooMany})
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
