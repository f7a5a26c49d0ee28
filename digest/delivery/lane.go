package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/digest"
	"broadsheet/mail"
)

// result is what a lane has to report about a delivery.
type result struct {
	batch   *batch
	item    *item   // nil when it is about the batch, which has nothing to send
	change  *change // nil: the delivery stays as it is
	journal int     // the generation of its entry, noEntry if there is none
}

const noEntry = -1

// left reports a delivery that stays as it is, for whoever has its batch next.
func left(it *item) result { return result{batch: it.batch, item: it, journal: noEntry} }

// tries is how often a lane itself tries a message when the way to the relay fails before any of it is sent.
const tries = 3

// lane sends one message at a time until there is no more work. Once ctx has ended it only hands back.
func (e *Engine) lane(ctx context.Context) {
	w := &writer{links: e.o.Links, sender: e.o.Sender, signer: e.o.Signer, domain: e.o.MessageDomain, mailbox: e.o.UnsubscribeTo}
	for q := e.queues(); ; {
		it := q.take()
		if it == nil {
			return
		}
		e.results <- e.deliver(ctx, w, it)
	}
}

// queues are those that a lane takes from.
type queues struct{ urgent, others <-chan *item }

// take returns the next delivery, an urgent one if there is any. It returns nil when there will be no more.
func (q *queues) take() *item {
	for q.urgent != nil || q.others != nil {
		select {
		case it, more := <-q.urgent:
			if more {
				return it
			}
			q.urgent = nil
			continue
		default:
		}
		select {
		case it, more := <-q.urgent:
			if more {
				return it
			}
			q.urgent = nil
		case it, more := <-q.others:
			if more {
				return it
			}
			q.others = nil
		}
	}
	return nil
}

func (e *Engine) deliver(ctx context.Context, w *writer, it *item) result {
	for n := 1; ; n++ {
		if e.database.wait(ctx) != nil {
			return left(it)
		}
		probe, err := e.gate.enter(ctx)
		if err != nil {
			return left(it)
		}
		r, passed, reason := e.try(ctx, w, it)
		e.gate.leave(probe, passed, reason)
		if r != nil {
			return *r
		}
		if n == tries {
			return e.conclude(it, transmission{journal: noEntry, outcome: mail.Outcome{Class: mail.ClassTemporaryPath}})
		}
		if pause(ctx, time.Duration(n*n)*250*time.Millisecond) != nil {
			return left(it)
		}
	}
}

// try sends a delivery unless something speaks against it. A nil result says that the way to the relay failed before
// anything of the message was sent.
func (e *Engine) try(ctx context.Context, w *writer, it *item) (*result, passage, string) {
	if r := e.ahead(ctx, it); r != nil {
		return r, unused, ""
	}
	began := time.Now()
	composed, err := e.cache.get(ctx, it.batch.edition, it.selection, it.asOf)
	if err != nil {
		return e.uncomposed(ctx, it, err), unused, ""
	}
	if composed.Empty {
		return e.settled(it, Skipped, ReasonWithdrawn), unused, ""
	}
	message, err := w.write(it, composed)
	if err != nil {
		return e.unwritten(ctx, it, composed, err), unused, ""
	}
	e.o.Meter.Written(time.Since(began))
	message.Urgent = it.batch.urgent
	t := e.transmit(ctx, it, composed, message)
	e.o.Meter.Tried(t.outcome)
	class := t.outcome.Class
	if t.stopped {
		return e.stopped(ctx, it, t), unused, ""
	}
	e.observe(it, t.outcome)
	passed, trouble := through, mail.MaskAddresses(t.outcome.Reason())
	if class == mail.ClassPermanentPath {
		e.pauseEdition(it.batch.edition, "relay "+t.outcome.Relay+": "+trouble, "relay", t.outcome.Relay, "outcome", t.outcome)
	}
	if class.IsPath() || class == mail.ClassUncertain {
		passed = failed
		e.log.Debug("message not handed over", "edition", it.batch.edition, "class", class, "reason", t.outcome.Reason())
	}
	if class == mail.ClassUncertain {
		trouble = "" // the relay took the text: whatever is wrong with it, it does not refuse
	}
	if class == mail.ClassTemporaryPath && !t.underWay() {
		return nil, passed, trouble
	}
	r := e.conclude(it, t)
	return &r, passed, trouble
}

