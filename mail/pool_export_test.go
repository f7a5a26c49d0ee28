package mail

import (
	"context"
	"slices"
	"time"
)

// Turn waits for a turn as Send does, tells do the name of the relay, and gives the slot back as an accepted message
// would that needed no connection.
func (p *Pool) Turn(ctx context.Context, urgent bool, do func(relay string)) error {
	return p.turn(ctx, waiter{urgent: urgent}, do)
}

// TurnAgain is Turn for a message that is here again after trouble.
func (p *Pool) TurnAgain(ctx context.Context, do func(relay string)) error {
	return p.turn(ctx, waiter{paid: true}, do)
}

func (p *Pool) turn(ctx context.Context, as waiter, do func(relay string)) error {
	w := p.waiters.Get().(*waiter)
	defer p.waiters.Put(w)
	w.reset(as.urgent)
	w.paid = as.paid
	if err := p.acquire(ctx, w); err != nil {
		return err
	}
	t := try{route: w.route, conn: w.conn, outcome: Outcome{Class: ClassAccepted}}
	do(t.route.name)
	p.release(&t)
	return nil
}

// Refuse waits for a turn and gives it back as one whose connection the relay refuses, in its own time.
func (p *Pool) Refuse(ctx context.Context, took time.Duration) error {
	w := p.waiters.Get().(*waiter)
	defer p.waiters.Put(w)
	w.reset(false)
	if err := p.acquire(ctx, w); err != nil {
		return err
	}
	time.Sleep(took)
	reply := Reply{Code: 421, Phase: PhaseBanner}
	p.release(&try{route: w.route, outcome: Outcome{Reply: reply, Class: ClassTemporaryPath}})
	return nil
}

// TurnOver is Turn with a connection that ends with it.
func (p *Pool) TurnOver(ctx context.Context, do func(relay string)) error {
	return p.Turn(ctx, false, func(relay string) {
		r := p.routeOf(relay)
		p.opened(r)
		do(relay)
		p.mu.Lock()
		defer p.mu.Unlock()
		r.open--
	})
}

func (p *Pool) routeOf(relay string) *route {
	i := slices.IndexFunc(p.routes, func(r *route) bool { return r.name == relay })
	return p.routes[i]
}

// Waiting returns how many messages wait for their turn.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.urgent.n + p.others.n
}
