package templates_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"broadsheet/templates"
)

// looks is a theme that does not change.
type looks struct{ theme *templates.Theme }

func (l looks) Theme() *templates.Theme { return l.theme }

// dressed is a site whose look has some of everything.
func dressed(t *testing.T) templates.Site {
	t.Helper()
	folder, err := templates.BuiltIn("broadsheet")
	if err != nil {
		t.Fatal(err)
	}
	theme, err := templates.Open(folder, templates.Look{
		Light: map[string]string{"accent": "#0b3d91", "button": "#0b3d91", "serif": "Charter, serif"}, Dark: map[string]string{"button": "#99bbff"},
		Tagline: "Springfield, since 1871", Logo: &templates.Logo{URL: "https://courier.example/logo.png", Width: 160, Height: 40},
	})
	if err != nil {
		t.Fatal(err)
	}
	site := courier
	site.Looks = looks{theme}
	return site
}

func TestSystemMailsHaveTheLookOfTheSite(t *testing.T) {
	m, err := templates.AlreadySubscribedMail(dressed(t), "https://courier.example/mail/p/AbCdEf")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"background-color:#0b3d91", "{color:#1d1b18!important}", "{background-color:#99bbff!important}"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("html lacks %q", want)
		}
	}
}

func TestDigestsHaveTheLookOfTheirTheme(t *testing.T) {
	html, err := dressed(t).Looks.Theme().HTML(daily(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Charter,serif", "https://courier.example/logo.png", "Springfield, since 1871"} {
		if !strings.Contains(html, want) {
			t.Errorf("html lacks %q", want)
		}
	}
}

func TestPagesHaveTheLookOfTheSite(t *testing.T) {
	pages, err := templates.LoadPages()
	if err != nil {
		t.Fatal(err)
	}
	site := dressed(t)
	for _, tc := range []struct {
		site templates.Site
		want int
	}{{courier, 0}, {site, 1}} {
		var b strings.Builder
		if err := pages.Message(&b, &templates.MessagePage{Site: tc.site, Status: 404}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "/assets/theme.css?v="); got != tc.want {
			t.Errorf("links to the style sheet: got %d, want %d", got, tc.want)
		}
	}
	const want = ":root{--accent:#0b3d91;--accent-deep:#082e6d;--button:#0b3d91;--label:#ffffff;--serif:Charter,serif;}\n" +
		"@media (prefers-color-scheme:dark){:root{--button:#99bbff;--label:#1d1b18;}}\n"
	if got := site.PageStyle(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestASourceCompilesToTheSameTheme(t *testing.T) {
	folder, err := templates.BuiltIn("briefing")
	if err != nil {
		t.Fatal(err)
	}
	a, err := templates.ReadSource(folder, templates.Look{Light: map[string]string{"ink": "#010101"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := templates.ReadSource(folder, templates.Look{Light: map[string]string{"ink": "#010102"}})
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash() == b.Hash() {
		t.Error("two looks have one hash")
	}
	var drawn [2]string
	for i := range drawn {
		theme, err := a.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if drawn[i], err = theme.HTML(templates.SampleDigest(templates.KindDaily)); err != nil {
			t.Fatal(err)
		}
	}
	if drawn[0] != drawn[1] {
		t.Error("a source compiled to two themes")
	}
}

func TestFaultsOfSharedPartsAreToldApart(t *testing.T) {
	all := faults(t, folder(map[string]string{"shared/parts.html": "{{define \"open\"}}\n{{.Nme}}{{end}}{{define \"close\"}}{{end}}", "digest.html": `{{template "open" .}}`}))
	if got, want := all[0].String(), "shared/parts.html:2: .Nme: no such field"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsEjectedLoadsToTheSameMails(t *testing.T) {
	names, err := templates.ThemeNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		files, err := templates.Eject(name)
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{}
		for path, text := range files {
			fsys[path] = &fstest.MapFile{Data: []byte(text)}
			if !strings.HasPrefix(text, "<!--\n") && !strings.HasPrefix(text, "{{/*\n") {
				t.Errorf("%s: %s begins without an explanation", name, path)
			}
		}
		ejected, err := templates.Open(fsys, templates.Look{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		builtIn, err := templates.LoadTheme(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range templates.Kinds() {
			d := templates.SampleDigest(kind)
			if got, want := drawBoth(t, ejected, d), drawBoth(t, builtIn, d); got != want {
				t.Errorf("%s, %s: the ejected theme draws\n%s\nwant\n%s", name, kind, got, want)
			}
		}
		site := courier
		site.Looks = looks{ejected}
		got, err := templates.AlreadySubscribedMail(site, "https://courier.example/mail/p/AbCdEf")
		if err != nil {
			t.Fatal(err)
		}
		site.Looks = looks{builtIn}
		want, err := templates.AlreadySubscribedMail(site, "https://courier.example/mail/p/AbCdEf")
		if err != nil || got != want {
			t.Errorf("%s: the system mail differs, or %v", name, err)
		}
	}
	if _, err := templates.Eject("none"); err == nil || !strings.Contains(err.Error(), "briefing, broadsheet") {
		t.Errorf("an unknown theme: got %v", err)
	}
}

func drawBoth(t *testing.T, theme *templates.Theme, d *templates.Digest) string {
	t.Helper()
	html, err := theme.HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	text, err := theme.Text(d)
	if err != nil {
		t.Fatal(err)
	}
	return html + text
}
