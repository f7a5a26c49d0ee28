package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"broadsheet/digest/delivery"
	"broadsheet/mail"
)

// Meter implements [delivery.Meter]. Its counters are looked up before the first message, so that a message costs some
// additions and allocates nothing.
type Meter struct {
	deliveries *prometheus.CounterVec
	attempts   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec

	states                                      map[delivery.State]prometheus.Counter
	answers                                     map[string]map[mail.Class]prometheus.Counter // by relay
	compose, wait, dial, mail, body, dot, write prometheus.Observer
}

// The labels of an attempt that was made over none of the known relays.
const (
	noRelay    = "none"  // no relay was reached for
	otherRelay = "other" // it is not configured
)

func newMeter(relays []mail.RelayStatus) *Meter {
	m := &Meter{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "broadsheet_deliveries_total",
			Help: "Deliveries by the state that they came to. A pending one was put off to another try, and counts each time.",
		}, []string{"state"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "broadsheet_attempts_total",
			Help: "Messages handed to the relays, by the class of the answer and by relay.",
		}, []string{"class", "relay"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "broadsheet_phase_seconds",
			Help: "How long each phase of delivering took: of a message, but for record, which writes a group of results.",
			Buckets: []float64{
				.00001, .00005, .0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300,
			},
		}, []string{"phase"}),
		states:  map[delivery.State]prometheus.Counter{},
		answers: map[string]map[mail.Class]prometheus.Counter{},
	}
	m.resolve(relays)
	return m
}

// resolve makes all series there are, so that they begin at 0 and not with the first event.
func (m *Meter) resolve(relays []mail.RelayStatus) {
	for _, s := range []delivery.State{
		delivery.Pending, delivery.Sent, delivery.Failed, delivery.Expired, delivery.Skipped, delivery.Uncertain,
	} {
		m.states[s] = m.deliveries.WithLabelValues(string(s))
	}
	names := []string{noRelay, otherRelay}
	for _, r := range relays {
		names = append(names, r.Name)
	}
	for _, name := range names {
		m.answers[name] = map[mail.Class]prometheus.Counter{}
		for _, c := range []mail.Class{
			mail.ClassAccepted, mail.ClassTemporaryRecipient, mail.ClassTemporaryPath, mail.ClassPermanentRecipient,
			mail.ClassSoftRecipient, mail.ClassPermanentSender, mail.ClassPermanentPath, mail.ClassPermanentMessage, mail.ClassUncertain,
		} {
			m.answers[name][c] = m.attempts.WithLabelValues(string(c), name)
		}
	}
	for phase, o := range map[string]*prometheus.Observer{
		"compose": &m.compose, "wait": &m.wait, "dial": &m.dial, "mail": &m.mail, "body": &m.body, "dot": &m.dot, "record": &m.write,
	} {
		*o = m.seconds.WithLabelValues(phase)
	}
}

// Written implements [delivery.Meter].
func (m *Meter) Written(took time.Duration) { m.compose.Observe(took.Seconds()) }

// Tried implements [delivery.Meter].
func (m *Meter) Tried(o mail.Outcome) {
	relay := o.Relay
	if relay == "" {
		relay = noRelay
	}
	classes, known := m.answers[relay]
	if !known {
		classes = m.answers[otherRelay]
	}
	if c := classes[o.Class]; c != nil {
		c.Inc()
	}
	observe(m.wait, o.Took.Wait)
	observe(m.dial, o.Took.Dial)
	observe(m.mail, o.Took.Mail)
	observe(m.body, o.Took.Body)
	observe(m.dot, o.Took.Dot)
}

// Recorded implements [delivery.Meter].
func (m *Meter) Recorded(states map[delivery.State]int, took time.Duration) {
	for state, n := range states {
		if c := m.states[state]; c != nil {
			c.Add(float64(n))
		}
	}
	observe(m.write, took)
}

// observe leaves out a phase that did not happen.
func observe(o prometheus.Observer, took time.Duration) {
	if took > 0 {
		o.Observe(took.Seconds())
	}
}
