package app_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// TestOperatorsAreTold has a source held: each operator gets one mail, also
// where the relay refused the first tries.
func TestOperatorsAreTold(t *testing.T) {
	refuse := true
	server, err := sink.NewServer(sink.Options{OnMessage: func(string, string, []byte) error {
		if refuse {
			return fmt.Errorf("not now")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	cfg := configure(t, t.TempDir(), fmt.Sprintf("smtp://%s?tls=off", server.Addr()), `
[alerts]
to = ["Desk <ops@courier.example>", "night@courier.example"]
[[source]]
slug = "feed"
url = "http://127.0.0.1:1/feed"
`)
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	out, err := a.NewOutgoing()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Pool.Close)
	do := func(what func() error, fails bool) {
		t.Helper()
		if err := what(); (err != nil) != fails {
			t.Fatalf("error %v, want one: %v", err, fails)
		}
	}
	watch := func() error { return a.Watch(t.Context()) }
	tell := func() error { return a.Tell(t.Context(), out) }
	do(watch, false)
	do(tell, false)
	hold := func(reason string, at int64) {
		t.Helper()
		if err := a.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE sources SET held_at = $1, held_reason = $2 WHERE slug = 'feed'`, at, reason)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	hold("8 of 9 stories are known, <b>really</b>", time.Now().UnixMilli())
	do(watch, false)
	do(tell, true)
	refuse = false
	do(tell, false)
	do(tell, false)
	do(watch, false)
	do(tell, false)
	if got := server.Messages(); len(got) != 2 {
		t.Fatalf("%d mails, want one to each operator", len(got))
	}
	text := string(server.Messages()[0].Data)
	for _, want := range []string{"DKIM-Signature:", "To: Desk <ops@courier.example>", "Auto-Submitted: auto-generated", "needs an operator", "Source feed: 8 of 9 stories"} {
		if !strings.Contains(strings.ReplaceAll(text, "\"", ""), want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "<b>really") && !strings.Contains(text, "&lt;b&gt;really") {
		t.Error("the reason is not escaped")
	}
	hold("", 0)
	do(watch, false)
	hold("again", 1)
	do(watch, false)
	do(tell, false)
	if got := server.Messages(); len(got) != 4 {
		t.Errorf("%d mails, want two more as it comes back", len(got))
	}
}
