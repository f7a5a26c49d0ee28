package web

import (
	"net/http"
	"slices"
	"strings"
)

// isScanner reports whether a machine sent a request that looks at mails or at
// links in them: people send GET, and their browsers say what they are.
func isScanner(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return true
	}
	for _, header := range []string{"Purpose", "Sec-Purpose", "X-Purpose", "X-Moz"} {
		if purpose := strings.ToLower(r.Header.Get(header)); strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview") {
			return true
		}
	}
	return isMachine(r)
}

// isMachine reports whether what sent a request says that it is no browser.
func isMachine(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	// What browsers and mail programs send since the nineties begins so.
	if !strings.HasPrefix(agent, "mozilla/") && !strings.HasPrefix(agent, "opera/") {
		return true
	}
	agent = strings.ReplaceAll(agent, "cubot", "") // a maker of telephones
	return slices.ContainsFunc(scannerNames(), func(name string) bool { return strings.Contains(agent, name) })
}

// scannerNames are parts of the names by which machines go that otherwise look
// like browsers, in lower case: filters of mail, previews in chats, robots.
func scannerNames() []string {
	return []string{
		"bot", "crawl", "spider", "slurp", "scanner", "preview", "monitor", "validator", "headless", "phantomjs", "fetcher",
		"barracuda", "proofpoint", "mimecast", "symantec", "trendmicro", "trend micro", "cloudmark", "fortinet", "sophos", "forcepoint",
		"safelinks", "urldefense", "ironport", "messagelabs", "cyren", "zscaler", "avanan", "python", "curl", "wget", "facebookexternalhit",
	}
}
