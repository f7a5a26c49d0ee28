package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"broadsheet/mail"
)

// connections asks for the state of the relays with each scrape.
type connections struct {
	relays      func() []mail.RelayStatus
	open, limit *prometheus.Desc
}

func newConnections(relays func() []mail.RelayStatus) *connections {
	return &connections{
		relays: relays,
		open: prometheus.NewDesc("broadsheet_connections",
			"Connections to a relay that are open: busy with a message or being made, or idle.", []string{"relay", "state"}, nil),
		limit: prometheus.NewDesc("broadsheet_connections_limit",
			"Connections to a relay that may be open now. It shrinks while the relay is in trouble.", []string{"relay"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c *connections) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.open
	ch <- c.limit
}

// Collect implements [prometheus.Collector].
func (c *connections) Collect(ch chan<- prometheus.Metric) {
	for _, r := range merge(c.relays()) {
		ch <- gauge(c.open, float64(r.Busy), r.Name, "busy")
		ch <- gauge(c.open, float64(r.Open-r.Busy), r.Name, "idle")
		ch <- gauge(c.limit, float64(r.Limit), r.Name)
	}
}

// merge adds up relays of the same name, such as two accounts at one host: Prometheus takes a series once.
func merge(list []mail.RelayStatus) []mail.RelayStatus {
	var out []mail.RelayStatus
	for _, r := range list {
		i := slices.IndexFunc(out, func(o mail.RelayStatus) bool { return o.Name == r.Name })
		if i < 0 {
			out = append(out, r)
			continue
		}
		out[i].Open, out[i].Busy, out[i].Limit = out[i].Open+r.Open, out[i].Busy+r.Busy, out[i].Limit+r.Limit
	}
	return out
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
