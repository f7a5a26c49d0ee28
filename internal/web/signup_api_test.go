package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/web"
	"broadsheet/subscribers"
)

const (
	minute    = time.Minute
	signUpAPI = "/api/v1/subscribe"
)

// signUpBody is what a program sends, with a form token that is a minute old.
func (s *site) signUpBody(change map[string]any) string {
	s.t.Helper()
	var offer struct {
		Form string `json:"form"`
	}
	r := s.ask(http.MethodGet, signUpAPI, "")
	r.want(s.t, http.StatusOK)
	s.must(json.Unmarshal([]byte(r.body), &offer))
	s.wait(minute)
	body := map[string]any{
		"form": offer.Form, "address": "ann@example.com", "topics": []string{"world"}, "digests": []string{"daily"}, "timezone": "Asia/Tokyo", "website": "",
	}
	for name, value := range change {
		body[name] = value
	}
	text, err := json.Marshal(body)
	s.must(err)
	return string(text)
}

func (s *site) postSignUp(body string, headers ...string) reply {
	s.t.Helper()
	return s.ask(http.MethodPost, signUpAPI, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

func TestSignUpByAPI(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		r := s.postSignUp(s.signUpBody(map[string]any{"name": "Ann", "extra": true}), crossSite(partner)...)
		r.want(t, http.StatusAccepted)
		if want := `{"title":"Check your inbox","text":"If the address can be signed up, a mail`; !strings.HasPrefix(r.body, want) {
			t.Errorf("answer = %s, want %s ...", r.body, want)
		}
		s.wantPicture("ann@example.com", "pending | daily=pending Asia/Tokyo ,1,")
		got := s.lastConsent("ann@example.com")
		if got.Origin != "json" || got.Client != "192.0.2.1" || got.Text == "" || !strings.HasSuffix(got.Detail, " site="+partner) {
			t.Errorf("consent = %+v", got)
		}
		if n := s.count(`SELECT count(*) FROM system_mails WHERE kind = 'confirm'`); n != 1 {
			t.Errorf("%d confirmation mails, want 1", n)
		}
	})
}

// TestSignUpByAPITellsNothing: the same answer whatever the address's state.
func TestSignUpByAPITellsNothing(t *testing.T) {
	s := newSite(t, nil)
	s.pending("pending@example.com")
	s.active("active@example.com")
	s.must(s.store.Unsubscribe(t.Context(), s.active("left@example.com"), 0, "page", ""))
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonManual, "", "command"))
	unknown := s.postSignUp(s.signUpBody(map[string]any{"address": "unknown@example.com"}))
	trapped := s.postSignUp(s.signUpBody(map[string]any{"address": "bot@example.com", "website": "x"}))
	if s.count(`SELECT count(*) FROM subscribers WHERE address = 'bot@example.com'`) != 0 {
		t.Error("a machine was signed up")
	}
	answers := []reply{trapped}
	for _, name := range []string{"pending", "active", "left", "suppressed"} {
		answers = append(answers, s.postSignUp(s.signUpBody(map[string]any{"address": name + "@example.com"})))
	}
	for i, got := range answers {
		if got.StatusCode != http.StatusAccepted || got.body != unknown.body || !equalHeaders(got.Header, unknown.Header) {
			t.Errorf("answer %d is %d %v %q, want that of an unknown address", i, got.StatusCode, got.Header, got.body)
		}
	}
	if len(s.pauses) != 6 {
		t.Errorf("%d of 6 answers waited", len(s.pauses))
	}
}

