package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// lacks checks that texts are not on the page.
func (r reply) lacks(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) || strings.Contains(words(r.body), text) {
			t.Errorf("the page has %q:\n%s", text, words(r.body))
		}
	}
}

// instead presses a button of an unsubscribe page that is for less, or for more.
func (s *site) instead(path string, fields ...string) reply {
	s.t.Helper()
	f := form{action: s.base + path, values: url.Values{}}
	for i := 0; i < len(fields); i += 2 {
		f.values.Add(fields[i], fields[i+1])
	}
	return s.submit(f)
}

// What is offered beside leaving tells nothing of the reader, and makes nothing
// come that did not.
func TestLessInsteadOfLeaving(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id, other := s.active("ann@example.com"), s.active("bob@example.com")
		s.must(s.prefers(other, subscribers.Preferences{Digests: []string{"daily", "weekly"}, Topics: []string{"sport", "arts"}}))
		page := s.ask(http.MethodGet, s.u(id, "daily"), "")
		page.want(t, http.StatusOK, "Or rather less?", "Pause for", "Fewer topics", "World", "Sport", "Arts", "Leave altogether")
		if strings.Contains(page.body, " checked") {
			t.Error("the page tells what the reader chose")
		}
		same := strings.NewReplacer(s.u(other, "daily"), s.u(id, "daily"), "b•••", "a•••").Replace(s.ask(http.MethodGet, s.u(other, "daily"), "").body)
		if same != page.body {
			t.Error("the pages of two readers differ by more than their links and masked addresses")
		}
		s.wait(time.Minute)
		s.instead(s.u(id, "weekly"), "instead", "topics", "topics", "arts").want(t, http.StatusOK, "Left out from now on: Arts.", "Unsubscribe after all")
		s.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
		s.instead(s.u(other, "daily"), "instead", "topics", "topics", "arts").want(t, http.StatusOK, "Left out from now on: Arts.")
		s.wantPicture("bob@example.com", "active | daily=active America/New_York ,2, | weekly=active Europe/Berlin ,2,")
		if got := s.lastConsent("bob@example.com"); got.Event != subscribers.EventPreferences || got.Origin != "page" || got.Client != "192.0.2.1" {
			t.Errorf("consent = %+v", got)
		}
		s.instead(s.u(id, ""), "instead", "pause", "weeks", "4").want(t, http.StatusOK, "Paused until Monday, December 21")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventPaused || got.Detail != "digests=daily;weekly until=2026-12-20T23:00:00Z" {
			t.Errorf("consent = %+v", got)
		}
		s.follow(s.instead(s.u(other, "daily"), "instead", "all")).want(t, http.StatusOK, "any digest any more", "Undo")
		s.wantPicture("bob@example.com", "unsubscribed | daily=ended America/New_York ,2, | weekly=ended Europe/Berlin ,2,")
	})
}

func TestLessThatDoesNotWork(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	before := s.dump()
	s.instead(s.u(id, "daily"), "instead", "topics").want(t, http.StatusUnprocessableEntity, "Unsubscribe from The Daily", "Nothing was ticked")
	s.instead(s.u(id, "daily"), "instead", "topics", "topics", "nonsense").want(t, http.StatusUnprocessableEntity, "Nothing was ticked")
	last := s.instead(s.u(id, "daily"), "instead", "topics", "topics", "world")
	last.want(t, http.StatusConflict, "Without this topic one of your digests would have nothing left", "Unsubscribe")
	if !strings.Contains(last.body, `value="world" checked`) {
		t.Error("what was ticked is not kept")
	}
	if s.dump() != before {
		t.Error("what does not work changed something")
	}
	s.must(s.store.Unsubscribe(t.Context(), id, 0, "command", ""))
	for _, instead := range []string{"pause", "topics", "all"} {
		s.instead(s.u(id, "daily"), "instead", instead, "topics", "sport").want(t, http.StatusOK, "You are unsubscribed")
	}
	s.ask(http.MethodGet, s.u(4711, "daily"), "").want(t, http.StatusNotFound)
	s.instead(s.u(4711, "daily"), "instead", "pause").want(t, http.StatusNotFound)
	s.instead(s.u(4711, "daily"), "instead", "topics", "topics", "world").want(t, http.StatusNotFound)
}

// Where only one digest and one topic are to be had, nothing is offered that is
// the same as leaving.
func TestNothingLessToOffer(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	s.catalog = &subscribers.Catalog{Topics: s.catalog.Topics[:1], Digests: s.catalog.Digests[:1]}
	answer := s.ask(http.MethodGet, s.u(id, "daily"), "")
	answer.want(t, http.StatusOK, "Pause for")
	answer.lacks(t, "Fewer topics", "Leave altogether")
	answer = s.ask(http.MethodGet, s.path(s.links.Unsubscribe(id, 2)), "")
	answer.want(t, http.StatusOK, "Leave altogether")
	answer.lacks(t, "Fewer topics", "Pause for")
}

