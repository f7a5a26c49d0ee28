package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// TestAThemeIsReadAgain breaks and mends the folder of a theme while a service
// runs: what it has drawn with stays, and operators learn file and line.
func TestAThemeIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	put := func(html string) {
		t.Helper()
		for name, text := range map[string]string{"digest.html": "<p>", "digest.txt": "x", "notice.html": html} {
			if err := os.MkdirAll(filepath.Join(dir, "mine"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "mine", name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("<p>first looks")
	cfg := configure(t, dir, "smtp://127.0.0.1:25?tls=off", "[theme]\nname = \"./mine\"\n")
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	for _, step := range []struct{ html, drawn, alert string }{
		{"<p>first looks", "first looks", ""},
		{"<p>second looks", "second looks", ""},
		{"<p>\n{{.Subjet}}", "second looks", "notice.html:2: .Subjet: no such field, did you mean .Subject?"},
		{"<p>third looks", "third looks", ""},
	} {
		put(step.html)
		if err := errors.Join(a.RereadThemes(t.Context()), a.Watch(t.Context())); err != nil {
			t.Fatal(err)
		}
		m, err := templates.AlreadySubscribedMail(a.Site, "https://courier.example/mail/p/AbCdEf")
		if err != nil || !strings.Contains(m.HTML, step.drawn) {
			t.Errorf("%q: got %q, %v, want %q", step.html, m.HTML, err, step.drawn)
		}
		alerts, err := a.Digests.ClaimAlerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if step.alert == "" && len(alerts) > 0 || step.alert != "" && (len(alerts) != 1 || !strings.Contains(alerts[0].Text, step.alert)) {
			t.Errorf("%q: got the alerts %v, want %q", step.html, alerts, step.alert)
		}
		if fails := app.Check(cfg) != nil; fails != (step.alert != "") {
			t.Errorf("%q: check fails: %v", step.html, fails)
		}
	}
}

// TestAThemeThatWasBrokenBefore: a service that starts with it draws with the last
// good version, and its log has file and line once.
func TestAThemeThatWasBrokenBefore(t *testing.T) {
	dir := t.TempDir()
	put := func(notice string) {
		t.Helper()
		for name, text := range map[string]string{"digest.html": "<p>", "digest.txt": "x", "notice.html": notice} {
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, "mine"), 0o755), os.WriteFile(filepath.Join(dir, "mine", name), []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("<p>good looks")
	cfg := configure(t, dir, "smtp://127.0.0.1:25?tls=off", "[theme]\nname = \"./mine\"\n")
	for _, step := range []struct {
		notice string
		want   int
	}{{"<p>good looks", 0}, {"<p>\n{{if .Subject}", 1}} {
		put(step.notice)
		var log bytes.Buffer
		a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it looks once
		if err := errors.Join(a.WatchThemes(ctx), a.Close()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(log.String(), `msg="theme broken" theme=./mine error="notice.html:2: `); n != step.want {
			t.Errorf("%q: told %d times, want %d:\n%s", step.notice, n, step.want, log.String())
		}
	}
}

// TestAThemeThatLosesItsSlotsIsRefused: a change of its files that draws no slots
// where a sponsor has one is no sound change, also for a process that only sends.
func TestAThemeThatLosesItsSlotsIsRefused(t *testing.T) {
	dir := t.TempDir()
	put := func(html string) {
		t.Helper()
		for name, text := range map[string]string{"digest.html": html, "digest.txt": `{{template "slots" .TopSlots}}`} {
			if err := os.MkdirAll(filepath.Join(dir, "mine"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "mine", name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	const draws = `<p>sound{{range .TopSlots}}{{.Label}}{{end}}`
	put(draws)
	cfg := configure(t, dir, "smtp://127.0.0.1:25?tls=off", "[[slot]]\nslug = \"bank\"\nposition = \"top\"\nsponsor = \"Harbour Bank\"\ntext = \"Save.\"\nlink = \"https://bank.example/\"\n")
	for i := range cfg.Digests {
		cfg.Digests[i].Theme = filepath.Join(dir, "mine")
	}
	a, err := app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	for _, step := range []struct {
		html   string
		alerts int
	}{{draws, 0}, {"<p>without", 1}, {draws + "<p>again", 0}} {
		put(step.html)
		if err := a.RereadThemes(t.Context()); err != nil {
			t.Fatal(err)
		}
		html, err := a.Setup.Digests[0].Looks.Theme().HTML(templates.SampleDigest(templates.KindDaily))
		if err != nil || !strings.Contains(html, "sound") {
			t.Errorf("%q: got %q, %v, want the sound theme", step.html, html, err)
		}
		alerts, err := a.Digests.ClaimAlerts(t.Context())
		if err != nil || len(alerts) != step.alerts {
			t.Errorf("%q: got the alerts %v, %v, want %d", step.html, alerts, err, step.alerts)
		}
		if step.alerts > 0 && !strings.Contains(alerts[0].Text, "no slots are drawn at top in both of its parts, where bank runs in") {
			t.Errorf("%q: got %q", step.html, alerts[0].Text)
		}
	}
}

// TestPaleColoursAreRefused as the configuration is read: key, place, value, ratio
// and remedy, in whichever theme that is worn, and each colour once.
func TestPaleColoursAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broadsheet.keys"), []byte(subscribers.NewKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ theme, want string }{
		"readable": {"accent = \"#0b3d91\"\n[theme.dark]\naccent = \"#9db8f0\"", ""},
		"pale": {"accent = \"#ff8888\"", `:9: accent in [theme] is "#ff8888", which has a contrast of 1.8 to 1 with page, "#ebe7de" in theme broadsheet, ` +
			`and text needs 4.5: "#9c5353" is the nearest shade that can be read`},
		"in the dark":             {"[theme.dark]\nink = \"#555\"", `:10: ink in [theme.dark] is "#555", which has a contrast of 2.3 to 1 with paper, "#16191e" in theme briefing`},
		"in another theme":        {"page = \"#c8c8c8\"\nmuted = \"#555555\"\nink = \"#111111\"\naccent = \"#7a1a15\"", `muted in [theme] is "#555555"`},
		"what is no colour first": {"ink = \"red\"\naccent = \"#ff8888\"", `ink in [theme] must be a colour`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte("[site]\nname = \"City Courier\"\nurl = \"https://courier.example\"\n[web]\npublic_url = \"https://courier.example/mail\"\n[mail]\nfrom = \"digest@courier.example\"\n[theme]\n"+tc.theme+
				"\n[[topic]]\nslug = \"city\"\n[[digest]]\nslug = \"daily\"\nschedule = \"0 7 * * *\"\ntheme = \"briefing\"\n"), nil, app.Checks())
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q", err, tc.want)
			case err != nil && strings.Count(err.Error(), " in [theme") != 1:
				t.Errorf("got %v, want one problem", err)
			}
		})
	}
}
