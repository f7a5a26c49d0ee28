package browsertest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long one step may take on a busy machine.
const patience = 30 * time.Second

// visitor is who sits in front of the browser.
type visitor struct {
	address string // of mail
	script  bool   // whether the browser runs JavaScript
	zone    string // that its clock is in
}

// tab is one tab of the browser. Whatever its pages complain of, and whatever
// they ask of another host, fails the test.
type tab struct {
	*testing.T
	visitor
	browser context.Context
	ctx     context.Context
	base    string   // URL of the demo
	also    []string // URLs of other servers that its pages may ask

	mu         sync.Mutex
	complaints []string
	requests   map[network.RequestID]string // to their URLs
}

// openTab opens an empty tab.
func openTab(t *testing.T, browser context.Context, base string, v visitor) *tab {
	t.Helper()
	return attach(&tab{T: t, visitor: v, browser: browser, base: base, requests: map[network.RequestID]string{}})
}

// attach connects b with a tab of the browser, a new one unless the options
// name one.
func attach(b *tab, options ...chromedp.ContextOption) *tab {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.browser, append(options, chromedp.WithListener(b.listen))...)
	b.ctx = ctx
	b.Cleanup(func() {
		cancel()
		b.quiet("the end")
	})
	if err := chromedp.Do(ctx); err != nil { // without a timeout, which would close the tab
		b.Fatalf("open a tab: %v", err)
	}
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !b.script})
	command(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: b.zone})
	b.resize(widths[len(widths)-1])
	return b
}

// command sends a command of the DevTools protocol to the tab.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) R {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, c, params)
	if err != nil {
		b.Fatalf("%s: %v", c.Method, err)
	}
	return result
}

// eval is the value of a JavaScript expression in the page. It works where the
// page itself may run no script.
func eval[R any](b *tab, expression string) R {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[R](expression))
	if err != nil {
		b.Fatalf("evaluate %s: %v", expression, err)
	}
	return result
}

// do runs actions that stay on the page.
func (b *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

// load runs actions that lead to another page, waits until that is there, and
// checks its status.
func (b *tab) load(status int64, what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		b.Fatalf("%s: %v, at %s", what, err, eval[string](b, `location.href`))
	}
	if response == nil {
		b.Fatalf("%s: no page was loaded", what)
	}
	if response.Status != status {
		b.Fatalf("%s: %s was answered with %d, want %d", what, response.URL, response.Status, status)
	}
	b.quiet(what)
}

// open goes to a page by its path or its whole URL.
func (b *tab) open(address string) {
	b.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.base + address
	}
	b.load(200, "open "+address, chromedp.Navigate(address))
}

// press clicks the button with that label, which leads to a page with that
// status.
func (b *tab) press(label string, status int64) {
	b.Helper()
	b.load(status, "press "+label, chromedp.Click(chromedp.Search(fmt.Sprintf(`//button[normalize-space()=%q]`, label))))
}

// follow goes where a link leads, by keyboard: a click just after the window
// changed its size can land in a frame that the browser believes to be still
// where it was.
func (b *tab) follow(link string) {
	b.Helper()
	b.load(200, "follow the link "+link, chromedp.Focus(chromedp.Search(link)), chromedp.KeyEvent(kb.Enter))
}

// tick clicks the label of a box.
func (b *tab) tick(name string) {
	b.Helper()
	b.do("tick "+name, chromedp.Click(chromedp.Search(fmt.Sprintf(`//label[.//span[normalize-space()=%q]]`, name))))
}

// write types into the field with that id, after what it holds.
func (b *tab) write(field, text string) {
	b.Helper()
	b.do("type "+text, chromedp.SendKeys(chromedp.ID(field), text))
}

// value is what the field with that id holds.
func (b *tab) value(field string) string {
	b.Helper()
	return eval[string](b, fmt.Sprintf(`document.getElementById(%q).value`, field))
}

// ticked lists the names of the ticked boxes of a group.
func (b *tab) ticked(group string) []string {
	b.Helper()
	return eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll('input[name=%s]:checked')].map(box => box.closest('label').querySelector('.choice-name').textContent)`, group))
}

// wantTicked compares the ticked boxes of a group.
func (b *tab) wantTicked(group string, want ...string) {
	b.Helper()
	if got := b.ticked(group); !slices.Equal(got, want) {
		b.Errorf("the ticked %s are %q, want %q", group, got, want)
	}
}

// wantValue compares what a field holds.
func (b *tab) wantValue(field, want string) {
	b.Helper()
	if got := b.value(field); got != want {
		b.Errorf("the field %s holds %q, want %q", field, got, want)
	}
}

// wantText fails the test where the page does not show the text.
func (b *tab) wantText(want string) {
	b.Helper()
	if got := eval[string](b, `document.body.innerText`); !strings.Contains(got, want) {
		b.Fatalf("%s does not say %q, but:\n%s", eval[string](b, `location.pathname`), want, shorten(got))
	}
}

// shorten keeps what of a page's text is worth reading in a failure.
func shorten(text string) string {
	const most = 1500
	if len(text) <= most {
		return text
	}
	return text[:most] + " ..."
}

// newTab runs an action that opens another tab, and returns that tab.
func (b *tab) newTab(what, path string, action chromedp.Action[chromedp.Void]) *tab {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	opened := chromedp.WaitNewTarget(ctx, func(info *target.Info) bool { return strings.HasPrefix(info.URL, b.base+path) })
	b.do(what, action)
	select {
	case id := <-opened:
		return attach(&tab{T: b.T, visitor: b.visitor, browser: b.browser, base: b.base, requests: map[network.RequestID]string{}}, chromedp.WithTargetID(id))
	case <-ctx.Done():
		b.Fatalf("%s: no tab was opened at %s", what, path)
		return nil
	}
}

// toFront goes back to the tab from another: a hidden one is not drawn.
func (b *tab) toFront() {
	b.Helper()
	command(b, page.BringToFront, cdp.Empty{})
}
