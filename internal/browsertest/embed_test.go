package browsertest_test

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/subscribers"
)

const stallSettings = `
[site]
name = "The Harbour Gazette"
url = %[1]q
languages = ["en", "ar"]
timezone = "UTC"
postal_address = "2 Ropewalk, Port Aldine"
[web]
public_url = "%[1]s/mail"
allowed_origins = [%[2]q]
[signup]
form_after = "0s"
check_domains = "off"
client_limit = 0
[database]
url = "sqlite:broadsheet.db"
[mail]
from = "The Harbour Gazette <digest@paper.example>"
bounce_domain = "bounce.paper.example"
[[mail.relay]]
url = "smtp://127.0.0.1:25?tls=off"
[[topic]]
slug = "city"
name = "City"
description = "Council, housing, schools, getting around"
[[topic]]
slug = "world"
name = "World"
[[digest]]
slug = "daily"
name = "The Morning Tide"
schedule = "0 7 * * *"
local_time = true
hours = ["06:30", "18:00"]
[[digest]]
slug = "weekly"
name = "The Sunday Chart"
schedule = "0 7 * * SUN"
`

// hostPage is a page of another site, with a form pasted into it.
var hostPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Partner</title><style>:root { color-scheme: light dark } body { font-family: sans-serif; margin: 1rem; min-height: 1000px }</style></head>
<body><main><h1>Partner</h1>
{{.Form}}
</main></body></html>`))

// stall is a newspaper, and another site with its sign-up form.
type stall struct {
	*app.App
	base, partner string
}

// openStall serves both, on two origins. The other site has a page for each kind
// of form and each language.
func openStall(t *testing.T, environ ...string) *stall {
	t.Helper()
	ours, theirs := http.NewServeMux(), http.NewServeMux()
	server, partner := httptest.NewServer(ours), httptest.NewServer(theirs)
	t.Cleanup(server.Close)
	t.Cleanup(partner.Close)
	s := &stall{base: server.URL, partner: partner.URL}
	dir := t.TempDir()
	path := filepath.Join(dir, config.FileName)
	for name, text := range map[string]string{path: fmt.Sprintf(stallSettings, s.base, s.partner), filepath.Join(dir, "broadsheet.keys"): subscribers.NewKey() + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(path, environ, app.Checks())
	if err != nil {
		t.Fatal(err)
	}
	if s.App, err = app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	pages, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	ours.Handle("/", pages)
	theirs.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, kind := range []string{"html", "component", "iframe"} {
		for lang, dir := range map[string]string{"en": "ltr", "ar": "rtl"} {
			text, err := (&app.PastedForm{Kind: kind, Language: lang, Name: kind != "iframe"}).Draw(cfg)
			if err != nil {
				t.Fatal(err)
			}
			theirs.HandleFunc("GET /"+kind+"/"+lang, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_ = hostPage.Execute(w, map[string]any{"Lang": lang, "Dir": dir, "Form": template.HTML(text)})
			})
		}
	}
	return s
}

// guest opens a tab on the other site's pages, which show things of ours.
func (s *stall) guest(t *testing.T, v visitor) *tab {
	t.Helper()
	b := openTab(t, startChromium(t), s.partner, v)
	b.also = []string{s.base}
	return b
}

// signedUp waits until an address is pending, and compares what was recorded.
func (s *stall) signedUp(t *testing.T, address, origin, choices string) {
	t.Helper()
	d, err := s.Subscribers.ByAddress(t.Context(), address)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	got := d.Consents[len(d.Consents)-1]
	if d.State != subscribers.StatePending || got.Origin != origin || got.Detail != choices+" site="+s.partner {
		t.Errorf("%s is %s by %s: %s; want pending by %s: %s site=%s", address, d.State, got.Origin, got.Detail, origin, choices, s.partner)
	}
}

// sends presses Enter in a field, and waits for the page that comes.
func (b *tab) sends(what string, status int64) {
	b.Helper()
	b.load(status, what, chromedp.KeyEvent(kb.Enter))
}

// field focuses a control of a pasted form by its name.
func (b *tab) field(selector string) {
	b.Helper()
	b.do("focus "+selector, chromedp.Focus(selector))
}

func TestPastedFormInTheBrowser(t *testing.T) {
	s := openStall(t)
	for i, script := range []bool{true, false} {
		b := s.guest(t, visitor{address: fmt.Sprintf("html%d@inbox.example", i), script: script, zone: "Pacific/Auckland"})
		b.open("/html/en")
		b.lookInto("embed", "html")
		b.field(`input[name=topics][value=city]`)
		b.keys(" ")
		b.field(`input[name=digests][value=daily]`)
		b.keys(" ")
		b.field(`input[name=address]`)
		b.keys(b.address)
		b.field(`input[name=name]`)
		b.keys("Ann Öz")
		b.sends("send the pasted form", 200)
		b.wantText("One more step")
		b.wantTicked("topics", "City")
		b.wantTicked("digests", "The Morning Tide")
		b.wantValue("address", b.address)
		b.wantValue("name", "Ann Öz")
		zone := "UTC"
		if script {
			zone = "Pacific/Auckland"
		}
		b.wantValue("zone", zone)
		b.lookInto("embed", "review")
		b.press("Sign up", 200)
		b.wantText("Check your inbox")
		s.signedUp(t, b.address, "form", "digests=daily topics=city timezone="+zone)
	}
	b := s.guest(t, visitor{script: true, zone: "UTC"})
	b.open("/html/ar")
	b.lookInto("embed", "html-ar")
	b.field(`input[name=address]`)
	b.keys("nobody@here")
	b.sends("send a mistake", 422)
	b.lookInto("embed", "review-errors-ar")
	if got := eval[string](b, `document.documentElement.dir + ' ' + document.activeElement.className`); got != "rtl summary" {
		t.Errorf("direction and focus are %q, want rtl and what is wrong", got)
	}
}

func TestComponentInTheBrowser(t *testing.T) {
	s := openStall(t)
	b := s.guest(t, visitor{address: "component@inbox.example", script: true, zone: "Pacific/Auckland"})
	b.open("/component/en")
	if got := eval[string](b, `document.querySelector('[name=zone]').value + ' ' + !!document.querySelector('[name=zone]').closest('[hidden]')`); got != "Pacific/Auckland false" {
		t.Errorf("the zone is %q, want the browser's, to be changed", got)
	}
	b.lookInto("component", "component")
	b.field(`input[name=address]`)
	b.keys("nobody@here")
	b.keys(kb.Enter)
	b.waitFor(`document.querySelectorAll('.broadsheet-problem').length === 3`)
	b.lookInto("component", "errors")
	if got, want := b.described(), `address: This does not look like an email address. It should be like name@example.com. | topics: Choose at least one topic. | digests: Choose at least one digest.`; got != want {
		t.Errorf("what is wrong is tied to %s, want %s", got, want)
	}
	if got := eval[string](b, `document.activeElement.name + ' ' + document.activeElement.value + ' ' + location.pathname`); got != "address nobody@here /component/en" {
		t.Errorf("the focus is on %q, want the first field that is wrong, as it was typed, on the same page", got)
	}
	eval[string](b, `document.querySelector('input[name=address]').value = ''`)
	b.keys(b.address)
	b.field(`input[name=name]`)
	b.keys("Ann Öz")
	b.field(`input[name=topics][value=world]`)
	b.keys(" ")
	b.field(`input[name=digests][value=daily]`)
	b.keys(" ")
	b.do("choose an hour", chromedp.SetValue(`[name="hour-daily"]`, "06:30"))
	b.field("broadsheet-form button")
	b.keys(kb.Enter)
	b.waitFor(`document.activeElement.getAttribute('role') === 'status'`)
	b.wantText("Check your inbox")
	b.lookInto("component", "thanks")
	s.signedUp(t, b.address, "json", "digests=daily topics=world timezone=Pacific/Auckland hours=daily=06:30")
	if d, err := s.Subscribers.ByAddress(t.Context(), b.address); err != nil || d.Name != "Ann Öz" {
		t.Errorf("the reader is called %q, %v", d.Name, err)
	}

	b.open("/component/ar")
	b.lookInto("component", "component-ar")

	plain := s.guest(t, visitor{address: "noscript@inbox.example", zone: "Pacific/Auckland"})
	plain.open("/component/en")
	plain.lookInto("component", "component")
	plain.field(`input[name=address]`)
	plain.keys(plain.address)
	plain.sends("send the form inside", 200)
	plain.wantText("One more step")
	plain.wantValue("address", plain.address)
}

// TestComponentFallsBack: where the API does not answer the form is sent as it is.
func TestComponentFallsBack(t *testing.T) {
	s := openStall(t)
	b := s.guest(t, visitor{address: "fallback@inbox.example", script: true, zone: "UTC"})
	b.open("/component/en")
	eval[bool](b, `window.fetch = () => Promise.reject(new Error('blocked')), true`)
	b.field(`input[name=address]`)
	b.keys(b.address)
	b.sends("send the form", 200)
	b.wantText("One more step")
	b.wantValue("address", b.address)
}

// TestComponentMakesTheProofOfWork where it is asked for, without leaving the page.
func TestComponentMakesTheProofOfWork(t *testing.T) {
	s := openStall(t, "BROADSHEET_SIGNUP_CHALLENGE=always")
	b := s.guest(t, visitor{address: "work@inbox.example", script: true, zone: "UTC"})
	b.open("/component/en")
	for _, box := range []string{"[value=city]", "[value=weekly]"} {
		b.field(box)
		b.keys(" ")
	}
	b.field(`input[name=address]`)
	b.keys(b.address)
	b.keys(kb.Enter)
	b.waitFor(`document.activeElement.getAttribute('role') === 'status'`)
	b.wantText("Check your inbox")
	s.signedUp(t, b.address, "json", "digests=weekly topics=city timezone=UTC")
}

func TestFrameInTheBrowser(t *testing.T) {
	s := openStall(t)
	for i, script := range []bool{true, false} {
		b := s.guest(t, visitor{address: fmt.Sprintf("frame%d@inbox.example", i), script: script, zone: "Pacific/Auckland"})
		b.open("/iframe/en")
		b.lookInto("frame", "frame")
		b.waitInFrame(`document.readyState === 'complete' && !!document.querySelector('form')`)
		b.inFrame(`document.querySelector('button').click(), true`)
		b.waitInFrame(`document.querySelectorAll('.problem').length >= 3`)
		b.lookInto("frame", "frame-errors")
		b.inFrame(`document.getElementById('address').value = '` + b.address + `', document.querySelector('[value=city]').checked = document.querySelector('[value=daily]').checked = true`)
		b.inFrame(`document.querySelector('button').click(), true`)
		b.waitInFrame(`document.querySelector('h1').textContent === 'Check your inbox'`)
		b.lookInto("frame", "frame-thanks")
		zone := "UTC"
		if script {
			zone = "Pacific/Auckland"
		}
		s.signedUp(t, b.address, "frame", "digests=daily topics=city timezone="+zone)
	}
	b := s.guest(t, visitor{script: true, zone: "UTC"})
	b.open("/iframe/ar")
	b.lookInto("frame", "frame-ar")
	alone := openTab(t, startChromium(t), s.base, visitor{script: true, zone: "UTC"}) // for axe
	for name, path := range map[string]string{"alone": "/mail/subscribe/embed", "alone-ar": "/mail/subscribe/embed?lang=ar", "alone-thanks": "/mail/subscribed/embed"} {
		alone.open(path)
		alone.lookInto("frame", name)
	}
}

// TestFrameIsForAllowedSites: the browser shows it nowhere else.
func TestFrameIsForAllowedSites(t *testing.T) {
	s := openStall(t)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Stranger</title><iframe title="form" src="%s/mail/subscribe/embed"></iframe>`, s.base)
	}))
	t.Cleanup(foreign.Close)
	b := openTab(t, startChromium(t), foreign.URL, visitor{script: true, zone: "UTC"})
	b.also = []string{s.base}
	b.do("open a stranger's page", chromedp.Navigate(foreign.URL))
	refused := func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.ContainsFunc(b.complaints, func(c string) bool { return strings.Contains(c, "frame-ancestors") })
	}
	for began := time.Now(); !refused(); eval[bool](b, `true`) {
		if time.Since(began) > patience {
			t.Fatal("the browser does not refuse to frame the form")
		}
	}
	b.mu.Lock()
	b.complaints = nil
	b.mu.Unlock()
}

