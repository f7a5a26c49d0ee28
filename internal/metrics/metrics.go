// Package metrics tells Prometheus what a process has done and what waits to be done.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// Options say where the numbers come from.
type Options struct {
	// Queue, Sources and Hooks ask the database, at most every five seconds while somebody scrapes.
	Queue   func(ctx context.Context) (delivery.Queue, error)
	Sources func(ctx context.Context) ([]digest.SourceState, error)
	Hooks   func(ctx context.Context) ([]subscribers.HookState, error)
	// Relays says how the relays do that messages go over; nil in a process that delivers nothing.
	Relays func() []mail.RelayStatus
	Log    *slog.Logger
	Now    func() time.Time
}

// Metrics is what Prometheus reads of one process.
type Metrics struct {
	registry *prometheus.Registry
	meter    *Meter
	log      *slog.Logger
}

// New returns metrics. Those of delivering are among them if there are relays.
func New(o Options) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), log: o.Log}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(), newLedger(o),
	)
	if o.Relays != nil {
		m.meter = newMeter(o.Relays())
		m.registry.MustRegister(m.meter.deliveries, m.meter.attempts, m.meter.seconds, newConnections(o.Relays))
	}
	return m
}

// Meter counts what a delivery engine does; nil without relays.
func (m *Metrics) Meter() *Meter { return m.meter }

// Handler answers GET and HEAD of /metrics, and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(m.log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
		Registry:            m.registry,
	}))
	return mux
}

// Gatherer is what Handler shows.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }
