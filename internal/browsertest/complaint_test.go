package browsertest_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

func (b *tab) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
}

// quiet fails the test if pages have complained since it was last asked.
func (b *tab) quiet(where string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.Errorf("%s: %s", where, c)
	}
	b.complaints = nil
}

// listen hears what is written on the console, what the
// Content-Security-Policy refuses, and every request. The status of a page is
// for the step that asked for it.
func (b *tab) listen(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Source != log.EntrySourceNetwork { // told in more detail by the events below
			b.complain("the browser logged %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		b.complain("a script wrote to the console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		b.complain("a script failed: %s", e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.requests[e.RequestID] = e.Request.URL
		if strings.HasPrefix(e.Request.URL, "data:") {
			break // the browser's own icon in a field for a date: our policy allows none in a page
		}
		if u, err := url.Parse(e.Request.URL); err != nil || "http://"+u.Host != b.base && !slices.Contains(b.also, "http://"+u.Host) {
			b.complain("the page asked another host for %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Type != network.ResourceTypeDocument && e.Response.Status >= 400 && !b.unasked(e.RequestID) && !isAnswer(e.Response) {
			b.complain("%s was answered with %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFailed:
		address, known := b.requests[e.RequestID] // a request from before this tab was attached is not
		if known && !e.Canceled && !b.unasked(e.RequestID) {
			b.complain("%s was not loaded: %s %s", address, e.ErrorText, e.BlockedReason)
		}
	}
}

// unasked reports whether a request is the one that browsers make of
// themselves where a page, such as a mail, names no icon.
func (b *tab) unasked(id network.RequestID) bool {
	return b.requests[id] == b.base+"/favicon.ico"
}

// isAnswer reports whether a script was told what was wrong with a form.
func isAnswer(r *network.Response) bool {
	return r.Status == 422 && strings.HasSuffix(r.URL, "/api/v1/subscribe")
}
