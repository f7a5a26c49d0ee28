package delivery

import (
	"context"
	"sync"
	"time"
)

// Progress is where an edition stands while it is sent.
type Progress struct {
	Balance
	Waiting int64 // of Pending, what waited for another try when the database was asked last
}

const (
	reportEvery = time.Second
	countEvery  = 10 * time.Second // how often the database is asked, at most
	countShare  = 50               // counting may take one part in so many of the time
)

// report calls progress about each second. Counting reads all deliveries of the edition, so the database is asked
// seldom, and meanwhile what this engine records is added: what other workers do shows when it is asked again.
func (e *Engine) report(ctx context.Context, edition int64, progress func(Progress)) {
	var known Progress
	var then counts
	counted := false
	ask := time.Now()
	for pause(ctx, reportEvery) == nil {
		if began := time.Now(); !began.Before(ask) {
			ask = began.Add(reportEvery)
			if p, err := e.store.progress(ctx, edition); err == nil {
				known, then, counted = p, e.own.now(), true
				ask = time.Now().Add(max(countEvery, countShare*time.Since(began)))
			}
		}
		if counted {
			progress(known.plus(e.own.now().less(then)))
		}
	}
}

// plus adds what was recorded since.
func (p Progress) plus(c counts) Progress {
	p.Sent += int64(c[Sent])
	p.Failed += int64(c[Failed])
	p.Expired += int64(c[Expired])
	p.Skipped += int64(c[Skipped])
	p.Uncertain += int64(c[Uncertain])
	p.Pending = max(0, p.Pending-int64(c[Sent]+c[Failed]+c[Expired]+c[Skipped]+c[Uncertain]))
	p.Waiting = min(p.Waiting, p.Pending)
	return p
}

// counts is how many deliveries came to each state.
type counts map[State]int

func (c counts) add(more counts) {
	for state, n := range more {
		c[state] += n
	}
}

func (c counts) less(before counts) counts {
	out := counts{}
	for state, n := range c {
		out[state] = n - before[state]
	}
	return out
}

// countSettled tells the meter what became of deliveries because their worker is gone.
func (e *Engine) countSettled(c counts) {
	if len(c) > 0 {
		e.o.Meter.Recorded(c, 0)
	}
}

// ownCount passes on what a meter is told, and keeps count of what the engine has recorded.
type ownCount struct {
	Meter
	mu       sync.Mutex
	recorded counts
}

func newOwnCount(m Meter) *ownCount { return &ownCount{Meter: m, recorded: counts{}} }

// Recorded implements [Meter].
func (o *ownCount) Recorded(states map[State]int, took time.Duration) {
	o.mu.Lock()
	o.recorded.add(states)
	o.mu.Unlock()
	o.Meter.Recorded(states, took)
}

// now returns the counts so far.
func (o *ownCount) now() counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.recorded.less(nil)
}
