package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
//
// Our own pages ask for no referrer, so that browsers send "Origin: null" with
// their forms. Where they send no Sec-Fetch-Site either, as over plain HTTP,
// nothing tells such a form from another site's; it is let through, for no
// form acts on a cookie or anything else that a browser adds by itself.
func (s *Server) sameOrigin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		if err := s.origin.Check(r); err != nil && (site != "" || origin != "null") {
			s.Log.InfoContext(r.Context(), "form of another site refused, see web.public_url and web.allowed_origins",
				"pattern", r.Pattern, "origin", origin, "host", r.Host)
			return statusError(http.StatusForbidden)
		}
		return h(w, r)
	}
}
