package web_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// twoTopics gives a reader two topics and both digests.
func (s *site) twoTopics(id int64) {
	s.t.Helper()
	s.must(s.prefers(id, subscribers.Preferences{
		Zone: "Europe/Paris", Topics: []string{"world", "sport"}, Digests: []string{"daily", "weekly"},
	}))
}

// prefers saves a reader's choices as behind a link that was just mailed.
func (s *site) prefers(id int64, in subscribers.Preferences) error {
	_, err := s.store.SetPreferences(s.t.Context(), s.catalog, subscribers.FreshToken(id, s.addressOf(id), s.now()), in, "form", "")
	return err
}

// ends sends the form that ends what is ticked.
func (s *site) ends(id int64, fields ...string) reply {
	s.t.Helper()
	return s.instead(s.p(id), append([]string{templates.FieldEnd, "1"}, fields...)...)
}

// TestPreferences: the link in every digest shows what can be ended, and nothing
// of what else is known.
func TestPreferences(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s.catalog.Digests[0].Hours = []string{"06:30", "18:00"}
		id := s.active("ann@example.com")
		s.twoTopics(id)
		page := s.ask(http.MethodGet, s.p(id), "")
		page.want(t, http.StatusOK, "a•••@e•••.com", "Mail me a link to my settings", "What comes to you", "The Daily", "The Weekly", "World", "Sport", "Pause for", "Unsubscribe from everything")
		page.lacks(t, "Arts", "Europe/Paris", "Time zone", "Language", "Format", "Plain text", "06:30", "6:30 AM", "Your editions", "No edition yet", "What came lately", `name="topics"`, `name="digests"`, `name="zone"`, " checked")
		page.wantNothingKept(t)
		if got := page.form(t); got.values.Encode() != "fresh=1" {
			t.Errorf("the first form sends %s, want it to ask for the link", got.values.Encode())
		}
		s.wait(time.Minute)
		s.ends(id, templates.FieldEndTopics, "sport").wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
		s.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventPreferences || got.Origin != "page" || got.Client != "192.0.2.1" {
			t.Errorf("consent = %+v", got)
		}
		saved := s.ask(http.MethodGet, s.p(id)+"?saved=1", "")
		saved.want(t, http.StatusOK, "Your settings are saved", "The Weekly")
		saved.lacks(t, "World", "Sport") // the last topic goes with its digest
		goodbye := s.follow(s.ends(id, templates.FieldEndDigests, "weekly"))
		goodbye.want(t, http.StatusOK, "The Weekly will not be sent to you any more.", "Undo")
		goodbye.lacks(t, "Your data", "/p/")
		s.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
		s.ask(http.MethodGet, s.p(id), "").lacks(t, "What comes to you", "The Daily")
		s.submit(goodbye.form(t)).want(t, http.StatusOK, "As before, this comes to you: The Weekly.")
	})
}

// TestEndingSeveral: the page after it names them, and calls nothing all that is
// not all.
func TestEndingSeveral(t *testing.T) {
	s := newSite(t, nil)
	third := s.catalog.Digests[1]
	third.ID, third.Slug, third.Name = 3, "monthly", "The Monthly"
	s.exec(`INSERT INTO digests (id, slug, name) VALUES (3, 'monthly', 'The Monthly')`)
	s.catalog.Digests = append(slices.Clone(s.catalog.Digests), third)
	id := s.active("ann@example.com")
	s.must(s.prefers(id, subscribers.Preferences{Topics: []string{"world"}, Digests: []string{"daily", "weekly", "monthly"}}))
	s.wait(time.Minute)
	goodbye := s.follow(s.ends(id, templates.FieldEndDigests, "daily", templates.FieldEndDigests, "monthly"))
	goodbye.want(t, http.StatusOK, "This does not come to you any more: The Daily, The Monthly.")
	goodbye.lacks(t, "any digest any more", "Your data")
	s.submit(goodbye.form(t)).want(t, http.StatusOK, "The Daily, The Monthly")
	s.wait(time.Minute)
	s.follow(s.ends(id, templates.FieldEndDigests, "daily", templates.FieldEndDigests, "weekly", templates.FieldEndDigests, "monthly")).want(t, http.StatusOK, "any digest any more", "Undo")
	if got := s.detail("ann@example.com").State; got != subscribers.StateUnsubscribed {
		t.Errorf("the reader is %s", got)
	}
}

