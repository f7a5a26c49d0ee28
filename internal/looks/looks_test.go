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
		site := n.site
		site.Looks, site.Logo = looks{theme}, &templates.Logo{URL: n.base + "/picture/night-ferry.jpg", Width: 90, Height: 60}
		for kind, m := range n.systemMails(t, site) {
			path := filepath.Join(*pages, name+"-"+kind)
			write(t, path+".html", m.HTML)
			write(t, path+".txt", m.Text)
		}
	}
}

// looks is a theme that does not change.
type looks struct{ theme *templates.Theme }

func (l looks) Theme() *templates.Theme { return l.theme }

// systemMails are some of those that no digest is.
func (n *newsroom) systemMails(t *testing.T, site templates.Site) map[string]templates.Mail {
	t.Helper()
	confirm, err := templates.ConfirmMail(&templates.Confirm{
		Site: site, URL: n.base + "/c/abc", RequestedAt: morning, Digests: []string{"The Morning Tide"}, Topics: []string{"City", "Sport"},
	})
	if err != nil {
		t.Fatal(err)
	}
	goodbye, err := templates.GoodbyeMail(&templates.Goodbye{Site: site, Digest: "The Morning Tide", SubscribeURL: n.base + "/subscribe"})
	if err != nil {
		t.Fatal(err)
	}
	alert, err := templates.AlertMail(site, []templates.Alert{{Text: "source city-feed has told nothing new for 3 days", Since: morning}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]templates.Mail{"confirm": confirm, "goodbye": goodbye, "alert": alert}
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
