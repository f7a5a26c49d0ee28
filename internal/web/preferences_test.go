package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestPreferences(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		page := s.ask(http.MethodGet, s.p(id), "")
		page.want(t, http.StatusOK, "a•••@e•••.com", "Unsubscribe from everything")
		f := page.form(t)
		if got := f.values[templates.FieldDigests]; !slices.Equal(got, []string{"daily", "weekly"}) || f.values.Get(templates.FieldTopics) != "world" || f.values.Get(templates.FieldZone) != "Europe/Paris" {
			t.Errorf("form = %v", f.values)
		}
		f.values[templates.FieldTopics], f.values[templates.FieldDigests] = []string{"sport", "arts"}, []string{"daily"}
		f.values.Set(templates.FieldFormat, "text")
		f.values.Set(templates.FieldZone, "Asia/Tokyo")
		s.wait(time.Minute)
		s.submit(f).wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
		s.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,2,3, | weekly=ended Europe/Berlin ,1,")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventPreferences || got.Origin != "form" || got.Client != "192.0.2.1" {
			t.Errorf("consent = %+v", got)
		}
		if got := s.detail("ann@example.com").Format; got != subscribers.FormatText {
			t.Errorf("mails come as %q, want text", got)
		}
		saved := s.ask(http.MethodGet, s.p(id)+"?saved=1", "")
		saved.want(t, http.StatusOK, "Your settings are saved")
		before := s.dump()
		s.submit(saved.form(t)).wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
		if s.dump() != before {
			t.Error("saving what is there changed something")
		}
	})
}

func TestPreferencesWithMistakes(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	f := s.ask(http.MethodGet, s.p(id), "").form(t)
	f.values.Del(templates.FieldTopics)
	f.values[templates.FieldDigests] = []string{"weekly"}
	f.values.Set(templates.FieldFormat, "text")
	f.values.Set(templates.FieldZone, "Asia/Tokyo")
	before := s.dump()
	wrong := s.submit(f)
	wrong.want(t, http.StatusUnprocessableEntity, "Choose at least one topic.")
	kept := wrong.form(t)
	if kept.values.Has(templates.FieldTopics) || !slices.Equal(kept.values[templates.FieldDigests], []string{"weekly"}) ||
		kept.values.Get(templates.FieldFormat) != "text" || kept.values.Get(templates.FieldZone) != "Asia/Tokyo" {
		t.Errorf("the form became %v, want it as it was sent", kept.values)
	}
	for _, page := range []reply{wrong, s.ask(http.MethodGet, s.p(id), "")} {
		page.wantNothingKept(t)
	}
	s.ask(http.MethodPost, s.p(id), "topics=world&digests=daily&format=pdf").want(t, http.StatusUnprocessableEntity, "Choose a format from the list.")
	s.ask(http.MethodPost, s.p(id), "topics=%zz").want(t, http.StatusBadRequest)
	if s.dump() != before {
		t.Error("something was stored")
	}
}

func TestLeaveFromPreferences(t *testing.T) {
	for name, body := range map[string]string{"the button": "unsubscribe=all", "no digest ticked": "topics=world"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			id := s.active("ann@example.com")
			s.wait(time.Minute)
			got := s.ask(http.MethodPost, s.p(id), body)
			if got.StatusCode == http.StatusSeeOther {
				got = s.ask(http.MethodGet, s.p(id)+"?saved=1", "")
			}
			got.want(t, http.StatusOK, "You are unsubscribed", "any digest any more")
			s.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
			if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventUnsubscribed || got.Origin != "form" || got.Client != "192.0.2.1" {
				t.Errorf("consent = %+v", got)
			}

			before := s.dump()
			s.ask(http.MethodGet, s.p(id), "").want(t, http.StatusOK, "You are unsubscribed", "Sign up again")
			s.ask(http.MethodPost, s.p(id), "topics=world&digests=daily").want(t, http.StatusGone, "You are unsubscribed")
			s.ask(http.MethodPost, s.p(id), "topics=&digests=daily").want(t, http.StatusGone, "You are unsubscribed")
			s.ask(http.MethodPost, s.p(id), "unsubscribe=all").want(t, http.StatusOK, "You are unsubscribed")
			if s.dump() != before {
				t.Error("the link of one who left changed something")
			}
		})
	}
}

// A preferences link in an old digest may belong to a reader who left, signed
// up again and has yet to confirm.
func TestPreferencesBeforeConfirming(t *testing.T) {
	s := newSite(t, nil)
	id := s.pending("ann@example.com")
	page := s.ask(http.MethodGet, s.p(id)+"?confirmed=1", "")
	page.want(t, http.StatusOK)
	if strings.Contains(words(page.body), "Your address is confirmed") {
		t.Error("the page calls the address confirmed")
	}
	f := page.form(t)
	f.values[templates.FieldDigests] = []string{"daily"}
	s.submit(f).wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
	s.wantPicture("ann@example.com", "pending | daily=pending Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
	s.ask(http.MethodPost, s.p(id), "unsubscribe=all").want(t, http.StatusOK, "You are unsubscribed")
	s.ask(http.MethodGet, s.c(id), "").want(t, http.StatusOK, "You are unsubscribed")
}

func TestZoneThatWasRenamed(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	f := s.ask(http.MethodGet, s.p(id), "").form(t)
	f.values.Set(templates.FieldZone, "Asia/Calcutta")
	s.submit(f).wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
	again := s.ask(http.MethodGet, s.p(id), "").form(t)
	if got := again.values.Get(templates.FieldZone); got != "Asia/Calcutta" {
		t.Errorf("the page chooses %q, want the reader's own Asia/Calcutta", got)
	}
	s.submit(again).wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
	s.wantPicture("ann@example.com", "active | daily=active Asia/Calcutta ,1, | weekly=active Europe/Berlin ,1,")
}

// A body that is not the form's is no wish to leave everything.
func TestPreferencesWithoutForm(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	before := s.dump()
	for _, body := range []string{"", "other=1", "hour-daily=07%3A00"} {
		s.ask(http.MethodPost, s.p(id), body).want(t, http.StatusBadRequest)
	}
	s.ask(http.MethodPost, s.u(id, "daily"), "instead=zzz").want(t, http.StatusBadRequest)
	if s.dump() != before {
		t.Error("a body that is no form's changed something")
	}
	s.ask(http.MethodPost, s.p(id), "save=1&topics=world").wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
	if d := s.detail("ann@example.com"); d.State != subscribers.StateUnsubscribed {
		t.Errorf("who saves the form without a digest is %s, want unsubscribed", d.State)
	}
}
