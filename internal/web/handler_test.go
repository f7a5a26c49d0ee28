package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/web"
	"broadsheet/subscribers"
)

func TestPanics(t *testing.T) {
	var secret any = "secret"
	s := newSite(t, func(o *web.Options) { o.Catalog = func() *subscribers.Catalog { panic(secret) } })
	got := s.ask(http.MethodGet, "/subscribe", "")
	got.want(t, http.StatusInternalServerError, "Something went wrong")
	if strings.Contains(got.body, "secret") {
		t.Error("the page shows the panic")
	}
	if log := s.log.String(); !strings.Contains(log, "panic=secret") || !strings.Contains(log, "handler_test.go") || !strings.Contains(log, `pattern="GET /mail/subscribe"`) {
		t.Errorf("the log lacks the panic, its place or the route:\n%s", log)
	}

	secret = http.ErrAbortHandler
	if p := panicOf(func() { s.ask(http.MethodGet, "/subscribe", "") }); p != http.ErrAbortHandler {
		t.Errorf("an aborted answer panicked with %v, want http.ErrAbortHandler", p)
	}
}

func panicOf(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

// brokenWriter fails in the middle of an answer.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (b brokenWriter) Write(p []byte) (int, error) {
	n, _ := b.ResponseRecorder.Write(p[:len(p)/2])
	if n > 0 {
		panic("secret")
	}
	return n, nil
}

// Half a page must not look like a whole one.
func TestPanicAfterTheAnswerBegan(t *testing.T) {
	s := newSite(t, nil)
	w := brokenWriter{httptest.NewRecorder()}
	if p := panicOf(func() { s.handler.ServeHTTP(w, s.request(http.MethodGet, "/subscribe", "")) }); p != http.ErrAbortHandler {
		t.Errorf("panicked with %v, want http.ErrAbortHandler to cut the connection", p)
	}
	if strings.Contains(w.Body.String(), "Something went wrong") {
		t.Error("an error page follows half a page")
	}
}

func TestDatabaseGone(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	form, confirmation := s.filledIn("bea@example.com"), s.c(id)
	s.must(s.db.Close())
	answers := []reply{
		s.submit(form), s.ask(http.MethodGet, s.p(id), ""), s.ask(http.MethodPost, s.u(id, "daily"), oneClick), s.ask(http.MethodPost, confirmation, "confirm=1"),
	}
	for i, got := range answers {
		if got.StatusCode < 500 || !strings.Contains(got.body, "Please try again in a few minutes") {
			t.Errorf("answer %d = %d %s", i, got.StatusCode, words(got.body))
		}
		if strings.Contains(got.body, "sql") || strings.Contains(got.body, "database") {
			t.Errorf("answer %d tells the error: %s", i, words(got.body))
		}
	}
	if got := strings.Count(s.log.String(), "level=ERROR"); got != len(answers) {
		t.Errorf("%d errors in the log, want %d:\n%s", got, len(answers), s.log.String())
	}
}

func TestVisitorWhoLeft(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := s.send(s.request(http.MethodGet, s.p(id), "").WithContext(ctx))
	got.want(t, http.StatusServiceUnavailable, "Back in a moment")
	if got.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After = %q, want 60", got.Header.Get("Retry-After"))
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("a visitor who left is an error in the log:\n%s", s.log.String())
	}
}

// What a link or a form carries stays out of the log, whatever happens.
func TestLogKeepsSecrets(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	links := []string{s.c(id), s.p(id), s.u(id, "daily")}
	secrets := []string{"ann@example.com", apiKey}
	for _, link := range links {
		secrets = append(secrets, tail(link))
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			for _, path := range []string{link, link + "A", "/x" + link, "/" + link} {
				s.ask(method, path, "address=ann%40example.com&topics=nothing&digests=x", "Referer", "https://courier.example"+link)
				s.ask(method, path, "%zz", "Origin", "https://evil.example")
			}
		}
	}
	s.submit(s.filledIn("ann@example.com"))
	s.post(ferry)
	s.post("{")
	s.must(s.db.Close())
	for _, link := range links {
		s.ask(http.MethodGet, link, "")
		s.ask(http.MethodPost, link, "confirm=1&topics=world&digests=daily")
	}
	s.post(ferry)
	if s.log.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for _, secret := range secrets {
		if bytes.Contains(s.log.Bytes(), []byte(secret)) {
			t.Errorf("the log has %s:\n%s", secret, s.log.String())
		}
	}
}

func TestHealth(t *testing.T) {
	var err error
	s := newSite(t, func(o *web.Options) { o.Ready = func(context.Context) error { return err } })
	for range 2 {
		if got := s.ask(http.MethodGet, "/healthz", ""); got.StatusCode != http.StatusOK || got.body != "ok\n" {
			t.Errorf("healthz = %d %q, want 200 ok", got.StatusCode, got.body)
		}
		err = fmt.Errorf("%w: secret", db.ErrUnavailable) // the process lives all the same
	}
	got := s.ask(http.MethodGet, "/readyz", "")
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || strings.Contains(got.body, "secret") {
		t.Errorf("readyz = %d %q with Retry-After %q, want 503 without the error", got.StatusCode, got.body, got.Header.Get("Retry-After"))
	}
	err = errors.New("other")
	s.ask(http.MethodHead, "/readyz", "").want(t, http.StatusServiceUnavailable)
	err = nil
	if got := s.ask(http.MethodGet, "/readyz", ""); got.StatusCode != http.StatusOK || got.body != "ready\n" || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("readyz = %d %q, want 200 ready", got.StatusCode, got.body)
	}
}

func TestReadyBySchema(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s.ask(http.MethodGet, "/readyz", "").want(t, http.StatusOK)
		s.must(s.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'later', '', 1)`)
			return err
		}))
		s.ask(http.MethodGet, "/readyz", "").want(t, http.StatusServiceUnavailable)
		s.ask(http.MethodGet, "/healthz", "").want(t, http.StatusOK)
	})
}