// waitFor waits until an expression is true.
func (b *tab) waitFor(expression string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(done => {
		const look = () => (`+expression+`) ? done(true) : setTimeout(look, 20);
		look();
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s is never true: %v", expression, err)
	}
}

// described lists the fields and groups of a pasted form that say what is wrong.
func (b *tab) described() string {
	b.Helper()
	return eval[string](b, `[...document.querySelectorAll('[aria-describedby]')].map(at =>
		(at.name || at.querySelector('input').name) + ': ' + document.getElementById(at.getAttribute('aria-describedby')).textContent).join(' | ')`)
}

// inFrame is whether an expression is true in the frame of the page. It is not
// while the frame loads another page.
func (b *tab) inFrame(expression string) bool {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil || len(tree.FrameTree.ChildFrames) != 1 {
		b.Fatalf("the page has not one frame: %v", err)
	}
	id := tree.FrameTree.ChildFrames[0].Frame.ID
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: id})
	if err != nil {
		return false
	}
	got, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ContextID: world.ExecutionContextID, ReturnByValue: new(true)})
	return err == nil && got.ExceptionDetails == nil && string(got.Result.Value) == "true"
}

// waitInFrame waits until an expression is true in the frame.
func (b *tab) waitInFrame(expression string) {
	b.Helper()
	for began := time.Now(); !b.inFrame(expression); {
		if time.Since(began) > patience {
			b.Fatalf("in the frame %s is never true", expression)
		}
	}
}
