package main_test

import (
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
	counts   map[string]int
	total    int
	changed  chan struct{}
	examines func(to string, data []byte)
}

func newInbox(t *testing.T, o sink.Options) *inbox {
	t.Helper()
	b := &inbox{t: t, counts: map[string]int{}, changed: make(chan struct{})}
	o.OnMessage, o.Keep = b.accept, 1000
	var err error
	if b.server, err = sink.NewServer(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.server.Close() })
	return b
}

func (b *inbox) addr() string { return b.server.Addr().String() }

func (b *inbox) accept(_, to string, data []byte) error {
	b.mu.Lock()
	b.counts[to]++
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
	b.counts, b.total, b.examines = map[string]int{}, 0, fn
}

// wait waits until n messages have come.
func (b *inbox) wait(n int) {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		total, changed := b.total, b.changed
		b.mu.Unlock()
		if total >= n {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			b.t.Fatalf("%d messages came within %s, want %d", total, patience, n)
		}
	}
}

// accepted returns how many messages came, and how many to each address.
func (b *inbox) accepted() (int, map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := make(map[string]int, len(b.counts))
	for to, n := range b.counts {
		counts[to] = n
	}
	return b.total, counts
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
