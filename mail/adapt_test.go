package mail_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// wantLimit checks how many connections the first relay may have now.
func wantLimit(t *testing.T, p *mail.Pool, want int) {
	t.Helper()
	if got := p.Relays()[0].Limit; got != want {
		t.Fatalf("got a limit of %d connections, want %d", got, want)
	}
}

func TestPoolTakesFewerConnectionsAfterTrouble(t *testing.T) {
	var a answer
	_, relay := newServer(t, sink.Options{Hook: a.hook})
	relay.Connections = 8
	c := newClock()
	var log bytes.Buffer
	pool := mail.NewPool([]*mail.Relay{relay}, 0, slog.New(slog.NewTextHandler(&log, nil)), c.now)
	t.Cleanup(pool.Close)
	accept := func(n, limit int) {
		t.Helper()
		for range n {
			wantClass(t, send(t, pool), mail.ClassAccepted)
		}
		wantLimit(t, pool, limit)
	}
	refuse := func(limit int) {
		t.Helper()
		a.set(sink.PhaseMail, sink.Action{Reply: "451 4.3.0 too busy"})
		wantClass(t, send(t, pool), mail.ClassTemporaryPath)
		wantLimit(t, pool, limit)
		a.set("", sink.Action{})
		c.advance(time.Minute)
	}
	accept(30, 8)
	refuse(4)
	accept(79, 4) // from here on slowly
	accept(1, 5)
	refuse(2)
	refuse(1)
	refuse(1)
	accept(1, 1) // and fast up to what worked
	accept(1, 2)
	accept(39, 2)
	accept(1, 3)
	accept(60+80+100+120+140, 8)
	accept(500, 8)
	if got := strings.Count(log.String(), "relay limit changed"); got != 6 {
		t.Errorf("the limit was logged %d times, want 6 times: not for steps up within 10 s:\n%s", got, log.String())
	}
	if last := "connections=8 configured=8"; !strings.Contains(log.String(), last) {
		t.Errorf("the log does not tell of the last change, %s:\n%s", last, log.String())
	}
}

// Only a new connection is refused: those that work go on, and nothing waits or is put back.
func TestPoolFindsHowManyConnectionsThereMayBe(t *testing.T) {
	const most = 3
	var mu sync.Mutex
	open := map[int]bool{}
	server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case e.Phase == sink.PhaseBanner && len(open) == most:
			return sink.Action{Reply: "421 4.7.0 too many connections", Close: true}
		case e.Phase == sink.PhaseBanner:
			open[e.Connection] = true
		case e.Phase == sink.PhaseQuit:
			delete(open, e.Connection)
		}
		return sink.Action{}
	}})
	relay.Connections = 16
	c := newClock()
	pool := newPool(t, c, relay)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	for range 20 {
		sendAtOnce(t, pool, 16)
		c.advance(time.Second)
	}
	if got := pool.Relays()[0].Limit; got < most || got > most+1 {
		t.Errorf("got a limit of %d connections, want %d or one more", got, most)
	}
	if got, want := server.Accepted(), 321; got != want {
		t.Errorf("the server took %d messages, want %d", got, want)
	}
}

// hold keeps messages at their final dot until so many are there, which are then over as many connections.
func hold(n int, other func(sink.Event) sink.Action) func(sink.Event) sink.Action {
	var mu sync.Mutex
	there, all := 0, make(chan bool)
	return func(e sink.Event) sink.Action {
		if e.Phase != sink.PhaseDot || e.Message > 1 || e.Connection > n {
			return other(e)
		}
		mu.Lock()
		if there++; there == n {
			close(all)
		}
		mu.Unlock()
		<-all
		return sink.Action{}
	}
}

func sendAtOnce(t *testing.T, p *mail.Pool, n int) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		group.Go(func() { wantAccepted(t, p) })
	}
	group.Wait()
}

// The connections that a restarted relay has closed cost no message more than one other try, however many there are.
func TestPoolOutlivesManyDeadConnections(t *testing.T) {
	for name, idle := range map[string]time.Duration{"a moment ago": 0, "a while ago": time.Minute} {
		t.Run(name, func(t *testing.T) {
			_, relay := newServer(t, sink.Options{Hook: hold(8, func(e sink.Event) sink.Action {
				return sink.Action{Close: e.Phase == sink.PhaseMail && e.Connection <= 8 && e.Message > 1}
			})})
			relay.Connections = 8
			c := newClock()
			pool := newPool(t, c, relay)
			sendAtOnce(t, pool, 8)
			c.advance(idle)
			wantClass(t, send(t, pool), mail.ClassAccepted)
			if got := pool.Relays()[0].Open; idle > 0 && got != 1 {
				t.Errorf("%d connections are open, want only the new one", got)
			}
			for range 20 {
				wantClass(t, send(t, pool), mail.ClassAccepted)
			}
			if got := pool.Relays()[0]; got.Reason != "" || got.Limit != 8 {
				t.Errorf("got %+v, want no trouble", got)
			}
		})
	}
}

