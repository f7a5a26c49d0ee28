package mail

import (
	"context"
	"fmt"
	"time"
)

// acquire waits until w is granted a slot of a relay that has not failed it.
func (p *Pool) acquire(ctx context.Context, w *waiter) error {
	p.mu.Lock()
	w.route, w.conn, w.err = nil, nil, nil
	if w.urgent {
		p.urgent.push(w)
	} else {
		p.others.push(w)
	}
	p.dispatch()
	p.mu.Unlock()
	select {
	case <-w.granted:
		return w.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	waiting := w.queue != nil
	if waiting {
		w.queue.remove(w)
	}
	p.mu.Unlock()
	if !waiting {
		<-w.granted
		if w.route != nil {
			p.release(&try{route: w.route, conn: w.conn, ours: true})
		}
	}
	return fmt.Errorf("wait for a connection: %w", ctx.Err())
}

// dispatch grants what there is to those who wait, the urgent ones first, and sees to it that it runs again when there
// may be more. Slots that become free call it, and so does the timer.
func (p *Pool) dispatch() {
	now := p.now()
	var again time.Time
	if p.serve(&p.urgent, now, &again) {
		p.serve(&p.others, now, &again)
	} else {
		p.servePaid(&p.others, now, &again)
	}
	if p.closed {
		return
	}
	waiting := p.urgent.n + p.others.n
	p.ask(p.rate, now, waiting)
	for _, r := range p.routes {
		p.ask(r.rate, now, waiting)
	}
	p.setTimer(now, again)
}

// serve grants what there is to a queue. It is false if there is nothing for anybody else who has not paid: who is here for
// the first time can use all that anyone of these can.
func (p *Pool) serve(q *queue, now time.Time, again *time.Time) bool {
	for w := q.first; w != nil; {
		next := w.next
		if !p.offer(w, now, again) && !w.paid {
			return false
		}
		w = next
	}
	return true
}

// servePaid grants what there is to those of a queue who wait for no rate over all relays: they are at its head.
func (p *Pool) servePaid(q *queue, now time.Time, again *time.Time) {
	for w := q.first; w != nil && w.paid; {
		next := w.next
		p.offer(w, now, again)
		w = next
	}
}

// offer lets a waiter go with what there is for it, or with an error, and tells whether there was either.
func (p *Pool) offer(w *waiter, now time.Time, again *time.Time) bool {
	r, err := p.choose(w, now, again)
	switch {
	case err != nil:
		w.queue.remove(w)
		w.err = err
		w.granted <- struct{}{}
	case r != nil:
		w.queue.remove(w)
		p.grant(w, r, now)
	}
	return err != nil || r != nil
}

// choose picks a relay by smooth weighted round-robin among those that could take the message now. Neither a relay nor an
// error means that one will be free; again is set to when that could be, where the time tells.
func (p *Pool) choose(w *waiter, now time.Time, again *time.Time) (*route, error) {
	if p.closed {
		return nil, ErrPoolClosed
	}
	var hope, ready bool
	var down *route
	for _, r := range p.routes {
		if w.hasFailed(r) {
			continue
		}
		switch ok, at := p.ready(r, now); {
		case ok:
			ready = true
		case r.isDown(now):
			down = r
			continue
		default:
			sooner(again, at)
		}
		hope = true
	}
	switch {
	case !hope:
		return nil, down.trouble(now)
	case !ready:
		return nil, nil
	}
	if !w.paid {
		if ok, at := p.rate.ready(now); !ok {
			sooner(again, at)
			return nil, nil
		}
	}
	return p.pick(w, now), nil
}

// pick is the round-robin: each relay that is ready gains its weight, and the one that wins pays for all.
func (p *Pool) pick(w *waiter, now time.Time) *route {
	var best *route
	total := 0
	for _, r := range p.routes {
		if ok, _ := p.ready(r, now); !ok || w.hasFailed(r) {
			continue
		}
		r.current += r.weight
		total += r.weight
		if best == nil || r.current > best.current {
			best = r
		}
	}
	best.current -= total
	return best
}

// ready tells whether a message can go over r now. If not, at is when to look again; zero means once a slot was given
// back or a QUIT is over.
func (p *Pool) ready(r *route, now time.Time) (ok bool, at time.Time) {
	for len(r.idle) > 0 && r.isSpent(r.idle[len(r.idle)-1].Conn, now) {
		p.retire(r, r.idle[len(r.idle)-1].Conn)
		r.idle = r.idle[:len(r.idle)-1]
	}
	if r.inUse >= r.limit {
		if at := r.spareAt(); at.IsZero() || now.Before(at) {
			return false, at
		}
	}
	switch {
	case len(r.idle) > 0:
	case r.room() < r.limit && r.inUse >= r.room():
		return false, time.Time{}
	case now.Before(r.dialAfter):
		return false, r.dialAfter
	}
	return r.rate.ready(now)
}

// grant gives w a slot of r, with the connection that was used last if that will do.
func (p *Pool) grant(w *waiter, r *route, now time.Time) {
	if !w.paid {
		p.rate.take()
	}
	r.rate.take()
	if r.inUse >= r.limit {
		r.beyond++
	}
	r.inUse++
	r.movedAt = now
	w.route = r
	last := len(r.idle) - 1
	switch {
	case last < 0:
	case w.fresh && !now.Before(r.dialAfter) && r.inUse <= r.room():
		p.trim(r, r.inUse)
	default:
		c := r.idle[last]
		r.idle = r.idle[:last]
		w.conn, w.recent = c.Conn, now.Sub(c.since) < lately
	}
	w.granted <- struct{}{}
}

// trim ends idle connections beyond the limit next to so many others, those used longest ago first.
func (p *Pool) trim(r *route, others int) {
	for len(r.idle) > 0 && others+len(r.idle) > r.limit {
		p.retire(r, r.idle[0].Conn)
		r.idle = append(r.idle[:0], r.idle[1:]...)
	}
}

// retire says QUIT while others go on.
func (p *Pool) retire(r *route, c *Conn) {
	r.open--
	r.quitting++
	p.group.Go(func() {
		c.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		r.quitting--
		p.dispatch()
	})
}

// ask reserves what the bucket wants while others go on.
func (p *Pool) ask(b *bucket, now time.Time, waiting int) {
	if b == nil {
		return
	}
	n := b.wanted(now, waiting)
	if n == 0 {
		return
	}
	b.asked(n)
	p.group.Go(func() {
		ctx, cancel := context.WithTimeout(p.life, maxReserve)
		defer cancel()
		from, err := p.reserve(ctx, b.name, n, b.every)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answered(b, sends{from, n}, err)
		p.dispatch()
	})
}

// answered takes in what became of a reservation, and logs when that changes.
func (p *Pool) answered(b *bucket, s sends, err error) {
	before := b.failures
	switch {
	case err == nil:
		b.reserved(s)
		if before > 0 {
			p.log.Info("rate known again", "rate", b.name)
		}
	case p.life.Err() == nil:
		b.refused(p.now())
		if before == 0 {
			p.log.Warn("rate not known, nothing is sent", "rate", b.name, "error", err)
		}
	}
}

// setTimer has dispatch run again at a time; zero is never.
func (p *Pool) setTimer(now, at time.Time) {
	const least = 50 * time.Microsecond
	if at.IsZero() || at.Equal(p.timerAt) {
		return
	}
	p.timerAt = at
	wait := max(at.Sub(now), least)
	if p.timer != nil {
		p.timer.Reset(wait)
		return
	}
	p.timer = time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.timerAt = time.Time{}
		p.dispatch()
	})
}

// sooner sets t to at if that is earlier.
func sooner(t *time.Time, at time.Time) {
	if !at.IsZero() && (t.IsZero() || at.Before(*t)) {
		*t = at
	}
}