// Who hangs up early has ended it all the same.
func TestEndingOfOneWhoHangsUp(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.send(s.request(http.MethodPost, s.p(id), "end=1&end-digests=weekly").WithContext(ctx))
	s.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
}

func TestEndingWithMistakes(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	s.twoTopics(id)
	before := s.dump()
	wrong := s.ends(id)
	wrong.want(t, http.StatusUnprocessableEntity, "Nothing was ticked, so nothing has changed.", "Please look at these again")
	wrong.wantNothingKept(t)
	if !strings.Contains(wrong.body, `href="#end-digests"`) {
		t.Error("the summary does not lead to the boxes")
	}
	last := s.ends(id, templates.FieldEndTopics, "world", templates.FieldEndTopics, "sport", templates.FieldEndDigests, "weekly")
	last.want(t, http.StatusConflict, "would have nothing left")
	if strings.Count(last.body, " checked") != 3 {
		t.Errorf("what was ticked is not kept:\n%s", last.body)
	}
	s.ends(id, templates.FieldEndTopics, "gardening").wantRedirect(t, "/mail"+s.p(id)+"?saved=1") // was a topic, perhaps
	s.ask(http.MethodPost, s.p(id), "end=%zz").want(t, http.StatusBadRequest)
	s.ask(http.MethodPost, s.p(id), "end=1&end-topics=sport", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
	if s.dump() != before {
		t.Error("something was stored")
	}
}

// allFields is everything that the forms of the settings can send.
func allFields() url.Values {
	return url.Values{
		templates.FieldTopics: {"sport", "arts"}, templates.FieldDigests: {"daily", "weekly"}, templates.FieldZone: {"Asia/Tokyo"},
		templates.FieldLanguage: {"de"}, templates.FieldFormat: {"text"}, templates.FieldHour + "daily": {"18:00"}, templates.FieldName: {"Eve"},
		templates.FieldAddress: {"eve@example.com"}, templates.FieldPauseUntil: {"2026-12-24"}, templates.FieldSure: {"yes"}, "save": {"1"}, "pause": {"over"},
	}
}

// TestWhatEachLinkMay: the link of a digest changes nothing with whatever the
// forms of the settings send, but for endings; the fresh link does all of it.
func TestWhatEachLinkMay(t *testing.T) {
	const was = "active | daily=ended Europe/Paris ,1,2, | weekly=active Europe/Berlin ,1,2,"
	with := func(field, value string) url.Values {
		f := allFields()
		f.Set(field, value)
		return f
	}
	type change struct {
		link    string // p or f
		body    url.Values
		picture string
	}
	for name, c := range map[string]change{
		"p: all fields":     {"p", allFields(), was},
		"p: save":           {"p", with(templates.FieldDo, templates.DoSave), was},
		"p: pause":          {"p", with(templates.FieldDo, templates.DoPause), was},
		"p: resume":         {"p", with(templates.FieldDo, templates.DoResume), was},
		"p: address":        {"p", with(templates.FieldDo, templates.DoAddress), was},
		"p: copy":           {"p", with(templates.FieldDo, templates.DoCopy), was},
		"p: erase":          {"p", with(templates.FieldDo, templates.DoErase), was},
		"p: leave":          {"p", with(templates.FieldDo, templates.DoLeave), was},
		"p: nothing to end": {"p", with(templates.FieldEnd, "1"), was},
		"p: a topic not wanted": {"p", func() url.Values {
			f := with(templates.FieldEnd, "1")
			f.Set(templates.FieldEndTopics, "arts")
			return f
		}(), was},
		"p: a digest that ended": {"p", func() url.Values {
			f := with(templates.FieldEnd, "1")
			f.Set(templates.FieldEndDigests, "daily")
			return f
		}(), was},
		"p: end a topic": {"p", func() url.Values {
			f := with(templates.FieldEnd, "1")
			f.Set(templates.FieldEndTopics, "sport")
			return f
		}(),
			"active | daily=ended Europe/Paris ,1,2, | weekly=active Europe/Berlin ,1,"},
		"p: end the digest": {"p", func() url.Values {
			f := with(templates.FieldEnd, "1")
			f.Set(templates.FieldEndDigests, "weekly")
			return f
		}(),
			"unsubscribed | daily=ended Europe/Paris ,1,2, | weekly=ended Europe/Berlin ,1,2,"},
		"p: end everything": {"p", with(templates.FieldUnsubscribe, "all"), "unsubscribed | daily=ended Europe/Paris ,1,2, | weekly=ended Europe/Berlin ,1,2,"},
		"f: save":           {"f", with(templates.FieldDo, templates.DoSave), "active | daily=active Asia/Tokyo ,2,3, | weekly=active Europe/Berlin ,2,3,"},
		"f: end a topic":    {"f", url.Values{templates.FieldEnd: {"1"}, templates.FieldEndTopics: {"sport"}}, was},
		"f: end everything": {"f", with(templates.FieldUnsubscribe, "all"), was},
		"f: leave":          {"f", with(templates.FieldDo, templates.DoLeave), "unsubscribed | daily=ended Europe/Paris ,1,2, | weekly=ended Europe/Berlin ,1,2,"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.catalog.Digests[0].Hours = []string{"06:30", "18:00"}
			id := s.active("ann@example.com")
			s.twoTopics(id)
			s.wait(time.Minute)
			s.must(s.store.Unsubscribe(t.Context(), id, s.catalog.Digests[0].ID, "command", ""))
			s.wait(time.Minute)
			link := map[string]string{"p": s.p(id), "f": s.f(id)}[c.link]
			before, was := s.detail("ann@example.com"), s.dump()
			s.ask(http.MethodPost, link, c.body.Encode(), "Sec-Fetch-Site", "same-origin")
			after := s.detail("ann@example.com")
			s.wantPicture("ann@example.com", c.picture)
			if c.picture == s.pictureOf(before) && s.dump() != was {
				t.Errorf("something changed: on record is %+v", s.lastConsent("ann@example.com"))
			}
			if c.link == "p" && (after.Name != before.Name || after.Zone != before.Zone || after.Language != before.Language || after.Format != before.Format) {
				t.Errorf("the reader became %+v", after)
			}
			if name == "f: save" && (after.Name != "Eve" || after.Zone != "Asia/Tokyo" || after.Format != subscribers.FormatText || after.Subscriptions[0].Hour != "18:00") {
				t.Errorf("the reader is %+v, want what was sent", after)
			}
		})
	}
}

