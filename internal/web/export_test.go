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

// NewLimiter returns a limiter with those limits: by client, by the network
// around it, both in a window, and over all in a minute.
func NewLimiter(client, around int, window time.Duration, total int) Limiter {
	return Limiter{newLimiter(limits{client, around, window, total})}
}

// Admit counts a sign-up and returns the status of a refusal, 0 for none, and
// how long it holds.
func (l Limiter) Admit(addr netip.Addr, now time.Time) (status int, wait time.Duration) {
	if no := l.admit(addr, now); no != nil {
		return no.status, no.wait
	}
	return 0, 0
}

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
