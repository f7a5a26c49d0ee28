//go:build looks

// Package looks_test makes the pictures of docs/looks.md: the mails of both
// themes with the stories of the demo's newspaper, as a browser shows them. It
// has a build tag because it needs Chromium and writes into docs.
package looks_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"broadsheet/templates"
)

var (
	pictures = flag.String("pictures", "", "folder for the pictures of docs/looks.md, such as ../../docs/pictures")
	pages    = flag.String("pages", "", "folder for HTML and text of every mail, to be looked at")
)

var source = regexp.MustCompile(`src="[^"]+"`)

// themes compiles those that come with the program.
func themes(t *testing.T) map[string]*templates.Theme {
	t.Helper()
	names, err := templates.ThemeNames()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*templates.Theme{}
	for _, name := range names {
		if all[name], err = templates.LoadTheme(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestPictures photographs a daily in each theme.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Log("no -pictures: nothing to photograph")
		return
	}
	n := open(t)
	for name, theme := range themes(t) {
		d := n.editions(t)[templates.KindDaily]
		html, err := theme.HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		shown, blocked := page(t, html), page(t, source.ReplaceAllString(html, `src="blocked:"`))
		for look, s := range map[string]struct {
			page string
			shot
		}{
			"light": {shown, shot{width: 640, most: 2200}}, "dark": {shown, shot{width: 640, most: 2200, dark: true}},
			"narrow": {shown, shot{width: 320, most: 2200}}, "blocked": {blocked, shot{width: 640, most: 2200}},
		} {
			shoot(t, s.page, filepath.Join(*pictures, "look-"+name+"-"+look+".png"), s.shot)
		}
	}
}

// TestPages writes every kind of mail in each theme.
func TestPages(t *testing.T) {
	if *pages == "" {
		t.Log("no -pages: nothing to write")
		return
	}
	n := open(t)
	for name, theme := range themes(t) {
		for kind, d := range n.editions(t) {
			html, err := theme.HTML(d)
			if err != nil {
				t.Fatal(err)
			}
			text, err := theme.Text(d)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(*pages, name+"-"+string(kind))
			write(t, path+".html", html)
			write(t, path+".txt", strings.ReplaceAll(text, n.base, "https://gazette.example"))
			t.Logf("%s %s: %d octets", name, kind, len(html))
		}
	}
}

// page is a file with that HTML.
func page(t *testing.T, html string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail.html")
	write(t, path, html)
	return path
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
