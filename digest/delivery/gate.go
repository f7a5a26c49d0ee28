package delivery

import (
	"context"
	"sync"
	"time"
)

// gate holds the lanes back while no relay takes anything: after as many failures in a row as there are lanes it
// closes, and then lets one message at a time through to see, after longer and longer pauses.
type gate struct {
	limit int
	stuck chan struct{} // closed once several probes in a row have failed

	mu       sync.Mutex
	failures int
	probes   int // that failed since the gate closed
	closed   bool
	ready    bool // closed, and a probe may go
	probing  bool
	reason   string    // of the last failure, "" once something got through
	passedAt time.Time // when something last got through, zero for never
	timer    *time.Timer
	wake     chan struct{}
}

// passage is what became of a message that was let through.
type passage int

const (
	unused  passage = iota // it was not sent after all
	through                // a relay answered to it
	failed                 // the way to the relay failed
)

const (
	firstProbe  = time.Second
	maxProbe    = time.Minute
	stuckProbes = 3
)

func newGate(limit int) *gate {
	return &gate{limit: limit, stuck: make(chan struct{}), wake: make(chan struct{})}
}

// enter waits until a message may be tried. Each enter is followed by a leave with the same probe.
func (g *gate) enter(ctx context.Context) (probe bool, err error) {
	for {
		g.mu.Lock()
		if ctx.Err() == nil && !g.closed {
			g.mu.Unlock()
			return false, nil
		}
		if ctx.Err() == nil && g.ready && !g.probing {
			g.probing = true
			g.mu.Unlock()
			return true, nil
		}
		wake := g.wake
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-wake:
		}
	}
}

func (g *gate) leave(probe bool, p passage, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if probe {
		g.probing = false
	}
	switch p {
	case through:
		g.failures, g.probes, g.closed, g.reason, g.passedAt = 0, 0, false, "", time.Now()
		g.broadcast()
	case failed:
		g.fail(probe, reason)
	case unused:
		if probe {
			g.broadcast()
		}
	}
}

func (g *gate) fail(probe bool, reason string) {
	g.failures++
	g.reason = reason
	switch {
	case g.closed && probe:
		g.probes++
		if g.probes == stuckProbes {
			g.giveUp()
		}
	case g.closed || g.failures < g.limit:
		return
	}
	g.closed, g.ready = true, false
	delay := maxProbe
	if g.probes < 6 {
		delay = firstProbe << g.probes
	}
	g.timer = time.AfterFunc(delay, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.ready = true
		g.broadcast()
	})
}

// reportStuck says that something else than the relays holds up all sending.
func (g *gate) reportStuck() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.giveUp()
}

func (g *gate) giveUp() {
	select {
	case <-g.stuck:
	default:
		close(g.stuck)
	}
}

// trouble returns the reason of the last failure, or "" if something got through since.
func (g *gate) trouble() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reason
}

// passed returns when something last got through, zero for never.
func (g *gate) passed() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.passedAt
}

// stop ends the timer.
func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil {
		g.timer.Stop()
	}
}

func (g *gate) broadcast() {
	close(g.wake)
	g.wake = make(chan struct{})
}

// latch is open or shut; it is shut while the database cannot record.
type latch struct {
	mu   sync.Mutex
	shut chan struct{} // nil when open; closed on opening
}

func (l *latch) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut == nil {
		l.shut = make(chan struct{})
	}
}

func (l *latch) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut != nil {
		close(l.shut)
		l.shut = nil
	}
}

// wait returns once the latch is open or ctx has ended.
func (l *latch) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		shut := l.shut
		l.mu.Unlock()
		if shut == nil {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-shut:
		}
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
