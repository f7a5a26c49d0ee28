package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/web"
)

const ferry = `{"url":"https://courier.example/ferry","title":"The ferry is back","topics":["world"]}`

// post sends articles with the newsroom's key.
func (s *site) post(body string, headers ...string) reply {
	s.t.Helper()
	return s.ask(http.MethodPost, "/api/v1/articles", body, append([]string{"Authorization", "Bearer " + apiKey, "Content-Type", "application/json"}, headers...)...)
}

// wantJSON checks status, type and body of an answer.
func (r reply) wantJSON(t testing.TB, status int, want string) {
	t.Helper()
	if r.StatusCode != status || r.Header.Get("Content-Type") != "application/json" || strings.TrimSpace(r.body) != want {
		t.Errorf("answer = %d %s %s, want %d %s", r.StatusCode, r.Header.Get("Content-Type"), r.body, status, want)
	}
}

func TestPostArticles(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s.post(ferry).wantJSON(t, 200, `{"new":1,"updated":0,"unchanged":0}`)
		before := s.dump()
		s.post(ferry).wantJSON(t, 200, `{"new":0,"updated":0,"unchanged":1}`)
		if s.dump() != before {
			t.Error("the same article again changed something")
		}
		s.post(`[`+strings.Replace(ferry, "back", "late", 1)+`, {"id":"2","title":"Cup final"}]`).wantJSON(t, 200, `{"new":1,"updated":1,"unchanged":0}`)
		s.post(` [] `).wantJSON(t, 200, `{"new":0,"updated":0,"unchanged":0}`)
		if n := s.count(`SELECT count(*) FROM article_topics t JOIN topics o ON o.id = t.topic_id WHERE o.slug IN ('world', 'sport')`); n != 2 {
			t.Errorf("%d topics of articles, want 2: one given, one by a keyword", n)
		}
		if got := strings.Count(s.log.String(), `msg="articles received" key=cms`); got != 2 {
			t.Errorf("logged %d times, want twice: for what changed something", got)
		}
	})
}

// TestPostArticleForSome: who may read an article and when comes by the API, too.
func TestPostArticleForSome(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		until := s.now().Add(time.Hour).UTC().Truncate(time.Second)
		body := strings.Replace(ferry, "}", fmt.Sprintf(`,"access":"paid","audience":["tier=paid"],"embargo_until":%q}`, until.Format(time.RFC3339)), 1)
		s.post(body).wantJSON(t, 200, `{"new":1,"updated":0,"unchanged":0}`)
		s.post(body).wantJSON(t, 200, `{"new":0,"updated":0,"unchanged":1}`)
		if n := s.count(`SELECT count(*) FROM articles WHERE access = 'paid' AND audience = ',tier=paid,' AND held_at > 0 AND embargo_until = ` + fmt.Sprint(until.UnixMilli())); n != 1 {
			t.Errorf("%d articles are as they were sent, want 1", n)
		}
		s.post(ferry).wantJSON(t, 200, `{"new":0,"updated":0,"unchanged":1}`) // what it does not tell stays
		s.post(strings.Replace(ferry, "}", `,"access":"free","audience":[],"embargo_until":""}`, 1)).wantJSON(t, 200, `{"new":0,"updated":1,"unchanged":0}`)
		if n := s.count(`SELECT count(*) FROM articles WHERE access = '' AND audience = '' AND embargo_until = ` + fmt.Sprint(s.now().UnixMilli())); n != 1 {
			t.Errorf("%d articles are for all from now on, want 1", n)
		}
		if n := s.count(`SELECT count(*) FROM changes WHERE who = 'api:cms' AND (action = 'add' AND detail = '' OR action = 'change' AND detail LIKE 'access free, audience everybody, embargo until %')`); n != 2 {
			t.Errorf("%d changes are on record as the key's, want 2", n)
		}
	})
}

func TestPostBadArticles(t *testing.T) {
	s := newSite(t, nil)
	before := s.dump()
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(ferry+",", n), ",") + "]" }
	var fields []string
	for i := range 300 {
		fields = append(fields, fmt.Sprintf(`"x%d":1`, i))
	}
	tests := []struct {
		name, body string
		status     int
		errors     []string
	}{
		{"one of two", `[` + ferry + `,{"title":""}]`, 422, []string{"1.title: missing", "1.url: missing"}},
		{"several", `[{"url":"ftp://x","title":"A"},` + ferry + `,7]`, 422, []string{"0.url: ", "2.: not a JSON object"}},
		{"an unknown topic", strings.Replace(ferry, "world", "wrold", 1), 422, []string{`0.topics: unknown topic "wrold"`}},
		{"an unknown attribute", strings.Replace(ferry, "}", `,"audience":["tier=gold"]}`, 1), 422, []string{`0.audience: no [[attribute]] of the configuration declares "tier=gold"`}},
		{"an embargo of years", strings.Replace(ferry, "}", `,"embargo_until":"2099-01-01"}`, 1), 422, []string{`0.embargo_until: 2099-01-01T00:00:00Z is more than a year ahead`}},
		{"an unknown field", strings.Replace(ferry, "title", "titel", 1), 422, []string{"0.: "}},
		{"a number", `7`, 422, []string{"0.: not a JSON object"}},
		{"null", `null`, 422, []string{"0.: not a JSON object"}},
		{"nothing", ` `, 400, []string{"the body is not JSON"}},
		{"not JSON", `url=x`, 400, []string{"the body is not JSON"}},
		{"cut", ferry[:30], 400, []string{"the body is not JSON"}},
		{"an open array", `[` + ferry, 400, []string{"the body is not JSON"}},
		{"a comma too many", `[` + ferry + `,]`, 400, []string{"the body is not JSON"}},
		{"two arrays", `[] []`, 400, []string{"the body is not JSON"}},
		{"deep", strings.Repeat("[", 20_000), 400, []string{"the body is not JSON"}},
		{"too many", many(501), 400, []string{"at most 500"}},
		{"too large", `["` + strings.Repeat("a", 5<<20) + `"]`, 413, []string{"at most 5242880 bytes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.post(tt.body)
			if got.StatusCode != tt.status || got.Header.Get("Content-Type") != "application/json" {
				t.Fatalf("answer = %d %s %s, want %d", got.StatusCode, got.Header.Get("Content-Type"), got.body, tt.status)
			}
			told := apiErrors(t, got.body)
			for _, want := range tt.errors {
				if !strings.Contains(told, want) {
					t.Errorf("errors =\n%s\nwant %q", told, want)
				}
			}
		})
	}
	if got := apiErrors(t, s.post(`{`+strings.Join(fields, ",")+`}`).body); strings.Count(got, "\n") != 100 {
		t.Errorf("%d errors are told, want 100 at most", strings.Count(got, "\n"))
	}
	if s.dump() != before {
		t.Error("something was stored")
	}
	s.post(many(500)).wantJSON(t, 200, `{"new":1,"updated":0,"unchanged":499}`)
}

