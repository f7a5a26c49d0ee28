package subscribers

import (
	"context"
	"sync"
	"time"
)

// laneCount is how many system mails are on their way at once: enough that a
// slow recipient does not hold up the others, and few beside the digests.
const laneCount = 4

// lanes carry mails side by side.
type lanes struct {
	free chan struct{} // has an entry for each free lane
	busy sync.WaitGroup

	mu   sync.Mutex
	sent int
	err  error
}

func newLanes() *lanes {
	l := &lanes{free: make(chan struct{}, laneCount)}
	for range laneCount {
		l.leave()
	}
	return l
}

// enter waits for a free lane. It reports false if ctx ends first.
func (l *lanes) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case <-l.free:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *lanes) leave() { l.free <- struct{}{} }

func (l *lanes) note(state mailState, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if state == mailSent {
		l.sent++
	}
	if l.err == nil {
		l.err = err
	}
}

// takeError returns the first error of a lane since the last call.
func (l *lanes) takeError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.err
	l.err = nil
	return err
}

// fill puts mails on lanes, those due longest first, until none is due, ctx
// ends, or the database is in trouble.
func (p *Postman) fill(ctx context.Context, l *lanes) error {
	for l.enter(ctx) {
		err := l.takeError()
		var m *claimedMail
		if err == nil {
			m, err = p.store.claimMail(ctx, p.lease)
		}
		if m == nil {
			l.leave()
			return err
		}
		l.busy.Go(func() {
			defer l.leave()
			l.note(p.deliver(ctx, m))
		})
	}
	return nil
}

// mailLease is how long a mail stays with a process that died, before another
// tries it: somebody is waiting for it. It may be shorter than a relay takes,
// for a process that lives renews it.
const mailLease = time.Minute

// hold renews the lease of a mail until release is called. A process that was
// stopped for longer than the lease may find that another has sent the mail
// too; a second confirmation does no harm.
func (p *Postman) hold(ctx context.Context, m *claimedMail) (release func()) {
	ctx, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(p.lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := p.store.renewMail(ctx, m, p.lease); err != nil && ctx.Err() == nil {
				p.Log.WarnContext(ctx, "system mail's lease not renewed", "subscriber", m.Subscriber, "error", err)
			}
		}
	})
	return func() {
		cancel()
		renewing.Wait()
	}
}
