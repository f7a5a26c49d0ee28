package delivery

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"broadsheet/digest"
)

// feeder claims batches and gives their deliveries to the lanes. A service has two of them, one for urgent editions and
// one for all others: the lanes take from the urgent one first, so that an urgent edition overtakes what is in memory.
// A queue holds about one batch, so that each feeder has three in its hands: one being sent, one in the queue, one being
// read.
type feeder struct {
	*Engine
	urgency urgency
	work    chan *item
	wake    chan struct{}

	served map[int64]int64 // editions, and at which turn each of them was served last
	turn   int64
	early  []*item // they have a token for a time to come, the soonest first
	lull   bool    // nothing is to be done but to wait for a rate or a relay
}

func newFeeder(e *Engine, u urgency) *feeder {
	return &feeder{
		Engine: e, urgency: u, work: make(chan *item, batchSize), wake: make(chan struct{}, 1), served: map[int64]int64{},
	}
}

// feed starts the feeders.
func (e *Engine) feed(ctx context.Context, wg *sync.WaitGroup) {
	if e.edition != 0 {
		e.others = newFeeder(e, anyUrgency)
	} else {
		e.others, e.urgent = newFeeder(e, notUrgent), newFeeder(e, onlyUrgent)
		wg.Go(func() { e.urgent.run(ctx) })
	}
	wg.Go(func() { e.others.run(ctx) })
}

// queues are what a lane takes from.
func (e *Engine) queues() queues {
	q := queues{others: e.others.work}
	if e.urgent != nil {
		q.urgent = e.urgent.work
	}
	return q
}

