package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"broadsheet/templates"
)

// newOrigin trusts our own pages under the public URL, which need not be what
// the Host header says behind a proxy, and those of the allowed origins.
func newOrigin(public *url.URL, allowed []string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	for _, origin := range append([]string{originOf(public)}, allowed...) {
		if err := p.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("allowed origin %q: %w", origin, err)
		}
	}
	return p, nil
}

// originOf writes the origin of a URL as browsers do: in lower case, without
// the port that goes without saying.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// sameOrigin refuses what another site's page makes a browser send.
func (s *Server) sameOrigin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.foreign(r) {
			s.Log.InfoContext(r.Context(), "form of another site refused, see web.public_url and web.allowed_origins",
				"pattern", r.Pattern, "origin", r.Header.Get("Origin"), "host", r.Host)
			return statusError(http.StatusForbidden)
		}
		return h(w, r)
	}
}

// foreign reports whether another site's page made a browser send a request.
//
// Our own pages ask for no referrer, so that browsers send "Origin: null" with
// their forms. Where they send no Sec-Fetch-Site either, as over plain HTTP,
// nothing tells such a form from another site's; it is let through, for no
// form acts on a cookie or anything else that a browser adds by itself.
func (s *Server) foreign(r *http.Request) bool {
	err := s.origin.Check(r)
	return err != nil && (r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "null")
}

// allows reports whether an origin is among the allowed ones.
func (s *Server) allows(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	return slices.ContainsFunc(s.AllowedOrigins, func(allowed string) bool {
		a, err := url.Parse(allowed)
		return err == nil && originOf(a) == originOf(u)
	})
}

// siteOf is the allowed origin whose page a form stands on or came from, "" for
// our own pages and for what is not known. It is told to readers, so it is
// never what somebody else chose.
func (s *Server) siteOf(r *http.Request) string {
	for _, said := range []string{r.PostForm.Get(templates.FieldFrom), r.Header.Get("Origin"), r.Header.Get("Referer")} {
		if u, err := url.Parse(said); err == nil && s.allows(said) {
			return originOf(u)
		}
	}
	return ""
}

// ancestors are the pages that may frame ours, as frame-ancestors lists them.
func (s *Server) ancestors() string {
	list := "'self'"
	for _, origin := range s.AllowedOrigins {
		if u, err := url.Parse(origin); err == nil {
			list += " " + originOf(u)
		}
	}
	return list
}
