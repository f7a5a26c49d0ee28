package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"broadsheet/digest/ingest"
	"broadsheet/subscribers"
)

// Limits of a try to tell an event.
const (
	tellTimeout    = 15 * time.Second
	connectTimeout = 5 * time.Second
	answerLimit    = 64 << 10 // octets of an answer that are read, to use the connection again
)

// Receiver is a system that is told what becomes of readers.
type Receiver struct {
	Slug         string
	URL          string
	Secrets      []Secret
	AllowPrivate []netip.Prefix // networks that may be reached though they are not public
}

// line is the connection to a receiver.
type line struct {
	Receiver
	client *http.Client
	now    func() time.Time
}

func newLine(r Receiver, now func() time.Time) *line {
	transport := &http.Transport{
		DialContext:            ingest.DialPublic(r.AllowPrivate, connectTimeout),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		MaxResponseHeaderBytes: answerLimit,
		MaxIdleConnsPerHost:    tellAtOnce,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
	keep := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &line{Receiver: r, now: now, client: &http.Client{Transport: transport, CheckRedirect: keep, Timeout: tellTimeout}}
}

// tell posts an event. Whatever is not a status of 200 to 299 is trouble, but for
// what the end of ctx cut off.
func (l *line) tell(ctx context.Context, e subscribers.OutboxEvent) subscribers.Told {
	told := subscribers.Told{Event: e}
	if e.Body == "" {
		told.Taken = true
		return told
	}
	answer, err := l.post(ctx, e)
	if err != nil && ctx.Err() != nil {
		told.Cut = true
		return told
	}
	if err != nil {
		told.Answer = explainPost(err)
		return told
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerLimit))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		told.Taken = true
	case code >= 300 && code < 400:
		told.Answer = fmt.Sprintf("HTTP %d: redirects are not followed, give the address at their end", code)
	default:
		told.Answer = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", code, http.StatusText(code)))
		told.RetryAfter = l.retryAfter(answer.Header.Get("Retry-After"))
	}
	return told
}

func (l *line) post(ctx context.Context, e subscribers.OutboxEvent) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, strings.NewReader(e.Body))
	if err != nil {
		return nil, err
	}
	at := l.now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Broadsheet")
	request.Header["webhook-id"] = []string{e.ID()}
	request.Header["webhook-timestamp"] = []string{strconv.FormatInt(at.Unix(), 10)}
	request.Header["webhook-signature"] = []string{Sign(l.Secrets, e.ID(), at, []byte(e.Body))}
	return l.client.Do(request)
}

// explainPost says what went wrong, without the URL, which may hold a secret.
func explainPost(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var slow net.Error
	switch {
	case errors.Is(err, ingest.ErrPrivateAddress):
		return err.Error() + "; if it is meant, add its network to allow_private"
	case errors.As(err, &slow) && slow.Timeout():
		return fmt.Sprintf("no answer within %s", tellTimeout)
	}
	return err.Error()
}

// retryAfter reads a header as seconds or as a time.
func (l *line) retryAfter(text string) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(l.now()))
	}
	return 0
}
