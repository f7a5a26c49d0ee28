package web

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// SignUpRules say how many sign-ups are taken and when one has to show that it
// is no machine's. Of the numbers 0 is no limit.
type SignUpRules struct {
	Client  int           // sign-ups in Window from one IPv4 address or IPv6 /64
	Network int           // the same from one IPv4 /24 or IPv6 /48, of which one sender may have many addresses
	Window  time.Duration // at least a minute
	Total   int           // from everywhere in a minute: about as many as confirmations can go out

	FormAfter time.Duration // a form that comes back sooner was not filled in by a person
	Challenge Challenge
	Attack    int // sign-ups in a minute above which ChallengeAuto asks everybody for proof of work
}

// DefaultSignUpRules are those of a site that says nothing else.
func DefaultSignUpRules() SignUpRules {
	return SignUpRules{
		Client: 20, Network: 100, Window: 10 * time.Minute, Total: 1000,
		FormAfter: time.Second, Challenge: ChallengeAuto, Attack: 120,
	}
}

// Challenge is when proof of work is asked for.
type Challenge string

// When it is asked for: under attack, and of networks that are halfway to their
// limit; of everybody; of nobody.
const (
	ChallengeAuto   Challenge = "auto"
	ChallengeAlways Challenge = "always"
	ChallengeNever  Challenge = "never"
)

// effort is what a sign-up has done to show that it is no machine's.
type effort int

const (
	effortNone   effort = iota
	effortWaited        // some seconds, without a script
	effortWorked
)

// limiter counts sign-ups by network and over all. Only what it lets through
// counts against a limit, so that nobody can use up the limit of all beyond their
// own. It holds no more networks than the limit of all allows in a window and as
// many that were asked for an effort as there is room for; where there is no limit
// of all, no more than mostNetworks.
type limiter struct {
	SignUpRules

	mu       sync.Mutex
	all      tally
	networks map[netip.Prefix]tally
	alarm    alarm
	waiting  *limiter // of those who waited, which costs a machine nothing; nil in itself
}

// mostNetworks bounds what a limiter holds whatever its rules are. When it is
// full it forgets all, for an attacker with that many networks is none that they
// limit.
const mostNetworks = 200_000

// mostAsked is how many networks a limiter may hold when one more is asked for an
// effort that it does not hold yet. Beyond it is an attack from everywhere.
const mostAsked = mostNetworks / 2

// tally counts events in a window that begins with the first of them.
type tally struct {
	began time.Time
	n     int // that were let through
	asked int // that were asked for an effort instead
}

// over reports whether the window has passed, or the clock was set back.
func (t tally) over(now time.Time, window time.Duration) bool {
	return now.Sub(t.began) >= window || now.Before(t.began)
}

// reached reports whether a limit allows no more.
func (t tally) reached(limit int) bool { return limit > 0 && t.n >= limit }

// refusal is why a sign-up is not taken.
type refusal struct {
	status int           // 429 if it is for the sender's network, 503 for all, 428 if it is to make an effort first
	wait   time.Duration // until the limit ends
	first  bool          // nobody was refused in this minute before
}

func newLimiter(r SignUpRules) *limiter {
	l := &limiter{SignUpRules: r, networks: map[netip.Prefix]tally{}, alarm: alarm{above: r.Attack}}
	few := SignUpRules{Client: part(r.Client, 4), Network: part(r.Network, 4), Window: r.Window, Total: part(r.Total, 10), Challenge: ChallengeNever}
	l.waiting = &limiter{SignUpRules: few, networks: map[netip.Prefix]tally{}}
	return l
}

// part is a share of a limit that is at least one.
func part(limit, by int) int {
	if limit == 0 {
		return 0
	}
	return max(limit/by, 1)
}

