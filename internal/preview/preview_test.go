package preview_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"broadsheet/internal/preview"
	"broadsheet/templates"
)

// folder is a theme that somebody edits.
type folder struct {
	mu    sync.Mutex
	files fstest.MapFS
}

// eject is a built-in theme as a folder of its own.
func eject(t *testing.T) *folder {
	t.Helper()
	files, err := templates.Eject("broadsheet")
	if err != nil {
		t.Fatal(err)
	}
	f := &folder{files: fstest.MapFS{}}
	for name, text := range files {
		f.files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return f
}

// edit replaces words of a file.
func (f *folder) edit(t *testing.T, name, old, new string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	before := string(f.files[name].Data)
	after := strings.Replace(before, old, new, 1)
	if before == after {
		t.Fatalf("%s has no %q", name, old)
	}
	f.files[name] = &fstest.MapFile{Data: []byte(after)}
}

func (f *folder) read() (*templates.Source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return templates.ReadSource(f.files, templates.Look{})
}

// shown is a preview that is served.
type shown struct {
	*testing.T
	*preview.Server
	http *httptest.Server
}

func show(t *testing.T, o preview.Options) *shown {
	t.Helper()
	server, err := preview.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{T: t, Server: server, http: httptest.NewUnstartedServer(nil)}
	s.http.Config.Handler = server.Handler(s.http.Listener.Addr().String())
	s.http.Start()
	t.Cleanup(s.http.Close)
	return s
}

// get is the answer to a request, which must have that status.
func (s *shown) get(path string, status int) (string, http.Header) {
	s.Helper()
	res, err := s.http.Client().Get(s.http.URL + path)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	if res.StatusCode != status {
		s.Errorf("%s: got %d, want %d: %s", path, res.StatusCode, status, body)
	}
	return string(body), res.Header
}

func (s *shown) want(path string, words ...string) {
	s.Helper()
	body, _ := s.get(path, http.StatusOK)
	for _, w := range words {
		if !strings.Contains(body, w) {
			s.Errorf("%s does not have %q", path, w)
		}
	}
}

func TestPreviewShowsEveryMailInEveryView(t *testing.T) {
	s := show(t, preview.Options{Theme: "./mine", Read: eject(t).read})
	for _, mail := range preview.Mails() {
		for view, words := range map[string][]string{
			"looks":   {"640 pixels, light", "320 pixels, light", "640 pixels, dark", "320 pixels, dark", "Nothing is wrong with its mails", "KB of HTML"},
			"blocked": {"view=blocked"},
			"text":    {`<pre class="mailtext"`, "1 Main Street, Springfield"},
			"source":  {"&lt;!DOCTYPE html&gt;"},
		} {
			s.want("/?mail="+mail+"&view="+view, append(words, "./mine", `aria-current="page">`+mail+"<")...)
		}
		s.want("/mail?mail="+mail, "<!DOCTYPE html>", "1 Main Street, Springfield")
	}
	s.want("/mail?mail=daily&lang=ar", `dir="rtl"`, "المجلس")
	s.want("/?mail=nothing&lang=nothing&view=nothing", `aria-current="page">daily<`, `aria-current="page">en<`, `aria-current="page">Light and dark<`)
	if body, header := s.get("/picture/night-ferry.jpg", http.StatusOK); header.Get("Content-Type") != "image/jpeg" || len(body) < 1000 {
		t.Errorf("got a picture of %d octets as %s", len(body), header.Get("Content-Type"))
	}
	for _, asset := range []string{"/preview.css", "/preview.js"} {
		s.get(asset, http.StatusOK)
	}
}

func TestMailsAreSeenAsAsked(t *testing.T) {
	s := show(t, preview.Options{Theme: "broadsheet", Read: eject(t).read})
	for _, tt := range []struct {
		query     string
		has, lack []string
	}{
		{"scheme=light", []string{"@media (max-width:0){", `content="light"`, `src="/picture/budget-night.jpg"`, `<base target="_blank">`}, []string{"prefers-color-scheme", "/nothing", "(min-width:0)"}},
		{"scheme=dark", []string{"@media (min-width:0){", `content="dark"`, "color-scheme:dark"}, []string{"prefers-color-scheme", "(max-width:0)"}},
		{"scheme=dark&view=blocked", []string{`src="/nothing"`}, []string{"/picture/", templates.SamplePictures}},
	} {
		body, header := s.get("/mail?"+tt.query, http.StatusOK)
		for _, w := range tt.has {
			if !strings.Contains(body, w) {
				t.Errorf("%s does not have %q", tt.query, w)
			}
		}
		for _, w := range tt.lack {
			if strings.Contains(body, w) {
				t.Errorf("%s has %q", tt.query, w)
			}
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: a mail may run scripts: %s", tt.query, policy)
		}
	}
}

func TestPreviewIsForThisMachineAlone(t *testing.T) {
	s := show(t, preview.Options{Theme: "broadsheet", Read: eject(t).read})
	_, header := s.get("/", http.StatusOK)
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"} {
		if got := header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	port := s.http.URL[strings.LastIndex(s.http.URL, ":"):]
	for host, want := range map[string]int{"localhost" + port: http.StatusOK, "evil.example" + port: http.StatusMisdirectedRequest, "localhost": http.StatusMisdirectedRequest} {
		req, err := http.NewRequest(http.MethodGet, s.http.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := s.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("host %s: got %d, want %d", host, res.StatusCode, want)
		}
	}
	res, err := s.http.Client().Post(s.http.URL+"/", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST got %d", res.StatusCode)
	}
}

// TestABrokenThemeKeepsItsLastGoodPicture follows an editor who breaks a theme
// and mends it.
func TestABrokenThemeKeepsItsLastGoodPicture(t *testing.T) {
	theme := eject(t)
	s := show(t, preview.Options{Theme: "./mine", Read: theme.read})
	theme.edit(t, "digest.html", "{{template \"open\" .}}", "{{template \"open\" .}}<p>First words</p>")
	s.Reread()
	s.want("/mail", "First words")
	s.want("/", "./mine")
	theme.edit(t, "digest.html", "First words", "Second {{.Wrods}}")
	s.Reread()
	s.want("/mail", "First words")
	s.want("/", "The theme is broken", "<code>digest.html:", ".Wrods: no such field", "as it last did", "<title>Broken: ./mine")
	theme.edit(t, "digest.html", "{{.Wrods}}", `<img src="https://courier.example/a.jpg">`)
	s.Reread()
	s.want("/mail", "Second ")
	page, _ := s.get("/", http.StatusOK)
	if strings.Contains(page, "is broken") || !strings.Contains(page, "&lt;img&gt; has no alt") || !strings.Contains(page, `<li class="error">`) {
		t.Errorf("the page of a mended theme does not tell what is left to better:\n%s", page)
	}
}

func TestAThemeMayBeBrokenFromTheBeginning(t *testing.T) {
	s := show(t, preview.Options{Theme: "./mine", Read: func() (*templates.Source, error) { return nil, errors.New("no such folder") }})
	s.want("/", "The theme is broken", "no such folder", "As soon as it is sound")
	s.get("/mail", http.StatusNotFound)
	s.get("/spam", http.StatusNotFound)
}

// version is what the page was drawn with.
func (s *shown) version() string {
	s.Helper()
	page, _ := s.get("/", http.StatusOK)
	_, version, _ := strings.Cut(page, `data-version="`)
	version, _, _ = strings.Cut(version, `"`)
	return version
}

// lines are what a stream of events says.
func (s *shown) lines(ctx context.Context, after string) <-chan string {
	s.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http.URL+"/events?after="+after, nil)
	if err != nil {
		s.Fatal(err)
	}
	res, err := s.http.Client().Do(req)
	if err != nil {
		s.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		s.Fatalf("events come as %q", got)
	}
	out := make(chan string)
	go func() {
		defer close(out)
		defer res.Body.Close()
		for scan := bufio.NewScanner(res.Body); scan.Scan(); {
			select {
			case out <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// wait reads up to a line, with no word of anything that happens before.
func (s *shown) wait(lines <-chan string, want string) {
	s.Helper()
	for line := range lines {
		if line == want {
			return
		}
		if strings.HasPrefix(line, "event:") || strings.HasPrefix(line, ":") {
			s.Fatalf("got %q, want %q", line, want)
		}
	}
	s.Fatalf("the stream ended without %q", want)
}

func TestPagesHearOfChanges(t *testing.T) {
	theme := eject(t)
	s := show(t, preview.Options{Theme: "./mine", Read: theme.read})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	version := s.version()

	lines := s.lines(ctx, version)
	s.wait(lines, ": as it was")
	s.Reread()
	theme.edit(t, "digest.txt", "\n", "\n\n")
	s.Reread()
	s.wait(lines, "event: change")
	s.wait(s.lines(ctx, version), "event: change") // a page that missed it

	lines = s.lines(ctx, s.version())
	s.wait(lines, ": as it was")
	ended, end := context.WithCancel(t.Context())
	end()
	s.Watch(ended)
	for range lines { // ends with the watch
	}
	if ctx.Err() != nil {
		t.Error("a page that waits does not end with the preview")
	}
}

func TestPreviewWatchesTheFiles(t *testing.T) {
	theme := eject(t)
	s := show(t, preview.Options{Theme: "./mine", Read: theme.read})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.Watch(ctx)
	}()
	version := s.version()
	lines := s.lines(ctx, version)
	s.wait(lines, ": as it was")
	theme.edit(t, "digest.html", "{{template \"open\" .}}", "{{template \"open\" .}}<p>Changed</p>")
	s.wait(lines, "event: change")
	s.want("/mail", "Changed")
	cancel()
	<-watched
}

func TestRealStoriesComeFirst(t *testing.T) {
	s := show(t, preview.Options{Theme: "broadsheet", Read: eject(t).read, Real: &preview.Real{
		Name: "daily for ada@reader.example",
		Draw: func(*templates.Theme) (preview.Mail, error) {
			return preview.Mail{Subject: "What happened", HTML: "<p>A real story</p>", Text: "A real story\n"}, nil
		},
	}})
	s.want("/", `aria-current="page">daily for ada@reader.example<`, "What happened")
	s.want("/mail", "A real story")
	s.want("/mail?mail=weekly", "1 Main Street")
	if page, _ := s.get("/", http.StatusOK); strings.Contains(page, "lang=ar") {
		t.Error("a real mail offers other languages than its own")
	}
}

func TestAMailThatCannotBeDrawnSaysWhy(t *testing.T) {
	s := show(t, preview.Options{Theme: "broadsheet", Read: eject(t).read, Real: &preview.Real{
		Draw: func(*templates.Theme) (preview.Mail, error) {
			return preview.Mail{}, errors.New("template: digest:14: index out of range")
		},
	}})
	s.want("/", "This mail cannot be drawn", "digest:14: index out of range")
	s.get("/mail", http.StatusInternalServerError)
}

// TestSpamScore asks a program that answers as SpamAssassin does, and counts how
// often it is run.
func TestSpamScore(t *testing.T) {
	dir := t.TempDir()
	program, runs := filepath.Join(dir, "spamassassin"), filepath.Join(dir, "runs")
	script := fmt.Sprintf("#!/bin/sh\ngrep -q '^List-Unsubscribe-Post: ' || exit 7\necho run >> %s\n"+
		"echo 'Content preview: words'\necho\necho 'Content analysis details:   (-0.9 points, 5.0 required)'\necho ' -0.9 SOME_RULE  it is a list'\n", runs)
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := show(t, preview.Options{Theme: "broadsheet", Read: eject(t).read, SpamAssassin: program})
	s.want("/?mail=weekly", `<a href="/spam?lang=en&amp;mail=weekly" id="spam">`)
	for range 2 {
		if body, _ := s.get("/spam?mail=weekly", http.StatusOK); !strings.HasPrefix(body, "-0.9 points\n") || !strings.Contains(body, "SOME_RULE") || strings.Contains(body, "preview") {
			t.Errorf("got %q", body)
		}
	}
	s.want("/spam?mail=daily", "-0.9 points")
	if counted, err := os.ReadFile(runs); err != nil || string(counted) != "run\nrun\n" {
		t.Errorf("it was run %q, %v, want twice: once a mail", counted, err)
	}
	without := show(t, preview.Options{Theme: "broadsheet", Read: eject(t).read})
	if page, _ := without.get("/", http.StatusOK); strings.Contains(page, "/spam") {
		t.Error("the page asks for a score that nobody can give")
	}
}
