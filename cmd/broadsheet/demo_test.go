package main_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDemoOnce runs the whole loop twice in one folder.
func TestDemoOnce(t *testing.T) {
	t.Parallel()
	n := &newsroom{t: t, dir: t.TempDir()}
	for range 2 {
		n.must("demo", "--once", "--dir", "demo").want(t, 0, `(?s) 1\. fetch.* 9\. .*10\. the one who left got nothing: .*Every step held\.\n$`)
	}
	n.run("demo", "--once").want(t, 0, `Every step held`)
	if left := names(t, n.dir); len(left) != 1 {
		t.Errorf("demo --once without --dir left %v", left)
	}
}

// TestDemoStaysUp starts the demo, reads its pages, uses a command beside it,
// and starts it again in the same folder.
func TestDemoStaysUp(t *testing.T) {
	t.Parallel()
	n := &newsroom{t: t, dir: t.TempDir()}
	config := filepath.Join("demo", "broadsheet.toml")
	for round := range 2 {
		p := n.start("demo", "--dir", "demo", "--listen", "127.0.0.1:0")
		base := ""
		until(t, "the demo says where it is", func() bool {
			m := regexp.MustCompile(`Inbox +(http://\S+)/inbox`).FindStringSubmatch(p.stdout.String())
			if m == nil {
				return false
			}
			base = m[1]
			return true
		})
		for path, want := range map[string]string{"/": "<form", "/paper/": "<a ", "/paper/feed.xml": "<item>", "/healthz": "", "/readyz": ""} {
			if got := get(t, base+path); !strings.Contains(got, want) {
				t.Errorf("round %d: %s has no %q: %.200s", round, path, want, got)
			}
		}
		until(t, "the first readers have their digests", func() bool {
			page := get(t, base+"/inbox")
			return strings.Contains(page, "ruth@inbox.example") && strings.Contains(page, "kenji@inbox.example")
		})
		n.must("--config", config, "subscriber", "list").want(t, 0, `kenji@inbox.example +Kenji +active`)
		n.must("--config", config, "edition", "list").want(t, 0, `(?m)^daily/\S+ +manual +(done|sending) +4 `)
		again := n.run("demo", "--dir", "demo")
		again.want(t, 1, `^$`)
		again.says(t, `the demo is running in this folder already: open `+regexp.QuoteMeta(base)+`/inbox`)
		p.terminate()
		if got := strings.TrimSpace(p.stderr.String()); got != "" {
			t.Errorf("round %d: stderr is %s", round, got)
		}
	}
	n.must("--config", config, "delivery", "list", "--for", "ruth@inbox.example").want(t, 0, `(?s)sent`)
	if r := n.run("--config", config, "--output", "csv", "delivery", "list", "--for", "ruth@inbox.example"); strings.Count(r.stdout, "ruth@") != 1 {
		t.Errorf("the second start sent the same stories again:\n%s", r.stdout)
	}
}

// get returns a page.
func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d, %v", url, res.StatusCode, err)
	}
	return string(text)
}