// Connections beyond a limit that has shrunk end with their message.
func TestPoolEndsWhatIsBeyondTheLimit(t *testing.T) {
	there, release := make(chan bool), make(chan bool)
	_, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		switch {
		case e.Phase == sink.PhaseDot && e.Connection <= 3:
			there <- true
			<-release
		case e.Phase == sink.PhaseMail && e.Connection == 4:
			return sink.Action{Reply: "421 4.3.2 too many", Close: true}
		}
		return sink.Action{}
	}})
	relay.Connections = 5
	pool := newPool(t, newClock(), relay)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { wantAccepted(t, pool) })
	}
	for range 3 {
		<-there
	}
	wantClass(t, send(t, pool), mail.ClassTemporaryPath)
	wantLimit(t, pool, 2)
	close(release)
	group.Wait()
	if got := pool.Relays()[0].Open; got != 2 {
		t.Errorf("%d connections are open, want the 2 of the limit", got)
	}
}

// A relay that was found to take one connection gets the next only when it has said goodbye to the last.
func TestPoolWaitsForQuitWhereConnectionsAreScarce(t *testing.T) {
	var mu sync.Mutex
	open, refused := 0, 0
	quit := make(chan bool)
	_, relay := newServer(t, sink.Options{Hook: hold(1, func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseQuit {
			<-quit
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case e.Phase == sink.PhaseBanner && open == 1:
			refused++
			return sink.Action{Reply: "421 4.7.0 only one", Close: true}
		case e.Phase == sink.PhaseBanner:
			open++
		case e.Phase == sink.PhaseQuit:
			open--
		}
		return sink.Action{}
	})})
	relay.Connections, relay.Timeouts.Quit = 2, time.Minute
	pool := newPool(t, newClock(), relay)
	t.Cleanup(func() { close(quit) })
	wantClass(t, send(t, pool), mail.ClassAccepted)
	for pool.Relays()[0].Limit > 1 {
		sendAtOnce(t, pool, 2)
	}
	done := make(chan mail.Outcome)
	for pool.Relays()[0].Open == 1 {
		wantClass(t, send(t, pool), mail.ClassAccepted)
	}
	go func() { done <- pool.Send(t.Context(), message()) }()
	for pool.Waiting() == 0 {
		select {
		case got := <-done:
			t.Fatalf("got %s before the last connection was gone: %s; %+v", got.Class, got.Reason(), pool.Relays())
		case <-time.After(time.Millisecond):
		}
	}
	quit <- true
	wantClass(t, <-done, mail.ClassAccepted)
	if got := pool.Relays()[0]; got.Reason != "" || got.Limit != 1 || refused == 0 {
		t.Errorf("got %+v after %d refusals, want one connection and no trouble", got, refused)
	}
}

// A message that goes from a relay in trouble to another one was counted already.
func TestPoolPaysOnceForEachMessage(t *testing.T) {
	_, one := newServer(t, sink.Options{Hook: at(sink.PhaseMail, sink.Action{Reply: "421 busy", Close: true})})
	_, two := newServer(t, sink.Options{})
	pool := mail.NewPool([]*mail.Relay{one, two}, 1, slog.New(slog.DiscardHandler), time.Now)
	t.Cleanup(pool.Close)
	var asked atomic.Int64
	pool.ShareRates(func(context.Context, string, int, time.Duration) (time.Time, error) {
		return time.Now().Add(time.Duration(asked.Add(1)-1) * time.Hour), nil
	})
	wantClass(t, send(t, pool), mail.ClassAccepted)
}

func wantAccepted(t *testing.T, p *mail.Pool) {
	if got := p.Send(t.Context(), message()); got.Class != mail.ClassAccepted {
		t.Errorf("got %s: %s", got.Class, got.Reason())
	}
}

// Some relays end each connection after so many messages (Yahoo: about 20). That is no trouble, and soon comes no more.
func TestPoolLearnsToRotate(t *testing.T) {
	for name, end := range map[string]sink.Action{
		"421": {Reply: "421 4.7.0 closing transmission channel", Close: true}, "without a word": {Close: true},
	} {
		t.Run(name, func(t *testing.T) {
			const each = 20
			var mu sync.Mutex
			ended := 0
			server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
				if e.Phase == sink.PhaseMail && e.Message > each {
					mu.Lock()
					defer mu.Unlock()
					ended++
					return end
				}
				return sink.Action{}
			}})
			relay.Connections = 4
			c := newClock()
			pool := newPool(t, c, relay)
			for range 200 {
				wantClass(t, send(t, pool), mail.ClassAccepted)
			}
			if ended != 2 || server.Connections() != 10 {
				t.Errorf("%d of %d connections were ended, want 2 of 10", ended, server.Connections())
			}
			wantLimit(t, pool, 4)
			if got := pool.Relays()[0]; got.Reason != "" || !got.DialAfter.IsZero() {
				t.Errorf("got %+v, want no trouble", got)
			}
			c.advance(2 * time.Hour) // it may have changed its mind
			for range 41 {
				wantClass(t, send(t, pool), mail.ClassAccepted)
			}
			if ended != 3 {
				t.Errorf("after two hours %d connections were ended, want one more", ended-2)
			}
		})
	}
}

