package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/subscribers"
)

// TestWhoRetiresWebhooks: a command on a host whose file lacks a system leaves
// what it is to be told; the service that tells, once it starts, does not.
func TestWhoRetiresWebhooks(t *testing.T) {
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
	waiting := func(a *app.App) (n int64) {
		t.Helper()
		states, err := a.Subscribers.HookStates(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for i := range states {
			n += states[i].Waiting
		}
		return n
	}
	with := openWith(t, cfg)
	if err := with.Subscribers.Add(t.Context(), with.Catalog, subscribers.Add{Address: "ann@reader.example", Confirmed: true, Consent: "asked"}); err != nil {
		t.Fatal(err)
	}
	other := *cfg
	other.WebhooksOut = nil
	without := openWith(t, &other)
	if n := waiting(without); n != 1 {
		t.Errorf("after a command without it %d events wait for the system, want 1", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- without.Serve(ctx, []app.Part{app.PartDeliver}) }()
	until := time.NewTicker(10 * time.Millisecond)
	defer until.Stop()
	for give := time.Now().Add(time.Minute); waiting(without) > 0 && time.Now().Before(give); {
		<-until.C
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if n := waiting(with); n != 0 {
		t.Errorf("%d events wait for a system that is told nothing any more", n)
	}
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
