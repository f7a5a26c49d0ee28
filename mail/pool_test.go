package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newPool(t testing.TB, c *clock, relays ...*mail.Relay) *mail.Pool {
	t.Helper()
	p := mail.NewPool(relays, 0, slog.New(slog.DiscardHandler), c.now)
	t.Cleanup(p.Close)
	return p
}

func send(t *testing.T, p *mail.Pool) mail.Outcome {
	t.Helper()
	return p.Send(t.Context(), message())
}

func wantClass(t *testing.T, got mail.Outcome, want mail.Class) {
	t.Helper()
	if got.Class != want {
		t.Fatalf("got %s: %s, want %s", got.Class, got.Reason(), want)
	}
}

// answer is what a server says from now on at one phase.
type answer struct {
	mu     sync.Mutex
	phase  sink.Phase
	action sink.Action
}

func (a *answer) set(phase sink.Phase, action sink.Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase, a.action = phase, action
}

func (a *answer) hook(e sink.Event) sink.Action {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Phase == a.phase {
		return a.action
	}
	return sink.Action{}
}

func TestPoolReusesConnections(t *testing.T) {
	server, relay := newServer(t, sink.Options{})
	relay.Connections = 3
	pool := newPool(t, newClock(), relay)
	if got := pool.Size(); got != 3 {
		t.Errorf("Size() = %d, want 3", got)
	}
	for range 20 {
		wantClass(t, send(t, pool), mail.ClassAccepted)
	}
	if got := server.Connections(); got != 1 {
		t.Errorf("20 messages took %d connections, want 1", got)
	}
}

func TestPoolReplacesWornConnections(t *testing.T) {
	server, relay := newServer(t, sink.Options{})
	c := newClock()
	pool := newPool(t, c, relay)
	for range 201 {
		wantClass(t, send(t, pool), mail.ClassAccepted)
	}
	if got := server.Connections(); got != 3 {
		t.Errorf("201 messages took %d connections, want 3", got)
	}
	c.advance(6 * time.Minute)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	if got := server.Connections(); got != 4 {
		t.Errorf("after 6 minutes there were %d connections, want 4", got)
	}
}

func TestPoolHoldsItsLimit(t *testing.T) {
	var mu sync.Mutex
	open, most := 0, 0
	server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		mu.Lock()
		defer mu.Unlock()
		switch e.Phase {
		case sink.PhaseMail:
			open++
			most = max(most, open)
		case sink.PhaseDot:
			open--
		}
		return sink.Action{}
	}})
	relay.Connections = 4
	pool := newPool(t, newClock(), relay)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for range 20 {
				if got := pool.Send(t.Context(), message()); got.Class != mail.ClassAccepted {
					t.Errorf("got %s: %s", got.Class, got.Reason())
				}
			}
		})
	}
	group.Wait()
	if server.Accepted() != 640 || most > 4 {
		t.Errorf("the server took %d messages, at most %d at once, want 640 and 4", server.Accepted(), most)
	}
}

func TestPoolSharesByWeight(t *testing.T) {
	heavy, one := newServer(t, sink.Options{})
	light, two := newServer(t, sink.Options{})
	one.Weight = 3
	pool := newPool(t, newClock(), one, two)
	for range 40 {
		wantClass(t, send(t, pool), mail.ClassAccepted)
	}
	if heavy.Accepted() != 30 || light.Accepted() != 10 {
		t.Errorf("the relays took %d and %d messages, want 30 and 10", heavy.Accepted(), light.Accepted())
	}
}

func TestPoolFailsOver(t *testing.T) {
	for name, c := range map[string]struct {
		phase  sink.Phase
		action sink.Action
	}{
		"banner 554":   {sink.PhaseBanner, sink.Action{Reply: "554 no", Close: true}},
		"banner 421":   {sink.PhaseBanner, sink.Action{Reply: "421 busy", Close: true}},
		"mail refused": {sink.PhaseMail, sink.Action{Reply: "451 4.3.0 later"}},
		"cut":          {sink.PhaseData, sink.Action{Close: true}},
	} {
		bad, one := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
			if e.Phase == c.phase {
				return c.action
			}
			return sink.Action{}
		}})
		good, two := newServer(t, sink.Options{})
		pool := newPool(t, newClock(), one, two)
		for range 10 {
			wantClass(t, send(t, pool), mail.ClassAccepted)
		}
		if good.Accepted() != 10 || bad.Connections() != 1 {
			t.Errorf("%s: the good relay took %d messages, the bad one was dialled %d times, want 10 and 1",
				name, good.Accepted(), bad.Connections())
		}
	}
}

