package mail

import (
	"time"

	"golang.org/x/time/rate"
)

// The back-off of a relay that refuses.
const (
	firstPause = time.Second
	maxPause   = 5 * time.Minute
)

// route is a relay in a pool, with its connections and its state. The pool's mutex guards it.
type route struct {
	relay   *Relay
	limiter *rate.Limiter
	slots   int
	weight  int

	idle      []*Conn
	inUse     int
	current   int // of smooth weighted round-robin
	failures  int // in a row
	dialAfter time.Time
	reason    error // of the last failure
}

func newRoute(r *Relay) *route {
	return &route{relay: r, limiter: newLimiter(r.Rate), slots: max(1, r.Connections), weight: max(1, r.Weight)}
}

// ready tells whether a message can go out now: over an idle connection, or over a new one if that may be dialled.
func (r *route) ready(now time.Time) bool {
	return len(r.idle) > 0 || r.inUse < r.slots && !now.Before(r.dialAfter)
}

// take occupies a slot and returns the connection that was used last, or nil when one must be dialled.
func (r *route) take() *Conn {
	r.inUse++
	if len(r.idle) == 0 {
		return nil
	}
	conn := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	return conn
}

// dropIdle closes the idle connections without a word.
func (r *route) dropIdle() {
	for _, conn := range r.idle {
		conn.abandon()
	}
	r.idle = nil
}

// fail counts a failure and returns how long the relay is left alone.
func (r *route) fail(now time.Time) time.Duration {
	wait := maxPause
	if r.failures < 9 {
		wait = min(firstPause<<r.failures, maxPause)
	}
	r.failures++
	r.dialAfter = now.Add(wait)
	return wait
}
