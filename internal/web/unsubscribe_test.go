package web_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/web"
	"broadsheet/subscribers"
)

const oneClick = "List-Unsubscribe=One-Click"

func TestUnsubscribePage(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		before := s.dump()
		page := s.ask(http.MethodGet, s.u(id, "daily"), "")
		page.want(t, http.StatusOK, "Unsubscribe from The Daily", "a•••@e•••.com")
		for _, link := range []string{"/p/", "/c/", "ann@"} { // it may be opened from a forwarded mail
			if strings.Contains(page.body, link) {
				t.Errorf("the page has %s", link)
			}
		}
		if s.dump() != before {
			t.Error("opening the page changed something")
		}
		s.wait(time.Minute)
		s.follow(s.submit(page.form(t))).want(t, http.StatusOK, "You are unsubscribed", "The Daily", "Undo", "Why did you leave?")
		s.wantPicture("ann@example.com", "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
		got := s.lastConsent("ann@example.com")
		if got.Event != subscribers.EventUnsubscribed || got.Origin != "page" || got.Client != "192.0.2.1" || got.Detail != "digests=daily" {
			t.Errorf("consent = %+v", got)
		}
		answer := s.ask(http.MethodGet, s.u(id, "daily"), "")
		answer.want(t, http.StatusOK, "You are unsubscribed", "The Daily", "Sign up again")
		answer.lacks(t, "Undo")
		s.ask(http.MethodGet, s.u(id, "weekly"), "").want(t, http.StatusOK, "Unsubscribe from The Weekly")
	})
}

func TestUnsubscribeFromAll(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	page := s.ask(http.MethodGet, s.u(id, ""), "")
	page.want(t, http.StatusOK, "Unsubscribe from City Courier")
	s.follow(s.submit(page.form(t))).want(t, http.StatusOK, "You are unsubscribed", "any digest any more")
	s.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
	s.ask(http.MethodGet, s.u(id, ""), "").want(t, http.StatusOK, "You are unsubscribed")
	s.ask(http.MethodGet, s.u(id, "daily"), "").want(t, http.StatusOK, "You are unsubscribed")
}

func multipartBody(t *testing.T, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestOneClick(t *testing.T) {
	parts, kind := multipartBody(t, "List-Unsubscribe", "One-Click")
	button, buttonKind := multipartBody(t, "confirm", "1")
	tests := []struct {
		name, body, origin string
		headers            []string
	}{
		{"urlencoded", oneClick, "one-click", nil},
		{"multipart", parts, "one-click", []string{"Content-Type", kind}},
		{"no body", "", "one-click", nil},
		{"no content type", oneClick, "one-click", []string{"Content-Type", ""}},
		{"plain text", oneClick, "one-click", []string{"Content-Type", "text/plain"}},
		{"a broken content type", oneClick, "one-click", []string{"Content-Type", ";;;"}},
		{"another body", "a=b&c", "one-click", nil},
		{"JSON", `{"confirm":"1"}`, "one-click", []string{"Content-Type", "application/json"}},
		{"broken encoding", "confirm=%zz", "one-click", nil},
		{"broken multipart", parts[:20], "one-click", []string{"Content-Type", kind}},
		{"multipart without a boundary", parts, "one-click", []string{"Content-Type", "multipart/form-data"}},
		{"a large body", strings.Repeat("a", 200<<10), "one-click", nil},
		{"a large multipart", strings.Replace(parts, "One-Click", strings.Repeat("a", 200<<10), 1), "one-click", []string{"Content-Type", kind}},
		{"another site's page", oneClick, "one-click", []string{"Origin", "https://mail.example", "Sec-Fetch-Site", "cross-site"}},
		{"no origin", oneClick, "one-click", []string{"Origin", "null"}},
		{"a cookie", oneClick, "one-click", []string{"Cookie", "session=1"}},
		{"our fields and its own", "instead=pause&confirm=1&" + oneClick, "one-click", nil},
		{"our button", "confirm=1", "page", []string{"Sec-Fetch-Site", "same-origin"}},
		{"our button, multipart", button, "page", []string{"Content-Type", buttonKind}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, nil)
			id := s.active("ann@example.com")
			s.wait(time.Minute)
			got := s.ask(http.MethodPost, s.u(id, "daily"), tt.body, tt.headers...)
			if tt.origin != "one-click" { // a person may go back to the page after it
				got = s.follow(got)
				got.want(t, http.StatusOK, "Undo")
			} else {
				got.lacks(t, "Undo", "/b/")
			}
			got.want(t, http.StatusOK, "You are unsubscribed", "The Daily")
			if got.Header.Get("Set-Cookie")+got.Header.Get("Location")+got.Header.Get("Refresh") != "" {
				t.Errorf("headers = %v, want no cookie and no redirect", got.Header)
			}
			s.wantPicture("ann@example.com", "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
			if got := s.lastConsent("ann@example.com"); got.Event != subscribers.EventUnsubscribed || got.Origin != tt.origin || got.Detail != "digests=daily" {
				t.Errorf("consent = %+v", got)
			}
			before := s.dump()
			s.ask(http.MethodPost, s.u(id, "daily"), tt.body, tt.headers...).want(t, http.StatusOK, "You are unsubscribed")
			if s.dump() != before {
				t.Error("the second time changed something")
			}
		})
	}
}

// What a link was made for ends, whatever has gone since.
func TestOneClickYearsLater(t *testing.T) {
	old := subscribers.NewKey()
	s := newSite(t, func(o *web.Options) { o.Keys = newKeys(t, old) })
	id := s.active("ann@example.com")
	link := s.u(id, "daily")

	rotated := newSiteOn(t, s.db, func(o *web.Options) { o.Keys = newKeys(t, subscribers.NewKey(), subscribers.NewKey(), old) })
	rotated.catalog = &subscribers.Catalog{Topics: s.catalog.Topics, Digests: s.catalog.Digests[1:]} // the digest has retired
	rotated.wait(5 * 365 * 24 * time.Hour)
	rotated.ask(http.MethodGet, link, "").want(t, http.StatusOK, "Unsubscribe from City Courier")
	rotated.ask(http.MethodPost, link, oneClick).want(t, http.StatusOK, "You are unsubscribed")
	s.wantPicture("ann@example.com", "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
}

func TestOneClickOfOthers(t *testing.T) {
	s := newSite(t, nil)
	pending, suppressed := s.pending("pending@example.com"), s.active("suppressed@example.com")
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonComplaint, "", "report"))
	for _, id := range []int64{pending, suppressed, 4711} { // the last one is erased
		s.ask(http.MethodPost, s.u(id, "daily"), oneClick).want(t, http.StatusOK, "You are unsubscribed")
	}
	s.wantPicture("pending@example.com", "pending | daily=ended Europe/Paris ,1, | weekly=pending Europe/Berlin ,1,")
	s.wantPicture("suppressed@example.com", "active | daily=ended Europe/Paris ,1, | weekly=suppressed Europe/Berlin ,1,")
}

// A mailbox provider that hangs up early must not undo it.
func TestOneClickOfOneWhoHangsUp(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.send(s.request(http.MethodPost, s.u(id, "daily"), oneClick).WithContext(ctx)).want(t, http.StatusOK)
	s.wantPicture("ann@example.com", "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
}
