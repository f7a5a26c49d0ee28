package delivery

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// portion is what is to be done with the deliveries of a batch.
type portion struct {
	ready []*item
	early []*item // they have a token for a time to come
	aside []result
}

// portion says what may be sent of a batch now. The rest is put aside at once, so that no lane ever waits for a provider.
// Who left and what is too late is left to the lanes.
func (e *Engine) portion(b *batch, items []*item) (*portion, error) {
	p := &portion{}
	now := e.o.Now()
	isOver := b.isOver(now)
	rated := map[string][]*item{}
	for _, it := range items {
		until, rate := e.pauses.of(it.provider, now), e.o.Providers.Rate(it.provider)
		switch {
		case isOver || b.roll[it.subscriber] != "":
			p.ready = append(p.ready, it)
		case !until.IsZero():
			p.aside = append(p.aside, *e.afterPause(it, until))
		case rate > 0:
			rated[it.provider] = append(rated[it.provider], it)
		default:
			p.ready = append(p.ready, it)
		}
	}
	if len(rated) == 0 {
		return p, nil
	}
	return p, e.ration(p, rated, b.urgent)
}

// ration deals the tokens of providers with a rate.
func (e *Engine) ration(p *portion, rated map[string][]*item, urgent bool) error {
	names := slices.Sorted(maps.Keys(rated))
	asks := make([]ask, len(names))
	for i, name := range names {
		asks[i] = ask{name, len(rated[name]), time.Duration(float64(time.Second) / e.o.Providers.Rate(name)), urgent}
	}
	began, now := time.Now(), e.o.Now()
	grants, err := e.store.takeTokens(e.hard, asks)
	if err != nil {
		return err
	}
	took := time.Since(began) // the grants count from some time in between; late is right, early is not
	for i, g := range grants {
		for k, it := range rated[names[i]] {
			if k < g.n {
				it.notBefore = began.Add(took + g.from + time.Duration(k)*asks[i].every)
				p.early = append(p.early, it)
				continue
			}
			p.aside = append(p.aside, *e.putAside(it, ReasonRate, now.Add(g.later+time.Duration(k-g.n)*asks[i].every)))
		}
	}
	return nil
}

// afterPause puts a delivery aside until its provider's pause is over, spread over some time after that.
func (e *Engine) afterPause(it *item, until time.Time) *result {
	r := e.putAside(it, ReasonProviderPaused, until.Add(rand.N(afterwards(e.o.Now(), until))))
	r.change.provider, r.change.pausedUntil = it.provider, until
	if end := it.batch.expiresAt; r.change.nextTry.Equal(end) && !end.IsZero() {
		r.change.nextTry = end.Add(rand.N(time.Minute)) // when it expires; not all of a run at once
	}
	return r
}

// putAside reports a delivery that goes later, which is nobody's fault and no attempt.
func (e *Engine) putAside(it *item, reason string, until time.Time) *result {
	c := it.change()
	c.state, c.reason, c.nextTry = Pending, reason, notAfter(until, it.batch.expiresAt)
	return &result{batch: it.batch, item: it, change: c, journal: noEntry}
}
