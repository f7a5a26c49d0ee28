package main_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// breach is where the wire to a relay is cut.
type breach string

const (
	unbroken    breach = ""
	beforeText  breach = "before the text" // the relay would have taken it
	insideText  breach = "inside the text"
	afterDot    breach = "after the dot" // the relay has taken it, its reply is lost
	afterAnswer breach = "after the reply"
)

// wire stands before a relay and cuts connections at chosen points.
type wire struct {
	target   string
	listener net.Listener
	group    sync.WaitGroup

	mu       sync.Mutex
	choose   func(message int) breach
	messages int // that the relay was ready to take
	made     map[breach]int
	conns    map[net.Conn]bool
	closed   bool
}

// newWire returns a wire to a relay at target. choose, called once a message in
// turn, says where it breaks.
func newWire(t *testing.T, target string, choose func(message int) breach) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: target, listener: ln, choose: choose, made: map[breach]int{}, conns: map[net.Conn]bool{}}
	w.group.Go(w.accept)
	t.Cleanup(w.close)
	return w
}

func (w *wire) addr() string { return w.listener.Addr().String() }

func (w *wire) close() {
	w.listener.Close()
	w.mu.Lock()
	w.closed = true
	for c := range w.conns {
		c.Close()
	}
	w.mu.Unlock()
	w.group.Wait()
}

// cuts returns how often it broke at a point.
func (w *wire) cuts(at breach) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.made[at]
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		relay, err := net.Dial("tcp", w.target)
		if err != nil || !w.enter(client, relay) {
			client.Close()
			if err == nil {
				relay.Close()
			}
			continue
		}
		l := &wireLink{wire: w, client: client, relay: relay}
		w.group.Go(l.up)
		w.group.Go(l.down)
	}
}

func (w *wire) enter(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.conns[c] = true
	}
	return !w.closed
}

// next says where the message breaks that the relay is now ready to take.
func (w *wire) next() breach {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages++
	at := w.choose(w.messages)
	w.made[at]++
	return at
}

// wireLink is one connection over the wire.
type wireLink struct {
	wire          *wire
	client, relay net.Conn

	mu   sync.Mutex
	at   breach // where the message under way breaks
	text bool   // its text is under way
	done bool   // its dot has gone to the relay
	tail []byte // the last octets of the text so far
}

func (l *wireLink) close() {
	l.client.Close()
	l.relay.Close()
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	delete(l.wire.conns, l.client)
	delete(l.wire.conns, l.relay)
}

// up carries what the client says.
func (l *wireLink) up() {
	defer l.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if n > 0 {
			pass, goOn := l.said(buffer[:n])
			if _, err := l.relay.Write(pass); err != nil || !goOn {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// said returns how much of what the client said goes to the relay, and whether
// the connection goes on.
func (l *wireLink) said(b []byte) (pass []byte, goOn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.text {
		return b, true
	}
	if l.at == insideText {
		return b[:len(b)/2], false
	}
	seen := append(l.tail, b...)
	if bytes.Contains(seen, []byte("\r\n.\r\n")) {
		l.text, l.done, l.tail = false, true, nil
	} else {
		l.tail = bytes.Clone(seen[max(0, len(seen)-4):])
	}
	return b, true
}

// down carries what the relay answers.
func (l *wireLink) down() {
	defer l.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.relay.Read(buffer)
		if n > 0 {
			pass, goOn := l.answered(buffer[:n])
			if _, err := l.client.Write(pass); err != nil || !goOn {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answered returns how much of the relay's answer goes to the client, and
// whether the connection goes on.
func (l *wireLink) answered(b []byte) (pass []byte, goOn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		at := l.at
		l.done, l.at = false, unbroken
		switch at {
		case afterDot:
			return nil, false
		case afterAnswer:
			return b, false
		}
	}
	if bytes.HasPrefix(b, []byte("354 ")) || bytes.Contains(b, []byte("\r\n354 ")) {
		l.at, l.text = l.wire.next(), true
		if l.at == beforeText {
			return nil, false
		}
	}
	return b, true
}
