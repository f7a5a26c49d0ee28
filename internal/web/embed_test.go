package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"broadsheet/internal/web"
	"broadsheet/templates"
)

// crossSite are the headers of a form that another site's page sends.
func crossSite(origin string) []string {
	return []string{"Sec-Fetch-Site", "cross-site", "Origin", origin, "Referer", origin + "/"}
}

const (
	partner  = "https://partner.example" // an allowed origin
	stranger = "https://stranger.example"
)

func ancestorsOf(r reply) string {
	_, list, _ := strings.Cut(r.Header.Get("Content-Security-Policy"), "frame-ancestors ")
	list, _, _ = strings.Cut(list, ";")
	return list
}

// TestOnlyTheEmbeddedFormCanBeFramed, by the allowed origins and our own.
func TestOnlyTheEmbeddedFormCanBeFramed(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.AllowedOrigins = []string{"https://Partner.example:443", "http://127.0.0.1:8080"}
	})
	id := s.active("ann@example.com")
	for path, want := range map[string]string{
		"/subscribe/embed":              "'self' https://partner.example http://127.0.0.1:8080",
		"/subscribe/embed?digest=daily": "'self' https://partner.example http://127.0.0.1:8080",
		"/subscribed/embed":             "'self' https://partner.example http://127.0.0.1:8080",
		"/":                             "'none'",
		"/subscribe":                    "'none'",
		"/subscribed":                   "'none'",
		s.p(id):                         "'none'",
		s.c(id):                         "'none'",
		s.u(id, "daily"):                "'none'",
		"/nowhere":                      "'none'",
		"/subscribe/embed/more":         "'none'",
	} {
		if got := ancestorsOf(s.ask(http.MethodGet, path, "")); got != want {
			t.Errorf("%s may be framed by %s, want %s", path, got, want)
		}
	}
	alone := newSite(t, func(o *web.Options) { o.AllowedOrigins = nil })
	if got := ancestorsOf(alone.ask(http.MethodGet, "/subscribe/embed", "")); got != "'self'" {
		t.Errorf("without allowed origins it may be framed by %s, want 'self'", got)
	}
}

func TestSubscribeInAFrame(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		page := s.ask(http.MethodGet, "/subscribe/embed?topic=sport&digest=weekly", "", "Referer", partner+"/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe")
		page.want(t, http.StatusOK, "Sport", "The Weekly")
		if shown := words(page.body); strings.Contains(shown, "World") || strings.Contains(shown, "The Daily") || strings.Contains(page.body, "masthead") {
			t.Errorf("the form is not narrowed to what its link names, or has a head:\n%s", shown)
		}
		f := page.form(t)
		if f.action != "/mail/subscribe/embed?digest=weekly&topic=sport" {
			t.Errorf("the form is sent to %q", f.action)
		}
		s.wait(minute)
		again := s.submit(f)
		again.want(t, http.StatusUnprocessableEntity, "Enter your email address.", "Sport")
		if ancestorsOf(again) == "'none'" || strings.Contains(again.body, "autofocus") {
			t.Error("errors cannot be shown in the frame")
		}
		f = again.form(t)
		f.values.Set(templates.FieldAddress, "ann@example.com")
		s.wait(minute)
		s.submit(f).wantRedirect(t, "/mail/subscribed/embed")
		s.wantPicture("ann@example.com", "pending | weekly=pending Europe/Berlin ,2,")
		got := s.lastConsent("ann@example.com")
		if got.Origin != "frame" || !strings.HasSuffix(got.Detail, " site="+partner) {
			t.Errorf("consent = %+v, want it from a frame on %s", got, partner)
		}
		if done := s.ask(http.MethodGet, "/subscribed/embed", ""); strings.Contains(done.body, "masthead") {
			t.Error("the answer in the frame has a head")
		}
		s.ask(http.MethodPost, "/subscribe/embed", f.values.Encode(), crossSite(stranger)...).want(t, http.StatusForbidden)
	})
}

// pasted is what a pasted form sends, which has no form token.
func pasted(address string, more ...string) string {
	f := url.Values{"address": {address}, "topics": {"sport"}, "digests": {"daily"}, "lang": {"en"}, "website": {""}}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f.Encode()
}