func TestPoolSaysQuitBesideTheNextMessage(t *testing.T) {
	quit := make(chan bool)
	server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseQuit {
			<-quit
		}
		return sink.Action{}
	}})
	relay.Timeouts.Quit = time.Minute
	pool := mail.NewPool([]*mail.Relay{relay}, 0, slog.New(slog.DiscardHandler), newClock().now)
	for range 101 {
		wantClass(t, send(t, pool), mail.ClassAccepted)
	}
	if got := server.Connections(); got != 2 {
		t.Errorf("101 messages took %d connections, want 2", got)
	}
	closed := make(chan bool)
	go func() {
		pool.Close()
		close(closed)
	}()
	quit <- true
	select {
	case <-closed:
		t.Error("Close did not wait for the second QUIT")
	case quit <- true:
	}
	<-closed
}

func TestPoolSendsInOrder(t *testing.T) {
	reached, release := make(chan bool), make(chan bool)
	server, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseDot && e.Message == 1 {
			reached <- true
			<-release
		}
		return sink.Action{}
	}})
	pool := newPool(t, newClock(), relay)
	var group sync.WaitGroup
	enter := func(name string, urgent bool) {
		m := message()
		m.Envelope.To, m.Urgent = name+"@reader.example", urgent
		waiting := pool.Waiting()
		group.Go(func() { pool.Send(t.Context(), m) })
		for late := time.Now().Add(time.Minute); name != "a" && pool.Waiting() == waiting; runtime.Gosched() {
			if time.Now().After(late) {
				t.Fatalf("%s does not wait", name)
			}
		}
	}
	enter("a", false)
	<-reached
	for _, name := range []string{"b", "c", "d"} {
		enter(name, false)
	}
	enter("e", true)
	enter("f", true)
	release <- true
	group.Wait()
	var order string
	for _, m := range server.Messages() {
		order += m.To[:1]
	}
	if want := "aefbcd"; order != want {
		t.Errorf("got the order %s, want %s", order, want)
	}
}

func TestOutcomeSaysWhereTheTimeWent(t *testing.T) {
	_, relay := newServer(t, sink.Options{})
	pool := newPool(t, newClock(), relay)
	first, second := send(t, pool).Took, send(t, pool).Took
	for i, got := range []mail.Took{first, second} {
		for name, took := range map[string]time.Duration{"wait": got.Wait, "mail": got.Mail, "dot": got.Dot} {
			if took <= 0 {
				t.Errorf("message %d: %s took no time", i+1, name)
			}
		}
	}
	if first.Dial <= 0 || second.Dial != 0 {
		t.Errorf("dialling took %s and %s, want only the first message to dial", first.Dial, second.Dial)
	}
	relay.Port = 1
	down := newPool(t, newClock(), relay)
	if got := send(t, down).Took; got.Dial <= 0 || got.Mail != 0 {
		t.Errorf("a refused connection: got %+v, want only dialling", got)
	}
}

func TestPoolTellsOfItsRelays(t *testing.T) {
	_, one := newServer(t, sink.Options{})
	_, two := newServer(t, sink.Options{Hook: at(sink.PhaseBanner, sink.Action{Reply: "421 4.3.2 ask ann@reader.example", Close: true})})
	one.Name, one.Connections = "one", 3
	two.Name = ""
	c := newClock()
	pool := newPool(t, c, one, two)
	for range 4 {
		wantClass(t, send(t, pool), mail.ClassAccepted)
	}
	got := pool.Relays()
	if want := (mail.RelayStatus{Name: "one", Open: 1, Limit: 3}); got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	second := got[1]
	if second.Name != fmt.Sprintf("127.0.0.1:%d", two.Port) || !second.DialAfter.Equal(c.now().Add(time.Second)) || second.Limit != 1 {
		t.Errorf("got %+v, want it in trouble for a second", second)
	}
	if !strings.Contains(second.Reason, "421 4.3.2 ask") || strings.Contains(second.Reason, "ann@") {
		t.Errorf("got the reason %q, want the answer without the address", second.Reason)
	}
}