// goodbye leaves by the page, and returns the page that says so.
func (s *site) goodbye(id int64, slug string) reply {
	s.t.Helper()
	return s.follow(s.submit(s.ask(http.MethodGet, s.u(id, slug), "").form(s.t)))
}

func TestUndo(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		s.wait(time.Minute)
		before := s.picture("ann@example.com")
		goodbye := s.goodbye(id, "")
		if strings.Contains(goodbye.body, "/p/") {
			t.Error("the page leads to settings")
		}
		undo := goodbye.form(t)
		s.wait(59 * time.Minute)
		gone := s.dump()
		s.ask(http.MethodGet, strings.TrimPrefix(undo.action, s.base), "").want(t, http.StatusOK, "You are unsubscribed", "Undo")
		if s.dump() != gone {
			t.Error("opening the page changed something")
		}
		s.ask(http.MethodPost, strings.TrimPrefix(undo.action, s.base), undo.values.Encode(), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
		back := s.submit(undo)
		back.want(t, http.StatusOK, "You are subscribed again", "The Daily", "The Weekly")
		if strings.Contains(back.body, "/p/") || strings.Contains(back.body, "World") {
			t.Error("the page tells more than what is back")
		}
		s.wantPicture("ann@example.com", before)
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventReturned || got.Origin != "undo" || got.Client != "192.0.2.1" {
			t.Errorf("consent = %+v", got)
		}
		s.submit(undo).want(t, http.StatusGone, "This can no longer be undone", "Sign up again")
		s.ask(http.MethodGet, strings.TrimPrefix(undo.action, s.base), "").want(t, http.StatusGone, "This can no longer be undone")
	})
}

func TestUndoTooLate(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	undo := s.goodbye(id, "daily").form(t)
	s.wait(subscribers.ReturnFor + time.Second)
	before := s.dump()
	for _, f := range []form{undo, {undo.action, url.Values{templates.FieldWhy: {"other"}}}} {
		s.submit(f).want(t, http.StatusGone, "This can no longer be undone", "Sign up again")
	}
	s.ask(http.MethodGet, strings.TrimPrefix(undo.action, s.base), "").want(t, http.StatusGone, "Sign up again")
	if s.dump() != before {
		t.Error("too late, and it changed something")
	}
}

// Leaving everything by the link to preferences can be undone, too, and counts as
// any leaving by a page.
func TestUndoFromPreferences(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	before := s.picture("ann@example.com")
	goodbye := s.follow(s.ask(http.MethodPost, s.p(id), "unsubscribe=all", "Sec-Fetch-Site", "same-origin"))
	if n := s.count(`SELECT count(*) FROM leavings WHERE subscriber_id = $1 AND origin = 'page'`, id); n != 2 {
		t.Errorf("%d leavings are kept, want one of each digest", n)
	}
	goodbye.want(t, http.StatusOK, "any digest any more", "Undo")
	s.submit(goodbye.form(t)).want(t, http.StatusOK, "You are subscribed again")
	s.wantPicture("ann@example.com", before)
}

func TestWhy(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		s.wait(time.Minute)
		goodbye := s.goodbye(id, "daily")
		undo := goodbye.form(t)
		ask := form{undo.action, url.Values{}}
		s.submit(ask).want(t, http.StatusOK, "Why did you leave?")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventUnsubscribed {
			t.Errorf("nothing said, on record is %+v", got)
		}
		ask.values = url.Values{templates.FieldWhy: {"too-many"}, templates.FieldWhyText: {"every\nday"}}
		thanks := s.follow(s.submit(ask))
		thanks.want(t, http.StatusOK, "Thank you for telling us.", "The Daily", "Undo")
		thanks.lacks(t, "Why did you leave?")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventReason || got.Detail != "why=too-many text=every day" {
			t.Errorf("on record is %+v", got)
		}
		s.submit(thanks.form(t)).want(t, http.StatusOK, "You are subscribed again")
	})
}

