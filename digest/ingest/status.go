package ingest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// StatusError is an HTTP answer that brings no document.
type StatusError struct {
	Code       int           // such as 404
	RetryAfter time.Duration // how long the site asks to wait, 0 if it does not say
}

// Error names the status and what to do about it.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("the site answered %d", e.Code)
	if name := http.StatusText(e.Code); name != "" {
		text += " " + name
	}
	if remedy := e.remedy(); remedy != "" {
		text += "; " + remedy
	}
	return text
}

// IsGone says whether the document was removed for good (RFC 9110 section
// 15.5.11).
func (e *StatusError) IsGone() bool {
	return e.Code == http.StatusGone
}

func (e *StatusError) remedy() string {
	switch {
	case e.IsGone():
		return "the feed was removed for good, take the source out of the configuration"
	case e.Code == http.StatusNotFound:
		return "check the source's url"
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden:
		return "the site does not let us in, ask it to allow this User-Agent"
	case e.RetryAfter > 0:
		return fmt.Sprintf("it asks to come back in %s", e.RetryAfter)
	case e.Code == http.StatusTooManyRequests:
		return "fetch the source less often"
	case e.Code >= 500:
		return "the trouble is theirs and may pass"
	}
	return ""
}

// maxRetryAfter is the longest wait that a site may ask for.
const maxRetryAfter = 7 * 24 * time.Hour

// retryAfter reads a Retry-After header: seconds or a date (RFC 9110 section
// 10.2.3). It returns 0 for none, for nonsense and for the past.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseInt(header, 10, 64); err == nil {
		return time.Duration(max(0, min(seconds, int64(maxRetryAfter/time.Second)))) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now).Round(time.Second), maxRetryAfter))
}

// maxMaxAge is the longest time for which a document counts as fresh.
const maxMaxAge = 24 * time.Hour

// maxAge reads max-age of Cache-Control (RFC 9111 section 5.2.2.1), 0 for none,
// for nonsense and where the document may not be kept at all.
func maxAge(headers []string) (age time.Duration) {
	for _, header := range headers {
		for directive := range strings.SplitSeq(header, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "no-cache", "no-store":
				return 0
			case "max-age":
				if seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 32); err == nil {
					age = min(time.Duration(seconds)*time.Second, maxMaxAge)
				}
			}
		}
	}
	return age
}
