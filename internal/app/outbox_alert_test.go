package app_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

// TestWebhookAlerts: operators are told of a system that has taken nothing for
// an hour, and of events that were given up, as long as it is so.
func TestWebhookAlerts(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "crm.secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := configure(t, dir, "smtp://127.0.0.1:1?tls=off", `
[[webhook_out]]
slug = "crm"
url = "https://crm.example/hook"
secret_file = "crm.secret"
`)
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	now := time.Now()
	a.Now = func() time.Time { return now }
	want := func(keys ...string) {
		t.Helper()
		if err := a.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		err := a.DB.View(t.Context(), func(tx *db.Tx) error {
			got = nil
			return tx.Select(t.Context(), &got, `SELECT key FROM alerts WHERE key LIKE 'webhook %' ORDER BY key`)
		})
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("alerts %q, %v, want %q", got, err, keys)
		}
	}
	set := func(statement string, args ...any) {
		t.Helper()
		if err := a.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), statement, args...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	want()
	set(`UPDATE outgoing_webhooks SET failures = 5, failing_since = $1, last_error = 'HTTP 500'`, db.Millis(now))
	want()
	now = now.Add(time.Hour + time.Minute)
	want("webhook crm failing")
	for i := range 2 {
		if err := a.Subscribers.Add(t.Context(), a.Catalog, subscribers.Add{Address: fmt.Sprintf("r%d@reader.example", i), Confirmed: true, Consent: "asked"}); err != nil {
			t.Fatal(err)
		}
	}
	want("webhook crm failing")
	set(`UPDATE outbox SET next_try_at = 0`)
	want("webhook crm failing", "webhook crm given up")
	if n, err := a.Subscribers.RetryEvents(t.Context(), "crm"); n != 2 || err != nil {
		t.Errorf("RetryEvents = %d, %v, want 2", n, err)
	}
	want()
}
