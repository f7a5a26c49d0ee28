package delivery

import (
	"context"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// Spread orders deliveries to the given providers and returns their places in the slice.
func Spread(providers []string) []int {
	items := make([]*item, len(providers))
	for i, p := range providers {
		items[i] = &item{provider: p}
	}
	var order []int
	for _, it := range spread(items) {
		order = append(order, slices.Index(items, it))
	}
	return order
}

// ClaimQueries are how a worker looks for work.
func ClaimQueries() map[string]string {
	return map[string]string{"lineup": lineupQuery, "claim": claimQuery}
}

// Spike reports whether a provider knows too few recipients.
func (e *Engine) Spike(provider string) bool { return e.spike(provider) }

// TestWindows are windows for tests.
type TestWindows struct{ *windows[int] }

// NewTestWindows returns windows without any outcomes.
func NewTestWindows() TestWindows { return TestWindows{newWindows[int]()} }

// Refuse notes a refusal, or an acceptance, and returns the share of refusals.
func (w TestWindows) Refuse(name int, refused bool) (n, of int) {
	v := verdictOther
	if refused {
		v = verdictSender
	}
	w.add(name, v)
	s := w.of(name, verdictSender)
	return s.n, s.of
}

// Len is how many names have a window.
func (w TestWindows) Len() int { return w.order.Len() }

// UrgentQueued is how many urgent deliveries wait in memory for a lane.
func (e *Engine) UrgentQueued() int { return len(e.urgent.work) }

// TakeTokens returns how long after now each token is for, and when what got none may come back, 0 if all got one.
func (s *Store) TakeTokens(ctx context.Context, provider string, n int, every time.Duration) ([]time.Duration, time.Duration, error) {
	return s.tokens(ctx, ask{provider, n, every, false})
}

// TakeUrgentTokens is TakeTokens for an urgent edition.
func (s *Store) TakeUrgentTokens(ctx context.Context, provider string, n int, every time.Duration) ([]time.Duration, time.Duration, error) {
	return s.tokens(ctx, ask{provider, n, every, true})
}

func (s *Store) tokens(ctx context.Context, a ask) ([]time.Duration, time.Duration, error) {
	grants, err := s.takeTokens(ctx, []ask{a})
	if err != nil {
		return nil, 0, err
	}
	var tokens []time.Duration
	for k := range grants[0].n {
		tokens = append(tokens, grants[0].from+time.Duration(k)*a.every)
	}
	return tokens, grants[0].later, nil
}

// IsPaused reports whether the engine knows that a provider is paused.
func (e *Engine) IsPaused(provider string) bool { return !e.pauses.of(provider, e.o.Now()).IsZero() }

// HoldPauses keeps the engine from looking at pauses until release is called: it knows those that it knew.
func (e *Engine) HoldPauses() (release func()) {
	e.pauses.change.Lock()
	return e.pauses.change.Unlock
}

// LookAtPauses reads the pauses and reports whether nothing is to be moved up.
func (e *Engine) LookAtPauses(ctx context.Context) (settled bool, err error) {
	err = e.lookAtPauses(ctx)
	return e.pauses.areSettled(), err
}

// TestMover moves up what waits, page by page.
type TestMover struct{ m mover }

// NewTestMover returns one that has not begun.
func NewTestMover(provider string, isIts func(address string) bool) *TestMover {
	return &TestMover{mover{provider: provider, isIts: isIts}}
}

// Page does the next page and reports whether there are more.
func (t *TestMover) Page(ctx context.Context, s *Store) (more bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error { return t.m.page(ctx, tx, s.now()) })
	return t.m.more, err
}
