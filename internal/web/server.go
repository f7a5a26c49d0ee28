package web

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// Options is what the pages need of the rest.
type Options struct {
	Site        templates.Site
	PublicURL   string // under which readers reach the server; its path is where the routes begin
	Subscribers *subscribers.Store
	Catalog     func() *subscribers.Catalog
	Keys        *subscribers.Keys
	Links       *subscribers.Links

	Articles     func(ctx context.Context, key string, in []digest.Incoming) (digest.PutResult, error) // key is the name of whose it was
	CheckArticle func(in *digest.Incoming) error                                                       // nil if the configuration knows its topics and attributes
	APIKeys      map[string]APIKey                                                                     // by the hexadecimal SHA-256 of a key
	Receipts     func(ctx context.Context, subscriberID int64) ([]digest.Receipt, error)

	Lately       func(ctx context.Context, subscriberID int64, most int) ([]digest.Lately, error) // the newest mail first
	PersonalData func(ctx context.Context, w io.Writer, subscriberID int64) error                 // writes all that is kept about a reader, as JSON

	Webhooks map[string]Webhook // by name
	Told     func(ctx context.Context, webhook string, told ingest.Hook) (result string, err error)

	Publisher *digest.Publisher // shows editions and follows links; nil: nobody does
	Clicks    *digest.Clicks    // counts clicks; nil: nobody does
	Opens     *digest.Clicks    // counts how often mails are opened; nil: nobody does
	Marks     *Marks            // watches for scanners that leave; nil: nobody does

	SignUps        SignUpRules
	TrustedProxies []netip.Prefix
	AllowedOrigins []string                        // of sites whose pages may send our forms
	Ready          func(ctx context.Context) error // nil when the database can be used
	Log            *slog.Logger
	Now            func() time.Time
	Pause          func(ctx context.Context, d time.Duration) // waits, nil for a timer
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	Options
	pages   *templates.Pages
	path    string // of PublicURL, escaped, without a slash at the end
	https   bool   // PublicURL is https
	origin  *http.CrossOriginProtection
	zones   []string
	signUps *limiter
	seed    maphash.Seed // of networks, as counting knows them
	shelf   *shelf
}

// New checks the options and loads the pages.
func New(o Options) (*Server, error) {
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" {
		return nil, fmt.Errorf("public url %q is not absolute", o.PublicURL)
	}
	base := strings.TrimSuffix(public.EscapedPath(), "/")
	if base != "" && base != path.Clean(base) {
		return nil, fmt.Errorf("public url %q: no request reaches a path with empty parts or dots", o.PublicURL)
	}
	origin, err := newOrigin(public, o.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	if o.Pause == nil {
		o.Pause = pause
	}
	pages, err := templates.LoadPages()
	if err != nil {
		return nil, err
	}
	return &Server{
		Options: o, pages: pages.WithAssets(base + "/assets/"), path: base, https: public.Scheme == "https", origin: origin,
		zones: zoneNames(), signUps: newLimiter(o.SignUps),
		seed: maphash.MakeSeed(), shelf: newShelf(o.Now),
	}, nil
}

// Serve answers on ln until ctx ends; then requests under way have ten seconds
// to finish. It returns nil after an orderly end. A client that is slow to send
// or to read is cut off.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := srv.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests cut off at the end", "address", ln.Addr().String())
		err = srv.Close()
	}
	<-failed
	return err
}
