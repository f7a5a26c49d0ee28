package web

import (
	"context"
	"io"
	"net/netip"
	"time"
)

// Pause waits as a server does.
func Pause(ctx context.Context, d time.Duration) { pause(ctx, d) }

// Limiter is the limiter of sign-ups.
type Limiter struct{ *limiter }

// NewLimiter returns a limiter with these rules.
func NewLimiter(r SignUpRules) Limiter { return Limiter{newLimiter(r)} }

// Admit counts a sign-up and returns the status of a refusal, 0 for none, and
// how long it holds.
func (l Limiter) Admit(addr netip.Addr, now time.Time) (status int, wait time.Duration) {
	if no := l.admit(addr, effortNone, now); no != nil {
		return no.status, no.wait
	}
	return 0, 0
}

// AdmitWorked is Admit for a sign-up with its proof of work.
func (l Limiter) AdmitWorked(addr netip.Addr, now time.Time) (status int) {
	if no := l.admit(addr, effortWorked, now); no != nil {
		return no.status
	}
	return 0
}

// AdmitWaited is Admit for a sign-up that waited instead.
func (l Limiter) AdmitWaited(addr netip.Addr, now time.Time) (status int) {
	if no := l.admit(addr, effortWaited, now); no != nil {
		return no.status
	}
	return 0
}

// AsksForWork reports whether a sign-up from an address would have to make an
// effort.
func (l Limiter) AsksForWork(addr netip.Addr, now time.Time) bool { return l.asksForWork(addr, now) }

// MostNetworks is how many networks a limiter holds at most.
const MostNetworks = mostNetworks

// IsSolved reports whether an answer is the proof of work of a token.
func IsSolved(token, answer string) bool { return isSolved(token, answer) }

// Work is what forms say of the proof that they need, and its parts and bits.
const (
	Work      = work
	WorkParts = workParts
	WorkBits  = workBits
)

// StepWait is how long who has no script waits.
const StepWait = stepWait

// Held is how many networks are counted now.
func (l Limiter) Held() int { return len(l.networks) }

// Shelf keeps pages as a server does.
type Shelf struct{ *shelf }

// NewShelf returns an empty shelf.
func NewShelf(now func() time.Time) Shelf { return Shelf{newShelf(now)} }

// Get returns the body of a page, drawn if need be.
func (s Shelf) Get(ctx context.Context, key string, draw func(w io.Writer) error) (string, error) {
	page, err := s.get(ctx, key, "text/plain", draw)
	return string(page.body), err
}

// Kept is how many pages are on it, and their octets.
func (s Shelf) Kept() (pages, octets int) { return len(s.pages), s.size }
