package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

const ofAda = "/api/v1/subscribers/p-1"

// crm asks as the paywall does.
func (s *site) crm(method, path, body string, headers ...string) reply {
	s.t.Helper()
	return s.ask(method, path, body, append([]string{"Authorization", "Bearer " + crmKey, "Content-Type", "application/json"}, headers...)...)
}

// field reads a field of an answer.
func (r reply) field(t testing.TB, name string) any {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return answer[name]
}

func TestPutSubscriber(t *testing.T) {
	s := newSite(t, nil)
	const body = `{"address": "Ada@Reader.example", "name": "Ada", "topics": ["world"], "digests": ["daily"], "timezone": "Europe/Paris",
		"consent": {"text": "Yes", "at": "2026-01-02T03:04:05Z", "client": "203.0.113.7", "source": "checkout"}}`
	var first string
	for range 2 {
		r := s.crm(http.MethodPut, ofAda, body)
		r.want(t, 200)
		if first == "" {
			first = r.body
		}
		if r.body != first || r.field(t, "state") != "active" || r.field(t, "address") != "ada@reader.example" || r.field(t, "consent") != nil {
			t.Errorf("got %s, first %s", r.body, first)
		}
	}
	if r := s.crm(http.MethodGet, ofAda, ""); r.StatusCode != 200 || r.body != first {
		t.Errorf("GET: got %d %s, want %s", r.StatusCode, r.body, first)
	}
	d, err := s.store.ByAddress(t.Context(), "ada@reader.example")
	s.must(err)
	if len(d.Consents) != 1 || d.Consents[0].Origin != "api:crm" || d.Consents[0].Text != "Yes" {
		t.Errorf("on record is %+v", d.Consents)
	}
	s.crm(http.MethodPut, ofAda, `{"address": "ada@reader.example", "state": "unsubscribed"}`).want(t, 200)
	r := s.crm(http.MethodPut, ofAda, body)
	r.want(t, 409)
	if !strings.Contains(r.body, subscribers.ErrLeftSince.Error()) {
		t.Errorf("got %s", r.body)
	}
}

func TestSubscriberAPIRefuses(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no reader", "GET", ofAda, "", 404, "PUT makes one"},
		{"no JSON", "PUT", ofAda, "address=ada", 400, "not one reader as JSON"},
		{"two readers", "PUT", ofAda, `{"address":"a@b.example"} {}`, 400, "something follows"},
		{"an unknown field", "PUT", ofAda, `{"address":"a@b.example","adress":"x"}`, 422, `{"field":"adress","error":"there is no such field, did you mean \"address\"?"}`},
		{"no address", "PUT", ofAda, `{}`, 422, `"field":"address"`},
		{"another id", "PUT", ofAda, `{"address":"a@b.example","external_id":"p-2"}`, 422, `"field":"external_id"`},
		{"a state of ours", "PUT", ofAda, `{"address":"a@b.example","state":"suppressed"}`, 422, `"field":"state"`},
		{"an unknown zone", "PUT", ofAda, `{"address":"a@b.example","timezone":"Mars"}`, 422, `"field":"timezone"`},
		{"an unknown topic", "PUT", ofAda, `{"address":"a@b.example","topics":["wrld"]}`, 422, `"field":"topics"`},
		{"consent to come", "PUT", ofAda, `{"address":"a@b.example","consent":{"text":"x","at":"2100-01-01T00:00:00Z"}}`, 422, `"field":"consent.at"`},
		{"consent at no time", "PUT", ofAda, `{"address":"a@b.example","consent":{"text":"x","at":"yesterday"}}`, 422, `{"errors":[{"field":"consent.at","error":"it is not a time such as`},
		{"consent in a word", "PUT", ofAda, `{"address":"a@b.example","consent":"yes"}`, 422, `{"errors":[{"field":"consent","error":"it is not an object`},
		{"a format of ours", "PUT", ofAda, `{"address":"a@b.example","mail_format":"txt"}`, 422, `{"errors":[{"field":"mail_format","error":"it is html or text"}]}`},
		{"a number for a name", "PUT", ofAda, `{"address":"a@b.example","name":7}`, 422, `{"errors":[{"field":"name","error":"it is not a text"}]}`},
		{"an odd erase", "DELETE", ofAda + "?erase=yes", "", 400, "erase is true or false"},
		{"an id with a space", "PUT", "/api/v1/subscribers/a%20b", `{"address":"a@b.example"}`, 422, `"field":"external_id"`},
	} {
		r := s.crm(tt.method, tt.path, tt.body)
		if r.StatusCode != tt.status || !strings.Contains(r.body, tt.want) {
			t.Errorf("%s: got %d %s, want %d with %s", tt.name, r.StatusCode, r.body, tt.status, tt.want)
		}
	}
	for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer " + apiKey: 403} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if r := s.crm(method, ofAda, "", "Authorization", header); r.StatusCode != want {
				t.Errorf("%s with %q: got %d, want %d", method, header, r.StatusCode, want)
			}
		}
	}
	if r := s.ask("POST", "/api/v1/articles", "{}", "Authorization", "Bearer "+crmKey, "Content-Type", "application/json"); r.StatusCode != 403 {
		t.Errorf("a story by the key for readers: got %d, want 403", r.StatusCode)
	}
}

