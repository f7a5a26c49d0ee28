package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"broadsheet/digest/ingest"
)

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// serve starts a server for one test. Handlers that wait are let go when the
// client is.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, f *ingest.Fetcher, url string) (*ingest.Response, error) {
	t.Helper()
	return f.Get(t.Context(), ingest.Request{URL: url, AllowPrivate: loopback()})
}

func TestGetRevalidates(t *testing.T) {
	const etag, modified = `W/"v-1 x"`, "Mon, 23 Nov 2026 06:30:00 GMT"
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") != "Courier/1 (+https://courier.example)" {
			t.Errorf("User-Agent %q", r.Header.Get("User-Agent"))
		}
		if r.Header.Get("If-None-Match") == etag && r.Header.Get("If-Modified-Since") == modified {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", etag)
		w.Header().Set("Last-Modified", modified)
		w.Header().Set("Content-Type", "application/rss+xml;charset=utf-8")
		io.WriteString(w, "<rss/>")
	})
	f := ingest.NewFetcher("Courier/1 (+https://courier.example)")
	first, err := get(t, f, url+"/feed#top")
	if err != nil {
		t.Fatal(err)
	}
	if first.NotModified || first.ETag != etag || first.LastModified != modified || string(first.Body) != "<rss/>" ||
		first.ContentType != "application/rss+xml;charset=utf-8" || first.URL != url+"/feed" {
		t.Errorf("first answer %+v", first)
	}
	second, err := f.Get(t.Context(), ingest.Request{URL: url + "/feed", ETag: first.ETag, LastModified: first.LastModified, AllowPrivate: loopback()})
	if err != nil {
		t.Fatal(err)
	}
	if !second.NotModified || second.ETag != etag || second.LastModified != modified || second.Body != nil {
		t.Errorf("second answer %+v, want not modified with the same marks", second)
	}
}

func TestGetFollowsRedirects(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var step int
		fmt.Sscanf(r.URL.Path, "/%d", &step)
		if step > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d", step-1), http.StatusMovedPermanently)
			return
		}
		io.WriteString(w, "end")
	})
	f := ingest.NewFetcher("test")
	if got, err := get(t, f, strings.Replace(url, "http://", "http://u:p@", 1)+"/5"); err != nil || got.URL != url+"/0" || string(got.Body) != "end" {
		t.Errorf("after five redirects: %+v, %v, want the end at %s/0", got, err, url)
	}
	if got, err := get(t, f, url+"/6"); err == nil || !strings.Contains(err.Error(), "more than 5 redirects") {
		t.Errorf("after six redirects: %+v, %v, want an error", got, err)
	}
}

func TestGetRefusesRedirects(t *testing.T) {
	for _, c := range []struct{ name, location, want string }{
		{"in a circle", "/", "more than 5 redirects"},
		{"to a file", "file:///etc/passwd", `scheme "file"`},
		{"to ftp", "ftp://courier.example/", `scheme "ftp"`},
		{"nowhere", "", "302"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.location != "" {
					w.Header().Set("Location", c.location)
				}
				w.WriteHeader(http.StatusFound)
			})
			got, err := get(t, ingest.NewFetcher("test"), url)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), url) {
				t.Errorf("got %+v, error %v, want one with %s and %s", got, err, c.want, url)
			}
		})
	}
}

func TestGetRefusesARedirectToAPrivateAddress(t *testing.T) {
	reached := false
	inner := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	inner = strings.Replace(inner, "127.0.0.1", "127.0.0.2", 1)
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner, http.StatusFound) })
	_, err := ingest.NewFetcher("test").Get(t.Context(), ingest.Request{URL: outer, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	if !errors.Is(err, ingest.ErrPrivateAddress) || !strings.Contains(err.Error(), "allow_private") {
		t.Errorf("got error %v, want one about the private address", err)
	}
	if reached {
		t.Error("the inner server was reached")
	}
}

func TestGetRefusesPrivateAddresses(t *testing.T) {
	f := ingest.NewFetcher("test")
	for _, host := range []string{
		"localhost", "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]",
		"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[64:ff9b:1::1]",
		"[2002:7f00:1::]", "[2002:c0a8:101::]", "[2001::1]",
		"[::ffff:0:7f00:1]", "[::ffff:0:808:808]",
	} {
		_, err := f.Get(t.Context(), ingest.Request{URL: "http://" + host + ":9/feed"})
		if !errors.Is(err, ingest.ErrPrivateAddress) || !strings.Contains(err.Error(), host) {
			t.Errorf("%s: got error %v, want one about the private address", host, err)
		}
	}
}

func TestGetDoesNotLendPermission(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret") })
	f := ingest.NewFetcher("test")
	if _, err := get(t, f, url); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Get(t.Context(), ingest.Request{URL: url}); !errors.Is(err, ingest.ErrPrivateAddress) {
		t.Errorf("got %+v, error %v, want one about the private address", got, err)
	}
}

func TestGetDecompresses(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Errorf("Accept-Encoding %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(zipped(t, []byte("<rss/>")))
	})
	if got, err := get(t, ingest.NewFetcher("test"), url); err != nil || string(got.Body) != "<rss/>" {
		t.Errorf("got %+v, %v, want the body", got, err)
	}
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGetBoundsBodies(t *testing.T) {
	bomb := zipped(t, make([]byte, 11<<20))
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"gzip bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		}},
		{"brotli bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			out := brotli.NewWriter(w)
			out.Write(make([]byte, 11<<20))
			out.Close()
		}},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := get(t, ingest.NewFetcher("test"), serve(t, c.handler))
			if !errors.Is(err, ingest.ErrTooLarge) || !strings.Contains(err.Error(), "10485760 bytes") {
				t.Errorf("got error %v, want one about the size", err)
			}
		})
	}
	exact := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 100)) })
	if got, err := get(t, ingest.NewFetcherWith("test", ingest.Limits{Body: 100}), exact); err != nil || len(got.Body) != 100 {
		t.Errorf("got %+v, error %v, want the 100 bytes that are allowed", got, err)
	}
}

