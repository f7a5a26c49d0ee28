package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// ErrPoolClosed is the error of an outcome after [Pool.Close].
var ErrPoolClosed = errors.New("pool is closed")

// maxStale bounds how often one message is tried again because a connection had died while it waited.
const maxStale = 3

// Pool keeps connections to relays and sends messages over them, each relay getting its weight's share, within rate
// limits, and over another relay when one is in trouble. It is safe for concurrent use; as many callers as [Pool.Size]
// keep it busy. A relay that refuses is not dialled again for a time that doubles from 1 second to 5 minutes, while
// connections to it that work go on, fewer of them at first. Should all of these hang, one more is tried in such times.
type Pool struct {
	log     *slog.Logger
	now     func() time.Time
	reserve Reserve
	life    context.Context // ends when the pool is closed
	end     context.CancelFunc
	group   sync.WaitGroup // what goes on beside the messages: QUIT and reservations
	waiters sync.Pool      // that serve again

	mu      sync.Mutex // guards what follows
	routes  []*route
	rate    *bucket // over all relays
	urgent  queue
	others  queue
	timer   *time.Timer
	timerAt time.Time // zero: it is not set
	closed  bool
}

// Message is what a pool is to send.
type Message struct {
	Envelope Envelope
	// Data is the whole message with CRLF line ends.
	Data []byte
	// Sign, if set, returns Data as it is to go over a relay, with a signature or without. It may be called again for
	// another relay, and its result serves until then.
	Sign func(r *Relay) ([]byte, error)
	// BeforeDot is as in [Conn.Send], and may be nil. It is called again should the message be tried over another
	// relay, which happens only while no final dot was written.
	BeforeDot func() error
	// Urgent lets the message go before all others that wait.
	Urgent bool
}

func (m *Message) data(r *Relay) ([]byte, error) {
	if m.Sign == nil {
		return m.Data, nil
	}
	data, err := m.Sign(r)
	if err != nil {
		err = fmt.Errorf("%w: sign for it: %w", ErrRelaySetup, err) // which says nothing about the recipient
	}
	return data, err
}

// NewPool returns a pool over relays that sends at most perSecond messages a second over all of them, 0 being no limit.
// now is for the age of connections, the rates and the back-off.
func NewPool(relays []*Relay, perSecond float64, log *slog.Logger, now func() time.Time) *Pool {
	p := &Pool{log: log, now: now, reserve: reserveAlone(now), rate: newBucket("all", perSecond)}
	p.life, p.end = context.WithCancel(context.Background())
	p.waiters.New = func() any { return &waiter{granted: make(chan struct{}, 1)} }
	for _, r := range relays {
		p.routes = append(p.routes, newRoute(r))
	}
	return p
}

// ShareRates takes what may be sent from buckets that others use, too: "all" for all relays together and "relay NAME" for
// each that has a rate. While these cannot be asked nothing is sent that has a rate. It is called before the first Send.
func (p *Pool) ShareRates(reserve Reserve) { p.reserve = reserve }

// Size returns how many messages can be under way at once: the sum of the relays' connections.
func (p *Pool) Size() int {
	n := 0
	for _, r := range p.routes {
		n += r.slots
	}
	return n
}

// RelayStatus is how a relay of a pool does.
type RelayStatus struct {
	Name string
	Open int // connections, those being dialled among them
	Busy int // of these, with a message or being dialled
	// Limit is how many connections there may be now: after trouble fewer than configured.
	Limit int
	// DialAfter and Reason are zero unless the relay is in trouble: no new connection is tried before, because of that.
	DialAfter time.Time
	Reason    string
}

// Relays returns how the relays do, in their order.
func (p *Pool) Relays() []RelayStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]RelayStatus, len(p.routes))
	for i, r := range p.routes {
		out[i] = r.status()
	}
	return out
}