func TestSignUpByAPIWithMistakes(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name   string
		change map[string]any
		status int
		want   string
	}{
		{"no address", map[string]any{"address": ""}, 422, `{"errors":[{"field":"address","error":"Enter your email address."}]}`},
		{"in German", map[string]any{"address": "", "language": "de"}, 422, `{"errors":[{"field":"address","error":"Geben Sie Ihre E-Mail-Adresse ein."}]}`},
		{"several", map[string]any{"address": "", "topics": []string{}, "timezone": "Mars/Olympus"}, 422, `{"errors":[{"field":"address","error":"Enter your email address."},{"field":"topics","error":"Choose at least one topic."},{"field":"timezone","error":"Choose a time zone from the list."}]}`},
		{"an hour that is not offered", map[string]any{"hours": map[string]string{"daily": "03:33"}}, 422, `"field":"hours.daily"`},
		{"no form token", map[string]any{"form": ""}, 422, `{"errors":[{"field":"form","error":"form is missing: GET /api/v1/subscribe gives one;`},
		{"a forged form token", map[string]any{"form": "AAAAAGklTx8AAAAAAAAAAAAAAAAAAAAA"}, 422, `{"errors":[{"field":"form","error":"This form was open for too long`},
		{"a slip", map[string]any{"adress": "x", "time_zone": "UTC", "Topic": []string{"world"}}, 422, `{"errors":[{"field":"Topic","error":"there is no such field, did you mean \"topics\"?"},{"field":"adress","error":"there is no such field, did you mean \"address\"?"},{"field":"time_zone",`},
		{"of another type", map[string]any{"topics": "world"}, 400, `"error":`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			multilingual := newSiteOn(t, s.db, func(o *web.Options) { o.Site.Languages = []string{"en", "de"} })
			body := multilingual.signUpBody(tt.change)
			before := s.dump()
			r := multilingual.postSignUp(body)
			if r.StatusCode != tt.status || !strings.Contains(r.body, tt.want) {
				t.Errorf("answer = %d %s, want %d %s", r.StatusCode, r.body, tt.status, tt.want)
			}
			if s.dump() != before {
				t.Error("something was stored")
			}
		})
	}
}

func TestSignUpByAPIOfTheWrongKind(t *testing.T) {
	s := newSite(t, nil)
	for name, r := range map[string]reply{
		"415": s.postSignUp(s.signUpBody(nil), "Content-Type", "text/plain"),
		"400": s.postSignUp(`{"address":`),
		"413": s.postSignUp(`{"address":"` + strings.Repeat("a", 70_000) + `"}`),
	} {
		if got := r.Status[:3]; got != name || !strings.HasPrefix(r.body, `{"errors":[`) {
			t.Errorf("answer = %s %s, want %s and errors", r.Status, r.body, name)
		}
	}
}

// TestSignUpByAPILimit: it is the limit of the form, whichever of the two is used.
func TestSignUpByAPILimit(t *testing.T) {
	s := newSite(t, nil)
	s.handler = fromProxy(s.handler)
	from := []string{"X-Forwarded-For", "198.51.100.7"}
	refused := reply{}
	for range 100 {
		body := s.signUpBody(nil)
		s.wait(-minute)
		if refused = s.postSignUp(body, from...); refused.StatusCode != http.StatusAccepted {
			break
		}
	}
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" || !strings.Contains(refused.body, "too many sign-ups") {
		t.Errorf("answer = %d %v %s, want 429", refused.StatusCode, refused.Header, refused.body)
	}
	f := s.filledIn("bea@example.com")
	s.ask(http.MethodPost, "/subscribe", f.values.Encode(), from...).want(t, http.StatusTooManyRequests)
}

func TestSignUpByAPIFromPages(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name    string
		headers []string
		allowed string // Access-Control-Allow-Origin
		ok      bool
	}{
		{"a partner's page", crossSite(partner), partner, true},
		{"our own page", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://courier.example"}, "", true},
		{"a program", nil, "", true},
		{"another page", crossSite(stranger), "", false},
		{"a page without an origin", crossSite("null"), "", false},
		{"a partner's name with more behind", crossSite("https://partner.example.evil.example"), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := s.signUpBody(nil)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				sent := ""
				if method == http.MethodPost {
					sent = body
				}
				r := s.ask(method, signUpAPI, sent, append([]string{"Content-Type", "application/json"}, tt.headers...)...)
				if ok := r.StatusCode < 300; ok != (tt.ok || method == http.MethodGet) { // which changes nothing, and which other pages cannot read
					t.Errorf("%s is answered with %d", method, r.StatusCode)
				}
				if got := r.Header.Get("Access-Control-Allow-Origin"); got != tt.allowed {
					t.Errorf("%s: Access-Control-Allow-Origin = %q, want %q", method, got, tt.allowed)
				}
				if !slices.Contains(r.Header.Values("Vary"), "Origin") || r.Header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s: headers = %v", method, r.Header)
				}
			}
			flight := s.ask(http.MethodOptions, signUpAPI, "", append([]string{"Access-Control-Request-Method", "POST"}, tt.headers...)...)
			if ok := flight.StatusCode == http.StatusNoContent; ok != (tt.allowed != "") {
				t.Errorf("the preflight is answered with %d", flight.StatusCode)
			}
			if tt.allowed != "" && (flight.Header.Get("Access-Control-Allow-Headers") != "Content-Type" || flight.Header.Get("Access-Control-Allow-Methods") != "GET, POST") {
				t.Errorf("preflight = %v", flight.Header)
			}
		})
	}
}
