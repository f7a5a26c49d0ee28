package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// pages are the paths that answer GET, with good links of an active and of a
// pending reader.
func (s *site) pages() []string {
	s.t.Helper()
	ann, bea := s.active("ann@example.com"), s.pending("bea@example.com")
	pages := []string{"/", "/subscribe", "/subscribed", "/robots.txt", "/healthz", "/readyz", "/assets/pages.css", "/assets/subscribe.js?v=1"}
	for _, id := range []int64{ann, bea} {
		pages = append(pages, s.c(id), s.p(id), s.p(id)+"?saved=1&confirmed=1", s.p(id)+"/topic/world", s.u(id, "daily"), s.u(id, "weekly"), s.u(id, ""))
	}
	return append(pages, s.personal(ann, "ann@example.com")...)
}

// personal are the pages behind the links of mails to a reader about what is
// personal, with a change of address under way.
func (s *site) personal(id int64, address string) []string {
	s.t.Helper()
	s.must(s.store.AskAddress(s.t.Context(), subscribers.FreshToken(id, address, s.now()), "moved."+address, "form", ""))
	change := int64(s.count(`SELECT id FROM address_changes WHERE subscriber_id = $1`, id))
	fresh := s.path(s.links.Fresh(id, address, s.now()))
	return []string{s.p(id) + "?sent=1", fresh, fresh + "?saved=1", fresh + "?asked=1",
		s.path(s.links.OldAddress(id, change, s.now())), s.path(s.links.NewAddress(id, change, s.now()))}
}

// Promise 7: GET and HEAD change nothing, anywhere.
func TestGetAndHeadChangeNothing(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		pages := s.pages()
		before := s.dump()
		forms := "do=erase&sure=yes&fresh=1&confirm=1&again=1&unsubscribe=all&address=eve@example.com&topics=world&digests=daily&List-Unsubscribe=One-Click"
		for _, path := range pages {
			glue := "?"
			if strings.Contains(path, "?") {
				glue = "&"
			}
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "PROPFIND"} {
				for _, p := range []string{path, path + glue + forms} {
					got := s.ask(method, p, forms)
					if read := method == http.MethodGet || method == http.MethodHead; read != (got.StatusCode < 400) {
						t.Errorf("%s %s = %d", method, p, got.StatusCode)
					}
				}
			}
			for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
				s.ask(http.MethodGet, path, forms, header, "POST")
			}
		}
		if after := s.dump(); after != before {
			t.Errorf("the database changed from\n%s\nto\n%s", before, after)
		}
	})
}

// FuzzGet asks for paths that nobody has thought of.
func FuzzGet(f *testing.F) {
	s := newSite(f, nil)
	for _, path := range s.pages() {
		f.Add(path)
		f.Add(path + "/")
		f.Add("/" + path)
	}
	f.Add("/assets/../pages.css")
	f.Add("/assets/%2e%2e%2fpages")
	f.Add("/%00?%zz;=&&")
	before := s.dump()
	f.Fuzz(func(t *testing.T, path string) {
		s.t = t
		u, err := url.ParseRequestURI(s.base + path)
		if err != nil || strings.ContainsAny(path, " \r\n\t\x00") {
			return // no client can send it
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := s.request(method, "/", "")
			r.URL, r.RequestURI = u, u.String()
			if got := s.send(r); got.StatusCode >= 500 {
				t.Errorf("%s %s = %d", method, path, got.StatusCode)
			}
		}
		if s.dump() != before {
			t.Fatalf("GET %s changed the database", path)
		}
	})
}

func TestHeaders(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	paths := append(s.pages(), "/nothing", "/c/x", "/p/x", "/u/x", "/api/v1/articles", "//subscribe", "/assets/nothing.css", "")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		for _, path := range paths {
			if method == http.MethodPost && strings.HasPrefix(path, "/u/") {
				continue // it would end what the others look at
			}
			got := s.ask(method, path, "")
			for name, want := range map[string]string{
				"Content-Security-Policy":   "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
				"Referrer-Policy":           "no-referrer",
				"X-Content-Type-Options":    "nosniff",
				"Strict-Transport-Security": "max-age=31536000",
				"Set-Cookie":                "",
			} {
				if have := got.Header.Get(name); have != want {
					t.Errorf("%s %s: %s = %q, want %q", method, path, name, have, want)
				}
			}
			robots := "noindex"
			if (path == "/" || path == "/subscribe") && (method == http.MethodGet || method == http.MethodHead) {
				robots = ""
			}
			if have := got.Header.Get("X-Robots-Tag"); have != robots {
				t.Errorf("%s %s: X-Robots-Tag = %q, want %q", method, path, have, robots)
			}
			if cache := got.Header.Get("Cache-Control"); cache != "no-store" && !strings.HasPrefix(path, "/assets/") {
				t.Errorf("%s %s: Cache-Control = %q, want no-store", method, path, cache)
			}
		}
	}
	got := s.ask(http.MethodPost, s.u(id, "daily"), oneClick)
	if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("one-click: headers %v", got.Header)
	}

	plain := newSite(t, func(o *web.Options) { o.PublicURL = "http://courier.example" })
	if got := plain.ask(http.MethodGet, "/", "").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security = %q over plain HTTP, want none", got)
	}
}

