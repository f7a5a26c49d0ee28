package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

// TestWebhooksOfAnotherFile: a command and a service on a host whose file lacks a
// system leave what it is to be told, and the service says what its own file has.
func TestWebhooksOfAnotherFile(t *testing.T) {
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
	with := openWith(t, cfg)
	if err := with.Subscribers.Add(t.Context(), with.Catalog, subscribers.Add{Address: "ann@reader.example", Confirmed: true, Consent: "asked"}); err != nil {
		t.Fatal(err)
	}
	other := *cfg
	other.WebhooksOut = slices.Clone(cfg.WebhooksOut)
	other.WebhooksOut[0].Slug = "shop"
	without := openWith(t, &other)
	exec(t, without, `UPDATE outgoing_webhook_events SET named_at = 1`)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- without.Serve(ctx, []app.Part{app.PartDeliver}) }()
	until := time.NewTicker(10 * time.Millisecond)
	defer until.Stop()
	named := func(slug string) bool {
		return number(t, with, `SELECT count(*) FROM outgoing_webhook_events WHERE slug = $1 AND named_at > 1`, slug) == len(subscribers.HookEvents())
	}
	for give := time.Now().Add(time.Minute); !named("shop") && time.Now().Before(give); {
		<-until.C
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if !named("shop") || named("crm") {
		t.Error("the service did not name its own system, or another")
	}
	if n := number(t, with, `SELECT count(*) FROM outbox WHERE hook = 'crm'`); n != 1 {
		t.Errorf("after a service without it %d events wait for the system, want 1", n)
	}
}

func exec(t *testing.T, a *app.App, statement string) {
	t.Helper()
	if err := a.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), statement)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, a *app.App, query string, args ...any) (n int) {
	t.Helper()
	if err := a.DB.View(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), &n, query, args...) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func openWith(t *testing.T, cfg *config.Config) *app.App {
	t.Helper()
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}
