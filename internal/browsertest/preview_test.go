package browsertest_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"broadsheet/internal/preview"
	"broadsheet/templates"
)

// editTheme writes words into a file of a theme in the place of others.
func editTheme(t *testing.T, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ejected is a built-in theme in a folder of its own.
func ejected(t *testing.T) string {
	t.Helper()
	files, err := templates.Eject("broadsheet")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// until asks the page again and again until an expression is true: what is
// waited for comes by itself, through a reload that no step asked for and in
// the middle of which a question fails.
func (b *tab) until(what, expression string) {
	b.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ask := time.NewTicker(100 * time.Millisecond)
	defer ask.Stop()
	for {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		done, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		cancel()
		if err == nil && done {
			return
		}
		select {
		case <-ask.C:
		case <-deadline.C:
			b.Fatalf("%s did not come (%v):\n%s", what, err, shorten(eval[string](b, `document.body.innerText`)))
		}
	}
}

// framed is an expression for the words of the first mail on the page.
const framed = `(document.querySelector('iframe')?.contentDocument?.body?.innerText || '')`

// TestThemePreviewFollowsTheFiles: an editor changes a file, breaks it and mends
// it, and looks at nothing but the page.
func TestThemePreviewFollowsTheFiles(t *testing.T) {
	dir := ejected(t)
	server, err := preview.New(preview.Options{
		Theme: "./mine", Read: func() (*templates.Source, error) { return templates.ReadSource(os.DirFS(dir), templates.Look{}) },
	})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewUnstartedServer(nil)
	served.Config.Handler = server.Handler(served.Listener.Addr().String())
	served.Start()
	t.Cleanup(served.Close)
	t.Cleanup(served.CloseClientConnections)
	b := openTab(t, startChromium(t), served.URL, visitor{script: true, zone: "UTC"})

	b.open("/")
	b.until("the mail", framed+`.includes('The Morning Courier')`)
	b.look("preview")
	b.open("/?view=blocked&lang=ar")
	b.look("preview-blocked")
	b.open("/?view=text")
	b.look("preview-text")
	b.open("/?mail=weekly")
	b.until("frames as high as their mails", `[...document.querySelectorAll('iframe')].every(f => f.contentDocument.documentElement.scrollHeight <= f.clientHeight && f.clientHeight > 900)`)

	page := filepath.Join(dir, "digest.html")
	editTheme(t, page, `{{template "open" .}}`, `{{template "open" .}}<p>First words</p>`)
	server.Reread()
	b.until("the changed mail", framed+`.includes('First words')`)
	editTheme(t, page, "First words", "Second {{.Wrods}}")
	server.Reread()
	b.until("what is wrong", `document.body.innerText.includes('.Wrods: no such field')`)
	b.until("the last good mail", framed+`.includes('First words')`)
	b.look("preview-broken")
	editTheme(t, page, "{{.Wrods}}", "words")
	server.Reread()
	b.until("the mended mail", framed+`.includes('Second words')`)
	if got := eval[string](b, `location.search`); got != "?mail=weekly" {
		t.Errorf("the page that loaded itself anew is %q", got)
	}
}
