package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/subscribers"
)

const formSettings = `
[site]
name = "Gazette \"A\" <b>"
url = "https://gazette.example"
languages = ["en", "de"]
timezone = "UTC"
postal_address = "1 Main Street"
[web]
public_url = "https://gazette.example/mail/"
[database]
url = "sqlite:broadsheet.db"
[mail]
from = "digest@gazette.example"
bounce_domain = "bounce.gazette.example"
[[mail.relay]]
url = "smtp://127.0.0.1:25?tls=off"
[[topic]]
slug = "world"
name = "World"
[[topic]]
slug = "sport"
name = "Sport"
[[topic]]
slug = "arts"
name = "Arts"
[[digest]]
slug = "daily"
name = "Daily"
schedule = "%s"
local_time = true
[[digest]]
slug = "weekly"
name = "Weekly"
schedule = "0 7 * * SUN"
topics = ["sport", "world"]
`

func formConfig(t *testing.T, schedule string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, config.FileName)
	for name, text := range map[string]string{path: strings.ReplaceAll(formSettings, "%s", schedule), filepath.Join(dir, "broadsheet.keys"): subscribers.NewKey() + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(path, nil, app.Checks())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestPastedForm: what is narrowed offers nothing else, and every address is
// below public_url.
func TestPastedForm(t *testing.T) {
	cfg := formConfig(t, "0 7 * * *")
	for _, tt := range []struct {
		name        string
		form        app.PastedForm
		has, hasNot []string
		err         string
	}{
		{"all", app.PastedForm{Kind: "html"},
			[]string{`action="https://gazette.example/mail/subscribe"`, `value="world"`, `value="sport"`, `value="arts"`, `value="daily"`, `value="weekly"`, `Gazette &#34;A&#34; &lt;b&gt;`}, []string{"<b>", "<script"}, ""},
		{"one digest", app.PastedForm{Kind: "component", Digests: []string{"weekly"}},
			[]string{`<input type="hidden" name="digests" value="weekly">`, "Every Sunday", `type="checkbox" name="topics" value="sport"`, `src="https://gazette.example/mail/assets/broadsheet-form.js"`}, []string{"daily", "arts", `name="zone"`}, ""},
		{"one topic", app.PastedForm{Kind: "component", Topics: []string{"arts"}},
			[]string{`<input type="hidden" name="topics" value="arts">`, `<input type="hidden" name="digests" value="daily">`, `name="zone"`}, []string{"weekly", "sport"}, ""},
		{"a frame", app.PastedForm{Kind: "iframe", Digests: []string{"weekly"}, Topics: []string{"sport", "world"}, Language: "de"},
			[]string{`src="https://gazette.example/mail/subscribe/embed?digest=weekly&amp;lang=de&amp;topic=sport&amp;topic=world"`, `lang="de"`}, nil, ""},
		{"in German", app.PastedForm{Kind: "html", Language: "de"}, []string{`name="lang" value="de"`, "E-Mail"}, nil, ""},
		{"an unknown digest", app.PastedForm{Kind: "html", Digests: []string{"dayly"}}, nil, nil, `unknown digest "dayly": the configuration has daily, weekly, did you mean "daily"?`},
		{"another unknown digest", app.PastedForm{Kind: "html", Digests: []string{"weekly", "nope"}}, nil, nil, `unknown digest "nope": the configuration has daily, weekly`},
		{"a name", app.PastedForm{Kind: "html", Name: true, Language: "de"}, []string{`name="name"`, `autocomplete="name"`, "Ihr Name (freiwillig)"}, nil, ""},
		{"no name", app.PastedForm{Kind: "component"}, nil, []string{`name="name"`}, ""},
		{"an unknown topic", app.PastedForm{Kind: "html", Topics: []string{"wrold"}}, nil, nil, `unknown topic "wrold": the configuration has world, sport, arts, did you mean "world"?`},
		{"a topic that the digest has not", app.PastedForm{Kind: "html", Topics: []string{"arts"}, Digests: []string{"weekly"}}, nil, nil, "weekly has none of the topics arts"},
		{"a language that is not offered", app.PastedForm{Kind: "html", Language: "fr"}, nil, nil, `does not offer the language "fr", only en, de`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, err := tt.form.Draw(cfg)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.has {
				if !strings.Contains(text, want) {
					t.Errorf("the form lacks %s:\n%s", want, text)
				}
			}
			for _, wrong := range tt.hasNot {
				if strings.Contains(text, wrong) {
					t.Errorf("the form has %s:\n%s", wrong, text)
				}
			}
		})
	}
}

// TestFormsSayHowOftenDigestsCome, by their schedules.
func TestFormsSayHowOftenDigestsCome(t *testing.T) {
	for schedule, want := range map[string]string{
		"0 7 * * *": "Every day", "0 7,17 * * *": "Several times a day", "30 6 * * 1-5": "From Monday to Friday", "0 9 * * MON,THU": "Every Monday and Thursday",
		"0 9 1 * *": "Once a month", "monthly last 07:00": "Once a month", "instant": "As soon as there is news", "0 9 1,15 * *": "", "0 9 29 2 *": "",
	} {
		text, err := (&app.PastedForm{Kind: "html", Digests: []string{"daily"}}).Draw(formConfig(t, schedule))
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(text, "<strong>Daily</strong>")
		got, _, _ := strings.Cut(after, `<input type="hidden" name="digests"`)
		if got = strings.TrimSpace(strings.NewReplacer("<br>", "", "<small>", "", "</small>", "").Replace(got)); got != want {
			t.Errorf("%s: the form says %q, want %q", schedule, got, want)
		}
	}
}
