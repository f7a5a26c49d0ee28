package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/mail"
)

// book is a Reserve that many pools share. It takes its time, as a database does, and can be away.
type book struct {
	mu    sync.Mutex
	next  map[string]time.Time
	asked int
	away  bool
}

func (b *book) reserve(ctx context.Context, bucket string, n int, every time.Duration) (time.Time, error) {
	time.Sleep(5 * time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.away {
		return time.Time{}, errors.New("the database is away")
	}
	from := time.Now()
	if b.next[bucket].After(from) {
		from = b.next[bucket]
	}
	if b.next == nil {
		b.next = map[string]time.Time{}
	}
	b.next[bucket] = from.Add(time.Duration(n) * every)
	return from, ctx.Err()
}

func (b *book) setAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

// sent notes when messages went.
type sent struct {
	mu sync.Mutex
	at []time.Time
}

func (s *sent) note(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
}

func (s *sent) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

// most returns the largest number of messages within any second.
func (s *sent) most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.at, time.Time.Compare)
	most, first := 0, 0
	for i, at := range s.at {
		for at.Sub(s.at[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// unreal is a relay that no test with a false clock connects to.
func unreal(name string, perSecond float64) *mail.Relay {
	return &mail.Relay{Name: name, Host: "127.0.0.1", Port: 1, Connections: 64, Rate: perSecond}
}

func quietPool(perSecond float64, relays ...*mail.Relay) *mail.Pool {
	return mail.NewPool(relays, perSecond, slog.New(slog.DiscardHandler), time.Now)
}

// callers sends as fast as it may with so many callers until ctx ends, each thinking up to think between two messages.
func callers(ctx context.Context, n int, think time.Duration, turn func(context.Context) error) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			for turn(ctx) == nil {
				if think > 0 {
					time.Sleep(rand.N(think))
				}
			}
		})
	}
	group.Wait()
}

// Whatever the rate, the callers and the pools that share it, no second has more messages than the rate, and what a
// pool may catch up after a moment; and callers that always want to send come close to it.
func TestPoolNeverPassesTheRate(t *testing.T) {
	for _, perSecond := range []float64{0.5, 3, 40, 1000} {
		for _, pools := range []int{1, 3} {
			for _, think := range []time.Duration{0, 50 * time.Millisecond, 2 * time.Second} {
				t.Run(fmt.Sprintf("%v a second, %d pools, thinking %s", perSecond, pools, think), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { keepsRate(t, perSecond, pools, think) })
				})
			}
		}
	}
}

func keepsRate(t *testing.T, perSecond float64, pools int, think time.Duration) {
	const duration = 20 * time.Second
	var log sent
	var shared book
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	var group sync.WaitGroup
	for i := range pools {
		p := quietPool(perSecond, unreal("a", 0))
		if pools > 1 {
			p.ShareRates(shared.reserve)
		}
		group.Go(func() {
			defer p.Close()
			callers(ctx, 1+10*i, think, func(ctx context.Context) error { return p.Turn(ctx, false, log.note) })
		})
	}
	group.Wait()
	most := int(perSecond+perSecond/10) + 1 + pools
	if got := log.most(); got > most {
		t.Errorf("a second had %d messages, want at most %d", got, most)
	}
	if least := int(0.8 * perSecond * duration.Seconds()); think == 0 && log.count() < least {
		t.Errorf("%d messages went, want at least %d", log.count(), least)
	}
	if asked, most := shared.asked, 2*pools*int(duration.Seconds())+30*pools; think == 0 && asked > most {
		t.Errorf("the rate was asked for %d times in %s, want at most %d", asked, duration, most)
	}
}

func TestPoolKeepsNoBurstForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := quietPool(20, unreal("a", 0))
		defer p.Close()
		busy, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var log sent
		turn := func(ctx context.Context) error { return p.Turn(ctx, false, log.note) }
		callers(busy, 8, 0, turn)
		time.Sleep(time.Hour)
		log = sent{}
		again, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		callers(again, 50, 0, turn)
		if got := log.count(); got < 18 || got > 23 {
			t.Errorf("the second after an idle hour had %d messages, want 20", got)
		}
	})
}

func TestPoolWaitsWhileRatesAreNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := book{away: true}
		p := quietPool(0, unreal("a", 50))
		p.ShareRates(shared.reserve)
		defer p.Close()
		given, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var log sent
		if err := p.Turn(given, false, log.note); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		if shared.asked < 3 || shared.asked > 20 {
			t.Errorf("an absent database was asked %d times in a minute, want about 9", shared.asked)
		}
		time.AfterFunc(time.Minute, func() { shared.setAway(false) })
		if err := p.Turn(t.Context(), false, log.note); err != nil {
			t.Error(err)
		}
		if got := log.count(); got != 1 {
			t.Errorf("%d messages went, want the one after the database came back", got)
		}
	})
}