// apiErrors writes the errors of an answer one a line: index, field, text.
func apiErrors(t *testing.T, body string) string {
	t.Helper()
	var answer struct {
		Errors []struct {
			Index        *int
			Field, Error string
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Errors) == 0 {
		t.Fatalf("answer = %.300s, want a list of errors", body)
	}
	var out strings.Builder
	for _, e := range answer.Errors {
		if e.Index != nil {
			fmt.Fprintf(&out, "%d.", *e.Index)
		}
		fmt.Fprintf(&out, "%s: %s\n", e.Field, e.Error)
	}
	return out.String()
}

func TestPostArticlesWithoutKey(t *testing.T) {
	s := newSite(t, nil)
	before := s.dump()
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + apiKey + "x", "Basic " + apiKey, apiKey, "Bearer " + apiKey[1:]} {
		got := s.post(ferry, "Authorization", header)
		if got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != `Bearer realm="broadsheet"` {
			t.Errorf("Authorization %q = %d with WWW-Authenticate %q, want 401 and Bearer", header, got.StatusCode, got.Header.Get("WWW-Authenticate"))
		}
		apiErrors(t, got.body)
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", ";"} {
		got := s.post(ferry, "Content-Type", kind)
		if got.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("Content-Type %q = %d, want 415", kind, got.StatusCode)
		}
		apiErrors(t, got.body)
	}
	if s.dump() != before {
		t.Error("something was stored")
	}
	s.post(ferry, "Authorization", "bearer "+apiKey, "Content-Type", "application/json; charset=utf-8", "Origin", "https://cms.example").wantJSON(t, 200, `{"new":1,"updated":0,"unchanged":0}`)
	none := newSite(t, func(o *web.Options) { o.APIKeys = nil })
	if got := none.post(ferry); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without any configured key = %d, want 401", got.StatusCode)
	}
}

func TestPostArticlesInTrouble(t *testing.T) {
	var fail func() error
	s := newSite(t, func(o *web.Options) {
		o.Articles = func(context.Context, string, []digest.Incoming) (digest.PutResult, error) {
			return digest.PutResult{}, fail()
		}
	})
	fail = func() error { return fmt.Errorf("store articles: %w: postgres://secret", db.ErrUnavailable) }
	got := s.post(ferry)
	got.wantJSON(t, 503, `{"errors":[{"error":"Service Unavailable"}]}`)
	if got.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After = %q, want 60", got.Header.Get("Retry-After"))
	}
	fail = func() error { return errors.New("secret") }
	s.post(ferry).wantJSON(t, 500, `{"errors":[{"error":"Internal Server Error"}]}`)
	fail = func() error { panic("secret") }
	s.post(ferry).wantJSON(t, 500, `{"errors":[{"error":"Internal Server Error"}]}`)
	if got := strings.Count(s.log.String(), "level=ERROR"); got != 3 {
		t.Errorf("%d errors in the log, want 3:\n%s", got, s.log.String())
	}
}

// FuzzPostArticles checks that nothing but a full set of good articles arrives.
func FuzzPostArticles(f *testing.F) {
	for _, body := range []string{ferry, "[" + ferry + "," + ferry + "]", `[{}]`, `{"title":7}`, `[1,]`, `{"url":"x","title":"\u0000"}`, "[[[[", "\xff\xfe", `{"topics":["*"]}`} {
		f.Add(body)
	}
	var stored []digest.Incoming
	s := newSite(f, func(o *web.Options) {
		o.Articles = func(_ context.Context, _ string, in []digest.Incoming) (digest.PutResult, error) {
			stored = in
			return digest.PutResult{New: len(in)}, nil
		}
	})
	f.Fuzz(func(t *testing.T, body string) {
		s.t, stored = t, nil
		got := s.post(body)
		switch got.StatusCode {
		case http.StatusOK:
			for _, a := range stored {
				if a.Title == "" || a.URL == "" && a.GUID == "" {
					t.Errorf("%q was stored as %+v", body, a)
				}
			}
		case http.StatusBadRequest, http.StatusUnprocessableEntity:
			apiErrors(t, got.body)
			if stored != nil {
				t.Errorf("%q was refused and stored", body)
			}
		default:
			t.Errorf("%q = %d", body, got.StatusCode)
		}
	})
}
