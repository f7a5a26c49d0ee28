package ingest

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// Request asks for a document.
type Request struct {
	URL          string // http or https; user information becomes basic authentication
	ETag         string // of the last response, "" if there was none
	LastModified string // of the last response, "" if there was none

	// AllowPrivate are the networks that may be reached though they are
	// private or loopback.
	AllowPrivate []netip.Prefix
}

// Response is a document that was fetched, or the news that it is unchanged.
type Response struct {
	NotModified  bool   // the request's ETag or LastModified still holds; Body is nil
	URL          string // where redirects led to, without user information
	ETag         string // verbatim, to be sent back; the request's, if unchanged and not given anew
	LastModified string // likewise
	ContentType  string // verbatim
	Body         []byte // decompressed
	RetryAfter   time.Duration

	MovedTo string        // where permanent redirects led before any other, "" without one
	MaxAge  time.Duration // for how long the site calls the document fresh (RFC 9111), 0 if it does not say
}

// Limits bound a fetch. A zero field means the default.
type Limits struct {
	Connect   time.Duration // for one connection, and for its TLS handshake: 10 s
	Header    time.Duration // from the request to the response's header: 20 s
	Total     time.Duration // for everything, redirects and body included: 60 s
	Body      int64         // bytes, after decompression: 10 MB
	Redirects int           // followed: 5
}

// ErrTooLarge is wrapped by errors about bodies over the limit.
var ErrTooLarge = errors.New("the body is too large")

// Fetcher gets documents over http and https. It may be used by many
// goroutines at once. A connection serves one Get and its redirects only, so
// that one request's permission to reach a private network never serves
// another. Proxies named in the environment are not used: the guard against
// private addresses would see the proxy's address alone.
type Fetcher struct {
	userAgent string
	limits    Limits
	sessions  tls.ClientSessionCache
	resolver  *net.Resolver // nil for the system's
	now       func() time.Time
}

// NewFetcher returns a Fetcher with the default limits. userAgent should name
// the product and a way to reach who runs it.
func NewFetcher(userAgent string) *Fetcher {
	return NewFetcherWith(userAgent, Limits{})
}

// NewFetcherWith is NewFetcher with other limits.
func NewFetcherWith(userAgent string, limits Limits) *Fetcher {
	return &Fetcher{
		userAgent: userAgent,
		limits: Limits{
			Connect:   cmp.Or(limits.Connect, 10*time.Second),
			Header:    cmp.Or(limits.Header, 20*time.Second),
			Total:     cmp.Or(limits.Total, 60*time.Second),
			Body:      cmp.Or(limits.Body, 10<<20),
			Redirects: cmp.Or(limits.Redirects, 5),
		},
		sessions: tls.NewLRUClientSessionCache(0),
		now:      time.Now,
	}
}

// Get fetches a document. An answer other than 200 or 304 is a *StatusError; a
// host without a public address wraps ErrPrivateAddress, a body over the limit
// ErrTooLarge, and a fetch that takes too long context.DeadlineExceeded. Every
// error names the URL and, where there is one, the remedy, in text that can be
// printed as it is.
func (f *Fetcher) Get(ctx context.Context, r Request) (*Response, error) {
	target, err := url.Parse(strings.TrimSpace(r.URL))
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Hostname() == "" {
		return nil, fmt.Errorf("fetch %q: it is not an absolute http or https URL; correct the source's url", shorten(withoutUser(r.URL), 200))
	}
	ctx, cancel := context.WithTimeout(ctx, f.limits.Total)
	defer cancel()
	response, err := f.get(ctx, target, r)
	if err != nil {
		return nil, printableError{fmt.Errorf("fetch %s: %w", target.Redacted(), f.explain(ctx, err))}
	}
	return response, nil
}

func (f *Fetcher) get(ctx context.Context, target *url.URL, r Request) (*Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", f.userAgent)
	request.Header.Set("Accept", "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5")
	if r.ETag != "" {
		request.Header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		request.Header.Set("If-Modified-Since", r.LastModified)
	}
	request.Header.Set("Accept-Encoding", "gzip, br")
	transport := f.transport(r.AllowPrivate)
	defer transport.CloseIdleConnections()
	var path redirects
	client := http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		path.follow(next)
		return f.checkRedirect(next, via)
	}}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	response, err := f.read(answer, r)
	if err == nil {
		response.MovedTo = path.movedTo
	}
	return response, err
}

