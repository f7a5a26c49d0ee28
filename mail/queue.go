package mail

// waiter is a message that waits for its turn. The pool's mutex guards it while it stands in a queue.
type waiter struct {
	urgent bool
	paid   bool // the rate over all relays has let it through: it is here again after trouble
	fresh  bool // a connection has died under it: better a new one
	failed []*route

	// What it is granted: a slot of a route, with a connection unless one must be dialled, or an error.
	route   *route
	conn    *Conn
	recent  bool // conn had been used within the last moments
	err     error
	granted chan struct{}

	queue      *queue // nil once it is granted
	prev, next *waiter
}

func (w *waiter) hasFailed(r *route) bool {
	for _, f := range w.failed {
		if f == r {
			return true
		}
	}
	return false
}

// reset makes the waiter ready for another message.
func (w *waiter) reset(urgent bool) {
	clear(w.failed)
	*w = waiter{urgent: urgent, failed: w.failed[:0], granted: w.granted}
}

// queue holds waiters in their order.
type queue struct {
	first, last *waiter
	n           int
}

// push puts a waiter at the end, or at the head if it had its turn already.
func (q *queue) push(w *waiter) {
	w.queue = q
	q.n++
	switch {
	case q.first == nil:
		q.first, q.last = w, w
	case w.paid:
		w.next, q.first.prev, q.first = q.first, w, w
	default:
		w.prev, q.last.next, q.last = q.last, w, w
	}
}

func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next, w.queue = nil, nil, nil
	q.n--
}
