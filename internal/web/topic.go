package web

import (
	"errors"
	"io"
	"net/http"
	"slices"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// showTopic asks whether a topic shall end. Its link stands in digests with
// several topics.
func (s *Server) showTopic(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	return s.askAboutTopic(w, r, token.Subscriber, http.StatusOK)
}

// askAboutTopic draws the page, or what else comes to the reader where the topic is
// not wanted any more.
func (s *Server) askAboutTopic(w http.ResponseWriter, r *http.Request, id int64, status int) error {
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), id)
	if err != nil {
		return err
	}
	if v.State == subscribers.StateUnsubscribed {
		return s.showLeft(w, status, s.siteFor(r, v.Language), s.path+"/p/"+r.PathValue("token"))
	}
	i := slices.IndexFunc(v.Topics, func(t templates.Choice) bool { return t.Slug == r.PathValue("slug") })
	switch {
	case i < 0:
		return subscribers.ErrUnknown
	case !v.Topics[i].Checked:
		return s.redirect(w, r, "/p/"+r.PathValue("token"))
	}
	page := &templates.TopicPage{
		Site: s.siteFor(r, v.Language), Topic: v.Topics[i].Name, Masked: v.Masked, Action: r.URL.EscapedPath(),
		PreferencesURL: s.path + "/p/" + r.PathValue("token"), Last: status != http.StatusOK,
	}
	return s.show(w, status, func(b io.Writer) error { return s.pages.Topic(b, page) })
}

// dropTopic ends a topic and shows what still comes. A topic without which a digest
// would be empty stays, and the page says so.
func (s *Server) dropTopic(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	err = s.Subscribers.DropTopic(r.Context(), s.Catalog(), token.Subscriber, r.PathValue("slug"), originPage, s.clientText(r))
	switch {
	case errors.Is(err, subscribers.ErrLastTopic):
		return s.askAboutTopic(w, r, token.Subscriber, http.StatusConflict)
	case errors.Is(err, subscribers.ErrUnsubscribed):
		return s.askAboutTopic(w, r, token.Subscriber, http.StatusGone)
	case err != nil:
		return err
	}
	return s.redirect(w, r, "/p/"+r.PathValue("token")+"?saved=1")
}
