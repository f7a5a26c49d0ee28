package web_test

import (
	"net/http"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// askMove has a reader ask for another address and returns the links of both
// mails.
func (s *site) askMove(id int64, from, to string) (agree, confirm string) {
	s.t.Helper()
	link := s.fresh(id, from)
	s.ask(http.MethodPost, link, "do=address&address="+to).wantRedirect(s.t, "/mail"+link+"?asked=1")
	s.ask(http.MethodGet, link+"?asked=1", "").want(s.t, http.StatusOK, "Check your inbox", "If this address can be used")
	sent := s.deliver()
	return s.linkIn(sent[from], "/a/"), s.linkIn(sent[to], "/n/")
}

func TestChangeOfAddress(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		agree, confirm := s.askMove(id, "ann@example.com", "lee@elsewhere.example")
		before := s.dump()
		for link, to := range map[string]string{agree: "l•••@e•••.example", confirm: "lee@elsewhere.example"} {
			page := s.ask(http.MethodGet, link, "")
			page.want(t, http.StatusOK, "Another address", "What City Courier sends to a•••@e•••.com will go to "+to+" instead.")
			page.wantNothingKept(t)
		}
		s.ask(http.MethodPost, agree, "do=other").want(t, http.StatusBadRequest)
		s.ask(http.MethodPost, confirm, "do=stop").want(t, http.StatusBadRequest)
		s.ask(http.MethodPost, confirm, "do=accept", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
		if s.dump() != before {
			t.Error("looking changed something")
		}
		s.ask(http.MethodPost, agree, "do=accept").want(t, http.StatusOK, "Thank you.", "The new address has yet to confirm.")
		s.ask(http.MethodGet, agree, "").want(t, http.StatusOK, "The new address has yet to confirm.")
		s.ask(http.MethodPost, confirm, "do=accept").want(t, http.StatusOK, "your digests now go to lee@elsewhere.example")
		if got := s.detail("lee@elsewhere.example").ID; got != id {
			t.Errorf("the new address is that of %d, want %d", got, id)
		}
		for _, link := range []string{agree, confirm} {
			s.ask(http.MethodGet, link, "").want(t, http.StatusGone, "This link no longer works")
			s.ask(http.MethodPost, link, "do=accept").want(t, http.StatusGone, "This link no longer works")
		}
	})
}

func TestChangeOfAddressStopped(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	agree, confirm := s.askMove(id, "ann@example.com", "lee@elsewhere.example")
	s.ask(http.MethodPost, confirm, "do=accept").want(t, http.StatusOK, "Thank you.", "The present address has yet to agree.")
	s.ask(http.MethodPost, agree, "do=stop").want(t, http.StatusOK, "The change is stopped.")
	s.ask(http.MethodPost, agree, "do=accept").want(t, http.StatusGone)
	if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventAddressStopped || got.Origin != "page" || got.Client != "192.0.2.1" {
		t.Errorf("consent = %+v", got)
	}
	s.wait(24 * time.Hour)
	agree, _ = s.askMove(id, "ann@example.com", "lee@elsewhere.example")
	s.wait(subscribers.ConfirmFor + time.Second)
	s.ask(http.MethodGet, agree, "").want(t, http.StatusGone)
	s.must(s.store.Unsubscribe(t.Context(), id, 0, "form", ""))
	s.wait(-time.Hour)
	s.ask(http.MethodGet, agree, "").want(t, http.StatusGone, "You are unsubscribed")
}

// TestChangeOfAddressInVain: what became of the new address since is nobody's to
// know, and the change is not said to be done.
func TestChangeOfAddressInVain(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	agree, confirm := s.askMove(id, "ann@example.com", "lee@elsewhere.example")
	s.ask(http.MethodPost, agree, "do=accept").want(t, http.StatusOK, "The new address has yet to confirm.")
	s.must(s.store.Suppress(t.Context(), "lee@elsewhere.example", subscribers.ReasonComplaint, "", "report"))
	s.ask(http.MethodPost, confirm, "do=accept").want(t, http.StatusOK, "Thank you.", "The present address has yet to agree.")
	s.ask(http.MethodGet, agree, "").want(t, http.StatusOK, "The new address has yet to confirm.")
	if got := s.detail("ann@example.com").ID; got != id {
		t.Errorf("the old address is that of %d, want %d", got, id)
	}
}

// TestChangeOfAddressReveals: status, words and steps of time are the same for an
// address of which nothing is known and for others.
func TestChangeOfAddressReveals(t *testing.T) {
	s := newSite(t, nil)
	s.active("known@example.com")
	s.pending("pending@example.com")
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonComplaint, "", "report"))
	var first string
	for _, to := range []string{"new@example.com", "known@example.com", "pending@example.com", "suppressed@example.com"} {
		from := "asks-" + to
		id := s.active(from)
		link := "/f/" + s.keys.Sign(subscribers.FreshToken(id, from, s.now()))
		pauses := len(s.pauses)
		s.ask(http.MethodPost, link, "do=address&address="+to).wantRedirect(t, "/mail"+link+"?asked=1")
		if len(s.pauses) != pauses+1 {
			t.Errorf("%s: the time of the answer tells", to)
		}
		asked := words(s.ask(http.MethodGet, link+"?asked=1", "").body)
		agree := s.linkIn(s.deliver()[from], "/a/")
		s.ask(http.MethodPost, agree, "do=accept").want(t, http.StatusOK, "Thank you.", "The new address has yet to confirm.")
		s.ask(http.MethodGet, link, "").want(t, http.StatusOK, "is under way. The new address has yet to confirm.")
		if first == "" {
			first = asked
		}
		if asked != first {
			t.Errorf("%s is answered with\n%s\nwant\n%s", to, asked, first)
		}
	}
}