// The marks of a scanner are kept with the leaving, and with nothing else.
func TestMarksOfAScanner(t *testing.T) {
	for name, c := range map[string]struct {
		opens func(s *site, id int64)
		want  int
	}{
		"nothing":             {func(*site, int64) {}, 1}, // the page itself
		"the settings":        {func(s *site, id int64) { s.ask(http.MethodGet, s.p(id), "") }, 2},
		"the settings, again": {func(s *site, id int64) { s.ask(http.MethodGet, s.p(id), ""); s.ask(http.MethodGet, s.p(id), "") }, 2},
		"all": {func(s *site, id int64) {
			s.ask(http.MethodGet, s.p(id), "")
			s.ask(http.MethodGet, s.p(id)+"/topic/world", "")
		}, 3},
		"somebody else's": {func(s *site, id int64) {
			s.ask(http.MethodGet, s.p(id+1), "")
			s.ask(http.MethodGet, s.p(id+1)+"/topic/world", "")
		}, 1},
		"forged ones":       {func(s *site, id int64) { s.ask(http.MethodGet, s.p(id)[:20], ""); s.ask(http.MethodGet, "/p/x", "") }, 1},
		"public ones alone": {func(s *site, id int64) { s.ask(http.MethodGet, "/v/a", ""); s.ask(http.MethodGet, "/r/b", "") }, 1},
		"public ones besides": {func(s *site, id int64) {
			s.ask(http.MethodGet, s.p(id), "")
			s.ask(http.MethodGet, "/v/a", "")
			s.ask(http.MethodGet, "/r/b", "")
		}, 4},
		"public ones, elsewhere": {func(s *site, id int64) {
			s.ask(http.MethodGet, s.p(id), "")
			s.send(elsewhere(s.request(http.MethodGet, "/v/a", "")))
		}, 2},
		"a minute before": {func(s *site, id int64) {
			s.ask(http.MethodGet, s.p(id), "")
			s.ask(http.MethodGet, s.p(id)+"/topic/world", "")
			s.wait(time.Minute)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var marks *web.Marks
			s := newSite(t, func(o *web.Options) {
				marks = web.NewMarks(o.Subscribers.MarkLeaving, o.Log, o.Now)
				o.Marks = marks
			})
			id := s.active("ann@example.com")
			s.active("bob@example.com")
			before := s.dump()
			c.opens(s, id)
			marks.Store(t.Context(), s.now())
			if s.dump() != before {
				t.Fatal("what was only opened is stored")
			}
			s.goodbye(id, "daily")
			s.wait(9 * time.Second)
			marks.Store(t.Context(), s.now())
			if n := s.count(`SELECT links FROM leavings`); n != 0 {
				t.Errorf("%d links stored before their time", n)
			}
			s.wait(time.Second)
			marks.Store(t.Context(), s.now())
			if n := s.count(`SELECT links FROM leavings`); n != c.want {
				t.Errorf("%d links, want %d", n, c.want)
			}
			if n := s.count(`SELECT machine FROM leavings`); n != 1 {
				t.Error("a request without the name of a browser counts as a person's")
			}
		})
	}
}

func elsewhere(r *http.Request) *http.Request {
	r.RemoteAddr = "198.51.100.7:1234"
	return r
}

// Links that a scanner opens after it has left count as well, and a one-click is
// never watched.
func TestMarksAfterwards(t *testing.T) {
	var marks *web.Marks
	s := newSite(t, func(o *web.Options) {
		marks = web.NewMarks(o.Subscribers.MarkLeaving, o.Log, o.Now)
		o.Marks = marks
	})
	ann, bob := s.active("ann@example.com"), s.active("bob@example.com")
	s.goodbye(ann, "daily")
	s.ask(http.MethodPost, s.u(bob, "daily"), oneClick)
	for _, id := range []int64{ann, bob} {
		s.ask(http.MethodGet, s.u(id, "daily"), "")
		s.ask(http.MethodGet, s.p(id), "")
		s.ask(http.MethodGet, s.p(id)+"/topic/world", "")
	}
	s.wait(10 * time.Second)
	marks.Store(t.Context(), s.now())
	found, err := s.store.Restorables(t.Context(), s.now().Add(-time.Hour), s.now())
	s.must(err)
	if len(found) != 1 || found[0].Subscriber != ann || found[0].Links != 3 {
		t.Errorf("restorable is %+v, want what the scanner did to Ann", found)
	}
}

// What ends at the link to preferences is marked like what ends at the other: the
// same scanners follow both.
func TestMarksOfPreferences(t *testing.T) {
	var marks *web.Marks
	s := newSite(t, func(o *web.Options) {
		marks = web.NewMarks(o.Subscribers.MarkLeaving, o.Log, o.Now)
		o.Marks = marks
	})
	ann, bob := s.active("ann@example.com"), s.active("bob@example.com")
	for _, id := range []int64{ann, bob} {
		s.ask(http.MethodGet, s.u(id, "daily"), "")
		s.ask(http.MethodGet, s.p(id), "")
		s.ask(http.MethodGet, s.p(id)+"/topic/world", "")
	}
	s.instead(s.p(ann), "unsubscribe", "all")
	s.ends(bob, templates.FieldEndDigests, "weekly")
	s.wait(10 * time.Second)
	marks.Store(t.Context(), s.now())
	found, err := s.store.Restorables(t.Context(), s.now().Add(-time.Hour), s.now())
	s.must(err)
	var got []string
	for _, r := range found {
		got = append(got, fmt.Sprintf("%d %s %d", r.Subscriber, r.Digest, r.Links))
	}
	slices.Sort(got)
	if want := []string{fmt.Sprintf("%d daily 3", ann), fmt.Sprintf("%d weekly 3", ann), fmt.Sprintf("%d weekly 3", bob)}; !slices.Equal(got, want) {
		t.Errorf("restorable is %q, want %q", got, want)
	}
}