func TestPoolDoesNotRepeatAfterTheDot(t *testing.T) {
	for name, c := range map[string]struct {
		action sink.Action
		want   mail.Class
	}{
		"cut":  {sink.Action{Close: true}, mail.ClassUncertain},
		"421":  {sink.Action{Reply: "421 bye", Close: true}, mail.ClassTemporaryPath},
		"451":  {sink.Action{Reply: "451 later"}, mail.ClassTemporaryRecipient},
		"spam": {sink.Action{Reply: "554 5.7.1 spam"}, mail.ClassPermanentSender},
	} {
		_, one := newServer(t, sink.Options{Hook: at(sink.PhaseDot, c.action)})
		other, two := newServer(t, sink.Options{})
		pool, dots := newPool(t, newClock(), one, two), 0
		got := pool.Send(t.Context(), &mail.Message{Envelope: envelope, Data: []byte(aMessage), BeforeDot: func() error { dots++; return nil }})
		if got.Class != c.want || dots != 1 || other.Accepted() != 0 {
			t.Errorf("%s: got %s after %d dots, the other relay took %d, want %s", name, got.Class, dots, other.Accepted(), c.want)
		}
	}
}

func TestPoolSaysWhenToTryAgain(t *testing.T) {
	for reply, want := range map[string]time.Duration{
		"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred": 2 * time.Hour,
		"451 4.7.1 greylisted":          0,
		"554 5.7.9 [TSS04] is not this": 0,
	} {
		_, relay := newServer(t, sink.Options{Hook: at(sink.PhaseRcpt, sink.Action{Reply: reply})})
		if got := send(t, newPool(t, newClock(), relay)).RetryAfter; got != want {
			t.Errorf("%s: got %s, want %s", reply, got, want)
		}
	}
}

func TestPoolBacksOffAndRecovers(t *testing.T) {
	var a answer
	a.set(sink.PhaseBanner, sink.Action{Reply: "421 4.3.2 busy", Close: true})
	server, relay := newServer(t, sink.Options{Hook: a.hook})
	c := newClock()
	pool := newPool(t, c, relay)
	dialled := 0
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		got := send(t, pool)
		wantClass(t, got, mail.ClassTemporaryPath)
		if dialled++; server.Connections() != dialled {
			t.Fatalf("dialled %d times, want %d", server.Connections(), dialled)
		}
		if got.Reply.Code != 421 {
			t.Errorf("got %+v, want the relay's answer", got)
		}
		c.advance(wait*time.Second - time.Millisecond)
		got = send(t, pool)
		wantClass(t, got, mail.ClassTemporaryPath)
		if server.Connections() != dialled || !strings.Contains(got.Reason(), "421 4.3.2 busy") {
			t.Fatalf("within %ds: dialled %d times, reason %q", wait, server.Connections(), got.Reason())
		}
		c.advance(time.Millisecond)
	}
	a.set("", sink.Action{})
	wantClass(t, send(t, pool), mail.ClassAccepted)
	a.set(sink.PhaseMail, sink.Action{Reply: "451 4.3.0 no"})
	wantClass(t, send(t, pool), mail.ClassTemporaryPath)
	c.advance(time.Second)
	a.set("", sink.Action{})
	wantClass(t, send(t, pool), mail.ClassAccepted)
}

func TestPoolSendsOverOpenConnectionsWhileDialsAreRefused(t *testing.T) {
	server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseBanner && e.Connection > 2 {
			return sink.Action{Reply: "421 too many connections", Close: true}
		}
		return sink.Action{}
	}})
	relay.Connections = 8
	pool := newPool(t, newClock(), relay)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	var group sync.WaitGroup
	var mu sync.Mutex
	lost := 0
	for range 8 {
		group.Go(func() {
			for range 20 {
				if got := pool.Send(t.Context(), message()); got.Class != mail.ClassAccepted {
					mu.Lock()
					lost++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	if refused := server.Connections() - 2; lost > refused || server.Accepted() != 161-lost {
		t.Errorf("%d messages were put back though only %d connections were refused", lost, refused)
	}
}

func TestPoolSurvivesARestartOfTheRelay(t *testing.T) {
	for name, action := range map[string]sink.Action{
		"cut": {Close: true}, "421": {Reply: "421 idle too long", Close: true},
	} {
		server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
			if e.Phase == sink.PhaseMail && e.Message == 2 && e.Connection < 3 {
				return action
			}
			return sink.Action{}
		}})
		pool := newPool(t, newClock(), relay)
		for range 5 {
			wantClass(t, send(t, pool), mail.ClassAccepted)
		}
		if got := server.Connections(); got != 3 {
			t.Errorf("%s: %d connections, want 3", name, got)
		}
	}
}

func TestPoolAbortIsNotTheRelaysFault(t *testing.T) {
	server, relay := newServer(t, sink.Options{})
	other, two := newServer(t, sink.Options{})
	pool := newPool(t, newClock(), relay, two)
	refusal := errors.New("journal is full")
	got := pool.Send(t.Context(), &mail.Message{Envelope: envelope, Data: []byte(aMessage), BeforeDot: func() error { return refusal }})
	if !errors.Is(got.Err, mail.ErrAborted) || !errors.Is(got.Err, refusal) {
		t.Errorf("got %+v, want ErrAborted", got)
	}
	wantClass(t, send(t, pool), mail.ClassAccepted)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	if server.Accepted() != 1 || other.Accepted() != 1 {
		t.Errorf("the relays took %d and %d, want both in service", server.Accepted(), other.Accepted())
	}
}

func TestPoolWaitsForASlotUntilCancelled(t *testing.T) {
	reached := make(chan bool)
	_, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseDot {
			reached <- true
			return sink.Action{Delay: time.Minute}
		}
		return sink.Action{}
	}})
	pool := newPool(t, newClock(), relay)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if got := pool.Send(ctx, message()); got.Class != mail.ClassUncertain {
			t.Errorf("in flight: got %+v", got)
		}
	})
	<-reached
	group.Go(func() {
		got := pool.Send(ctx, message())
		if got.Class != mail.ClassTemporaryPath || !errors.Is(got.Err, context.Canceled) {
			t.Errorf("waiting: got %+v", got)
		}
	})
	cancel()
	group.Wait()
}

