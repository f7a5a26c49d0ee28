package web

import (
	"errors"
	"io"
	"net/http"
	"slices"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func (s *Server) showPreferences(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	v, err := s.Subscribers.View(r.Context(), s.Catalog(), token.Subscriber)
	if err != nil {
		return err
	}
	if v.State == subscribers.StateUnsubscribed {
		return s.showGoodbye(w, &templates.GoodbyePage{Site: s.Site, All: true, SubscribeURL: s.Links.SignUp()})
	}
	page := s.preferencesPage(r, &v)
	page.Saved, page.Confirmed = r.URL.Query().Has("saved"), r.URL.Query().Has("confirmed")
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Preferences(b, page) })
}

func (s *Server) preferencesPage(r *http.Request, v *subscribers.View) *templates.PreferencesPage {
	page := &templates.PreferencesPage{
		Site: s.Site, Masked: v.Masked, Name: v.Name, Zone: v.Zone, Topics: v.Topics, Digests: v.Digests,
		Action: r.URL.Path, UnsubscribeAction: r.URL.Path,
	}
	c := s.Catalog()
	if slices.ContainsFunc(c.Digests, func(d subscribers.Digest) bool { return d.LocalTime }) {
		if page.Zone == "" {
			page.Zone = c.Digests[0].Zone
		}
		page.Zones = s.offer(page.Zone)
	}
	return page
}

func (s *Server) savePreferences(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	f, client := r.PostForm, s.client(r).String()
	if f.Get(templates.FieldUnsubscribe) == "all" {
		if err := s.Subscribers.Unsubscribe(r.Context(), token.Subscriber, 0, originForm, client); err != nil {
			return err
		}
		return s.showGoodbye(w, &templates.GoodbyePage{Site: s.Site, All: true, SubscribeURL: s.Links.SignUp()})
	}
	in := subscribers.Preferences{
		Name: f.Get(templates.FieldName), Zone: f.Get(templates.FieldZone),
		Topics: f[templates.FieldTopics], Digests: f[templates.FieldDigests],
	}
	var wrong subscribers.FieldErrors
	err = s.Subscribers.SetPreferences(r.Context(), s.Catalog(), token.Subscriber, in, originForm, client)
	if errors.As(err, &wrong) {
		return s.showWrongPreferences(w, r, token.Subscriber, &in, wrong)
	} else if err != nil {
		return err
	}
	return s.redirect(w, r, "/p/"+r.PathValue("token")+"?saved=1")
}

// showWrongPreferences shows the form as it was sent.
func (s *Server) showWrongPreferences(w http.ResponseWriter, r *http.Request, id int64, in *subscribers.Preferences, wrong subscribers.FieldErrors) error {
	v, err := s.Subscribers.View(r.Context(), s.Catalog(), id)
	if err != nil {
		return err
	}
	v.Name, v.Zone = in.Name, in.Zone
	for i := range v.Topics {
		v.Topics[i].Checked = slices.Contains(in.Topics, v.Topics[i].Slug)
	}
	for i := range v.Digests {
		v.Digests[i].Checked = slices.Contains(in.Digests, v.Digests[i].Slug)
	}
	page := s.preferencesPage(r, &v)
	page.Errors = wrong
	return s.show(w, http.StatusUnprocessableEntity, func(b io.Writer) error { return s.pages.Preferences(b, page) })
}
