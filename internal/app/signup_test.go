package app_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

// TestSignUpAlert has a burst of sign-ups: operators hear of it, and no more
// once they have decided.
func TestSignUpAlert(t *testing.T) {
	cfg := configure(t, t.TempDir(), "smtp://127.0.0.1:25?tls=off", `
[signup]
check_domains = "off"
[signup.breaker]
surge = 2
least = 3
[[source]]
slug = "feed"
url = "http://127.0.0.1:1/feed"
`)
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	n := 0
	come := func(people int) {
		t.Helper()
		for range people {
			n++
			in := subscribers.SignUp{Address: fmt.Sprintf("reader%d@reader.example", n), Topics: []string{"*"}, Digests: []string{a.Setup.Digests[0].Slug}, Origin: "form", Text: "yes"}
			if err := a.Subscribers.SignUp(t.Context(), a.Catalog, in); err != nil {
				t.Fatal(err)
			}
		}
	}
	alerts := func() string {
		t.Helper()
		if err := a.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := a.Digests.ClaimAlerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Digests.GiveBackAlerts(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, alert := range all {
			texts = append(texts, alert.Key+": "+alert.Text)
		}
		return strings.Join(texts, "\n")
	}
	come(3)
	if got := alerts(); strings.Contains(got, "signup") {
		t.Errorf("alerts in peace: %s", got)
	}
	come(2)
	for _, part := range []string{"signup breaker: Sign-ups: many more addresses than usual", "not lost", "broadsheet signup show", "broadsheet signup release", "broadsheet signup drop"} {
		if got := alerts(); !strings.Contains(got, part) {
			t.Errorf("alerts in a burst lack %q:\n%s", part, got)
		}
	}
	held, err := a.Subscribers.Held(t.Context(), 10)
	if err != nil || len(held.Domains) != 1 || held.Domains[0] != (subscribers.HeldCount{Name: "reader.example", N: 2}) {
		t.Errorf("held = %+v, %v", held, err)
	}
	if n, err := a.Subscribers.ReleaseConfirmations(t.Context()); n != 2 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	if got := alerts(); strings.Contains(got, "signup") {
		t.Errorf("alerts after a release: %s", got)
	}
}