// TestPauseOfForwardedMail: the link of a digest pauses by weeks, shortens no
// pause, and ends none.
func TestPauseOfForwardedMail(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	s.instead(s.p(id), "instead", "pause", "weeks", "4").want(t, http.StatusOK, "Paused until Monday, December 21")
	until := s.pausedUntil(id)
	s.instead(s.p(id), "instead", "pause", "weeks", "2").want(t, http.StatusOK, "Paused until Monday, December 21")
	s.ask(http.MethodPost, s.p(id), "pause=over").want(t, http.StatusBadRequest)
	s.ask(http.MethodPost, s.p(id), "do=resume").want(t, http.StatusBadRequest)
	if got := s.pausedUntil(id); !got.Equal(until) {
		t.Errorf("paused until %v, want %v", got, until)
	}
	s.ask(http.MethodGet, s.p(id), "").lacks(t, "December")
}

// A preferences link in an old digest may belong to a reader who left, signed
// up again and has yet to confirm.
func TestPreferencesBeforeConfirming(t *testing.T) {
	s := newSite(t, nil)
	id := s.pending("ann@example.com")
	page := s.ask(http.MethodGet, s.p(id)+"?confirmed=1", "")
	page.want(t, http.StatusOK)
	page.lacks(t, "Your address is confirmed", "Mail me a link")
	s.ends(id, templates.FieldEndDigests, "weekly").wantRedirect(t, "/mail"+s.p(id)+"?saved=1")
	s.wantPicture("ann@example.com", "pending | daily=pending Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
	s.ask(http.MethodPost, s.p(id), "unsubscribe=all").want(t, http.StatusOK, "You are unsubscribed")
	s.ask(http.MethodGet, s.c(id), "").want(t, http.StatusOK, "You are unsubscribed")
}