// TestSubscriberAPITellsAllMistakes: a program is told once what is wrong.
func TestSubscriberAPITellsAllMistakes(t *testing.T) {
	s := newSite(t, nil)
	r := s.crm(http.MethodPut, ofAda, `{"address":"nobody","external_id":"p-2","name":["Ada"],"timezone":"Mars","mail_format":"rtf","topics":["wrld","sport","x"],
		"digests":[7],"hours":["daily=3"],"attributes":{"tier":"gold","plan":"x"},"state":"pending","consent":{"at":"soon","texts":"Yes"},"zone":"UTC"}`)
	r.want(t, 422)
	var answer struct {
		Errors []struct{ Field, Error string } `json:"errors"`
	}
	s.must(json.Unmarshal([]byte(r.body), &answer))
	var fields []string
	for _, e := range answer.Errors {
		fields = append(fields, e.Field)
		if e.Field == "topics" && (!strings.Contains(e.Error, `"wrld"`) || !strings.Contains(e.Error, `"x"`)) {
			t.Errorf("of two unknown topics it tells %s", e.Error)
		}
	}
	want := "address attributes.plan attributes.tier consent.at consent.text consent.texts digests external_id hours mail_format name state timezone topics zone"
	if got := strings.Join(fields, " "); got != want {
		t.Errorf("told of\n%s, want\n%s", got, want)
	}
	if n := s.count(`SELECT count(*) FROM subscribers`); n != 0 {
		t.Errorf("%d readers were stored", n)
	}
}

func TestPutSubscriberFormat(t *testing.T) {
	s := newSite(t, nil)
	for _, step := range []struct{ says, want string }{{"", "html"}, {`,"mail_format":"text"`, "text"}, {"", "text"}, {`,"mail_format":"html"`, "html"}} {
		body := `{"address":"ada@reader.example","consent":{"text":"Yes","at":"2026-01-02T03:04:05Z"}` + step.says + "}"
		r := s.crm(http.MethodPut, ofAda, body)
		r.want(t, 200)
		if got := r.field(t, "mail_format"); got != step.want {
			t.Errorf("after %q the format is %v, want %s", step.says, got, step.want)
		}
	}
	if d := s.detail("ada@reader.example"); len(d.Consents) != 3 {
		t.Errorf("on record are %d entries, want 3: the one that adds and two changes", len(d.Consents))
	}
}

func TestPutSubscriberWhoLeft(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ada@reader.example")
	s.must(s.store.Unsubscribe(t.Context(), id, 0, "page", ""))
	s.wait(time.Hour)
	for range 2 {
		r := s.crm(http.MethodPut, ofAda, `{"address":"ada@reader.example","name":"Eve","topics":["world"]}`)
		r.want(t, 200)
		if r.field(t, "state") != "unsubscribed" || r.field(t, "asked_at") != s.now().UTC().Format(time.RFC3339) || r.field(t, "name") != "" {
			t.Errorf("got %s", r.body)
		}
	}
	if n := s.count(`SELECT count(*) FROM system_mails WHERE kind = 'confirm'`); n != 2 {
		t.Errorf("%d mails ask to confirm, want 2", n)
	}
	s.submit(s.ask(http.MethodGet, s.c(id), "").form(t)).wantRedirect(t, "/mail"+s.f(id)+"?confirmed=1")
	r := s.crm(http.MethodGet, ofAda, "")
	if r.field(t, "state") != "active" || r.field(t, "asked_at") != nil || r.field(t, "name") != "Eve" {
		t.Errorf("confirmed: %s", r.body)
	}
}

func TestDeleteSubscriber(t *testing.T) {
	s := newSite(t, nil)
	const body = `{"address": "ada@reader.example", "consent": {"text": "Yes", "at": "2026-01-02T03:04:05Z"}}`
	s.crm(http.MethodPut, ofAda, body).want(t, 200)
	for range 2 {
		s.crm(http.MethodDelete, ofAda, "").want(t, 204)
	}
	if got := s.crm(http.MethodGet, ofAda, "").field(t, "state"); got != "unsubscribed" {
		t.Errorf("deleted: state %v", got)
	}
	bystander := s.dump()
	s.crm(http.MethodDelete, "/api/v1/subscribers/p-2?erase=true", "").want(t, 204)
	s.crm(http.MethodDelete, "/api/v1/subscribers/p-2", "").want(t, 204)
	if s.dump() != bystander {
		t.Error("to delete nobody changed something")
	}
	for range 2 {
		s.crm(http.MethodDelete, ofAda+"?erase=true", "").want(t, 204)
	}
	s.crm(http.MethodGet, ofAda, "").want(t, 404)
	s.crm(http.MethodPut, ofAda, body).want(t, 409) // the evidence is older than the erasure
}
