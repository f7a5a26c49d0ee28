package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestConfirm(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.pending("ann@example.com")
		page := s.ask(http.MethodGet, s.c(id), "")
		page.want(t, http.StatusOK, "a•••@e•••.com", "The Daily", "The Weekly", "World")
		if strings.Contains(page.body, "ann@") {
			t.Error("the page shows the whole address")
		}
		s.wait(time.Minute)
		done := s.submit(page.form(t))
		done.wantRedirect(t, "/mail"+s.f(id)+"?confirmed=1")
		settings := s.follow(done)
		settings.want(t, http.StatusOK, "Your address is confirmed", "Your settings", "Time zone", "Another address", "Erase your data")
		settings.wantNothingKept(t)
		s.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
		if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventConfirmed || got.Origin != "form" || got.Client != "192.0.2.1" || !got.At.Equal(s.now()) {
			t.Errorf("consent = %+v", got)
		}
		s.ask(http.MethodGet, s.p(id)+"?confirmed=1", "").want(t, http.StatusOK, "Your address is confirmed", "a•••@e•••.com")

		before := s.dump()
		s.ask(http.MethodGet, s.c(id), "").wantRedirect(t, "/mail"+s.p(id)+"?confirmed=1")
		s.submit(page.form(t)).wantRedirect(t, "/mail"+s.p(id)+"?confirmed=1")
		if s.dump() != before {
			t.Error("confirming twice changed something")
		}
	})
}

func TestConfirmExpired(t *testing.T) {
	s := newSite(t, nil)
	ids := map[string]int64{"pending": s.pending("pending@example.com"), "active": s.active("active@example.com"),
		"left": s.active("left@example.com"), "suppressed": s.pending("suppressed@example.com"), "erased": 4711}
	s.must(s.store.Unsubscribe(t.Context(), ids["left"], 0, "page", ""))
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonManual, "", "command"))
	links := map[string]string{}
	for name, id := range ids {
		links[name] = s.c(id)
	}
	s.wait(subscribers.ConfirmFor + time.Second)
	for name, link := range links {
		before := s.dump()
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusGone, "This link has expired", "Send a new link")
		s.ask(http.MethodPost, link, "confirm=1").want(t, http.StatusGone, "This link has expired")
		bot := page.form(t)
		bot.values.Set(templates.FieldWebsite, "x")
		s.submit(bot).wantRedirect(t, "/mail/subscribed")
		if s.dump() != before {
			t.Errorf("%s: an expired link changed something", name)
		}
		s.submit(page.form(t)).wantRedirect(t, "/mail/subscribed")
		if changed := s.dump() != before; changed != (name == "pending") {
			t.Errorf("%s: asking for a new link changed something: %t", name, changed)
		}
	}
	if n := s.count(`SELECT count(*) FROM system_mails WHERE subscriber_id = $1`, ids["pending"]); n != 2 {
		t.Errorf("%d mails, want the first and the one that was asked for", n)
	}
	s.wantPicture("pending@example.com", "pending | daily=pending Europe/Paris ,1, | weekly=pending Europe/Berlin ,1,")
}

// Asking again counts like a sign-up, and the limit does not show.
func TestConfirmAgainLimit(t *testing.T) {
	s := newSite(t, nil)
	link := s.c(s.pending("ann@example.com"))
	s.wait(subscribers.ConfirmFor + time.Second)
	for range 20 {
		s.ask(http.MethodPost, "/subscribe", s.filledIn("nobody").values.Encode()).want(t, http.StatusUnprocessableEntity)
	}
	before := s.dump()
	s.ask(http.MethodPost, link, s.again()).wantRedirect(t, "/mail/subscribed")
	if s.dump() != before {
		t.Error("a mail was sent beyond the limit")
	}
	s.wait(10 * time.Minute)
	s.ask(http.MethodPost, link, s.again()).wantRedirect(t, "/mail/subscribed")
	if s.dump() == before {
		t.Error("no mail was sent within the limit")
	}
}

// A link from before the reader left must not bring anyone back.
func TestConfirmAfterLeaving(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	old := s.c(id)
	s.wait(time.Hour)
	s.must(s.store.Unsubscribe(t.Context(), id, 0, "page", ""))
	s.ask(http.MethodGet, old, "").want(t, http.StatusOK, "You are unsubscribed")
	s.ask(http.MethodPost, old, "confirm=1").want(t, http.StatusGone, "You are unsubscribed")

	s.pending("ann@example.com")
	outdated := s.ask(http.MethodPost, old, "confirm=1")
	outdated.want(t, http.StatusGone, "This link has expired")
	if d := s.detail("ann@example.com"); d.State != subscribers.StateUnsubscribed || d.Asked == nil {
		t.Fatalf("state = %s, asked = %+v, want one who left and was asked", d.State, d.Asked)
	}
	s.ask(http.MethodGet, old, "").want(t, http.StatusGone, "This link has expired")
	s.submit(outdated.form(t)).wantRedirect(t, "/mail/subscribed")
	if n := s.count(`SELECT count(*) FROM system_mails WHERE kind = 'confirm'`); n != 3 {
		t.Errorf("%d confirmation mails, want 3: two sign-ups and a new link", n)
	}
}

