package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/digest/ingest"
	"broadsheet/internal/web"
	"broadsheet/subscribers"
)

// Part is one of the jobs of a service.
type Part string

// The parts of a service: the web pages and the API, fetching sources,
// planning what is due, and delivering it. One process may do all, or several
// share them.
const (
	PartWeb     Part = "web"
	PartFetch   Part = "fetch"
	PartPlan    Part = "plan"
	PartDeliver Part = "deliver"
)

// AllParts is what a service does unless told otherwise.
func AllParts() []Part { return []Part{PartWeb, PartFetch, PartPlan, PartDeliver} }

// ParseParts reads names separated by commas; an empty text is all parts.
func ParseParts(text string) ([]Part, error) {
	if text == "" {
		return AllParts(), nil
	}
	var out []Part
	for name := range strings.SplitSeq(text, ",") {
		p := Part(strings.TrimSpace(name))
		if !slices.Contains(AllParts(), p) {
			return nil, fmt.Errorf("unknown part %q: it is web, fetch, plan or deliver", name)
		}
		out = append(out, p)
	}
	return out, nil
}

// Serve runs the given parts until ctx ends or one of them fails, and then
// waits until all have ended: messages under way are finished and recorded.
func (a *App) Serve(ctx context.Context, parts []Part) error {
	jobs, err := a.jobs(parts)
	if err != nil {
		return err
	}
	a.Log.InfoContext(ctx, "serving", "parts", parts, "database", a.DB.String())
	err = runAll(ctx, jobs)
	a.Log.Info("stopped")
	return err
}

type job func(ctx context.Context) error

func (a *App) jobs(parts []Part) ([]job, error) {
	var out *Outgoing
	var err error
	if slices.Contains(parts, PartDeliver) {
		if out, err = a.NewOutgoing(); err != nil {
			return nil, err
		}
	}
	jobs, err := a.metrics(out)
	if err != nil {
		return nil, err
	}
	jobs = append(jobs, a.watchThemes, a.watchKeys, a.nameHooks)
	for _, p := range parts {
		switch p {
		case PartWeb:
			more, err := a.pages()
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, more)
		case PartFetch:
			jobs = append(jobs, a.Poller().Run, a.watch)
		case PartPlan:
			jobs = append(jobs, a.plan, a.Archivist().Run)
		case PartDeliver:
			more, err := a.deliveries(out)
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, more)
		}
	}
	return jobs, nil
}

// pages answers requests for the web pages and the API.
func (a *App) pages() (job, error) {
	ln, err := net.Listen("tcp", a.Config.Web.Listen)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	h, err := a.Handler()
	if err != nil {
		return nil, err
	}
	a.Log.Info("listening", "address", ln.Addr().String(), "public_url", a.Config.Web.PublicURL)
	return func(ctx context.Context) error {
		counting, end := context.WithCancel(context.WithoutCancel(ctx)) // the last requests count, too
		counted := make(chan error, 1)
		go func() { counted <- runAll(counting, []job{a.Clicks.Run, a.Marks.Run}) }()
		err := web.Serve(ctx, ln, h, a.Log)
		end()
		return errors.Join(err, <-counted)
	}, nil
}

// runAll runs jobs side by side. When one fails the others are told to end.
func runAll(ctx context.Context, jobs []job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(jobs))
	var wg sync.WaitGroup
	for i, run := range jobs {
		wg.Go(func() {
			if errs[i] = run(ctx); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Refresh moves readers to the cohorts that the configured zones put them in
// and computes anew when each cohort is due.
func (a *App) Refresh(ctx context.Context, now time.Time) error {
	moved, err := a.Subscribers.Rehome(ctx, a.Catalog)
	if err != nil {
		return err
	}
	if moved > 0 {
		a.Log.InfoContext(ctx, "readers moved to the zones that the configuration asks for", "readers", moved)
	}
	return a.Planner.Refresh(ctx, now)
}

// deliveries sends digests, system mails and alerts over the same relays, and
// drops what is kept no longer.
func (a *App) deliveries(out *Outgoing) (job, error) {
	engine, err := a.NewEngine(out)
	if err != nil {
		return nil, err
	}
	postman, err := a.NewPostman(out)
	if err != nil {
		return nil, err
	}
	teller, err := a.teller()
	if err != nil {
		return nil, err
	}
	old := delivery.NewRetention(a.DB, a.Config.Mail.KeepDeliveries, a.Log, a.Now)
	return func(ctx context.Context) error {
		defer out.Pool.Close()
		return runAll(ctx, []job{engine.Run, postman.Run, old.Run, a.tell(out), a.watchBursts, teller.Run})
	}, nil
}

func (a *App) apiKeys() map[string]web.APIKey {
	keys := make(map[string]web.APIKey, len(a.Config.Web.APIKeys))
	for hash, k := range a.Config.Web.APIKeys {
		keys[hash] = web.APIKey(k)
	}
	return keys
}

// Handler returns the web pages and the API.
func (a *App) Handler() (http.Handler, error) {
	o := web.Options{
		Site: a.Site, PublicURL: a.Config.Web.PublicURL, Subscribers: a.Subscribers,
		Catalog: func() *subscribers.Catalog { return a.Catalog }, Keys: a.Keys, Links: a.Links,
		Articles: func(ctx context.Context, key string, in []digest.Incoming) (digest.PutResult, error) {
			return a.Digests.PutBy(ctx, a.Tagger, "api:"+key, in)
		},
		CheckArticle: func(in *digest.Incoming) error { return ingest.CheckSetup(in, a.Setup, a.Now()) }, APIKeys: a.apiKeys(),
		Receipts: a.Digests.Receipts, Lately: a.Digests.Lately, PersonalData: a.writePersonal,
		Webhooks: a.webhooks(), Told: a.told,
		SignUps: a.signUpRules(), TrustedProxies: a.Config.Web.TrustedProxies, AllowedOrigins: a.Config.Web.AllowedOrigins,
		Ready: a.DB.CheckSchema, Log: a.Log, Now: a.Now, Publisher: a.Publisher, Marks: a.Marks,
	}
	if a.Config.Links.CountClicks {
		o.Clicks = a.Clicks
	}
	if a.Config.Links.Pixel {
		o.Opens = a.Clicks
	}
	s, err := web.New(o)
	if err != nil {
		return nil, err
	}
	return s.Handler(), nil
}
