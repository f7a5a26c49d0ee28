package mail

import "context"

// Turn waits for a turn as Send does, tells do the name of the relay, and gives the slot back as an accepted message
// would that needed no connection.
func (p *Pool) Turn(ctx context.Context, urgent bool, do func(relay string)) error {
	w := p.waiters.Get().(*waiter)
	defer p.waiters.Put(w)
	w.reset(urgent)
	if err := p.acquire(ctx, w); err != nil {
		return err
	}
	t := try{route: w.route, conn: w.conn, outcome: Outcome{Class: ClassAccepted}}
	do(t.route.name)
	p.release(&t)
	return nil
}

// Waiting returns how many messages wait for their turn.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.urgent.n + p.others.n
}
