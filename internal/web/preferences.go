package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// leaveAll is what the button that ends everything sends.
const leaveAll = "all"

func (s *Server) showPreferences(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), token.Subscriber)
	if err != nil {
		return err
	}
	if v.State == subscribers.StateUnsubscribed {
		return s.showLeft(w, http.StatusOK, s.siteFor(r, v.Language))
	}
	if r.URL.Query().Has("sent") && v.State == subscribers.StateActive {
		return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{
			Site: s.siteFor(r, v.Language), Answer: templates.AnswerFresh, Address: v.Masked, PreferencesURL: r.URL.EscapedPath(),
		})
	}
	page, err := s.preferencesPage(r, &v)
	if err != nil {
		return err
	}
	page.Saved = r.URL.Query().Has("saved")
	// Who is suppressed is told what others are.
	page.Confirmed = r.URL.Query().Has("confirmed") && (v.State == subscribers.StateActive || v.Suppressed)
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Preferences(b, page) })
}

func (s *Server) preferencesPage(r *http.Request, v *subscribers.View) (*templates.PreferencesPage, error) {
	page := &templates.PreferencesPage{
		Site: s.siteFor(r, v.Language), Masked: v.Masked, Language: v.Language, Format: v.Format.String(), Topics: v.Topics, Digests: v.Digests,
		Action: r.URL.EscapedPath(), UnsubscribeAction: r.URL.EscapedPath(),
	}
	if v.State == subscribers.StateActive {
		page.FreshAction = page.Action
	}
	page.Zones, page.Zone = s.offerZones(s.Catalog(), v.Zone)
	return page, s.addRhythm(r.Context(), page, v)
}

func (s *Server) parsePreferences(r *http.Request) (*subscribers.Preferences, error) {
	if err := r.ParseForm(); err != nil {
		return nil, badForm(err)
	}
	f := r.PostForm
	return &subscribers.Preferences{
		Zone: f.Get(templates.FieldZone), Language: s.parseLanguage(f), Format: parseFormat(f),
		Topics: f[templates.FieldTopics], Digests: f[templates.FieldDigests], Hours: parseHours(f, f[templates.FieldDigests]),
	}, nil
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

func (s *Server) savePreferences(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	in, err := s.parsePreferences(r)
	if err != nil {
		return err
	}
	if r.PostForm.Get(templates.FieldUnsubscribe) == leaveAll {
		return s.leave(w, r, subscribers.Token{Subscriber: token.Subscriber}, originForm)
	}
	if r.PostForm.Has(templates.FieldPause) {
		return s.pauseDigests(w, r, token.Subscriber)
	}
	if r.PostForm.Has(templates.FieldFresh) {
		return s.askFresh(w, r, token.Subscriber)
	}
	if !hasAny(r.PostForm, templates.FieldSave, templates.FieldDigests, templates.FieldTopics, templates.FieldZone, templates.FieldLanguage, templates.FieldFormat) {
		return statusError(http.StatusBadRequest) // nothing of the form, so not one without digests
	}
	var wrong subscribers.FieldErrors
	err = s.Subscribers.SetPreferences(r.Context(), s.Catalog(), token.Subscriber, *in, originForm, s.clientText(r))
	switch {
	case errors.As(err, &wrong):
		return s.showWrongPreferences(w, r, token.Subscriber, in, wrong)
	case errors.Is(err, subscribers.ErrUnsubscribed):
		return s.showLeft(w, http.StatusGone, s.readerSite(r, token.Subscriber))
	case err != nil:
		return err
	}
	return s.redirect(w, r, "/p/"+r.PathValue("token")+"?saved=1")
}

func hasAny(f url.Values, fields ...string) bool { return slices.ContainsFunc(fields, f.Has) }

// showWrongPreferences shows the form as it was sent.
func (s *Server) showWrongPreferences(w http.ResponseWriter, r *http.Request, id int64, in *subscribers.Preferences, wrong subscribers.FieldErrors) error {
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), id)
	if err != nil {
		return err
	}
	if v.State == subscribers.StateUnsubscribed {
		return s.showLeft(w, http.StatusGone, s.siteFor(r, v.Language))
	}
	v.Zone = in.Zone
	if _, bad := wrong[templates.FieldFormat]; in.Format != nil && !bad {
		v.Format = *in.Format
	}
	if _, bad := wrong[templates.FieldLanguage]; in.Language != nil && !bad {
		v.Language = *in.Language
	}
	for i := range v.Topics {
		v.Topics[i].Checked = slices.Contains(in.Topics, v.Topics[i].Slug)
	}
	for i := range v.Digests {
		v.Digests[i].Checked = slices.Contains(in.Digests, v.Digests[i].Slug)
	}
	for i := range v.Rhythms {
		if hour, ok := in.Hours[v.Rhythms[i].Slug]; ok {
			v.Rhythms[i].Hour = hour
		}
	}
	return s.showProblems(w, r, &v, wrong.Problems())
}

// showProblems shows the settings with what is wrong.
func (s *Server) showProblems(w http.ResponseWriter, r *http.Request, v *subscribers.View, wrong map[string]templates.Problem) error {
	page, err := s.preferencesPage(r, v)
	if err != nil {
		return err
	}
	page.Errors, page.PauseUntil = wrong, r.PostForm.Get(templates.FieldPauseUntil)
	return s.show(w, http.StatusUnprocessableEntity, func(b io.Writer) error { return s.pages.Preferences(b, page) })
}
