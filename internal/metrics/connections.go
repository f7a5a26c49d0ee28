package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// connections asks for the state of the relays with each scrape.
type connections struct {
	list        func() []Connections
	open, limit *prometheus.Desc
}

func newConnections(list func() []Connections) *connections {
	return &connections{
		list: list,
		open: prometheus.NewDesc("broadsheet_connections",
			"Connections to a relay that are open: busy with a message, or idle.", []string{"relay", "state"}, nil),
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
	for _, r := range merge(c.list()) {
		ch <- gauge(c.open, float64(r.Busy), r.Relay, "busy")
		ch <- gauge(c.open, float64(r.Idle), r.Relay, "idle")
		ch <- gauge(c.limit, float64(r.Limit), r.Relay)
	}
}

// merge adds up relays of the same name, such as two accounts at one host: Prometheus takes a series once.
func merge(list []Connections) []Connections {
	var out []Connections
	for _, c := range list {
		i := slices.IndexFunc(out, func(o Connections) bool { return o.Relay == c.Relay })
		if i < 0 {
			out = append(out, c)
			continue
		}
		out[i].Idle, out[i].Busy, out[i].Limit = out[i].Idle+c.Idle, out[i].Busy+c.Busy, out[i].Limit+c.Limit
	}
	return out
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
