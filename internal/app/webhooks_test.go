package app_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/app"
)

// TestWebhookOfASystem goes from the request to the tables: published, changed,
// taken back and published again.
func TestWebhookOfASystem(t *testing.T) {
	const secret = "open sesame, a secret of both sides"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ghost.secret"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := configure(t, dir, "smtp://127.0.0.1:25?tls=off", "\n[[webhook]]\nslug = \"blog\"\nkind = \"ghost\"\nsecret_file = \"ghost.secret\"\n")
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	handler, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	const published = `{"post": {"current": {"id": "a1", "slug": "ferry", "status": "published", "title": "Ferry TITLE", "html": "<p>It sails.</p>"}, "previous": {}}}`
	const deleted = `{"post": {"current": {}, "previous": {"id": "a1", "slug": "ferry", "status": "published"}}}`
	const gone = `{"post": {"current": {"id": "a1", "slug": "ferry", "status": "draft"}, "previous": {"status": "published"}}}`
	at := func(body string, minute int) string {
		return strings.Replace(body, `"id": "a1"`, fmt.Sprintf(`"id": "a1", "updated_at": "2026-11-23T07:%02d:00.000Z"`, minute), 1)
	}
	for i, step := range []struct{ body, want, state string }{
		{deleted, "unknown", ""},
		{published, "new", "open"},
		{published, "unchanged", "open"},
		{strings.Replace(published, "TITLE", "again", 1), "updated", "open"},
		{deleted, "withdrawn", "withdrawn"},
		{deleted, "unchanged", "withdrawn"},
		{strings.Replace(published, "TITLE", "again", 1), "updated", "open"},
		{`{"post": {"current": {"id": "a1", "slug": "ferry-2", "status": "draft"}, "previous": {"status": "published"}}}`, "withdrawn", "withdrawn"},
		{at(published, 10), "updated", "open"},
		{at(published, 5), "outdated", "open"},
		{at(gone, 5), "outdated", "open"},
		{at(gone, 20), "withdrawn", "withdrawn"},
		{at(published, 20), "outdated", "withdrawn"},
		{at(published, 30), "updated", "open"},
		{at(strings.Replace(published, "ferry", "ferry-moved", 1), 40), "updated", "open"},
	} {
		mac := hmac.New(sha256.New, []byte(secret))
		sent := fmt.Sprint(time.Now().UnixMilli())
		mac.Write([]byte(step.body + sent))
		r := httptest.NewRequest(http.MethodPost, "/api/v1/webhooks/blog", strings.NewReader(step.body))
		r.Header.Set("X-Ghost-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil))+", t="+sent)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if want := `{"result":"` + step.want + `"}`; w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("step %d: got %d %s, want %s", i+1, w.Code, w.Body, want)
		}
		if step.state == "" {
			continue
		}
		article, err := a.Digests.Article(t.Context(), 1, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := string(article.State(a.Now())); got != step.state {
			t.Errorf("step %d: it is %s, want %s", i+1, got, step.state)
		}
	}
	changes, err := a.Digests.Changes(t.Context(), "article", "1")
	if err != nil {
		t.Fatal(err)
	}
	var who []string
	for _, c := range changes {
		who = append(who, c.Who+" "+c.Action)
	}
	if len(changes) < 3 || !strings.Contains(strings.Join(who, ", "), "webhook:blog withdraw, webhook:blog republish") {
		t.Errorf("on record: %v", who)
	}
}
