package ingest_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"broadsheet/digest/ingest"
)

func TestGetTellsWhereADocumentMoved(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hop := func(code int, to string) { http.Redirect(w, r, to, code) }
		switch r.URL.Path {
		case "/moved":
			hop(http.StatusMovedPermanently, "/again?a=1#top")
		case "/again":
			hop(http.StatusPermanentRedirect, "/here")
		case "/moved-then-found":
			hop(http.StatusPermanentRedirect, "/found")
		case "/found":
			hop(http.StatusFound, "/moved")
		case "/here":
			io.WriteString(w, "<rss/>")
		}
	})
	for path, want := range map[string]string{
		"/here": "", "/moved": "/here", "/again": "/here", "/moved-then-found": "/found", "/found": "",
	} {
		got, err := get(t, ingest.NewFetcher("test"), base+path)
		if err != nil {
			t.Fatal(err)
		}
		if want != "" {
			want = base + want
		}
		if got.MovedTo != want {
			t.Errorf("%s moved to %q, want %q", path, got.MovedTo, want)
		}
	}
}

func TestGetTellsForHowLongADocumentIsFresh(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                                  0,
		"max-age=600":                       10 * time.Minute,
		`public , Max-Age = "60"`:           time.Minute,
		"max-age=99999999":                  24 * time.Hour,
		"max-age=-1":                        0,
		"max-age=soon":                      0,
		"no-cache, max-age=600":             0,
		"max-age=600, no-store":             0,
		"s-maxage=600, stale-if-error=1200": 0,
	} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", header) })
		if got, err := get(t, ingest.NewFetcher("test"), url); err != nil || got.MaxAge != want {
			t.Errorf("%q: got %v, error %v, want %v", header, got.MaxAge, err, want)
		}
	}
}

func TestGetReadsBrotli(t *testing.T) {
	text := strings.Repeat("news ", 1000)
	var packed bytes.Buffer
	out := brotli.NewWriter(&packed)
	io.WriteString(out, text)
	out.Close()
	broken := false
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "br") {
			t.Errorf("asked for %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "br")
		if broken {
			io.WriteString(w, "this is no brotli, as far as anybody knows")
			return
		}
		w.Write(packed.Bytes())
	})
	if got, err := get(t, ingest.NewFetcher("test"), url); err != nil || string(got.Body) != text {
		t.Errorf("got %+v, error %v", got, err)
	}
	broken = true
	if got, err := get(t, ingest.NewFetcher("test"), url); err == nil {
		t.Errorf("a broken body was read as %q", got.Body)
	}
}
