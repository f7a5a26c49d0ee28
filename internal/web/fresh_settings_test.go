package web_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestSettings(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.f(id)
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusOK, "a•••@e•••.com", "Unsubscribe from everything")
		f := page.form(t)
		if got := f.values[templates.FieldDigests]; !slices.Equal(got, []string{"daily", "weekly"}) || f.values.Get(templates.FieldTopics) != "world" || f.values.Get(templates.FieldZone) != "Europe/Paris" {
			t.Errorf("form = %v", f.values)
		}
		f.values[templates.FieldTopics], f.values[templates.FieldDigests] = []string{"sport", "arts"}, []string{"daily"}
		f.values.Set(templates.FieldFormat, "text")
		f.values.Set(templates.FieldZone, "Asia/Tokyo")
		s.wait(time.Minute)
		s.submit(f).wantRedirect(t, "/mail"+link+"?saved=1")
		s.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,2,3, | weekly=ended Europe/Berlin ,1,")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventPreferences || got.Origin != "form" || got.Client != "192.0.2.1" {
			t.Errorf("consent = %+v", got)
		}
		if got := s.detail("ann@example.com").Format; got != subscribers.FormatText {
			t.Errorf("mails come as %q, want text", got)
		}
		saved := s.ask(http.MethodGet, link+"?saved=1", "")
		saved.want(t, http.StatusOK, "Your settings are saved")
		before := s.dump()
		s.submit(saved.form(t)).wantRedirect(t, "/mail"+link+"?saved=1")
		if s.dump() != before {
			t.Error("saving what is there changed something")
		}
	})
}

func TestSettingsWithMistakes(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	link := s.f(id)
	f := s.ask(http.MethodGet, link, "").form(t)
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
	for _, page := range []reply{wrong, s.ask(http.MethodGet, link, "")} {
		page.wantNothingKept(t)
	}
	s.ask(http.MethodPost, link, "do=save&topics=world&digests=daily&format=pdf").want(t, http.StatusUnprocessableEntity, "Choose a format from the list.")
	s.ask(http.MethodPost, link, "do=save&topics=%zz").want(t, http.StatusBadRequest)
	if s.dump() != before {
		t.Error("something was stored")
	}
}

// To untick every digest is to leave like by the button: with a way back, a
// leaving on record, and an event.
func TestLeaveFromSettings(t *testing.T) {
	for name, body := range map[string]string{"the button": "do=leave", "no digest ticked": "do=save&topics=world&zone=Europe%2FParis"} {
		t.Run(name, func(t *testing.T) {
			eachSite(t, func(t *testing.T, s *site) {
				s.must(s.store.AddHooks(t.Context(), []subscribers.Hook{{Slug: "crm", Events: []subscribers.HookEvent{subscribers.HookUnsubscribed}}}))
				id := s.active("ann@example.com")
				link := s.f(id)
				s.wait(time.Minute)
				before := s.picture("ann@example.com")
				goodbye := s.follow(s.ask(http.MethodPost, link, body))
				goodbye.want(t, http.StatusOK, "You are unsubscribed", "any digest any more", "Undo", "Why did you leave?", "Your data")
				s.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
				if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventUnsubscribed || got.Origin != "form" || got.Client != "192.0.2.1" {
					t.Errorf("consent = %+v", got)
				}
				if n := s.count(`SELECT count(*) FROM leavings WHERE subscriber_id = $1 AND origin = 'form'`, id); n != 2 {
					t.Errorf("%d leavings are kept, want one of each digest", n)
				}
				if n := s.count(`SELECT count(*) FROM outbox WHERE subscriber_id = $1 AND event = 'unsubscribed'`, id); n != 1 {
					t.Errorf("%d events for other systems, want one", n)
				}
				gone := s.dump()
				s.ask(http.MethodGet, s.p(id), "").want(t, http.StatusOK, "You are unsubscribed", "Sign up again")
				s.ask(http.MethodPost, link, "do=save&topics=world&digests=daily").want(t, http.StatusGone, "You are unsubscribed")
				s.ask(http.MethodPost, link, "do=save&topics=&digests=daily").want(t, http.StatusGone, "You are unsubscribed")
				s.ask(http.MethodPost, link, "do=pause&pause-until=2026-12-24").want(t, http.StatusGone, "You are unsubscribed")
				s.ask(http.MethodPost, link, "do=leave").want(t, http.StatusGone, "You are unsubscribed")
				s.ask(http.MethodPost, s.p(id), "end=1&end-topics=world").want(t, http.StatusGone, "You are unsubscribed")
				if s.dump() != gone {
					t.Error("the links of one who left changed something")
				}
				s.submit(goodbye.form(t)).want(t, http.StatusOK, "You are subscribed again")
				s.wantPicture("ann@example.com", before)
			})
		})
	}
}

func TestZoneThatWasRenamed(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	link := s.f(id)
	f := s.ask(http.MethodGet, link, "").form(t)
	f.values.Set(templates.FieldZone, "Asia/Calcutta")
	s.submit(f).wantRedirect(t, "/mail"+link+"?saved=1")
	again := s.ask(http.MethodGet, link, "").form(t)
	if got := again.values.Get(templates.FieldZone); got != "Asia/Calcutta" {
		t.Errorf("the page chooses %q, want the reader's own Asia/Calcutta", got)
	}
	s.submit(again).wantRedirect(t, "/mail"+link+"?saved=1")
	s.wantPicture("ann@example.com", "active | daily=active Asia/Calcutta ,1, | weekly=active Europe/Berlin ,1,")
}

// A body that is not the form's is no wish to leave everything.
func TestSettingsWithoutForm(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	before := s.dump()
	for _, link := range []string{s.p(id), s.f(id)} {
		for _, body := range []string{"", "other=1", "hour-daily=07%3A00", "topics=world", "save=1&topics=world", "do=nothing"} {
			s.ask(http.MethodPost, link, body).want(t, http.StatusBadRequest)
		}
	}
	s.ask(http.MethodPost, s.u(id, "daily"), "instead=zzz").want(t, http.StatusBadRequest)
	if s.dump() != before {
		t.Error("a body that is no form's changed something")
	}
}
