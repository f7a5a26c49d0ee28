package main_test

import (
	"crypto/sha256"
	"maps"
	"sync"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// inbox is the witness: an SMTP server that notes every message before it
// accepts it.
type inbox struct {
	t      *testing.T
	server *sink.Server

	mu       sync.Mutex
	mails    map[string]arrivals
	asked    map[string]int // the connection over which a reader's text was last announced
	total    int
	changed  chan struct{}
	examines func(to string, data []byte)
}

// arrivals is what came for one address.
type arrivals struct {
	times   int
	first   [sha256.Size]byte // what the first message was
	differs bool              // a later one was not the same, octet by octet
}

func newInbox(t *testing.T, o sink.Options) *inbox {
	t.Helper()
	b := &inbox{t: t, mails: map[string]arrivals{}, asked: map[string]int{}, changed: make(chan struct{})}
	o.OnMessage, o.Keep, o.Hook = b.accept, 1000, b.watch(o.Hook)
	var err error
	if b.server, err = sink.NewServer(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.server.Close() })
	return b
}

func (b *inbox) addr() string { return b.server.Addr().String() }

// watch notes which connection a message is about to come over, and leaves the
// answers to hook.
func (b *inbox) watch(hook func(sink.Event) sink.Action) func(sink.Event) sink.Action {
	return func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseData {
			b.mu.Lock()
			b.asked[e.To] = e.Connection
			b.mu.Unlock()
		}
		if hook == nil {
			return sink.Action{}
		}
		return hook(e)
	}
}

func (b *inbox) accept(_, to string, data []byte) error {
	sum := sha256.Sum256(data)
	b.mu.Lock()
	r := b.mails[to]
	if r.times++; r.times == 1 {
		r.first = sum
	}
	r.differs = r.differs || r.first != sum
	b.mails[to] = r
	b.total++
	close(b.changed)
	b.changed = make(chan struct{})
	examine := b.examines
	b.mu.Unlock()
	if examine != nil {
		examine(to, data)
	}
	return nil
}

// examine has fn called with every message from now on, from several
// goroutines at once, and forgets what has come so far.
func (b *inbox) examine(fn func(to string, data []byte)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails, b.total, b.examines = map[string]arrivals{}, 0, fn
}

// wait waits until n messages have come.
func (b *inbox) wait(n int) {
	b.t.Helper()
	if !b.comes(n, patience) {
		total, _ := b.arrivals()
		b.t.Fatalf("%d messages came within %s, want %d", total, patience, n)
	}
}

// comes reports whether n messages come within a time.
func (b *inbox) comes(n int, within time.Duration) bool {
	deadline := time.After(within)
	for {
		b.mu.Lock()
		total, changed := b.total, b.changed
		b.mu.Unlock()
		if total >= n {
			return true
		}
		select {
		case <-changed:
		case <-deadline:
			return false
		}
	}
}

// accepted returns how many messages came, and how many to each address.
func (b *inbox) accepted() (int, map[string]int) {
	total, mails := b.arrivals()
	counts := make(map[string]int, len(mails))
	for to, r := range mails {
		counts[to] = r.times
	}
	return total, counts
}

// arrivals returns how many messages came, and what came to each address.
func (b *inbox) arrivals() (int, map[string]arrivals) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total, maps.Clone(b.mails)
}

// connectionOf returns the connection over which the text for an address was
// last announced, 0 if it never was.
func (b *inbox) connectionOf(to string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[to]
}

// slow delays the answer to each message, so that there is a middle to break
// off in.
func slow(d time.Duration) func(sink.Event) sink.Action {
	return func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseDot {
			return sink.Action{Delay: d}
		}
		return sink.Action{}
	}
}