// TestConfirmShowsWhatIsAsked: of a stranger's sign-up the page shows all, and
// only what it has shown is confirmed.
func TestConfirmShowsWhatIsAsked(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		s.must(s.store.Unsubscribe(t.Context(), id, 0, "page", ""))
		s.wait(time.Hour)
		before := s.detail("ann@example.com").Subscriber
		ask := func(name, zone string) {
			s.must(s.store.SignUp(t.Context(), s.catalog, subscribers.SignUp{
				Address: "ann@example.com", Name: name, Topics: []string{"world"}, Digests: []string{"daily"}, Zone: zone, Origin: "form", Site: "https://shop.example",
			}))
		}
		ask("Ann O", "Asia/Tokyo")
		link := s.c(id)
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusOK, "The Daily", "World", "Ann O", "Asia/Tokyo", "Asked for", "shop.example")
		if strings.Contains(page.body, "The Weekly") {
			t.Error("the page shows what nobody asked for")
		}
		if got := s.detail("ann@example.com").Subscriber; got != before {
			t.Errorf("the reader became %+v", got)
		}
		s.wait(time.Minute)
		ask("Mallory", "America/Lima")
		changed := s.submit(page.form(t))
		changed.want(t, http.StatusConflict, "Something else was asked for", "Mallory", "America/Lima")
		if got := s.detail("ann@example.com").Subscriber; got != before {
			t.Errorf("confirmed unseen: %+v", got)
		}
		s.ask(http.MethodPost, link, "confirm=1").want(t, http.StatusConflict, "Mallory") // by an old page
		s.submit(changed.form(t)).wantRedirect(t, "/mail"+s.f(id)+"?confirmed=1")
		s.wantPicture("ann@example.com", "active | daily=active America/Lima ,1, | weekly=ended Europe/Berlin ,1,")
	})
}

func TestConfirmSuppressed(t *testing.T) {
	s := newSite(t, nil)
	id := s.pending("ann@example.com")
	s.must(s.store.Suppress(t.Context(), "ann@example.com", subscribers.ReasonManual, "", "command"))
	before := s.dump()
	done := s.submit(s.ask(http.MethodGet, s.c(id), "").form(t))
	done.wantRedirect(t, "/mail"+s.f(id)+"?confirmed=1")
	s.follow(done).want(t, http.StatusOK, "Your address is confirmed", "Your settings", "Time zone", "Another address")
	s.ask(http.MethodGet, s.p(id)+"?confirmed=1", "").want(t, http.StatusOK, "Your address is confirmed")
	if s.dump() != before {
		t.Error("a suppressed reader was changed")
	}
}

func TestBadLinks(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	stranger := newSite(t, nil)
	flip := func(link string, at int) string {
		b := []byte(link)
		if b[at] = 'A'; b[at] == link[at] {
			b[at] = 'B'
		}
		return string(b)
	}
	links := map[string]string{"c": s.c(id), "p": s.p(id), "u": s.u(id, "daily")}
	foreign := map[string]string{"c": stranger.c(id), "p": stranger.p(id), "u": stranger.u(id, "daily")}
	before := s.dump()
	for purpose, good := range links {
		token := good[3:]
		bad := map[string]string{
			"flipped first": flip(good, 3), "flipped inside": flip(good, 8), "flipped last": flip(good, len(good)-4),
			"cut": good[:len(good)-1], "longer": good + "A", "doubled": good + token, "nonsense": "/" + purpose + "/x",
			"long": "/" + purpose + "/" + strings.Repeat("A", 5000), "upper case": "/" + purpose + "/" + strings.ToUpper(token),
			"of another site": foreign[purpose], "odd bytes": "/" + purpose + "/%00%ff%2f..",
		}
		for other, link := range links {
			if other != purpose {
				bad["for "+other] = "/" + purpose + "/" + link[3:]
			}
		}
		for name, link := range bad {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
				got := s.ask(method, link, map[bool]string{true: "confirm=1&again=1&unsubscribe=all"}[method == http.MethodPost])
				if got.StatusCode != http.StatusNotFound {
					t.Errorf("/%s, %s: %s gave %d, want 404", purpose, name, method, got.StatusCode)
				}
			}
			s.ask(http.MethodPost, link, "List-Unsubscribe=One-Click").want(t, http.StatusNotFound, "Page not found")
		}
	}
	if s.dump() != before {
		t.Error("a bad link changed something")
	}
	for _, link := range []string{s.c(4711), s.p(4711), s.u(4711, "daily")} {
		s.ask(http.MethodGet, link, "").want(t, http.StatusNotFound, "Page not found")
	}
	s.ask(http.MethodPost, s.p(4711), "end=1&end-topics=world").want(t, http.StatusNotFound)
	s.ask(http.MethodPost, s.p(4711), "end=1").want(t, http.StatusNotFound)
	s.ask(http.MethodPost, s.c(4711), "confirm=1").want(t, http.StatusNotFound)
}
