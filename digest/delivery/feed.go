package delivery

import (
	"context"
	"math/rand/v2"
	"time"
)

// feed claims batches and gives their deliveries to the lanes until ctx ends, or, when it works for one edition, until
// nothing of that can be done now. The queue to the lanes holds about one batch, so that three are in our hands: one
// being sent, one in the queue, one being read.
func (e *Engine) feed(ctx context.Context) {
	defer close(e.work)
	failures := 0
	for e.database.wait(ctx) == nil && e.surmount(ctx) == nil {
		b, err := e.claim()
		if err != nil {
			failures++
			e.doubt.Store(true)
			e.log.Error("no batch claimed", "error", err)
			pause(ctx, min(time.Duration(failures)*time.Second, 15*time.Second))
			continue
		}
		failures = 0
		if b != nil {
			e.push(ctx, b)
			continue
		}
		if e.edition != 0 && e.isIdle(ctx) {
			return
		}
		e.rest(ctx)
	}
}

// surmount waits until the journal can be written. Meanwhile the lanes hand back what they have, for other hosts.
func (e *Engine) surmount(ctx context.Context) error {
	for n := 0; ; n++ {
		obstacle := e.obstacle.Load()
		if obstacle == nil {
			return nil
		}
		if n == stuckProbes {
			e.gate.reportStuck()
		}
		wait := min(firstProbe<<min(n, 6), maxProbe)
		e.log.Error("journal cannot be written, nothing is sent", "error", *obstacle, "again_in", wait)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		if err := e.journal.probe(); err != nil {
			e.obstacle.Store(&err)
		} else {
			e.obstacle.Store(nil)
		}
	}
}

// claim is not cut off by the end of ctx: an answer that is not read leaves a lease behind.
func (e *Engine) claim() (*batch, error) {
	here, err := e.journalsHere()
	if err != nil {
		return nil, err
	}
	b, err := e.store.claim(e.hard, claim{
		worker: e.worker, lease: e.o.Lease, edition: e.edition, held: e.held.ids(), here: here, policy: e.o.OnUncertain,
		bounces: e.o.Bounces, facts: e.readJournal,
	})
	if b != nil {
		e.reportRefused(b.refused)
	}
	return b, err
}

// push gives the deliveries of a batch to the lanes. What they do not get any more is handed back.
func (e *Engine) push(ctx context.Context, b *batch) {
	e.held.add(b)
	items, err := e.store.load(e.hard, b)
	if err != nil {
		e.log.Error("batch not read", "batch", b.id, "error", err)
		items = nil
	}
	b.left = len(items)
	if len(items) == 0 {
		e.results <- result{batch: b, journal: noEntry}
		if err != nil {
			pause(ctx, time.Second)
		}
		return
	}
	for i, it := range items {
		select {
		case e.work <- it:
			continue
		case <-ctx.Done():
		}
		for _, it := range items[i:] {
			e.results <- left(it)
		}
		return
	}
}

// rest waits for the next look at the queue, or until the sweeper has put something there.
func (e *Engine) rest(ctx context.Context) {
	wait := pollEvery*3/4 + rand.N(pollEvery/2)
	if e.edition != 0 {
		wait = pollEvery / 20
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-e.wake:
	case <-timer.C:
	}
}

// isIdle reports whether nothing of our edition can be done now.
func (e *Engine) isIdle(ctx context.Context) bool {
	p, err := e.store.prospect(ctx, e.edition)
	if err != nil {
		e.log.Warn("edition not looked at", "edition", e.edition, "error", err)
		return false
	}
	return p.isIdle()
}
