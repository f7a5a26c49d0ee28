package mail_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/mail"
)

// dialling is how long a relay takes to refuse a connection.
const dialling = 700 * time.Millisecond

// hung takes so many turns over connections that hang until the end is called.
func hung(t *testing.T, p *mail.Pool, n int) (end func()) {
	t.Helper()
	release := make(chan bool)
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if err := p.TurnOver(t.Context(), func(string) { <-release }); err != nil {
				t.Error(err)
			}
		})
	}
	synctest.Wait()
	return func() {
		close(release)
		group.Wait()
	}
}

func wantTurnAfter(t *testing.T, p *mail.Pool, want time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	began := time.Now()
	if err := p.TurnOver(ctx, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took != want {
		t.Errorf("the turn came after %s, want %s", took, want)
	}
}

// Connections that hang are as many as the limit that was left after a refusal. They stop nobody else.
func TestPoolGoesAroundHungConnections(t *testing.T) {
	for name, c := range map[string]struct {
		hang, refusals int
	}{
		"one, and a new one refused":     {1, 1},
		"three, and a new one refused":   {3, 1},
		"one, and several refused":       {1, 4},
		"half of them, and the rest not": {4, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay := unreal("a", 0)
				relay.Connections = 8
				p := quietPool(0, relay)
				defer p.Close()
				end := hung(t, p, c.hang)
				defer end()
				pause := time.Second
				for i := range c.refusals {
					began := time.Now()
					if err := p.Refuse(t.Context(), dialling); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(began); i > 0 && took != pause+dialling {
						t.Errorf("refusal %d came after %s, want %s", i+1, took, pause+dialling)
					} else if i > 0 {
						pause *= 2
					}
				}
				wantLimit(t, p, c.hang)
				wantTurnAfter(t, p, pause)
				for range 5 {
					wantTurnAfter(t, p, 0)
				}
			})
		})
	}
}

// What hangs without end takes one connection after the other, more and more slowly, and never more than there may be.
func TestPoolTriesMoreThanTheLimitSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := unreal("a", 0)
		relay.Connections = 5
		p := quietPool(0, relay)
		defer p.Close()
		end := hung(t, p, 1)
		if err := p.Refuse(t.Context(), dialling); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		more := hung(t, p, 8) // of which four find a slot
		for i, after := range []time.Duration{1, 3, 7, 15} {
			time.Sleep(time.Until(began.Add(after*time.Second - time.Nanosecond)))
			synctest.Wait()
			if got := p.Relays()[0].Busy; got != i+1 {
				t.Errorf("before %d s: %d are in use, want %d", after, got, i+1)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if got := p.Relays()[0].Busy; got != i+2 {
				t.Errorf("after %d s: %d are in use, want %d", after, got, i+2)
			}
		}
		time.Sleep(time.Hour)
		if got := p.Relays()[0].Busy; got != 5 {
			t.Errorf("%d are in use, want the 5 there may be", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := p.TurnOver(ctx, func(string) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want to wait", err)
		}
		end()
		more()
	})
}

// As long as something moves there is no need for more than the limit.
func TestPoolKeepsToTheLimitWhileMessagesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := unreal("a", 0)
		relay.Connections = 5
		p := quietPool(0, relay)
		defer p.Close()
		end := hung(t, p, 1)
		if err := p.Refuse(t.Context(), dialling); err != nil {
			t.Fatal(err)
		}
		end()
		most := 0
		var mu sync.Mutex
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		callers(ctx, 5, 0, func(ctx context.Context) error {
			return p.TurnOver(ctx, func(string) {
				mu.Lock()
				most = max(most, p.Relays()[0].Busy)
				mu.Unlock()
				time.Sleep(900 * time.Millisecond)
			})
		})
		if most != 1 {
			t.Errorf("%d were in use at once, want 1", most)
		}
	})
}
