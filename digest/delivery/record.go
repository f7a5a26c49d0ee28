package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

const (
	flushSize = 100                    // results that are written at once
	flushMost = 500                    // and at most, when more have come meanwhile
	flushWait = 100 * time.Millisecond // how long the first of them waits
)

// ErrUnrecorded says that the engine ended while the database was away: the results are in its journal, which the next
// one in the same state folder reads.
var ErrUnrecorded = errors.New("results are in the journal only")

// record writes results in groups until there are no more, and keeps the leases alive. While the database fails it
// holds on to what it has and the lanes stand still; it gives up only when e.last ends.
func (e *Engine) record() error {
	var waiting []result
	var lost error
	heart := time.NewTicker(e.o.Lease / 3)
	defer heart.Stop()
	var due <-chan time.Time
	flush := func(renewAll bool) {
		if lost == nil {
			lost = e.flush(waiting, renewAll)
		}
		waiting, due = waiting[:0], nil
	}
	for {
		select {
		case r, more := <-e.results:
			if !more {
				flush(false)
				return lost
			}
			waiting = e.gather(append(waiting, r))
			if len(waiting) >= flushSize {
				flush(false)
			} else if due == nil {
				due = time.After(flushWait)
			}
		case <-due:
			flush(false)
		case <-heart.C:
			flush(true)
		}
	}
}

// gather adds the results that are there already.
func (e *Engine) gather(waiting []result) []result {
	for len(waiting) < flushMost {
		select {
		case r, more := <-e.results:
			if !more {
				return waiting // the next receive sees it too
			}
			waiting = append(waiting, r)
		default:
			return waiting
		}
	}
	return waiting
}

// flush writes results until the database took them. Doing it twice does it once, so an unknown outcome is no other
// case than an error.
func (e *Engine) flush(results []result, renewAll bool) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := e.write(results, renewAll)
		if err == nil {
			e.database.open()
			return nil
		}
		e.database.close()
		e.log.Error("results not recorded, sending stands still", "results", len(results), "error", err, "again_in", wait)
		if pause(e.last, wait) != nil {
			return fmt.Errorf("%w: %d of them: %w", ErrUnrecorded, len(results), err)
		}
		renewAll = true
	}
}

// tally is what a group of results says of one batch.
type tally struct {
	batch    *batch
	results  int
	complete bool
}

func (e *Engine) write(results []result, renewAll bool) error {
	tallies := e.tally(results, renewAll)
	if len(tallies) == 0 {
		return nil
	}
	g := group{results: results, tallies: tallies, renewAll: renewAll}
	began, start := e.o.Now(), time.Now()
	err := e.writeGroup(&g, recorder{bounces: e.o.Bounces, now: began})
	if db.IsRefused(err) {
		err = e.writeGroup(&g, recorder{bounces: e.o.Bounces, now: began, careful: true})
	}
	if err != nil {
		return err
	}
	e.o.Meter.Recorded(g.written, time.Since(start))
	e.reportRefused(g.refused)
	for _, provider := range e.spikes.report(results, began) {
		e.log.Error("hard bounces spike, nobody is suppressed", "provider", provider)
	}
	for _, t := range tallies {
		e.recorded(t, g.leases[t.batch.id] == leaseOurs, renewAll, began)
	}
	for _, r := range results {
		if r.journal != noEntry {
			e.journal.recorded(r.journal)
		}
	}
	return nil
}

// group is what is written in one transaction.
type group struct {
	results  []result
	tallies  []*tally
	renewAll bool

	leases  map[int64]leaseState // as they were found
	refused []refusal
	written counts
}

func (e *Engine) writeGroup(g *group, to recorder) error {
	return e.db.Write(e.last, func(tx *db.Tx) (err error) {
		if g.leases, err = leaseStates(e.last, tx, g.tallies); err != nil {
			return fmt.Errorf("check leases: %w", err)
		}
		changes := g.changes(to.now)
		if err := heedPauses(e.last, tx, changes, to.now); err != nil {
			return err
		}
		g.written = counts{}
		to.written = g.written
		if g.refused, err = to.record(e.last, tx, changes); err != nil {
			return err
		}
		return e.writeLeases(e.last, tx, g)
	})
}

// changes returns what the database is to know of the results.
func (g *group) changes(now time.Time) []change {
	changes := make([]change, 0, len(g.results))
	for _, r := range g.results {
		c := r.toRecord(g.leases[r.batch.id], now)
		if c == nil {
			continue
		}
		changes = append(changes, *c)
		if r.item != nil {
			changes[len(changes)-1].mailboxRefuses = r.item.mailboxRefuses
		}
	}
	return changes
}

// writeLeases gives back the batches that are complete and, where asked to, makes the leases of the others last.
func (e *Engine) writeLeases(ctx context.Context, tx *db.Tx, g *group) error {
	var renewed []int64
	for _, t := range g.tallies {
		switch {
		case g.leases[t.batch.id] != leaseOurs:
		case t.complete:
			if err := finish(ctx, tx, t.batch, e.o.Now()); err != nil {
				return fmt.Errorf("finish batch %d: %w", t.batch.id, err)
			}
		case g.renewAll:
			renewed = append(renewed, t.batch.id)
		}
	}
	if err := renew(ctx, tx, renewed, e.o.Lease); err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// toRecord returns what the database is to know of a result, or nil. When the next worker took all of the batch for
// uncertain because ours was gone, we can tell what never went out.
func (r *result) toRecord(lease leaseState, now time.Time) *change {
	switch {
	case r.change != nil && (lease == leaseOurs || r.change.isFact()):
		return r.change
	case r.item == nil || lease != leaseNext:
		return nil
	}
	c := r.item.change()
	if r.change != nil {
		*c = *r.change
	} else {
		c.state = Pending
	}
	if c.state == Pending && c.nextTry.IsZero() {
		c.nextTry = now // its batch is no longer open
	}
	c.corrects = r.batch.id
	return c
}

// reportRefused tells the operator what could not be recorded.
func (e *Engine) reportRefused(refused []refusal) {
	for _, r := range refused {
		log := e.log.With("edition", r.change.edition, "subscriber", r.change.subscriber, "state", r.change.state, "error", r.err)
		if !r.whole {
			log.Error("attempt not recorded")
			continue
		}
		e.held.dropEdition(r.change.edition)
		log.Error("delivery not recorded, edition paused")
	}
}

// recorded brings what we know of a batch up to date.
func (e *Engine) recorded(t *tally, ours, renewed bool, began time.Time) {
	if t.results > 0 { // else it may be read just now, and left is the feeder's until the first result
		t.batch.left -= t.results
	}
	if !ours && !t.batch.isDropped() {
		t.batch.drop()
		e.log.Warn("lease lost", "batch", t.batch.id, "edition", t.batch.edition)
	}
	switch {
	case t.complete:
		e.held.remove(t.batch.id)
		e.unsettled.Store(true)
	case ours && renewed:
		t.batch.extend(began.Add(e.o.Lease - e.o.Lease/5))
	}
}

// tally counts results by batch; to renew all, batches without results are in it too.
func (e *Engine) tally(results []result, renewAll bool) []*tally {
	var out []*tally
	byID := map[int64]*tally{}
	of := func(b *batch) *tally {
		t := byID[b.id]
		if t == nil {
			t = &tally{batch: b}
			byID[b.id] = t
			out = append(out, t)
		}
		return t
	}
	for _, r := range results {
		t := of(r.batch)
		if r.item != nil {
			t.results++
		}
		t.complete = t.results == r.batch.left
	}
	if renewAll {
		for _, b := range e.held.all() {
			of(b)
		}
	}
	return out
}