// rouse lets the feeders look for batches now.
func (e *Engine) rouse() {
	for _, f := range []*feeder{e.urgent, e.others} {
		if f == nil {
			continue
		}
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// run feeds until ctx ends, or, when the engine works for one edition, until nothing of that can be done now.
func (f *feeder) run(ctx context.Context) {
	defer close(f.work)
	failures := 0
	for f.database.wait(ctx) == nil && f.surmount(ctx) == nil {
		b, err := f.claim(ctx)
		if err != nil {
			if ctx.Err() != nil {
				break // the service ends
			}
			failures++
			f.log.Error("no batch claimed", "error", err)
			f.rest(ctx, min(time.Duration(failures)*time.Second, 15*time.Second))
			continue
		}
		failures = 0
		if b != nil {
			f.push(ctx, b)
			continue
		}
		if f.edition != 0 && len(f.early) == 0 && f.isIdle(ctx) {
			break
		}
		f.rest(ctx, f.pollWait())
	}
	f.handBack(nil)
}

// surmount waits until the journal can be written. Meanwhile feeder and lanes hand back what they have, for other hosts.
func (f *feeder) surmount(ctx context.Context) error {
	if f.obstacle.Load() == nil {
		return ctx.Err()
	}
	f.handBack(nil)
	f.surmounts.Lock()
	defer f.surmounts.Unlock()
	for n := 0; ; n++ {
		obstacle := f.obstacle.Load()
		if obstacle == nil {
			return ctx.Err()
		}
		if n == stuckProbes {
			f.gate.reportStuck()
		}
		wait := min(firstProbe<<min(n, 6), maxProbe)
		f.log.Error("journal cannot be written, nothing is sent", "error", *obstacle, "again_in", wait)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		if err := f.journal.probe(); err != nil {
			f.obstacle.Store(&err)
		} else {
			f.obstacle.Store(nil)
		}
	}
}

// claim is not cut off by the end of ctx: an answer that is not read leaves a lease behind.
func (f *feeder) claim(ctx context.Context) (*batch, error) {
	if !f.pauses.isKnown() {
		if err := f.lookAtPauses(ctx); err != nil {
			return nil, err
		}
	}
	here, err := f.journalsHere()
	if err != nil {
		return nil, err
	}
	b, err := f.store.claim(f.hard, claim{
		worker: f.worker, lease: f.o.Lease, edition: f.edition, urgency: f.urgency, served: f.served, held: f.held.ids(),
		here: here, policy: f.o.OnUncertain, bounces: f.o.Bounces, facts: f.readJournal,
	})
	if err != nil {
		f.doubt.Store(true)
	}
	if b != nil {
		f.turn++
		f.served[b.edition] = f.turn
		f.forget()
		f.reportRefused(b.refused)
		f.countSettled(b.settled)
	}
	return b, err
}

// mostServed is how many editions a feeder remembers to have served.
const mostServed = 10_000

// forget keeps the memory of editions bounded. One that was served long ago counts as never served.
func (f *feeder) forget() {
	if len(f.served) > mostServed {
		maps.DeleteFunc(f.served, func(_, turn int64) bool { return turn <= f.turn-mostServed/2 })
	}
}

// push gives the deliveries of a batch to the lanes, those with a token when its time has come, and puts aside what has to
// wait longer. What the lanes do not get any more is handed back.
func (f *feeder) push(ctx context.Context, b *batch) {
	f.held.add(b)
	items, err := f.store.load(f.hard, b)
	if err != nil {
		items = nil
	}
	b.left = len(items)
	for _, it := range items {
		it.provider, _ = f.o.Providers.Of(it.address)
	}
	var p *portion
	if err == nil {
		p, err = f.portion(b, spread(items))
	}
	if len(items) == 0 {
		f.results <- result{batch: b, journal: noEntry}
	}
	if err != nil {
		if ctx.Err() == nil {
			f.log.Error("batch not read", "batch", b.id, "error", err)
		}
		f.handBack(items)
		f.rest(ctx, time.Second)
		return
	}
	for _, r := range p.aside {
		f.results <- r
	}
	f.early = append(f.early, p.early...)
	slices.SortStableFunc(f.early, func(a, b *item) int { return a.notBefore.Compare(b.notBefore) })
	f.offer(ctx, p.ready, nil)
}

// offer gives items to the lanes, and between them those whose token's time has come. Without items it does so until rest
// is over or something wakes the feeder.
func (f *feeder) offer(ctx context.Context, items []*item, rest <-chan time.Time) {
	for len(items) > 0 || rest != nil {
		if ctx.Err() != nil {
			f.handBack(items)
			return
		}
		next, soonest := f.next(items)
		var work chan<- *item
		if next != nil {
			work = f.work
		}
		var wake <-chan struct{}
		if rest != nil {
			wake = f.wake
		}
		select {
		case work <- next:
			if len(f.early) > 0 && next == f.early[0] {
				f.early = f.early[1:]
			} else {
				items = items[1:]
			}
		case <-soonest:
		case <-rest:
			return
		case <-wake:
			return
		case <-ctx.Done():
		}
	}
}

// next returns what to offer now, nil for nothing yet. The channel tells when the next token's time comes, if that is
// not now.
func (f *feeder) next(items []*item) (*item, <-chan time.Time) {
	var soonest <-chan time.Time
	if len(f.early) > 0 {
		wait := time.Until(f.early[0].notBefore)
		if wait <= 0 {
			return f.early[0], nil
		}
		soonest = time.After(wait)
	}
	if len(items) > 0 {
		return items[0], soonest
	}
	return nil, soonest
}

// handBack leaves items and those with a token as they are, for whoever has their batch next.
func (f *feeder) handBack(items []*item) {
	for _, it := range slices.Concat(items, f.early) {
		f.results <- left(it)
	}
	f.early = nil
}

// rest waits for the next look at the queue, or until there may be something.
func (f *feeder) rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	f.offer(ctx, nil, timer.C)
}

func (f *feeder) pollWait() time.Duration {
	if f.edition != 0 && !f.lull {
		return pollEvery / 20
	}
	return pollEvery*3/4 + rand.N(pollEvery/2)
}

// isIdle reports whether nothing of our edition can be done now or soon.
func (f *feeder) isIdle(ctx context.Context) bool {
	f.lull = false
	if !f.pauses.areSettled() {
		return false
	}
	p, err := f.store.prospect(ctx, f.edition)
	if err == nil && p.isIdle() && p.State == digest.EditionSending {
		f.lull, err = f.isLull(ctx)
	}
	if err != nil {
		f.log.Warn("edition not looked at", "edition", f.edition, "error", err)
		return false
	}
	return p.isIdle() && !f.lull
}

const (
	// soon is how long a relay's next try is waited for.
	soon = time.Minute
	// patience is how long that goes on while nothing gets through to any relay.
	patience = 3 * time.Minute
)

// isLull reports whether something of our edition waits for a rate, or for the relays that took something lately.
func (f *feeder) isLull(ctx context.Context) (bool, error) {
	w, err := f.store.waits(ctx, f.edition, f.o.Now().Add(soon))
	return w.Rated || w.Path && time.Since(f.gate.passed()) < patience, err
}