func TestPoolKeepsTheRate(t *testing.T) {
	for name, set := range map[string]func(*mail.Relay) float64{
		"over all":  func(*mail.Relay) float64 { return 40 },
		"one relay": func(r *mail.Relay) float64 { r.Rate = 40; return 0 },
	} {
		_, relay := newServer(t, sink.Options{})
		perSecond := set(relay)
		pool := mail.NewPool([]*mail.Relay{relay}, perSecond, slog.New(slog.DiscardHandler), time.Now)
		begin := time.Now()
		for range 12 {
			wantClass(t, send(t, pool), mail.ClassAccepted)
		}
		// They are 25 ms apart, some up to 100 ms late.
		if took := time.Since(begin); took < 170*time.Millisecond {
			t.Errorf("%s: 12 messages took %s, want 275 ms", name, took)
		}
		pool.Close()
	}
}

func TestPoolGivesUpWaitingForTheRate(t *testing.T) {
	_, relay := newServer(t, sink.Options{})
	pool := mail.NewPool([]*mail.Relay{relay}, 0.001, slog.New(slog.DiscardHandler), time.Now)
	t.Cleanup(pool.Close)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	got := pool.Send(ctx, message())
	wantClass(t, got, mail.ClassTemporaryPath)
	if !errors.Is(got.Err, context.DeadlineExceeded) || got.Took.Wait <= 0 {
		t.Errorf("got %v after %s, want the end of the context", got.Err, got.Took.Wait)
	}
}

func TestPoolClose(t *testing.T) {
	quits := make(chan bool, 10)
	_, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseQuit {
			quits <- true
		}
		return sink.Action{}
	}})
	pool := newPool(t, newClock(), relay)
	pool.Close()
	pool = newPool(t, newClock(), relay)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	pool.Close()
	pool.Close()
	if len(quits) != 1 {
		t.Errorf("QUIT was said %d times, want once", len(quits))
	}
	if got := send(t, pool); got.Class != mail.ClassTemporaryPath || !errors.Is(got.Err, mail.ErrPoolClosed) {
		t.Errorf("after Close got %+v, want ErrPoolClosed", got)
	}
}

func TestPoolOfNothing(t *testing.T) {
	wantClass(t, send(t, newPool(t, newClock())), mail.ClassTemporaryPath)
}

func TestPoolAllDownKeepsTheMessage(t *testing.T) {
	for i, phase := range []sink.Phase{sink.PhaseBanner, sink.PhaseHello, sink.PhaseMail} {
		hook := func(e sink.Event) sink.Action {
			if e.Phase == phase {
				return sink.Action{Reply: fmt.Sprintf("45%d not now", i)}
			}
			return sink.Action{}
		}
		_, one := newServer(t, sink.Options{Hook: hook})
		server, two := newServer(t, sink.Options{Hook: hook})
		pool := newPool(t, newClock(), one, two)
		wantClass(t, send(t, pool), mail.ClassTemporaryPath)
		wantClass(t, send(t, pool), mail.ClassTemporaryPath)
		if got := server.Connections(); got != 1 {
			t.Errorf("%s: the second relay was dialled %d times, want once", phase, got)
		}
	}
}

func message() *mail.Message { return &mail.Message{Envelope: envelope, Data: []byte(aMessage)} }
