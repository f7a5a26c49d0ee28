package web_test

import (
	"net/http"
	"strings"
	"testing"

	"broadsheet/internal/web"
	"broadsheet/templates"
)

// worn is a theme that does not change.
type worn struct{ theme *templates.Theme }

func (w worn) Theme() *templates.Theme { return w.theme }

// TestPagesWearTheLookOfTheSite: the style sheet that a page links to is there,
// and may be kept for as long as the look stays.
func TestPagesWearTheLookOfTheSite(t *testing.T) {
	folder, err := templates.BuiltIn("briefing")
	if err != nil {
		t.Fatal(err)
	}
	theme, err := templates.Open(folder, templates.Look{Light: map[string]string{"accent": "#0b3d91"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(o *web.Options) { o.Site.Looks = worn{theme} })
	_, link, found := strings.Cut(s.ask(http.MethodGet, "/subscribe", "").body, `/assets/theme.css`)
	if !found {
		t.Fatal("the page has no link to the look of the site")
	}
	link, _, _ = strings.Cut(link, `"`)
	got := s.ask(http.MethodGet, "/assets/theme.css"+link, "")
	if got.StatusCode != 200 || !strings.Contains(got.body, "--accent:#0b3d91;") {
		t.Errorf("got %d %q, want the accent of the site", got.StatusCode, got.body)
	}
	for name, want := range map[string]string{"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s: got %q, want %q", name, value, want)
		}
	}
	if got := newSite(t, nil).ask(http.MethodGet, "/assets/theme.css", ""); got.StatusCode != 404 {
		t.Errorf("a site without a look: got %d, want 404", got.StatusCode)
	}
}
