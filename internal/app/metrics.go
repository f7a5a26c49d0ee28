package app

import (
	"context"
	"fmt"
	"net"

	"broadsheet/digest/delivery"
	"broadsheet/internal/metrics"
	"broadsheet/internal/web"
)

// metrics returns the job that shows numbers to Prometheus, where the
// configuration asks for it, and lets those of out be counted. out is nil in a
// process that delivers nothing.
func (a *App) metrics(out *Outgoing) ([]job, error) {
	if a.Config.Metrics.Listen == "" {
		return nil, nil
	}
	ln, err := net.Listen("tcp", a.Config.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	o := metrics.Options{
		Queue: delivery.NewStore(a.DB, a.Now).Queue, Sources: a.Digests.SourceHealths, Hooks: a.Subscribers.HookStates, Log: a.Log, Now: a.Now,
	}
	if out != nil {
		o.Relays = out.Pool.Relays
	}
	m := metrics.New(o)
	if out != nil {
		out.Meter = m.Meter()
	}
	a.Log.Info("metrics listening", "address", ln.Addr().String())
	return []job{func(ctx context.Context) error { return web.Serve(ctx, ln, m.Handler(), a.Log) }}, nil
}
