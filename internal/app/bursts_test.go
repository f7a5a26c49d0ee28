package app_test

import (
	"log/slog"
	"strings"
	"testing"

	"broadsheet/internal/app"
	"broadsheet/internal/db"
)

// TestBurstIsAnAlert: an edition that was paused for a burst is an alert for as
// long as it is paused.
func TestBurstIsAnAlert(t *testing.T) {
	cfg := configure(t, t.TempDir(), "smtp://127.0.0.1:1?tls=off", "[leaving]\nburst_within = \"30m\"\n")
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	exec := func(query string, args ...any) {
		t.Helper()
		err := a.DB.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), query, args...); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	alerts := func() string {
		t.Helper()
		if err := a.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		var texts []string
		err := a.DB.View(t.Context(), func(tx *db.Tx) error { return tx.Select(t.Context(), &texts, `SELECT text FROM alerts ORDER BY key`) })
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(texts, "\n")
	}
	exec(`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, reason, created_at, burst_at)
		SELECT 1, MIN(id), '2026-11-23 07:00', 'daily/2026-11-23', 'scheduled', 1, 'paused', '25 of 900 readers left within minutes of it', 1, $1 FROM digests`, 1795421400000)
	want := "Edition daily/2026-11-23 is paused: 25 of 900 readers left within minutes of it. Look at what was sent: broadsheet edition show daily/2026-11-23. " +
		"Whom a scanner has unsubscribed: broadsheet subscriber restore --since 2026-11-23T07:40:00Z --dry-run."
	if got := alerts(); !strings.HasPrefix(got, want) {
		t.Errorf("alerts are %q, want %q ...", got, want)
	}
	exec(`UPDATE editions SET state = 'sending', reason = ''`)
	if got := alerts(); got != "" {
		t.Errorf("resumed, alerts are %q", got)
	}
}
