package web

import (
	"net/netip"
	"sync"
	"time"
)

// How many sign-ups one network may send in a window of time.
const (
	signUpLimit  = 20
	signUpWindow = 10 * time.Minute
	mostNetworks = 100_000
)

// limiter counts events by network in fixed windows. Its memory is bounded: a
// flood from more networks than it can hold begins a new window for all.
type limiter struct {
	most   int
	window time.Duration

	mu     sync.Mutex
	began  time.Time
	counts map[netip.Prefix]int
}

func newLimiter(most int, window time.Duration) *limiter {
	return &limiter{most: most, window: window, counts: map[netip.Prefix]int{}}
}

// count counts an event and returns how long the network must wait for the
// next window, 0 if the event is within the limit.
func (l *limiter) count(n netip.Prefix, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.began) >= l.window || now.Before(l.began) || len(l.counts) >= mostNetworks {
		l.began = now
		clear(l.counts)
	}
	l.counts[n]++
	if l.counts[n] <= l.most {
		return 0
	}
	return l.began.Add(l.window).Sub(now)
}