// A database that does not answer is asked again, and the log tells once that it is away and once that it is back.
func TestPoolAsksAgainWhereRatesHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared book
		var asked atomic.Int64
		var log bytes.Buffer
		p := mail.NewPool([]*mail.Relay{unreal("a", 50)}, 0, slog.New(slog.NewTextHandler(&log, nil)), time.Now)
		p.ShareRates(func(ctx context.Context, bucket string, n int, every time.Duration) (time.Time, error) {
			if asked.Add(1) > 3 {
				return shared.reserve(ctx, bucket, n, every)
			}
			<-ctx.Done()
			return time.Time{}, ctx.Err()
		})
		began := time.Now()
		if err := p.Turn(t.Context(), false, func(string) {}); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 45*time.Second || took > 50*time.Second {
			t.Errorf("the message went after %s, want three times 15 s and the pauses between", took)
		}
		p.Close()
		for _, event := range []string{"rate not known", "rate known again"} {
			if got := strings.Count(log.String(), event); got != 1 {
				t.Errorf("%q was logged %d times, want once:\n%s", event, got, log.String())
			}
		}
	})
}

func TestPoolGoesAroundARelayAtItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := quietPool(0, unreal("slow", 2), unreal("fast", 0))
		defer p.Close()
		begin := time.Now()
		over := map[string]int{}
		var mu sync.Mutex
		for range 100 {
			if err := p.Turn(t.Context(), false, func(relay string) { mu.Lock(); defer mu.Unlock(); over[relay]++ }); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // until the rate of the slow relay is known
		}
		if took := time.Since(begin); took > 0 || over["slow"] != 1 || over["fast"] != 99 {
			t.Errorf("the relays took %v in %s, want 1 and 99 at once", over, took)
		}
	})
}

func TestPoolSendsUrgentMessagesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := quietPool(10, unreal("a", 0))
		defer p.Close()
		var mu sync.Mutex
		var order []string
		var group sync.WaitGroup
		enter := func(name string, urgent bool) {
			group.Go(func() {
				err := p.Turn(t.Context(), urgent, func(string) { mu.Lock(); defer mu.Unlock(); order = append(order, name) })
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for _, name := range []string{"a", "b", "c", "d"} {
			enter(name, false)
		}
		enter("e", true)
		enter("f", true)
		group.Wait()
		// The first went before the others came.
		if want := []string{"a", "e", "f", "b", "c", "d"}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}

// An urgent message that waits for the rate holds up none that the rate has let through before.
func TestPoolLetsThoseGoOnWhoHavePaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := unreal("a", 0)
		relay.Connections = 1
		p := quietPool(1, relay)
		defer p.Close()
		began := time.Now()
		var mu sync.Mutex
		went := map[string]time.Duration{}
		note := func(name string, hold time.Duration) func(string) {
			return func(string) {
				mu.Lock()
				went[name] = time.Since(began)
				mu.Unlock()
				time.Sleep(hold)
			}
		}
		var group sync.WaitGroup
		enter := func(turn func() error) {
			group.Go(func() {
				if err := turn(); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		enter(func() error { return p.Turn(t.Context(), false, note("first", 100*time.Millisecond)) })
		enter(func() error { return p.TurnAgain(t.Context(), note("again", 0)) })
		enter(func() error { return p.Turn(t.Context(), true, note("urgent", 0)) })
		enter(func() error { return p.Turn(t.Context(), false, note("last", 0)) })
		group.Wait()
		want := map[string]time.Duration{"first": 0, "again": 100 * time.Millisecond, "urgent": time.Second, "last": 2 * time.Second}
		if !maps.Equal(went, want) {
			t.Errorf("they went after %v, want %v", went, want)
		}
	})
}

// Whoever gives up leaves nothing behind that others would wait for.
func TestPoolSurvivesWhoeverGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := unreal("a", 100)
		relay.Connections = 2
		p := quietPool(0, relay)
		defer p.Close()
		// A turn comes each 10 ms, and just then some give up.
		steps := func(n int) time.Duration { return time.Duration(rand.N(n)) * 10 * time.Millisecond }
		hold := func(string) { time.Sleep(steps(5)) }
		var group sync.WaitGroup
		for range 300 {
			group.Go(func() {
				time.Sleep(steps(200))
				ctx, cancel := context.WithTimeout(t.Context(), steps(30))
				defer cancel()
				if err := p.Turn(ctx, rand.N(4) == 0, hold); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got := p.Relays()[0]; got.Busy != 0 || got.Open != 0 {
			t.Errorf("got %+v, want nothing busy", got)
		}
		if err := p.Turn(t.Context(), false, hold); err != nil {
			t.Error(err)
		}
	})
}

func TestPoolTakesBackWhatNobodyWants(t *testing.T) {
	p := quietPool(0, unreal("a", 0))
	defer p.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 { // either may be noticed first: the turn, or that the caller is gone
		if err := p.Turn(gone, false, func(string) {}); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if got := p.Relays()[0].Busy; got != 0 {
		t.Errorf("%d slots are still taken", got)
	}
}

func TestPoolTurnsAllocateNothing(t *testing.T) {
	p := quietPool(0, unreal("a", 0), unreal("b", 0))
	defer p.Close()
	ctx, do := t.Context(), func(string) {}
	got := testing.AllocsPerRun(1000, func() {
		if err := p.Turn(ctx, false, do); err != nil {
			t.Error(err)
		}
	})
	if got > 0 {
		t.Errorf("a turn allocates %v times, want 0", got)
	}
}
