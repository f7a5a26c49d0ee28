package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"broadsheet/subscribers"
)

// outbox tells how the systems of [[webhook_out]] take what they are told.
type outbox struct {
	waiting, age, givenUp, failures, told *prometheus.Desc
}

func newOutbox() *outbox {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("broadsheet_webhook_"+name, help, []string{"webhook"}, nil)
	}
	return &outbox{
		waiting:  desc("waiting", "Events that a system is still to be told, over all processes."),
		age:      desc("age_seconds", "How long ago the oldest event happened that a system is still to be told, 0 without any."),
		givenUp:  desc("given_up", "Events that a system was not told in three days, until they are told again or dropped."),
		failures: desc("failures", "Tries in a row that a system did not take, 0 once it takes one."),
		told:     desc("told_total", "Events that a system took, over all processes."),
	}
}

func (o *outbox) describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{o.waiting, o.age, o.givenUp, o.failures, o.told} {
		ch <- d
	}
}

func (o *outbox) collect(ch chan<- prometheus.Metric, hooks []subscribers.HookState, now time.Time) {
	for i := range hooks {
		h := &hooks[i]
		var age time.Duration
		if !h.OldestAt.IsZero() {
			age = max(0, now.Sub(h.OldestAt))
		}
		ch <- gauge(o.waiting, float64(h.Waiting), h.Slug)
		ch <- gauge(o.age, age.Seconds(), h.Slug)
		ch <- gauge(o.givenUp, float64(h.GivenUp), h.Slug)
		ch <- gauge(o.failures, float64(h.Failures), h.Slug)
		ch <- prometheus.MustNewConstMetric(o.told, prometheus.CounterValue, float64(h.Told), h.Slug)
	}
}