// Nothing on a page needs what the policy forbids, and nothing comes from
// elsewhere.
func TestPagesKeepTheirPolicy(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range s.pages() {
		got := s.ask(http.MethodGet, path, "")
		if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for z := html.NewTokenizer(strings.NewReader(got.body)); z.Next() != html.ErrorToken; {
			token := z.Token()
			src := false
			for _, a := range token.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "http-equiv" {
					t.Errorf("%s: <%s %s=%q>", path, token.Data, a.Key, a.Val)
				}
				src = src || a.Key == "src"
				fetched := a.Key == "src" || token.Data == "link" && a.Key == "href" || token.Data == "form" && a.Key == "action"
				if fetched && !strings.HasPrefix(a.Val, "/mail/") {
					t.Errorf("%s: <%s %s=%q> is not ours", path, token.Data, a.Key, a.Val)
				}
			}
			if token.Type == html.StartTagToken && (token.Data == "style" || token.Data == "script" && !src) {
				t.Errorf("%s: <%s> inside the page", path, token.Data)
			}
		}
	}
}

func TestPublicURL(t *testing.T) {
	for public, base := range map[string]string{
		"https://courier.example":            "",
		"https://courier.example/":           "",
		"http://127.0.0.1:8080":              "",
		"https://courier.example/mail":       "/mail",
		"https://courier.example/mail/":      "/mail",
		"https://courier.example/a/b":        "/a/b",
		"https://courier.example/to%20you":   "/to%20you",
		"https://courier.example/%7Bx%7D":    "/%7Bx%7D",
		"HTTPS://Courier.Example:443/mail":   "/mail",
		"https://courier.example/briefe/für": "/briefe/f%C3%BCr",
	} {
		t.Run(public, func(t *testing.T) {
			s := newSite(t, func(o *web.Options) { o.PublicURL = public })
			s.base = base
			for _, path := range []string{"/", "/subscribe", "/subscribed", "/robots.txt", "/healthz", "/readyz"} {
				s.ask(http.MethodGet, path, "").want(t, http.StatusOK)
			}
			page := s.ask(http.MethodGet, "/subscribe", "")
			if got, want := page.Header.Get("Strict-Transport-Security") != "", strings.HasPrefix(originOf(t, public), "https:"); got != want {
				t.Errorf("HSTS = %t, want %t", got, want)
			}
			style := between(page.body, `rel="stylesheet" href="`, `"`)
			if !strings.HasPrefix(style, base+"/assets/") {
				t.Errorf("style sheet = %q", style)
			}
			s.ask(http.MethodGet, strings.TrimPrefix(style, base), "").want(t, http.StatusOK)
			f := s.filledIn("ann@example.com")
			s.ask(http.MethodPost, strings.TrimPrefix(f.action, base), f.values.Encode(), "Origin", originOf(t, public), "Host", "app:8080").wantRedirect(t, base+"/subscribed")
			id := s.detail("ann@example.com").ID
			s.submit(s.ask(http.MethodGet, "/c/"+s.keys.Sign(s.confirmToken(id)), "").form(t)).wantRedirect(t, base+"/f/"+tail(s.f(id))+"?confirmed=1")
			s.submit(s.ask(http.MethodGet, "/f/"+tail(s.f(id)), "").form(t)).wantRedirect(t, base+"/f/"+tail(s.f(id))+"?saved=1")
			s.submit(s.ask(http.MethodGet, "/p/"+tail(s.p(id)), "").form(t)).wantRedirect(t, base+"/p/"+tail(s.p(id))+"?sent=1")
			s.follow(s.submit(s.ask(http.MethodGet, "/u/"+tail(s.u(id, "daily")), "").form(t))).want(t, http.StatusOK, "You are unsubscribed")
			if got, want := s.ask(http.MethodGet, "/robots.txt", "").body, "\nDisallow: "+base+"/u/\n"; !strings.Contains(got, want) {
				t.Errorf("robots.txt = %q, want %q in it", got, want)
			}
		})
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

func tail(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// originOf is what browsers send for a page under a URL.
func originOf(t *testing.T, public string) string {
	u, err := url.Parse(strings.ToLower(public))
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":443")
}

func TestOutsideThePublicPath(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	s.base = ""
	for path, want := range map[string]int{
		"/mail/": 200, "/mail/subscribe": 200, "/healthz": 200, "/readyz": 200,
		"/": 404, "/subscribe": 404, "/mailing/subscribe": 404, "/mail/mail/subscribe": 404, "/api/v1/articles": 404, "/assets/pages.css": 404,
	} {
		s.ask(http.MethodGet, path, "").want(t, want)
	}
	s.ask(http.MethodPost, strings.TrimPrefix(s.u(id, "daily"), "/mail"), oneClick).want(t, http.StatusNotFound, "Page not found")
	got := s.ask(http.MethodGet, "/mail?x=1", "")
	if got.StatusCode != http.StatusTemporaryRedirect || got.Header.Get("Location") != "/mail/?x=1" {
		t.Errorf("/mail = %d to %q, want 307 to /mail/?x=1", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	tests := []struct {
		method, path string
		status       int
		allow        string
	}{
		{"DELETE", "/subscribe", 405, "GET, HEAD, POST"},
		{"PUT", s.p(id), 405, "GET, HEAD, POST"},
		{"OPTIONS", s.u(id, "daily"), 405, "GET, HEAD, POST"},
		{"POST", "/subscribed", 405, "GET, HEAD"},
		{"POST", "/healthz", 405, "GET, HEAD"},
		{"POST", "/assets/pages.css", 405, "GET, HEAD"},
		{"GET", "/api/v1/articles", 405, "POST"},
		{"GET", "/api/v1/nothing", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"POST", "/nothing", 404, ""},
		{"GET", "/subscribe/", 404, ""},
		{"GET", "/u/", 404, ""},
		{"GET", "/u/a/b", 404, ""},
		{"GET", "//nothing", 404, ""},
		{"GET", "/nothing/../else", 404, ""},
	}
	for _, tt := range tests {
		got := s.ask(tt.method, tt.path, "")
		if got.StatusCode != tt.status || got.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d with Allow %q, want %d with %q", tt.method, tt.path, got.StatusCode, got.Header.Get("Allow"), tt.status, tt.allow)
		}
		kind, text := "text/html; charset=utf-8", "Page not found"
		if strings.HasPrefix(tt.path, "/api/") {
			kind, text = "application/json", `"errors":[{"error":"`
		}
		if got.Header.Get("Content-Type") != kind || !strings.Contains(got.body, text) {
			t.Errorf("%s %s: %s %q", tt.method, tt.path, got.Header.Get("Content-Type"), got.body)
		}
	}
}

func TestAssets(t *testing.T) {
	s := newSite(t, nil)
	tests := []struct {
		path, kind, cache string
		status            int
	}{
		{"/assets/pages.css", "text/css; charset=utf-8", "no-store", 200},
		{"/assets/pages.css?v=1", "text/css; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/assets/subscribe.js?v=1", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/assets/broadsheet-form.js", "text/javascript; charset=utf-8", "public, max-age=3600", 200},
		{"/assets/nothing.css?v=1", "text/html; charset=utf-8", "no-store", 404},
		{"/assets/index.html?v=1", "text/html; charset=utf-8", "no-store", 404},
		{"/assets/", "text/html; charset=utf-8", "no-store", 404},
		{"/assets/%2e%2e%2fpages?v=1", "text/html; charset=utf-8", "no-store", 404},
		{"/assets/%2fetc%2fpasswd", "text/html; charset=utf-8", "no-store", 404},
		{"/assets/..%5cpages.css", "text/html; charset=utf-8", "no-store", 404},
	}
	for _, tt := range tests {
		got := s.ask(http.MethodGet, tt.path, "")
		if got.StatusCode != tt.status || got.Header.Get("Content-Type") != tt.kind || got.Header.Get("Cache-Control") != tt.cache {
			t.Errorf("%s = %d, %s, %s; want %d, %s, %s", tt.path, got.StatusCode, got.Header.Get("Content-Type"), got.Header.Get("Cache-Control"), tt.status, tt.kind, tt.cache)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(o *web.Options){
		"a relative public url":    func(o *web.Options) { o.PublicURL = "/mail" },
		"no host":                  func(o *web.Options) { o.PublicURL = "https:///mail" },
		"not a url":                func(o *web.Options) { o.PublicURL = "https://[::1" },
		"a path nobody can ask":    func(o *web.Options) { o.PublicURL = "https://courier.example/a//b" },
		"dots":                     func(o *web.Options) { o.PublicURL = "https://courier.example/a/../b" },
		"an origin with a path":    func(o *web.Options) { o.AllowedOrigins = []string{"https://partner.example/form"} },
		"an origin without scheme": func(o *web.Options) { o.AllowedOrigins = []string{"partner.example"} },
	} {
		o := web.Options{Site: templates.Site{Name: "City Courier"}, PublicURL: "https://courier.example", Keys: newKeys(t, subscribers.NewKey())}
		if _, err := web.New(o); err != nil {
			t.Fatalf("the options alone are refused: %v", err)
		}
		change(&o)
		if _, err := web.New(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