// Send sends one message, waiting for its turn, and says what became of it. When every relay is waiting after trouble it
// answers [ClassTemporaryPath] at once, with the last reason, and [ClassPermanentPath] if each needs somebody's repair.
func (p *Pool) Send(ctx context.Context, m *Message) Outcome {
	w := p.waiters.Get().(*waiter)
	defer p.waiters.Put(w)
	w.reset(m.Urgent)
	var trouble Outcome
	var took Took
	for stale := 0; ; {
		began := time.Now()
		err := p.acquire(ctx, w)
		took.Wait += time.Since(began)
		if err != nil {
			outcome := Outcome{Err: err, Class: ClassTemporaryPath}
			if ctx.Err() == nil && p.isFinal(w, trouble) {
				outcome = trouble
			}
			outcome.Took = took
			return outcome
		}
		t := p.sendOver(ctx, w, m, &took)
		if t.ours || !t.outcome.mayTryElsewhere() {
			return t.outcome
		}
		w.paid = true
		if t.isStale() && stale < maxStale {
			stale++
			w.fresh = true
			continue
		}
		if t.others {
			w.fresh = false
		} else {
			w.failed = append(w.failed, t.route)
		}
		trouble = hopeful(trouble, t.outcome)
	}
}

// isFinal tells whether no relay that w has not tried changes what those have said that it did: one that is left alone for
// a while may take the message then.
func (p *Pool) isFinal(w *waiter, trouble Outcome) bool {
	switch trouble.Class {
	case "":
		return false
	case ClassTemporaryPath:
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !slices.ContainsFunc(p.routes, func(r *route) bool {
		return !w.hasFailed(r) && !(r.class == ClassPermanentPath && trouble.Class == ClassPermanentPath)
	})
}

// Close ends the idle connections with QUIT and waits for that; those in use end when their message does. It may be
// called twice.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		for _, r := range p.routes {
			for _, c := range r.idle {
				p.retire(r, c.Conn)
			}
			r.idle = nil
		}
		p.closed = true
		p.end()
		p.dispatch()
		if p.timer != nil {
			p.timer.Stop()
		}
	}
	p.mu.Unlock()
	p.group.Wait()
}

// try is one message over one connection of a route.
type try struct {
	route   *route
	conn    *Conn // nil when none came about
	outcome Outcome
	recent  bool // the connection was there and had been used within the last moments
	reused  bool // the connection had served before
	ours    bool // it ended for a reason of the caller's
	others  bool // a connection was refused, and the relay's others go on
}

// isStale tells whether the connection seems to have died while it waited, which says nothing about the relay.
func (t *try) isStale() bool {
	return t.reused && t.outcome.Class.IsPath() && (t.outcome.Reply.Code == 0 || t.outcome.Reply.Code == 421)
}

// sendOver sends over the slot that w has and gives it back.
func (p *Pool) sendOver(ctx context.Context, w *waiter, m *Message, took *Took) try {
	t := try{route: w.route, conn: w.conn, recent: w.recent}
	p.try(ctx, &t, m, took)
	t.outcome.Took = *took
	t.ours = t.ours || ctx.Err() != nil || errors.Is(t.outcome.Err, ErrAborted)
	p.release(&t)
	return t
}

func (p *Pool) try(ctx context.Context, t *try, m *Message, took *Took) {
	r := t.route
	if t.conn == nil {
		began := time.Now()
		conn, err := Dial(ctx, r.relay)
		took.Dial += time.Since(began)
		if err != nil {
			t.outcome = newOutcome(r.name, Reply{}, err)
			return
		}
		t.conn = conn
		t.conn.openedAt = p.now()
		p.opened(r)
	}
	t.reused = t.conn.Count() > 0
	data, err := m.data(r.relay)
	if err != nil {
		t.ours = true
		t.outcome = newOutcome(r.name, Reply{}, err)
		return
	}
	reply, err := t.conn.Send(ctx, m.Envelope, data, m.BeforeDot)
	t.outcome = newOutcome(r.name, reply, err)
	phases := t.conn.Took()
	took.Mail, took.Body, took.Dot = phases.Mail, phases.Body, phases.Dot
}
