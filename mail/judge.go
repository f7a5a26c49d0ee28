package mail

import (
	"errors"
	"time"
)

// release gives a slot back, keeps its connection if it is of use, and remembers what the relay did.
func (p *Pool) release(t *try) {
	p.mu.Lock()
	r, now := t.route, p.now()
	r.inUse--
	if t.given {
		r.reused--
	}
	inTrouble := t.outcome.Class.IsPath() && !t.ours
	if !t.ours {
		p.judge(t, now)
	}
	// Slots that are dialled for may come to nothing: they take no connection's place.
	fits := r.reused+len(r.idle) < r.limit && !p.closed
	keep := fits && t.conn != nil && t.conn.Usable() && !inTrouble && !r.isSpent(t.conn, now)
	last := t.conn
	switch {
	case keep:
		r.idle = append(r.idle, idleConn{t.conn, now})
		last = nil
	case t.conn != nil && !p.closed:
		p.retire(t.conn)
		last = nil
	}
	p.dispatch()
	p.mu.Unlock()
	if last != nil {
		last.Close()
	}
}

// judge draws conclusions about the relay.
func (p *Pool) judge(t *try, now time.Time) {
	r := t.route
	switch {
	case t.isStale() && t.recent:
		r.learn(t.conn.Count()-1, now)
	case t.isStale():
		r.dropIdle() // a relay that restarted has closed them all
	case t.outcome.Class.IsPath():
		t.others = t.conn == nil && r.reused+len(r.idle) > 0
		p.pause(t, now)
	default:
		if !t.reused && t.outcome.Class != ClassUncertain && r.failures > 0 {
			r.failures, r.dialAfter, r.reason = 0, time.Time{}, nil
			p.log.Info("relay works again", "relay", r.name)
		}
		if t.outcome.Class == ClassAccepted && r.grow() {
			p.logLimit(r, now)
		}
	}
}

// pause keeps a relay from being dialled for a while, and from as many connections as before.
func (p *Pool) pause(t *try, now time.Time) {
	r := t.route
	r.reason = errors.New(MaskAddresses(t.outcome.Reason())) // it goes into the outcomes of other messages
	if now.Before(r.dialAfter) {
		return // several connections met the same trouble
	}
	wait := r.fail(now)
	p.log.Warn("relay in trouble", "relay", r.name, "outcome", t.outcome, "next_dial_in", wait)
	if before := r.limit; t.outcome.Class == ClassTemporaryPath {
		r.shrink(t.conn == nil)
		p.trim(r, r.reused)
		if r.limit != before {
			p.logLimit(r, now)
		}
	}
}

// logLimit tells of a changed limit, but not of every step on a short way.
func (p *Pool) logLimit(r *route, now time.Time) {
	const quiet = 10 * time.Second
	if r.limit != r.slots && now.Sub(r.loggedAt) < quiet {
		return
	}
	r.loggedAt = now
	p.log.Info("relay connections limited", "relay", r.name, "connections", r.limit, "configured", r.slots)
}
