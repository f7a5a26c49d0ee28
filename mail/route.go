package mail

import (
	"fmt"
	"time"
)

// The back-off of a relay that refuses.
const (
	firstPause = time.Second
	maxPause   = 5 * time.Minute
)

const (
	// growAfter times the limit messages must be accepted until one connection more is tried.
	growAfter = 20
	// regrowAfter is the same for a limit below what was known to work, without the factor.
	regrowAfter = 2

	// A relay that ends connections after a number of messages is known by having done so twice at the same number;
	// below the least number that costs less than what it saves.
	leastRotation  = 10
	rotationMemory = time.Hour
	// lately is how long after a message the end of its connection has to do with how many there were.
	lately = 10 * time.Second
)

// idleConn is a connection that waits for its next message.
type idleConn struct {
	*Conn
	since time.Time
}

// route is a relay in a pool, with its connections and its state. The pool's mutex guards it.
type route struct {
	relay  *Relay
	name   string
	rate   *bucket
	slots  int // connections at most
	weight int

	idle     []idleConn
	inUse    int // slots, with a connection or for dialling one
	open     int // connections, idle or in use, and none that is at its QUIT
	quitting int // connections that are at their QUIT
	current  int // of smooth weighted round-robin

	failures  int // in a row
	dialAfter time.Time
	reason    error // of the last failure
	class     Class // of the last failure, too

	limit    int  // connections now
	safe     int  // up to here the limit grows fast
	accepted int  // messages since the limit changed
	worked   bool // some were accepted since there was trouble
	counted  bool // it has refused one too many
	loggedAt time.Time

	movedAt time.Time // when a slot was taken or given back
	beyond  int       // how often one more than the limit was in use, since it grew

	rotation  int // messages after which the relay ends a connection, 0 if it does not
	suspected int // after so many it did last
	learnedAt time.Time
}

func newRoute(r *Relay) *route {
	slots := max(1, r.Connections)
	return &route{
		relay: r, name: r.label(), rate: newBucket("relay "+r.label(), r.Rate), slots: slots, limit: slots, safe: slots,
		weight: max(1, r.Weight),
	}
}

// status is as in [Pool.Relays].
func (r *route) status() RelayStatus {
	s := RelayStatus{Name: r.name, Open: r.inUse + len(r.idle), Busy: r.inUse, Limit: r.limit}
	if r.failures > 0 {
		s.DialAfter, s.Reason = r.dialAfter, r.reason.Error()
	}
	return s
}

// isDown tells whether nothing can be sent before the relay may be dialled again.
func (r *route) isDown(now time.Time) bool {
	return r.inUse == 0 && len(r.idle) == 0 && now.Before(r.dialAfter)
}

// trouble says why nothing can be sent over a relay that is down; without one there is none.
func (r *route) trouble(now time.Time) error {
	if r == nil {
		return errNoRelay
	}
	return fmt.Errorf("every relay is in trouble, the next try is in %s: %w", r.dialAfter.Sub(now).Round(time.Second), r.reason)
}

// room returns how many slots may be in use for a new connection to be dialled. For a relay that has refused one too many
// those that are at their QUIT count, too.
func (r *route) room() int {
	if r.counted {
		return r.limit - r.quitting
	}
	return r.limit
}

// spareAt returns when one connection more than the limit may be tried, because nothing has moved on those in use: they may
// hang, and without a message that is accepted the limit grows no more. The zero time is never.
func (r *route) spareAt() time.Time {
	if r.inUse >= r.slots {
		return time.Time{}
	}
	return r.movedAt.Add(backOff(r.beyond))
}

// isSpent tells whether a connection should be replaced before its next message.
func (r *route) isSpent(c *Conn, now time.Time) bool {
	return c.Worn(now) || r.rotation > 0 && c.Count() >= r.rotation && now.Sub(r.learnedAt) < rotationMemory
}

// learn takes in that a connection ended after it had carried so many messages.
func (r *route) learn(messages int, now time.Time) {
	if messages >= leastRotation && messages == r.suspected {
		r.rotation, r.learnedAt = messages, now
	}
	r.suspected = messages
}

// dropIdle closes the idle connections without a word.
func (r *route) dropIdle() {
	for _, c := range r.idle {
		c.abandon()
	}
	r.open -= len(r.idle)
	r.idle = nil
}

// fail counts a failure and returns how long the relay is left alone.
func (r *route) fail(now time.Time) time.Duration {
	wait := backOff(r.failures)
	r.failures++
	r.dialAfter = now.Add(wait)
	return wait
}

// backOff is how long to wait after so many failures before.
func backOff(failures int) time.Duration { return min(firstPause<<min(failures, 9), maxPause) }

// shrink halves the limit after trouble.
func (r *route) shrink() {
	half := max(1, r.limit/2)
	if r.worked {
		r.safe = half
	}
	r.limit, r.accepted, r.worked = half, 0, false
}

// fit takes the connections that there are for the limit after another one was refused, and tells whether that is less.
func (r *route) fit() bool {
	there := r.open + r.quitting
	r.counted = true
	if there >= r.limit {
		return false
	}
	r.limit, r.safe, r.accepted = there, there, 0
	return true
}

// grow counts an accepted message and tells whether it earned one connection more.
func (r *route) grow() bool {
	r.accepted++
	r.worked = true
	need := growAfter * r.limit
	if r.limit < r.safe {
		need = regrowAfter
	}
	if r.limit == r.slots || r.accepted < need {
		return false
	}
	r.limit++
	r.accepted, r.beyond = 0, 0
	return true
}
