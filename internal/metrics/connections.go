package metrics

import "github.com/prometheus/client_golang/prometheus"

// connections asks for the state of the relays with each scrape.
type connections struct {
	relays      func() []Relay
	open, limit *prometheus.Desc
}

func newConnections(relays func() []Relay) *connections {
	return &connections{
		relays: relays,
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
	for _, r := range c.relays() {
		ch <- gauge(c.open, float64(r.Busy), r.Name, "busy")
		ch <- gauge(c.open, float64(r.Idle), r.Name, "idle")
		ch <- gauge(c.limit, float64(r.Limit), r.Name)
	}
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
