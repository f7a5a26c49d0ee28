package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ErrPoolClosed is the error of an outcome after [Pool.Close].
var ErrPoolClosed = errors.New("pool is closed")

// maxStale bounds how often one message is tried again because a connection had died while it waited.
const maxStale = 3

// Pool keeps connections to relays and sends messages over them, each relay getting its weight's share, within rate
// limits, and over another relay when one is in trouble. It is safe for concurrent use; as many callers as [Pool.Size]
// keep it busy. A relay that refuses is not dialled again for a time that doubles from 1 second to 5 minutes, while
// connections to it that work go on.
type Pool struct {
	log     *slog.Logger
	now     func() time.Time
	limiter *rate.Limiter
	routes  []*route

	mu     sync.Mutex // guards the routes' state and what follows
	wake   chan struct{}
	closed bool
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
// now is for the age of connections and the back-off.
func NewPool(relays []*Relay, perSecond float64, log *slog.Logger, now func() time.Time) *Pool {
	p := &Pool{log: log, now: now, limiter: newLimiter(perSecond), wake: make(chan struct{})}
	for _, r := range relays {
		p.routes = append(p.routes, newRoute(r))
	}
	return p
}

// Size returns how many messages can be under way at once: the sum of the relays' connections.
func (p *Pool) Size() int {
	n := 0
	for _, r := range p.routes {
		n += r.slots
	}
	return n
}

// Send sends one message, waiting for its turn, and says what became of it. When every relay is waiting after trouble it
// answers [ClassTemporaryPath] at once, with the last reason.
func (p *Pool) Send(ctx context.Context, m *Message) Outcome {
	if err := p.limiter.Wait(ctx); err != nil {
		return Outcome{Err: fmt.Errorf("wait for the rate limit: %w", err), Class: ClassTemporaryPath}
	}
	failed := make(map[*route]bool)
	var trouble Outcome
	for stale := 0; ; {
		r, conn, err := p.acquire(ctx, failed)
		if err != nil {
			if len(failed) > 0 && ctx.Err() == nil {
				return trouble
			}
			return Outcome{Err: err, Class: ClassTemporaryPath}
		}
		t := p.sendOver(ctx, r, conn, m)
		if t.ours || !t.outcome.mayTryElsewhere() {
			return t.outcome
		}
		if t.isStale() && stale < maxStale {
			stale++
			continue
		}
		failed[r] = true
		if trouble.Class != ClassTemporaryPath {
			trouble = t.outcome
		}
	}
}

// Close ends the idle connections with QUIT; those in use end when their message does. It may be called twice.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	var idle []*Conn
	for _, r := range p.routes {
		idle = append(idle, r.idle...)
		r.idle = nil
	}
	p.broadcast()
	p.mu.Unlock()
	var group sync.WaitGroup
	for _, conn := range idle {
		group.Go(func() { conn.Close() })
	}
	group.Wait()
}

// acquire waits for a slot of a relay that is not in failed. The connection is nil when one must be dialled.
func (p *Pool) acquire(ctx context.Context, failed map[*route]bool) (*route, *Conn, error) {
	for {
		p.mu.Lock()
		r, err := p.choose(failed)
		if r != nil {
			conn := r.take()
			p.mu.Unlock()
			return r, conn, nil
		}
		wake := p.wake
		p.mu.Unlock()
		if err != nil {
			return nil, nil, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("wait for a connection: %w", ctx.Err())
		}
	}
}

// choose picks a relay by smooth weighted round-robin among those with a slot. Neither a relay nor an error means that
// one will be free.
func (p *Pool) choose(failed map[*route]bool) (*route, error) {
	if p.closed {
		return nil, ErrPoolClosed
	}
	now := p.now()
	var best *route
	reason, total, busy := errNoRelay, 0, false
	for _, r := range p.routes {
		switch {
		case failed[r]:
		case r.ready(now):
			r.current += r.weight
			total += r.weight
			if best == nil || r.current > best.current {
				best = r
			}
		case r.inUse > 0:
			busy = true
		default:
			reason = fmt.Errorf("every relay is in trouble, the next try is in %s: %w",
				r.dialAfter.Sub(now).Round(time.Second), r.reason)
		}
	}
	if best != nil {
		best.current -= total
		return best, nil
	}
	if busy {
		return nil, nil
	}
	return nil, reason
}

