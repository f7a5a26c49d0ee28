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
	t := try{route: w.route, conn: w.conn, given: w.conn != nil, outcome: Outcome{Class: ClassAccepted}}
	do(t.route.name)
	p.release(&t)
	return nil
}
