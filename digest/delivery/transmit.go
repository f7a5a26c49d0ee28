package delivery

import (
	"context"
	"errors"
	"time"

	"broadsheet/digest"
	"broadsheet/mail"
)

// transmission is one call of Send.
type transmission struct {
	outcome    mail.Outcome
	composedAt time.Time
	journal    int  // the generation of the entry, noEntry if the dot was not reached
	stopped    bool // by us before the dot: nothing went out, nothing is to be recorded
}

// underWay reports whether some of the message's text had left us.
func (t *transmission) underWay() bool {
	return t.journal != noEntry || isUnderWay(t.outcome.Reply.Phase)
}

// answer is what is kept of the outcome. A message whose dot was reached is under way, whatever phase the relay named.
func (t *transmission) answer() Answer {
	a := answerOf(t.outcome)
	if t.journal != noEntry && !isUnderWay(a.Phase) {
		a.Phase = mail.PhaseDot
	}
	return a
}

// Why a message is stopped before its final dot.
var (
	errNotHeld  = errors.New("the lease is no longer certain")
	errLate     = errors.New("the delivery has expired")
	errGone     = errors.New("the reader left, or the delivery is no longer ours")
	errDraining = errors.New("the worker is stopping")
)

// transmit hands a message to a relay. What comes before the final dot may be given up at any time, so there the lease
// and the reader's standing are looked at once more; then the journal gets its line, and only if the lease is certain
// after that the dot goes out: had we been stalled before the line, the lease would be over, had we been stalled after
// it, whoever took the lease would find the line.
func (e *Engine) transmit(ctx context.Context, it *item, c *digest.Composed, message *mail.Message) transmission {
	t := transmission{journal: noEntry, composedAt: c.ComposedAt}
	sending, cancel := context.WithCancel(e.hard)
	defer cancel()
	stop := context.AfterFunc(e.soft, cancel)
	defer stop()
	entry := Entry{
		Edition: it.batch.edition, Day: it.batch.day, Subscriber: it.subscriber, Batch: it.batch.id,
		N: it.attempts + 1, ComposedAt: c.ComposedAt,
	}
	var refused error
	message.BeforeDot = func() error {
		refused = e.beforeDot(sending, it, &entry, &t, stop)
		return refused
	}
	t.outcome = e.o.Send(sending, message)
	t.stopped = refused != nil || t.journal == noEntry && sending.Err() != nil
	if t.journal == noEntry {
		return t
	}
	entry.At, entry.Replied = e.o.Now(), true
	if !t.stopped {
		entry.Answer = t.answer()
	}
	if err := e.journal.reply(t.journal, &entry); err != nil {
		e.obstacle.Store(&err)
		e.log.Error("reply not in the journal", "error", err)
	}
	return t
}

// beforeDot may be called again for the same message when a relay was lost while it was written.
func (e *Engine) beforeDot(ctx context.Context, it *item, entry *Entry, t *transmission, stop func() bool) error {
	switch now := e.o.Now(); {
	case !it.batch.isHeld(now):
		return errNotHeld
	case it.batch.isOver(now):
		return errLate
	}
	reason, gone, err := it.batch.standing(ctx, e.store, it.subscriber)
	if err != nil {
		return err
	}
	if reason != "" || gone {
		return errGone
	}
	if t.journal == noEntry {
		if !stop() {
			return errDraining
		}
		entry.At = e.o.Now()
		generation, err := e.journal.dot(entry)
		if err != nil {
			e.obstacle.Store(&err)
			return err
		}
		t.journal = generation
	}
	if !it.batch.isHeld(e.o.Now()) {
		return errNotHeld
	}
	return nil
}
