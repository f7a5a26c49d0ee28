package web_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

func TestDownload(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.fresh(id, "ann@example.com")
		before := s.dump()
		got := s.ask(http.MethodPost, link, "do=copy")
		got.want(t, http.StatusOK)
		got.wantNothingKept(t)
		if kind, disposition := got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition"); kind != "application/json; charset=utf-8" || disposition != `attachment; filename="my-data.json"` {
			t.Errorf("it is sent as %s, %s", kind, disposition)
		}
		var d subscribers.Detail
		if err := json.Unmarshal([]byte(got.body), &d); err != nil || d.Address != "ann@example.com" || len(d.Consents) < 2 {
			t.Errorf("the copy is %s, %v", got.body, err)
		}
		if s.dump() != before {
			t.Error("a copy changed something")
		}
	})
}

func TestEraseFromThePage(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.fresh(id, "ann@example.com")
		s.ask(http.MethodPost, link, "do=erase&sure=yes").want(t, http.StatusOK, "Your data is erased", "sign up again")
		if _, err := s.store.ByAddress(t.Context(), "ann@example.com"); err == nil {
			t.Error("the reader is still known")
		}
		for _, path := range []string{link, s.p(id)} {
			s.ask(http.MethodGet, path, "").want(t, http.StatusNotFound)
		}
		if log := s.log.String(); !strings.Contains(log, "reader erased") || strings.Contains(log, "ann@") {
			t.Errorf("the log is\n%s", log)
		}
	})
}

// TestDataOfWhoHasLeft: every page that says that a reader has left has a button
// for a link to their data, and that leads to a copy and erasure alone.
func TestDataOfWhoHasLeft(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		links := map[string]string{"p": s.p(id), "u": s.u(id, "daily"), "all": s.u(id, ""), "c": s.c(id), "topic": s.p(id) + "/topic/world"}
		goodbye := s.goodbye(id, "")
		goodbye.want(t, http.StatusOK, "Undo", "Your data", "Mail me the link")
		links["b"] = strings.TrimPrefix(goodbye.form(t).action, s.base)
		for name, link := range links {
			left := s.ask(http.MethodGet, link, "")
			left.want(t, http.StatusOK, "You are unsubscribed", "You can still have a copy of your data", "Mail me the link")
			action := link
			if name == "topic" {
				action = links["p"]
			}
			if !strings.Contains(left.body, `action="/mail`+action+`"`) {
				t.Errorf("%s: the button goes elsewhere:\n%s", name, left.body)
			}
		}
		delete(links, "topic")
		for name, link := range links {
			s.wait(24*time.Hour + time.Second)
			if name == "b" { // works for an hour
				continue
			}
			if name == "c" {
				link = s.c(id)
			}
			s.ask(http.MethodPost, link, "fresh=1").wantRedirect(t, "/mail"+link+"?sent=1")
			s.ask(http.MethodGet, link+"?sent=1", "").want(t, http.StatusOK, "Check your inbox", "a•••@e•••.com")
			fresh := s.linkIn(s.deliver()["ann@example.com"], "/f/")
			before := s.dump()
			page := s.ask(http.MethodGet, fresh, "")
			page.want(t, http.StatusOK, "Your data", "any digest any more", "A copy of your data", "Erase your data")
			page.lacks(t, "Time zone", "Another address", "Take a break", "What came lately", `name="topics"`, `name="name"`)
			for _, do := range []string{"save", "pause", "resume", "address", "leave"} {
				s.ask(http.MethodPost, fresh, "do="+do+"&topics=world&digests=daily&address=eve@example.com&pause-until=2027-01-01").want(t, http.StatusGone, "You are unsubscribed")
			}
			s.ask(http.MethodPost, fresh, "do=erase").want(t, http.StatusUnprocessableEntity, "Tick the box")
			if got := s.ask(http.MethodPost, fresh, "do=copy"); got.StatusCode != http.StatusOK || !strings.Contains(got.body, "ann@example.com") {
				t.Errorf("%s: the copy is %d, %s", name, got.StatusCode, got.body)
			}
			if s.dump() != before {
				t.Errorf("%s: something changed", name)
			}
		}
		s.ask(http.MethodPost, s.f(id), "do=erase&sure=yes").want(t, http.StatusOK, "Your data is erased")
	})
}

// TestSuppressedWhoHasLeft is told what others are, and mailed nothing.
func TestSuppressedWhoHasLeft(t *testing.T) {
	s := newSite(t, nil)
	ann, bob := s.active("ann@example.com"), s.active("bob@example.com")
	s.must(s.store.Suppress(t.Context(), "bob@example.com", subscribers.ReasonComplaint, "", "report"))
	page := map[int64][]string{}
	for _, id := range []int64{ann, bob} {
		goodbye := s.goodbye(id, "")
		page[id] = append(page[id], words(goodbye.body))
		for _, link := range []string{s.u(id, "daily"), s.p(id), strings.TrimPrefix(goodbye.form(t).action, s.base)} {
			s.ask(http.MethodPost, link, "fresh=1").wantRedirect(t, "/mail"+link+"?sent=1")
			page[id] = append(page[id], words(s.ask(http.MethodGet, link, "").body), strings.Replace(words(s.ask(http.MethodGet, link+"?sent=1", "").body), "b•••", "a•••", 1))
		}
	}
	if !slices.Equal(page[ann], page[bob]) {
		t.Errorf("the pages tell:\n%s\n\n%s", strings.Join(page[ann], "\n"), strings.Join(page[bob], "\n"))
	}
	if sent := s.deliver(); sent["bob@example.com"] != "" || sent["ann@example.com"] == "" {
		t.Errorf("mailed were %v", slices.Collect(maps.Keys(sent)))
	}
}
