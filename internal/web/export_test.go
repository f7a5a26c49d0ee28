package web

import (
	"context"
	"net/netip"
	"time"
)

// Pause waits as a server does.
func Pause(ctx context.Context, d time.Duration) { pause(ctx, d) }

// MostNetworks is how many networks a Limiter holds.
const MostNetworks = mostNetworks

// Limiter is the limiter of sign-ups.
type Limiter struct{ *limiter }

// NewLimiter returns a limiter.
func NewLimiter(most int, window time.Duration) Limiter { return Limiter{newLimiter(most, window)} }

// Count counts an event.
func (l Limiter) Count(n netip.Prefix, now time.Time) time.Duration { return l.count(n, now) }

// Held is how many networks are counted now.
func (l Limiter) Held() int { return len(l.counts) }