func TestGetBoundsTime(t *testing.T) {
	wait := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	trickle := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		limits  ingest.Limits
	}{
		{"no header", wait, ingest.Limits{Header: 20 * time.Millisecond}},
		{"no header in all", wait, ingest.Limits{Total: 20 * time.Millisecond}},
		{"slow body", trickle, ingest.Limits{Total: 50 * time.Millisecond, Body: 1 << 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := get(t, ingest.NewFetcherWith("test", c.limits), serve(t, c.handler))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want one about the time", err)
			}
		})
	}
	t.Run("given up by the caller", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
		_, err := ingest.NewFetcher("test").Get(ctx, ingest.Request{URL: url, AllowPrivate: loopback()})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
	})
}

func TestGetReportsStatus(t *testing.T) {
	soon := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		code       int
		retryAfter string
		least      time.Duration
		most       time.Duration
		want       string
	}{
		{404, "", 0, 0, "404 Not Found; check the source's url"},
		{410, "", 0, 0, "410 Gone; the feed was removed for good"},
		{403, "", 0, 0, "403 Forbidden; the site does not let us in"},
		{429, "120", 2 * time.Minute, 2 * time.Minute, "429 Too Many Requests; it asks to come back in 2m0s"},
		{429, "", 0, 0, "429 Too Many Requests; fetch the source less often"},
		{503, soon, 59 * time.Minute, time.Hour, "503 Service Unavailable; it asks to come back in"},
		{503, "-5", 0, 0, "503 Service Unavailable; the trouble is theirs"},
		{503, "Mon, 23 Nov 2020 06:30:00 GMT", 0, 0, "503"},
		{503, "99999999999999", 7 * 24 * time.Hour, 7 * 24 * time.Hour, "503"},
		{500, "soon", 0, 0, "500 Internal Server Error"},
		{204, "", 0, 0, "204 No Content"},
	} {
		t.Run(fmt.Sprintf("%d %s", c.code, c.retryAfter), func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.WriteHeader(c.code)
			})
			_, err := get(t, ingest.NewFetcher("test"), url)
			var status *ingest.StatusError
			if !errors.As(err, &status) {
				t.Fatalf("got error %v, want a StatusError", err)
			}
			if status.Code != c.code || status.RetryAfter < c.least || status.RetryAfter > c.most || status.IsGone() != (c.code == 410) {
				t.Errorf("got %+v, want code %d and a wait of %s to %s", status, c.code, c.least, c.most)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "fetch "+url) {
				t.Errorf("got error %v, want %s", err, c.want)
			}
		})
	}
}

func TestGetRefusesOtherCodings(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "zstd")
		io.WriteString(w, "x")
	})
	if _, err := get(t, ingest.NewFetcher("test"), url); err == nil || !strings.Contains(err.Error(), `compressed by "zstd"`) {
		t.Errorf("got error %v, want one about the coding", err)
	}
}

func TestGetRefusesURLs(t *testing.T) {
	for _, url := range []string{"", "/feed", "ftp://courier.example/", "file:///etc/passwd", "http://", "http://reader:secret@bad host/", "feed://courier.example/"} {
		_, err := get(t, ingest.NewFetcher("test"), url)
		if err == nil || !strings.Contains(err.Error(), "not an absolute http or https URL") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got error %v", url, err)
		}
	}
}

func TestGetHidesPasswords(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user == "reader" && password == "secret" {
			io.WriteString(w, "ok")
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	})
	f := ingest.NewFetcher("test")
	if got, err := get(t, f, strings.Replace(url, "//", "//reader:secret@", 1)); err != nil || string(got.Body) != "ok" || got.URL != url {
		t.Errorf("got %+v, %v, want the body from %s", got, err, url)
	}
	_, err := get(t, f, strings.Replace(url, "//", "//reader:hunter2@", 1))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got error %v, want one without the password", err)
	}
}