// stopped answers for a delivery that something spoke against just before its final dot.
func (e *Engine) stopped(ctx context.Context, it *item, t transmission) *result {
	r := e.ahead(ctx, it)
	if r == nil {
		unsent := left(it)
		r = &unsent
	}
	r.journal = t.journal
	return r
}

// ahead answers for a delivery that is not to be sent, or not by us; nil lets it go on.
func (e *Engine) ahead(ctx context.Context, it *item) *result {
	now := e.o.Now()
	r := left(it)
	if ctx.Err() != nil || !it.batch.isHeld(now) || e.obstacle.Load() != nil {
		return &r
	}
	reason, gone, err := it.batch.standing(ctx, e.store, it.subscriber)
	switch {
	case err != nil && ctx.Err() != nil: // it ends, which is no trouble
		return &r
	case err != nil:
		e.log.Warn("delivery put off", "edition", it.batch.edition, "reason", err)
		pause(ctx, time.Second)
		return &r
	case gone:
		return &r
	case reason != "":
		return e.settled(it, Skipped, reason)
	case it.batch.isOver(now):
		return e.settled(it, Expired, it.waited)
	}
	if until := e.pauses.of(it.provider, now); !until.IsZero() {
		return e.afterPause(it, until)
	}
	return nil
}

// settled reports a delivery that ends without a try.
func (e *Engine) settled(it *item, state State, reason string) *result {
	c := it.change()
	c.state, c.reason = state, reason
	return &result{batch: it.batch, item: it, change: c, journal: noEntry}
}

func (it *item) change() *change {
	return &change{
		day: it.batch.day, edition: it.batch.edition, subscriber: it.subscriber, before: it.attempts, attempts: it.attempts,
	}
}

// uncomposed decides about a delivery whose mail could not be composed. That is never its reader's fault, and unless the
// content is known to be, not the edition's either.
func (e *Engine) uncomposed(ctx context.Context, it *item, err error) *result {
	if errors.Is(err, digest.ErrContent) || errors.Is(err, errComposition) {
		reason := mail.MaskAddresses(err.Error())
		e.pauseEdition(it.batch.edition, fmt.Sprintf("selection %d: %s", it.selection, reason), "selection", it.selection, "reason", reason)
	} else {
		e.log.Warn("delivery put off", "edition", it.batch.edition, "reason", err)
		pause(ctx, time.Second)
	}
	r := left(it)
	return &r
}

// unwritten decides about a delivery whose message could not be written.
func (e *Engine) unwritten(ctx context.Context, it *item, c *digest.Composed, err error) *result {
	if !errors.Is(err, errRecipient) {
		return e.uncomposed(ctx, it, err)
	}
	r := e.conclude(it, transmission{
		composedAt: c.ComposedAt, journal: noEntry, outcome: mail.Outcome{Class: mail.ClassPermanentMessage, Err: err},
	})
	return &r
}

// conclude turns the outcome of a try into what the database is to know.
func (e *Engine) conclude(it *item, t transmission) result {
	now := e.o.Now()
	c := it.change()
	var counts bool
	c.state, c.reason, c.nextTry, counts = judge(t.outcome.Class, circumstances{
		policy: e.o.OnUncertain, refusals: it.refusals, retryAfter: t.outcome.RetryAfter, underWay: t.underWay(),
		expiresAt: it.batch.expiresAt, now: now,
	})
	c.provider = it.provider
	c.spike = t.outcome.Class == mail.ClassPermanentRecipient && e.spike(it.provider)
	if counts {
		c.attempts++
		c.attempt = &attempt{at: now, composedAt: t.composedAt, answer: t.answer()}
	}
	return result{batch: it.batch, item: it, change: c, journal: t.journal}
}

// pauseEdition stops an edition for a reason that an operator must see to. The attributes are what the log says of it.
func (e *Engine) pauseEdition(edition int64, reason string, attrs ...any) {
	e.held.dropEdition(edition)
	log := e.log.With("edition", edition).With(attrs...)
	paused, err := e.store.pauseEdition(e.hard, edition, reason)
	e.held.dropEdition(edition) // what was claimed meanwhile
	if err != nil {
		log.Error("edition not paused", "error", err)
	}
	if paused {
		log.Error("edition paused")
	}
}
