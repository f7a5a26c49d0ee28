package ingest

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"broadsheet/internal/pattern"
)

// ampHost is a wrapper of AMP pages: its path holds the address of one, after
// an "s" if that is https.
type ampHost struct {
	host *pattern.Pattern
	path *pattern.Pattern // groups: "s/" or nothing, the address without a scheme
}

var ampHosts = []ampHost{
	{pattern.New(`^(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?$`), pattern.New(`^/amp/(s/)?([^/]+\.[^/]+(?:/.*)?)$`)},
	{pattern.New(`(?:^|\.)cdn\.ampproject\.org$`), pattern.New(`^/(?:c|v|wp)/(s/)?([^/]+\.[^/]+(?:/.*)?)$`)},
	{pattern.New(`(?:^|\.)bing-amp\.com$`), pattern.New(`^/(?:c|v)/(s/)?([^/]+\.[^/]+(?:/.*)?)$`)},
}

// unwrapAMP returns the address of the page that a cache of AMP pages shows,
// false for any other address.
func unwrapAMP(u *url.URL) (string, bool) {
	for _, wrapper := range ampHosts {
		if !wrapper.host.MatchString(strings.ToLower(u.Hostname())) {
			continue
		}
		m := wrapper.path.FindStringSubmatch(u.EscapedPath())
		if m == nil {
			return "", false
		}
		address := "http://" + m[2]
		if m[1] != "" {
			address = "https://" + m[2]
		}
		if strings.Contains(address, "?") || u.RawQuery == "" {
			return address, true
		}
		if before, after, escaped := cutFold(address, "%3f"); escaped { // its own query, escaped
			return before + "?" + after + "&" + u.RawQuery, true
		}
		return address + "?" + u.RawQuery, true
	}
	return "", false
}

func cutFold(s, sep string) (before, after string, found bool) {
	at := strings.Index(strings.ToLower(s), sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// withoutAMPHost returns amp.site.example as site.example, and every other
// name as it is. What has more labels between may be another site.
func withoutAMPHost(host string) string {
	rest, ok := strings.CutPrefix(host, "amp.")
	if !ok {
		return host
	}
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err != nil || site != rest {
		return host
	}
	return rest
}

// storySlug is a last segment that only a story has.
var storySlug = pattern.New(`[a-z0-9]+(?:-[a-z0-9]+){2,}|\d{5}`)

// withoutAMPPath returns the path of the page whose AMP version has a path: as
// WordPress adds /amp to it, and others a file name, or put it first. Where
// nothing but that is left, or it may be a section, the path is as it was.
func withoutAMPPath(path string) string {
	slash := ""
	if strings.HasSuffix(path, "/") {
		slash, path = "/", strings.TrimSuffix(path, "/")
	}
	lower := strings.ToLower(path)
	switch {
	case strings.HasSuffix(lower, "/amp") && strings.Trim(path[:len(path)-len("/amp")], "/") != "":
		path = path[:len(path)-len("/amp")]
	case strings.HasSuffix(lower, ".amp.html"):
		path = path[:len(path)-len(".amp.html")] + path[len(path)-len(".html"):]
	case strings.HasSuffix(lower, ".amp") && !strings.HasSuffix(lower, "/.amp"):
		path = path[:len(path)-len(".amp")]
	case strings.HasPrefix(lower, "/amp/") && storySlug.MatchString(lower[strings.LastIndexByte(lower, '/'):]):
		path = path[len("/amp"):]
	}
	return path + slash
}

// isAMPQuery says whether a parameter asks for the AMP version of a page, or
// against it, or was added by a cache of them.
func isAMPQuery(pair string) bool {
	name, value, _ := strings.Cut(strings.ToLower(pair), "=")
	switch name {
	case "amp", "_amp":
		return slices.Contains([]string{"", "1", "true", "yes"}, value)
	case "outputtype", "output":
		return value == "amp"
	case "noamp":
		return true
	case "usqp", "amp_js_v", "amp_gsa", "amp_r", "__amp_source_origin", "amp_kit":
		return true
	}
	return false
}

// withoutSession takes what a Java server adds to a path off, which is another
// for each visitor.
func withoutSession(path string) string {
	at := strings.Index(strings.ToLower(path), ";jsessionid=")
	if at < 0 {
		return path
	}
	end := strings.IndexAny(path[at:], "/")
	if end < 0 {
		return path[:at]
	}
	return path[:at] + path[at+end:]
}