// admit counts a sign-up from an address, the zero one if it is not known. It
// returns nil if that is within the limits.
func (l *limiter) admit(addr netip.Addr, e effort, now time.Time) *refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all.over(now, time.Minute) {
		l.all = tally{began: now}
		l.sweep(now)
	}
	client, around := networks(addr)
	one, some := l.tallyOf(client, now), l.tallyOf(around, now)
	if one.reached(l.Client) {
		return &refusal{status: http.StatusTooManyRequests, wait: one.began.Add(l.Window).Sub(now)}
	}
	if some.reached(l.Network) {
		return &refusal{status: http.StatusTooManyRequests, wait: some.began.Add(l.Window).Sub(now)}
	}
	if !one.isLoud(l.Client) && !some.isLoud(l.Network) {
		l.alarm.count(now) // a single network is no attack, whatever it sends
	}
	if l.all.reached(l.Total) {
		l.all.n++
		return &refusal{status: http.StatusServiceUnavailable, wait: l.all.began.Add(time.Minute).Sub(now), first: l.all.n == l.Total+1}
	}
	if e != effortWorked && l.suspects(one, some, now) {
		if e == effortNone {
			one.asked, some.asked = one.asked+1, some.asked+1
			l.remember(client, one)
			l.remember(around, some)
			return &refusal{status: http.StatusPreconditionRequired}
		}
		if no := l.waiting.admit(addr, effortNone, now); no != nil {
			return no
		}
	}
	if len(l.networks) >= mostNetworks {
		clear(l.networks)
	}
	one.n, some.n, l.all.n = one.n+1, some.n+1, l.all.n+1
	l.networks[client], l.networks[around] = one, some
	return nil
}

// isLoud reports whether a network has sent as much as a limit allows, whatever
// became of it.
func (t tally) isLoud(limit int) bool { return limit > 0 && t.n+t.asked >= limit }

// remember keeps the tally of a network that was not let through.
func (l *limiter) remember(network netip.Prefix, t tally) {
	if _, held := l.networks[network]; held || len(l.networks) < mostAsked {
		l.networks[network] = t
	}
}

// asksForWork reports whether a sign-up from an address would have to make an
// effort now.
func (l *limiter) asksForWork(addr netip.Addr, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	client, around := networks(addr)
	return l.suspects(l.tallyOf(client, now), l.tallyOf(around, now), now)
}

// suspects reports whether a sign-up from networks with these tallies has to make
// an effort.
func (l *limiter) suspects(one, some tally, now time.Time) bool {
	switch l.Challenge {
	case ChallengeAlways:
		return true
	case ChallengeAuto:
		return one.reached(part(l.Client, 2)) || some.reached(part(l.Network, 2)) || l.alarm.rings(now)
	}
	return false
}

// attacked reports whether there is an attack, and whether that is news.
func (l *limiter) attacked(now time.Time) (yes, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	yes = l.Challenge == ChallengeAuto && l.alarm.rings(now)
	news = yes != l.alarm.told
	l.alarm.told = yes
	return yes, news
}

func (l *limiter) tallyOf(network netip.Prefix, now time.Time) tally {
	t := l.networks[network]
	if t.over(now, l.Window) {
		return tally{began: now}
	}
	return t
}

// sweep forgets the networks whose windows have passed.
func (l *limiter) sweep(now time.Time) {
	for network, t := range l.networks {
		if t.over(now, l.Window) {
			delete(l.networks, network)
		}
	}
}

// nat64 has the clients of IPv4 where a translator stands before a host that has
// IPv6 alone (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// networks are what limits count: an IPv4 address, or the /64 that an IPv6
// client can choose its addresses from, and the network around that.
func networks(addr netip.Addr) (client, around netip.Prefix) {
	if !addr.IsValid() {
		return netip.Prefix{}, netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	if nat64.Contains(addr) {
		through := addr.As16()
		addr = netip.AddrFrom4([4]byte(through[12:]))
	}
	near, far := 32, 24
	if addr.Is6() {
		near, far = 64, 48
	}
	return netip.PrefixFrom(addr, near).Masked(), netip.PrefixFrom(addr, far).Masked()
}
