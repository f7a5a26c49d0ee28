package delivery

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"broadsheet/mail"
)

// What comes of the last outcomes of a provider or an edition: how many per cent of them it takes, and how many at least.
const (
	refusedPercent, refusedLeast = 5, 10  // refuse us: the provider is paused
	unknownPercent, unknownLeast = 10, 20 // do not know the recipient: it says little about each of them
	spoiltPercent, spoiltLeast   = 10, 20 // refuse what is in the message: the edition is paused
)

// pauses are those of providers, as they were about a second ago.
type pauses struct {
	change sync.Mutex // held while they are read or written in the database

	mu     sync.RWMutex
	until  map[string]time.Time // nil: nobody has looked yet
	ended  map[string]bool      // providers whose pause has a new end, so that what waits for the old one is to be moved up
	moving string               // the one that this is being done for
}

// of returns until when a provider is paused, zero if it is not.
func (p *pauses) of(provider string, now time.Time) time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if until := p.until[provider]; until.After(now) {
		return until
	}
	return time.Time{}
}

func (p *pauses) isKnown() bool { return p.all() != nil }

// all returns a map that nobody changes.
func (p *pauses) all() map[string]time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.until
}

func (p *pauses) set(until map[string]time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = until
}

// end notes that the pause of a provider has a new end.
func (p *pauses) end(provider string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == nil {
		p.ended = map[string]bool{}
	}
	p.ended[provider] = true
}

// move returns a provider whose pause has a new end, "" for none, for which what waits is being moved up from now on.
func (p *pauses) move() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moving = ""
	for name := range p.ended {
		delete(p.ended, name)
		p.moving = name
		break
	}
	return p.moving
}

// areSettled reports whether nothing is to be moved up.
func (p *pauses) areSettled() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.ended) == 0 && p.moving == ""
}

// lookAtPauses reads which providers are paused. One that is so since the last look begins with an empty window after it.
// One whose pause ends sooner than it was to is noted, whoever resumed it.
func (e *Engine) lookAtPauses(ctx context.Context) error {
	e.pauses.change.Lock()
	defer e.pauses.change.Unlock()
	rows, err := e.store.pausesAndResumed(ctx)
	if err != nil {
		return err
	}
	now := e.o.Now() // after reading: a pause that ended by itself meanwhile has no new end
	until, before := make(map[string]time.Time, len(rows)), e.pauses.all()
	for _, p := range rows {
		if p.Until.IsZero() {
			e.pauses.end(p.Provider)
			continue
		}
		until[p.Provider] = p.Until
		if before == nil {
			e.pauses.end(p.Provider) // it may have been shortened while nobody worked
		}
		if before[p.Provider].IsZero() {
			e.byProvider.clear(p.Provider)
		}
	}
	for provider, end := range before {
		if end.After(now) && until[provider].Before(end) {
			e.pauses.end(provider)
		}
	}
	e.pauses.set(until)
	return nil
}

// observe counts an outcome and stops what has come to too many refusals.
func (e *Engine) observe(it *item, o mail.Outcome) {
	v, says := verdictOf(o.Class)
	if !says {
		return
	}
	if share := e.byEdition.add(it.batch.edition, v); v == verdictMessage && share.isOver(spoiltPercent, spoiltLeast) {
		e.byEdition.clear(it.batch.edition)
		e.pauseEdition(it.batch.edition, fmt.Sprintf("%d of the last %d messages were refused for what is in them, at last: %s",
			share.n, share.of, mail.MaskAddresses(o.Reason())), "refused", share.n, "of", share.of, "outcome", o)
	}
	if !e.pauses.of(it.provider, e.o.Now()).IsZero() {
		return // it was under way when the pause began
	}
	if share := e.byProvider.add(it.provider, v); v == verdictSender && share.isOver(refusedPercent, refusedLeast) {
		e.pauseProvider(it.provider, share, o)
	}
}

// pauseProvider pauses a provider for all workers.
func (e *Engine) pauseProvider(provider string, refused share, o mail.Outcome) {
	e.pauses.change.Lock()
	defer e.pauses.change.Unlock()
	if !e.pauses.of(provider, e.o.Now()).IsZero() {
		return // another lane was first
	}
	log := e.log.With("provider", provider, "refused", refused.n, "of", refused.of)
	text := mail.MaskAddresses(o.Reason())
	p, began, err := e.store.pauseRefusing(e.hard, provider,
		fmt.Sprintf("%d of the last %d messages were refused, at last: %s", refused.n, refused.of, text))
	if err != nil {
		log.Error("provider not paused", "error", err) // the next refusal tries again
		return
	}
	until := maps.Clone(e.pauses.all())
	until[provider] = p.Until
	e.pauses.set(until)
	e.byProvider.clear(provider)
	if began {
		log.Error("provider paused", "share", fmt.Sprintf("%d %%", 100*refused.n/refused.of), "until", p.Until, "reply", text)
	}
}

// spike reports whether a provider knows so few of the recipients of its last messages that it is hardly them.
func (e *Engine) spike(provider string) bool {
	return e.byProvider.of(provider, verdictRecipient).isOver(unknownPercent, unknownLeast)
}

// lookEach keeps the pauses up to date, and what waits for them, until ctx ends.
func (e *Engine) lookEach(ctx context.Context) {
	var mover sync.WaitGroup
	defer mover.Wait()
	mover.Go(func() { e.moveUpEach(ctx) })
	for pause(ctx, pollEvery*3/4+rand.N(pollEvery/2)) == nil {
		if err := e.lookAtPauses(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("paused providers not looked at", "error", err)
		}
	}
}

// moveUpEach moves up what waits for the old end of a pause, until ctx ends.
func (e *Engine) moveUpEach(ctx context.Context) {
	for wait := time.Duration(0); pause(ctx, wait) == nil; {
		wait = pollEvery / 10
		provider := e.pauses.move()
		if provider == "" {
			continue
		}
		if err := e.moveUp(ctx, provider); err != nil {
			e.pauses.end(provider)
			wait = pollEvery
		}
	}
}

func (e *Engine) moveUp(ctx context.Context, provider string) error {
	n, err := e.store.moveUp(ctx, provider, func(address string) bool {
		name, _ := e.o.Providers.Of(address)
		return name == provider
	})
	if n > 0 {
		e.log.Info("deliveries moved up", "provider", provider, "deliveries", n)
	}
	if err != nil && ctx.Err() == nil {
		e.log.Warn("deliveries not moved up", "provider", provider, "error", err)
	}
	return err
}
