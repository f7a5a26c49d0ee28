package web_test

import (
	"net/http"
	"strings"
	"testing"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestTopicPage(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		s.must(s.prefers(id, subscribers.Preferences{Topics: []string{"world", "sport"}, Digests: []string{"daily", "weekly"}}))
		link := s.p(id) + "/topic/sport"
		before := s.dump()
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusOK, "Leave out Sport", "a•••@e•••.com")
		if s.dump() != before {
			t.Error("opening the page changed something")
		}
		saved := s.submit(page.form(t))
		if saved.StatusCode != http.StatusSeeOther || !strings.HasSuffix(saved.Header.Get("Location"), s.p(id)+"?saved=1") {
			t.Fatalf("got %d to %q, want the settings", saved.StatusCode, saved.Header.Get("Location"))
		}
		if got := s.picture("ann@example.com"); strings.Contains(got, ",2,") {
			t.Errorf("the topic is still there: %s", got)
		}
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventPreferences || got.Origin != "page" || got.Client != "192.0.2.1" {
			t.Errorf("consent = %+v", got)
		}
		// What has gone leads to the settings; what is unknown is not found.
		if again := s.ask(http.MethodGet, link, ""); again.StatusCode != http.StatusSeeOther {
			t.Errorf("got %d for a topic that has ended, want the settings", again.StatusCode)
		}
		s.ask(http.MethodGet, s.p(id)+"/topic/gardening", "").want(t, http.StatusNotFound)
		s.ask(http.MethodPost, s.p(id)+"/topic/gardening", "").want(t, http.StatusNotFound)
		s.ask(http.MethodGet, s.u(id, "daily")+"/topic/world", "").want(t, http.StatusNotFound)
		s.ask(http.MethodPost, "/p/forged/topic/world", "").want(t, http.StatusNotFound)

		// The last topic stays.
		last := s.ask(http.MethodGet, s.p(id)+"/topic/world", "")
		before = s.dump()
		stays := s.submit(last.form(t))
		if stays.want(t, http.StatusConflict, "would have nothing left"); !strings.Contains(stays.body, `href="/mail`+s.p(id)+`"`) {
			t.Error("the page does not lead to the settings")
		}
		if s.dump() != before {
			t.Error("the last topic has ended")
		}
		s.must(s.store.Unsubscribe(t.Context(), id, 0, "page", ""))
		s.ask(http.MethodGet, s.p(id)+"/topic/world", "").want(t, http.StatusOK, "You are unsubscribed")
		s.ask(http.MethodPost, s.p(id)+"/topic/world", "").want(t, http.StatusGone, "You are unsubscribed")
	})
}

// TestTheAnchorsOfMailsAreThere: the page has what mails link to.
func TestTheAnchorsOfMailsAreThere(t *testing.T) {
	s := newSite(t, nil)
	page := s.ask(http.MethodGet, s.p(s.active("ann@example.com")), "")
	for _, anchor := range []string{templates.AnchorPause, templates.AnchorLeave} {
		if !strings.Contains(page.body, `id="`+anchor+`"`) {
			t.Errorf("the settings have no place %q", anchor)
		}
	}
}
