package web_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// TestPauseFromSettings pauses and resumes by the page's own buttons.
func TestPauseFromSettings(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.f(id)
		shown := s.ask(http.MethodGet, link, "")
		shown.want(t, http.StatusOK, "Take a break")
		if !strings.Contains(shown.body, `min="2026-11-24" max="2027-11-24"`) {
			t.Error("the days to choose from are not those of a year from tomorrow")
		}
		s.wait(time.Minute)
		s.ask(http.MethodPost, link, "do=pause&pause-until=2026-12-06").wantRedirect(t, "/mail"+link+"?saved=1")
		// Ann is in Paris: midnight there.
		if got := s.pausedUntil(id); !got.Equal(time.Date(2026, 12, 5, 23, 0, 0, 0, time.UTC)) {
			t.Errorf("paused until %v, want midnight in Paris", got)
		}
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventPaused || got.Origin != "form" {
			t.Errorf("consent = %+v", got)
		}
		paused := s.ask(http.MethodGet, link, "")
		paused.want(t, http.StatusOK, "Paused until Sunday, December 6, 2026.", "Resume now")
		s.wait(time.Minute)
		s.ask(http.MethodPost, link, "do=resume").wantRedirect(t, "/mail"+link+"?saved=1")
		if got := s.pausedUntil(id); !got.IsZero() {
			t.Errorf("paused until %v after the pause was ended", got)
		}
		s.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
	})
}

func TestPauseRefuses(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	link := s.f(id)
	for name, date := range map[string]string{
		"today": "2026-11-23", "the past": "2020-01-01", "too far": "2028-01-01", "no date": "", "words": "next+week", "hostile": "%3Cscript%3E", "NUL": "2026-12-01%00",
	} {
		t.Run(name, func(t *testing.T) {
			before := s.dump()
			refused := s.ask(http.MethodPost, link, "do=pause&pause-until="+date)
			refused.want(t, http.StatusUnprocessableEntity, "Choose a day to come")
			if !strings.Contains(refused.body, `href="#pause-until"`) {
				t.Error("the summary does not lead to the field")
			}
			if typed, err := url.QueryUnescape(date); err != nil || date != "" && !strings.Contains(refused.body, `value="`+html.EscapeString(typed)+`"`) && name != "NUL" {
				t.Errorf("what was typed is gone, %v", err)
			}
			if s.dump() != before {
				t.Error("something was stored")
			}
		})
	}
}

// TestHourFromSettings chooses a time of day, keeps it, and gives it up.
func TestHourFromSettings(t *testing.T) {
	s := newSite(t, nil)
	s.catalog.Digests[0].Hours = []string{"06:30", "18:00"}
	id := s.active("ann@example.com")
	link := s.f(id)
	field := templates.FieldHour + "daily"
	page := s.ask(http.MethodGet, link, "")
	page.want(t, http.StatusOK, "Time of day for The Daily", "As usual", "6:30 AM")
	f := page.form(t)
	f.values.Set(field, "18:00")
	s.wait(time.Minute)
	s.submit(f).wantRedirect(t, "/mail"+link+"?saved=1")
	saved := s.ask(http.MethodGet, link, "").form(t)
	if got := saved.values.Get(field); got != "18:00" {
		t.Errorf("the hour is %q, want 18:00", got)
	}
	saved.values.Set(field, "03:00")
	before := s.dump()
	s.submit(saved).want(t, http.StatusUnprocessableEntity, "This time of day is no longer offered.")
	if s.dump() != before {
		t.Error("an hour that is not offered was stored")
	}
	saved.values.Set(field, "")
	s.submit(saved).wantRedirect(t, "/mail"+link+"?saved=1")
	if got := s.ask(http.MethodGet, link, "").form(t).values.Get(field); got != "" {
		t.Errorf("the hour is %q, want the digest's own", got)
	}
}

// TestHourOnSubscribe chooses a time of day while signing up: it is kept where
// something else is wrong, and counts from the confirmation on.
func TestHourOnSubscribe(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s.catalog.Digests[0].Hours = []string{"06:30", "18:00"}
		field := templates.FieldHour + "daily"
		page := s.ask(http.MethodGet, "/subscribe", "")
		page.want(t, http.StatusOK, "Time of day for The Daily", "As usual", "6:30 AM")
		if strings.Contains(page.body, "Time of day for The Weekly") {
			t.Error("a digest without hours offers some")
		}
		f := s.filledIn("ann at example")
		f.values.Set(field, "18:00")
		again := s.submit(f)
		again.want(t, http.StatusUnprocessableEntity, "Please look at these again")
		f = again.form(t)
		if got := f.values.Get(field); got != "18:00" {
			t.Errorf("the hour became %q, want 18:00 as it was sent", got)
		}
		before := s.dump()
		f.values.Set(templates.FieldAddress, "ann@example.com")
		f.values.Set(field, "03:00")
		refused := s.submit(f)
		refused.want(t, http.StatusUnprocessableEntity, "This time of day is no longer offered.")
		if !strings.Contains(refused.body, `href="#hour-daily"`) {
			t.Error("the summary does not lead to the field")
		}
		if s.dump() != before {
			t.Error("an hour that is not offered was stored")
		}
		f = refused.form(t)
		f.values.Set(field, "18:00")
		f.values.Set(templates.FieldHour+"weekly", "18:00") // is not chosen, and offers none
		s.submit(f).wantRedirect(t, "/mail/subscribed")
		d := s.detail("ann@example.com")
		if got := s.lastConsent("ann@example.com").Detail; !strings.Contains(got, "hours=daily=18:00") {
			t.Errorf("the record of consent says %q", got)
		}
		s.wait(time.Minute)
		s.follow(s.submit(s.ask(http.MethodGet, s.c(d.ID), "").form(t))).want(t, http.StatusOK, "Your address is confirmed")
		for _, sub := range s.detail("ann@example.com").Subscriptions {
			if sub.Digest == "daily" && (sub.Hour != "18:00" || sub.State != subscribers.SubscriptionActive) {
				t.Errorf("the subscription is %+v, want active at 18:00", sub)
			}
		}
		if got := s.ask(http.MethodGet, s.f(d.ID), "").form(t).values.Get(field); got != "18:00" {
			t.Errorf("the settings show %q, want 18:00", got)
		}
	})
}

// TestReceiptsOnSettings shows when the next editions come.
func TestReceiptsOnSettings(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	soon := s.ask(http.MethodGet, s.f(id), "") // the planner has not seen the new cohorts
	soon.want(t, http.StatusOK, "The Daily No edition yet. The time of the next one is being set.")
	s.catalog.Digests[1].Often = templates.HowOften{Instant: true} // it has no times
	if soon = s.ask(http.MethodGet, s.f(id), ""); strings.Count(soon.body, "is being set") != 1 {
		t.Errorf("want it of the daily alone:\n%s", words(soon.body))
	}
	s.must(s.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE cohorts SET next_due_at = $1`, time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC).UnixMilli())
		return err
	}))
	page := s.ask(http.MethodGet, s.f(id), "")
	page.want(t, http.StatusOK, "Your editions", "The Daily", "No edition yet.", "Next: tomorrow at 7:00 AM.")
	if strings.Count(page.body, "Next: ") != 2 {
		t.Errorf("want the next editions of both digests:\n%s", page.body)
	}
}

// pausedUntil is until when the reader's digests are paused, zero if one is not.
func (s *site) pausedUntil(id int64) time.Time {
	s.t.Helper()
	v, err := s.store.View(s.t.Context(), s.catalog, id)
	s.must(err)
	return v.PausedUntil()
}