// redirects follows a request on its way.
type redirects struct {
	movedTo   string // the end of the permanent redirects that came first
	temporary bool   // one came that is not permanent
}

func (r *redirects) follow(next *http.Request) {
	switch next.Response.StatusCode {
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		if !r.temporary {
			to := *next.URL
			to.User, to.Fragment = nil, ""
			r.movedTo = to.String()
		}
	default:
		r.temporary = true
	}
}

// read turns an answer into a Response. The body of an error is left unread.
func (f *Fetcher) read(answer *http.Response, r Request) (*Response, error) {
	final := *answer.Request.URL
	final.User, final.Fragment = nil, ""
	response := &Response{
		URL:          final.String(),
		ETag:         answer.Header.Get("ETag"),
		LastModified: answer.Header.Get("Last-Modified"),
		ContentType:  answer.Header.Get("Content-Type"),
		RetryAfter:   retryAfter(answer.Header.Get("Retry-After"), f.now()),
		MaxAge:       maxAge(answer.Header.Values("Cache-Control")),
	}
	switch answer.StatusCode {
	case http.StatusNotModified:
		response.NotModified = true
		response.ETag = cmp.Or(response.ETag, r.ETag)
		response.LastModified = cmp.Or(response.LastModified, r.LastModified)
		return response, nil
	case http.StatusOK:
	default:
		return nil, &StatusError{Code: answer.StatusCode, RetryAfter: response.RetryAfter}
	}
	plain, err := decompress(answer)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(plain, f.limits.Body+1))
	if err != nil {
		return nil, fmt.Errorf("read body after %d bytes: %w", len(body), err)
	}
	if int64(len(body)) > f.limits.Body {
		return nil, fmt.Errorf("%w: it has more than %d bytes; let the site shorten it", ErrTooLarge, f.limits.Body)
	}
	response.Body = body
	return response, nil
}

// decompress undoes the coding of a body, one of those that were asked for.
func decompress(answer *http.Response) (io.Reader, error) {
	coding := answer.Header.Get("Content-Encoding")
	switch strings.ToLower(coding) {
	case "", "identity":
		return answer.Body, nil
	case "gzip", "x-gzip":
		plain, err := gzip.NewReader(answer.Body)
		if err != nil {
			return nil, fmt.Errorf("read gzip body: %w", err)
		}
		return plain, nil
	case "br":
		return brotli.NewReader(answer.Body), nil
	default:
		return nil, fmt.Errorf("the body is compressed by %q, which was not asked for", shorten(coding, 40))
	}
}

func (f *Fetcher) transport(allowed []netip.Prefix) *http.Transport {
	dialer := &net.Dialer{Timeout: f.limits.Connect, Resolver: f.resolver, ControlContext: guard(allowed)}
	return &http.Transport{
		DialContext:            dialWith(dialer),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: f.sessions},
		TLSHandshakeTimeout:    f.limits.Connect,
		ResponseHeaderTimeout:  f.limits.Header,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // of the transport's own, which knows gzip alone
	}
}

func (f *Fetcher) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > f.limits.Redirects {
		return fmt.Errorf("more than %d redirects, the last to %s; give the source the address at their end", f.limits.Redirects, next.URL.Redacted())
	}
	if next.URL.Scheme != "http" && next.URL.Scheme != "https" {
		return fmt.Errorf("redirected to the scheme %q, only http and https are followed", next.URL.Scheme)
	}
	return nil
}

// explain takes the client's own wrapping off, which repeats method and URL,
// and adds what to do.
func (f *Fetcher) explain(ctx context.Context, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case errors.Is(err, ErrPrivateAddress):
		return fmt.Errorf("%w; if it is meant, add its network to the source's allow_private", err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("not done after %s: %w", f.limits.Total, context.DeadlineExceeded)
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w: %w", err, context.DeadlineExceeded)
	}
	return err
}

// withoutUser hides a password in a URL that does not parse.
func withoutUser(raw string) string {
	if at := strings.LastIndex(raw, "@"); at >= 0 {
		return "…" + raw[at:]
	}
	return raw
}