// TestPastedForm: a form on any site leads to ours, filled in, with one button.
func TestPastedForm(t *testing.T) {
	for origin, want := range map[string]string{partner: " site=" + partner, stranger: "", "null": ""} {
		t.Run(origin, func(t *testing.T) {
			s := newSite(t, nil)
			before := s.dump()
			page := s.ask(http.MethodPost, "/subscribe", pasted("ann@example.com"), crossSite(origin)...)
			page.want(t, http.StatusOK, "One more step", "Nothing has been sent yet.")
			if s.dump() != before {
				t.Error("something was stored")
			}
			for line := range strings.SplitSeq(templates.ConsentText(templates.Site{Name: "City Courier", Language: "en"}), "\n") {
				if !strings.Contains(words(page.body), line) {
					t.Errorf("the page does not say %q", line)
				}
			}
			f := page.form(t)
			if f.values.Get(templates.FieldAddress) != "ann@example.com" || f.values.Get(templates.FieldTopics) != "sport" || f.values.Get(templates.FieldDigests) != "daily" {
				t.Errorf("the form is not filled in: %v", f.values)
			}
			if !strings.Contains(page.body, "data-detect") {
				t.Error("the browser may not choose the zone, which the pasted form did not ask for")
			}
			s.wait(minute)
			s.submit(f).wantRedirect(t, "/mail/subscribed")
			if got := s.lastConsent("ann@example.com"); got.Origin != "form" || strings.Contains(got.Detail, "site=") != (want != "") || !strings.HasSuffix(got.Detail, want) {
				t.Errorf("consent = %+v, want a detail that ends in %q", got, want)
			}
		})
	}
}

func TestPastedFormWithMistakes(t *testing.T) {
	s := newSite(t, nil)
	page := s.ask(http.MethodPost, "/subscribe", pasted("ann at example"), crossSite(stranger)...)
	page.want(t, http.StatusUnprocessableEntity, "This does not look like an email address.")
	if got := page.form(t).values.Get(templates.FieldAddress); got != "ann at example" {
		t.Errorf("the address became %q", got)
	}
	short := s.ask(http.MethodPost, "/subscribe", "address=ann@example.com", crossSite(stranger)...)
	short.want(t, http.StatusOK, "One more step")
	if strings.Contains(short.body, "problem") {
		t.Errorf("what the pasted form does not ask for is called a mistake:\n%s", words(short.body))
	}
	before := s.dump()
	s.ask(http.MethodPost, "/subscribe", pasted("bot@example.com", "website", "https://spam.example"), crossSite(stranger)...).wantRedirect(t, "/mail/subscribed")
	if s.dump() != before {
		t.Error("something was stored")
	}
}

// TestFormTokenDoesNotMakeAStrangerOurs: whoever fetched a token cannot have
// visitors' browsers send it.
func TestFormTokenDoesNotMakeAStrangerOurs(t *testing.T) {
	s := newSite(t, nil)
	f := s.filledIn("ann@example.com")
	s.wait(minute)
	before := s.dump()
	s.ask(http.MethodPost, "/subscribe", f.values.Encode(), crossSite(stranger)...).want(t, http.StatusOK, "One more step")
	if s.dump() != before {
		t.Error("something was stored")
	}
}

// TestTheSiteThatIsNamedIsAllowed: nobody gets another name into our mails.
func TestTheSiteThatIsNamedIsAllowed(t *testing.T) {
	for _, from := range []string{"https://evil.example", "https://partner.example.evil.example", "partner.example", "javascript:alert(1)", "https://partner.example:444", "https://user@evil.example"} {
		s := newSite(t, nil)
		f := s.filledIn("ann@example.com")
		f.values.Set(templates.FieldFrom, from)
		s.wait(minute)
		s.submit(f).wantRedirect(t, "/mail/subscribed")
		if d := s.detail("ann@example.com"); d.AskedOn != "" || strings.Contains(s.lastConsent("ann@example.com").Detail, "site=") {
			t.Errorf("from=%q was recorded as %q, %q", from, d.AskedOn, s.lastConsent("ann@example.com").Detail)
		}
	}
}
