// Package demo shows the whole product on embedded parts: SQLite, a made-up
// newspaper served as a real feed on loopback, and an inbox in the browser
// behind a real SMTP server.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/app"
	"broadsheet/internal/demo/paper"
	"broadsheet/internal/web"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// Options says where the demo lives.
type Options struct {
	Dir    string // its folder, made if missing
	Listen string // host:port of its web server; "" for 127.0.0.1:8080, or a free port if that is taken
	Out    io.Writer
	Log    *slog.Logger
}

// ErrRunning says that a demo is running in that folder already.
var ErrRunning = errors.New("the demo is running in this folder already")

// world is the demo's parts, wired.
type world struct {
	out      io.Writer
	dir      string
	base     string // URL of the web server
	paper    *paper.Paper
	inbox    *inbox
	smtp     *sink.Server
	app      *app.App
	listener net.Listener
	handler  http.Handler
}

// open builds the demo's world. close ends it.
func open(ctx context.Context, o Options) (*world, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	if base := running(ctx, o.Dir); base != "" {
		return nil, fmt.Errorf("%w: open %s/inbox, or give another --dir", ErrRunning, base)
	}
	w := &world{out: o.Out, dir: o.Dir, paper: paper.New(time.Now())}
	if err := w.build(ctx, o); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) build(ctx context.Context, o Options) (err error) {
	if w.listener, err = listen(ctx, o); err != nil {
		return err
	}
	w.base = "http://" + w.listener.Addr().String()
	site := templates.Site{Name: w.paper.Name(), URL: w.base + "/paper/", Language: "en"}
	if w.inbox, err = openInbox(filepath.Join(o.Dir, "inbox"), site); err != nil {
		return err
	}
	if w.smtp, err = sink.NewServer(sink.Options{Hostname: "inbox.example", OnMessage: w.inbox.accept, Keep: -1}); err != nil {
		return err
	}
	cfg, err := writeSettings(o.Dir, w.base, w.smtp.Addr().String(), w.paper)
	if err != nil {
		return err
	}
	if w.app, err = app.OpenWriting(ctx, cfg, o.Log); err != nil {
		return err
	}
	return w.routes()
}

func (w *world) close() {
	if w.app != nil {
		w.app.Close()
	}
	if w.smtp != nil {
		w.smtp.Close()
	}
	if w.listener != nil {
		w.listener.Close()
	}
}

// listen takes the address that was asked for, which must be on loopback, or else the one of the demo's
// last start in the folder, so that links in older mails still work, the usual
// one, or a free port of loopback.
func listen(ctx context.Context, o Options) (net.Listener, error) {
	var lc net.ListenConfig
	if o.Listen != "" {
		if host, _, err := net.SplitHostPort(o.Listen); err != nil || !isLoopback(host) {
			return nil, fmt.Errorf("the demo listens on this machine only: give --listen 127.0.0.1:PORT, not %s", o.Listen)
		}
		return lc.Listen(ctx, "tcp", o.Listen)
	}
	for _, address := range []string{strings.TrimPrefix(lastBase(o.Dir), "http://"), "127.0.0.1:8080"} {
		if address == "" {
			continue
		}
		if ln, err := lc.Listen(ctx, "tcp", address); err == nil {
			return ln, nil
		}
	}
	return lc.Listen(ctx, "tcp", "127.0.0.1:0")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// addressFile holds the URL of the demo that runs in a folder, or ran last.
const addressFile = "address"

func lastBase(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// running returns the URL of the demo that runs in the folder, "" if none does.
func running(ctx context.Context, dir string) string {
	base := lastBase(dir)
	if base == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/demo", nil)
	if err != nil {
		return ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	folder, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil || string(folder) != absolute(dir) {
		return "" // somebody else's port by now
	}
	return base
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// routes puts the newspaper, the inbox and the product's own pages on one
// server.
func (w *world) routes() error {
	pages, err := w.app.Handler()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("/paper/", http.StripPrefix("/paper", w.paper.Handler(w.base+"/paper")))
	mux.HandleFunc("GET /demo", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, absolute(w.dir)) })
	w.inbox.routes(mux)
	w.inbox.actions = []templates.InboxAction{
		{Label: "Publish three more stories", URL: "/inbox/publish"},
		{Label: "Send the digest now", URL: "/inbox/send"},
	}
	mux.HandleFunc("POST /inbox/publish", w.action(w.publish))
	mux.HandleFunc("POST /inbox/send", w.action(w.send))
	w.handler = w.ownHost(http.NewCrossOriginProtection().Handler(mux))
	return os.WriteFile(filepath.Join(w.dir, addressFile), []byte(w.base), 0o644)
}

// ownHost refuses requests by another name than the demo's own address: a page
// elsewhere could point its name at loopback and read or press what is here.
func (w *world) ownHost(h http.Handler) http.Handler {
	address := w.listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Host != address && r.Host != net.JoinHostPort("localhost", port) {
			http.Error(rw, "this is a demo at http://"+address, http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(rw, r)
	})
}

func (w *world) action(do func(ctx context.Context) error) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if err := do(r.Context()); err != nil {
			w.app.Log.ErrorContext(r.Context(), "demo action", "path", r.URL.Path, "error", err)
		}
		http.Redirect(rw, r, "/inbox", http.StatusSeeOther)
	}
}

