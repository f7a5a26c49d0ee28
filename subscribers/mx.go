package subscribers

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Resolver looks up where mail goes. A *net.Resolver is one.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// MX knows which domains take mail, by the DNS. It remembers the latest, looks up
// a bounded number at a time, and believes in a domain wherever it gets no clear
// answer in time. It is safe for concurrent use.
type MX struct {
	resolver Resolver
	clock    func() time.Time
	limit    time.Duration
	turns    chan struct{} // one for each look-up under way

	mu    sync.Mutex
	known map[string]*domainMail
}

// domainMail is what is known of a domain, or is being found out.
type domainMail struct {
	done    chan struct{} // closed when the rest is known
	refuses bool
	until   time.Time // when it is forgotten
}

const (
	mxLimit   = 2 * time.Second // for the look-ups of a domain
	mxTurns   = 32              // look-ups at a time
	mxKnown   = 10_000          // domains that are remembered
	mxKeep    = time.Hour       // how long a clear answer counts
	mxKeepNot = time.Minute     // how long it counts that there was none
)

// NewMX returns a check that asks r.
func NewMX(r Resolver, now func() time.Time) *MX {
	return &MX{resolver: r, clock: now, limit: mxLimit, turns: make(chan struct{}, mxTurns), known: map[string]*domainMail{}}
}

// Refuses reports whether a domain, lower-case A-labels, certainly takes no mail:
// it does not exist, it says so by a null MX (RFC 7505), or it has neither an MX
// record nor an address (RFC 5321 section 5.1).
func (m *MX) Refuses(ctx context.Context, domain string) bool {
	d, first := m.entry(domain)
	if d == nil {
		return false
	}
	if first {
		m.find(ctx, d, domain)
	}
	select {
	case <-d.done:
		return d.refuses
	case <-ctx.Done():
		return false
	}
}

// entry returns what is known of a domain; first is who has to find it out. It is
// nil where too many are being found out.
func (m *MX) entry(domain string) (d *domainMail, first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	if d, ok := m.known[domain]; ok && (d.until.IsZero() || now.Before(d.until)) {
		return d, false
	}
	select {
	case m.turns <- struct{}{}:
	default:
		return nil, false
	}
	if len(m.known) >= mxKnown {
		m.forget(now)
	}
	d = &domainMail{done: make(chan struct{})}
	m.known[domain] = d
	return d, true
}

// forget makes room: what is too old goes, and if that is not enough a tenth of
// the rest, whichever.
func (m *MX) forget(now time.Time) {
	for name, d := range m.known {
		if !d.until.IsZero() && !now.Before(d.until) {
			delete(m.known, name)
		}
	}
	for name, d := range m.known {
		if len(m.known) <= mxKnown*9/10 {
			return
		}
		if !d.until.IsZero() {
			delete(m.known, name)
		}
	}
}

// find looks a domain up for everybody who waits for it. That whoever asked first
// gives up must not change the answer for the others.
func (m *MX) find(ctx context.Context, d *domainMail, domain string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.limit)
	defer cancel()
	refuses, sure := m.lookUp(ctx, domain)
	keep := mxKeepNot
	if sure {
		keep = mxKeep
	}
	m.mu.Lock()
	d.refuses, d.until = refuses, m.clock().Add(keep)
	m.mu.Unlock()
	close(d.done)
	<-m.turns
}

// lookUp asks for absolute names, which no search list changes.
func (m *MX) lookUp(ctx context.Context, domain string) (refuses, sure bool) {
	records, err := m.resolver.LookupMX(ctx, domain+".")
	switch {
	case len(records) == 1 && (records[0].Host == "." || records[0].Host == ""):
		return true, true
	case len(records) > 0:
		return false, true
	case err != nil && !isNotThere(err):
		return false, false
	}
	addresses, err := m.resolver.LookupNetIP(ctx, "ip", domain+".")
	switch {
	case len(addresses) > 0:
		return false, true
	case err == nil || isNotThere(err):
		return true, true
	}
	return false, false
}

// isNotThere reports whether the DNS knows for certain that there is no record.
func isNotThere(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound && !dns.IsTimeout && !dns.IsTemporary
}