// try is one message over one connection of a route.
type try struct {
	conn    *Conn // nil when none came about
	outcome Outcome
	reused  bool // the connection had served before
	ours    bool // it ended for a reason of the caller's
}

// isStale tells whether the connection seems to have died while it waited, which says nothing about the relay.
func (t *try) isStale() bool {
	return t.reused && t.outcome.Class.IsPath() && (t.outcome.Reply.Code == 0 || t.outcome.Reply.Code == 421)
}

// sendOver sends over a slot of r and gives the slot back.
func (p *Pool) sendOver(ctx context.Context, r *route, conn *Conn, m *Message) try {
	t := p.try(ctx, r, conn, m)
	t.ours = t.ours || ctx.Err() != nil || errors.Is(t.outcome.Err, ErrAborted)
	p.release(r, t)
	return t
}

func (p *Pool) try(ctx context.Context, r *route, conn *Conn, m *Message) try {
	if err := r.limiter.Wait(ctx); err != nil {
		err = fmt.Errorf("%w: wait for the rate limit of relay %s: %w", ErrLost, r.relay.label(), err)
		return try{conn: conn, outcome: newOutcome(r.relay.label(), Reply{}, err), ours: true}
	}
	if conn != nil && conn.Worn(p.now()) {
		conn.Close()
		conn = nil
	}
	if conn == nil {
		fresh, err := Dial(ctx, r.relay)
		if err != nil {
			return try{outcome: newOutcome(r.relay.label(), Reply{}, err)}
		}
		conn = fresh
		conn.openedAt = p.now()
	}
	reused := conn.Count() > 0
	data, err := m.data(r.relay)
	if err != nil {
		return try{conn: conn, outcome: newOutcome(r.relay.label(), Reply{}, err), reused: reused, ours: true}
	}
	reply, err := conn.Send(ctx, m.Envelope, data, m.BeforeDot)
	return try{conn: conn, outcome: newOutcome(r.relay.label(), reply, err), reused: reused}
}

// release gives a slot back, keeps its connection if it is of use, and remembers what the relay did.
func (p *Pool) release(r *route, t try) {
	p.mu.Lock()
	r.inUse--
	inTrouble := t.outcome.Class.IsPath() && !t.ours
	keep := t.conn != nil && t.conn.Usable() && !inTrouble && !p.closed
	if keep {
		r.idle = append(r.idle, t.conn)
	}
	switch {
	case t.ours:
	case t.isStale():
		r.dropIdle() // a relay that restarted has closed them all
	case inTrouble:
		p.pause(r, t.outcome)
	case !t.reused && t.outcome.Class != ClassUncertain && r.failures > 0:
		r.failures, r.dialAfter, r.reason = 0, time.Time{}, nil
		p.log.Info("relay works again", "relay", r.relay.label())
	}
	p.broadcast()
	p.mu.Unlock()
	if t.conn != nil && !keep {
		t.conn.Close()
	}
}

// pause keeps a relay from being dialled for a while.
func (p *Pool) pause(r *route, outcome Outcome) {
	now := p.now()
	r.reason = errors.New(MaskAddresses(outcome.Reason())) // it goes into the outcomes of other messages
	if now.Before(r.dialAfter) {
		return // several connections met the same trouble
	}
	wait := r.fail(now)
	p.log.Warn("relay in trouble", "relay", r.relay.label(), "outcome", outcome, "next_dial_in", wait)
}

// broadcast lets everyone who waits for a slot look again.
func (p *Pool) broadcast() {
	close(p.wake)
	p.wake = make(chan struct{})
}

func newLimiter(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(math.Ceil(perSecond/10)))
}