func (w *world) publish(ctx context.Context) error {
	w.paper.PublishLater(3)
	_, err := w.app.Poller().Fetch(ctx, &w.app.Setup.Sources[0])
	return err
}

// send plans an edition; the service's workers deliver it.
func (w *world) send(ctx context.Context) error {
	_, err := w.app.Planner.SendNow(ctx, digest.Send{Digest: &w.app.Setup.Digests[0]}, time.Now())
	if errors.Is(err, digest.ErrNothingDue) {
		return nil
	}
	return err
}

// serveWeb serves until ctx ends.
func (w *world) serveWeb(ctx context.Context) error {
	return web.Serve(ctx, w.listener, w.handler, w.app.Log)
}

// Run starts the demo and keeps it up until ctx ends.
func Run(ctx context.Context, o Options) error {
	w, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 2)
	go func() { failed <- w.serveWeb(ctx) }()
	if err := w.begin(ctx); err != nil {
		cancel()
		return errors.Join(err, <-failed)
	}
	w.welcome()
	go func() { failed <- w.app.Serve(ctx, []app.Part{app.PartFetch, app.PartPlan, app.PartDeliver}) }()
	err = <-failed
	cancel()
	return errors.Join(err, <-failed)
}

// begin fetches the newspaper, adds the first readers where there are none, and
// plans their first edition.
func (w *world) begin(ctx context.Context) error {
	if _, err := w.app.Poller().Fetch(ctx, &w.app.Setup.Sources[0]); err != nil {
		return err
	}
	for _, r := range w.readers() {
		if err := w.app.Subscribers.Add(ctx, w.app.Catalog, r); err != nil && !alreadyThere(err) {
			return err
		}
	}
	return w.send(ctx)
}

// alreadyThere says that a reader of the demo is known from an earlier start,
// or has left since.
func alreadyThere(err error) bool {
	return errors.Is(err, subscribers.ErrExists) || errors.Is(err, subscribers.ErrUnsubscribed) || errors.Is(err, subscribers.ErrSuppressed)
}

// readers are the ones that the demo begins with, with different topics and in
// zones that few visitors are in: the first reader of a zone gets the stories
// of the last day, a later one what comes after the zone's last digest.
func (w *world) readers() []subscribers.Add {
	topics := w.paper.Topics()
	reader := func(name, zone string, chosen ...int) subscribers.Add {
		r := subscribers.Add{
			Address: strings.ToLower(name) + "@inbox.example", Name: name, Zone: zone,
			Confirmed: true, Consent: "made up for the demo", Origin: "demo",
		}
		for _, n := range chosen {
			r.Topics = append(r.Topics, topics[n].Slug)
		}
		return r
	}
	return []subscribers.Add{
		reader("Mara", "Atlantic/Azores", 0, 1, 3),
		reader("Kenji", "Pacific/Guam", 2, 5),
		reader("Ana", "America/Montevideo", 3, 4),
		reader("Ruth", "America/Halifax"),
	}
}

func (w *world) welcome() {
	command := "broadsheet --config " + filepath.Join(w.dir, "broadsheet.toml")
	fmt.Fprintf(w.out, `
%s is on the air. Everything is in %s; Ctrl-C ends it, and starting it again goes on where it was.

  Sign up         %s/
  Inbox           %s/inbox
  The newspaper   %s/paper/

Try:
  - Open the inbox: four readers in four time zones have their first digest, each with their own topics.
  - Sign up with any address, then confirm from the mail in the inbox.
  - Publish three more stories and send the digest again, with the buttons in the inbox: nobody gets a story twice.
  - Unsubscribe with one click from a mail, and send once more.
  - In a second terminal:
      %s digest preview daily --for ruth@inbox.example
      %s subscriber list
      %s edition list

`, w.paper.Name(), w.dir, w.base, w.base, w.base, command, command, command)
}
