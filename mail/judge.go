package mail

import (
	"errors"
	"time"
)

// opened counts a connection that was dialled. It may come after others were refused: so many there may be.
func (p *Pool) opened(r *route) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.open++
	r.limit = max(r.limit, r.open)
}

// release gives a slot back, keeps its connection if it is of use, and remembers what the relay did.
func (p *Pool) release(t *try) {
	p.mu.Lock()
	r, now := t.route, p.now()
	r.inUse--
	r.movedAt = now
	if !t.ours {
		p.judge(t, now)
	}
	last := t.conn
	switch inTrouble := t.outcome.Class.IsPath() && !t.ours; {
	case t.conn == nil:
	case !t.conn.Usable() || p.closed:
		r.open--
	case inTrouble || r.isSpent(t.conn, now) || r.open > r.limit:
		p.retire(r, t.conn)
		last = nil
	default:
		r.idle = append(r.idle, idleConn{t.conn, now})
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
	case t.outcome.Class == ClassTemporaryPath && t.conn == nil && r.open+r.quitting > 0:
		t.others = true
		if r.fit() {
			p.logLimit(r, now)
		}
	case t.outcome.Class.IsPath():
		p.pause(t, now)
	default:
		if !t.reused && t.outcome.Class != ClassUncertain && r.failures > 0 {
			r.failures, r.dialAfter, r.reason, r.class = 0, time.Time{}, nil, ""
			p.log.Info("relay works again", "relay", r.name)
		}
		if t.outcome.Class == ClassAccepted && r.grow() {
			p.logGrowth(r, now)
		}
	}
}

// pause keeps a relay from being dialled for a while, and from as many connections as before.
func (p *Pool) pause(t *try, now time.Time) {
	r := t.route
	r.reason = errors.New(MaskAddresses(t.outcome.Reason())) // it goes into the outcomes of other messages
	r.class = t.outcome.Class
	if now.Before(r.dialAfter) {
		return // several connections met the same trouble
	}
	wait := r.fail(now)
	p.log.Warn("relay in trouble", "relay", r.name, "outcome", t.outcome, "next_dial_in", wait)
	if before := r.limit; t.outcome.Class == ClassTemporaryPath {
		r.shrink()
		p.trim(r, r.open-len(r.idle))
		if r.limit != before {
			p.logLimit(r, now)
		}
	}
}

// logGrowth tells of a limit that grew, but not of every step on a short way.
func (p *Pool) logGrowth(r *route, now time.Time) {
	const quiet = 10 * time.Second
	if r.limit == r.slots || now.Sub(r.loggedAt) >= quiet {
		p.logLimit(r, now)
	}
}

func (p *Pool) logLimit(r *route, now time.Time) {
	r.loggedAt = now
	p.log.Info("relay limit changed", "relay", r.name, "connections", r.limit, "configured", r.slots)
}
