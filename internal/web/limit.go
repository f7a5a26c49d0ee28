package web

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// limits say how many sign-ups are taken in a window of time.
type limits struct {
	client int // from one IPv4 address or IPv6 /64
	around int // from one IPv4 /24 or IPv6 /48, of which one sender may have many addresses
	window time.Duration
	total  int // from everywhere in a minute: about as many as confirmations can go out
}

func signUpLimits() limits {
	return limits{client: 20, around: 100, window: 10 * time.Minute, total: 1000}
}

// limiter counts sign-ups by network and over all. Only what it lets through is
// counted, so that nobody can use up the limit of all beyond their own, and so
// that it holds no more networks than the limit of all allows in a window.
type limiter struct {
	limits

	mu       sync.Mutex
	all      tally
	networks map[netip.Prefix]tally
}

// tally counts events in a window that begins with the first of them.
type tally struct {
	began time.Time
	n     int
}

// over reports whether the window has passed, or the clock was set back.
func (t tally) over(now time.Time, window time.Duration) bool {
	return now.Sub(t.began) >= window || now.Before(t.began)
}

// refusal is why a sign-up is not taken.
type refusal struct {
	status int           // 429 if it is for the sender's network, 503 for all
	wait   time.Duration // until the limit ends
	first  bool          // nobody was refused in this minute before
}

func newLimiter(l limits) *limiter {
	return &limiter{limits: l, networks: map[netip.Prefix]tally{}}
}

// admit counts a sign-up from an address, the zero one if it is not known. It
// returns nil if that is within the limits.
func (l *limiter) admit(addr netip.Addr, now time.Time) *refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all.over(now, time.Minute) {
		l.all = tally{began: now}
		l.sweep(now)
	}
	client, around := networks(addr)
	one, some := l.tallyOf(client, now), l.tallyOf(around, now)
	switch {
	case one.n >= l.client:
		return &refusal{status: http.StatusTooManyRequests, wait: one.began.Add(l.window).Sub(now)}
	case some.n >= l.around:
		return &refusal{status: http.StatusTooManyRequests, wait: some.began.Add(l.window).Sub(now)}
	case l.all.n >= l.total:
		l.all.n++
		return &refusal{status: http.StatusServiceUnavailable, wait: l.all.began.Add(time.Minute).Sub(now), first: l.all.n == l.total+1}
	}
	one.n, some.n, l.all.n = one.n+1, some.n+1, l.all.n+1
	l.networks[client], l.networks[around] = one, some
	return nil
}

func (l *limiter) tallyOf(network netip.Prefix, now time.Time) tally {
	t := l.networks[network]
	if t.over(now, l.window) {
		return tally{began: now}
	}
	return t
}

// sweep forgets the networks whose windows have passed.
func (l *limiter) sweep(now time.Time) {
	for network, t := range l.networks {
		if t.over(now, l.window) {
			delete(l.networks, network)
		}
	}
}

// networks are what limits count: an IPv4 address, or the /64 that an IPv6
// client can choose its addresses from, and the network around that.
func networks(addr netip.Addr) (client, around netip.Prefix) {
	if !addr.IsValid() {
		return netip.Prefix{}, netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	near, far := 32, 24
	if addr.Is6() {
		near, far = 64, 48
	}
	return netip.PrefixFrom(addr, near).Masked(), netip.PrefixFrom(addr, far).Masked()
}
