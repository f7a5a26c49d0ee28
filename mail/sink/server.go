// Package sink is a small SMTP server that keeps what it is sent: the inbox of the demo, and a partner for tests that
// can be told what to answer at every step.
package sink

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"
)

// Options says how a server behaves. The zero value listens on a free port of loopback, offers PIPELINING and accepts
// everything.
type Options struct {
	// Addr is host:port to listen on, 127.0.0.1:0 when empty.
	Addr string
	// Hostname is how the server introduces itself.
	Hostname string
	// NoPipelining does not offer PIPELINING, and answers 503 to a client that pipelines all the same.
	NoPipelining bool
	// TLS offers STARTTLS, or with Implicit speaks TLS from the first octet.
	TLS      *tls.Config
	Implicit bool
	// MaxSize is announced by SIZE and enforced; 0 announces no limit, and enforces 64 MiB.
	MaxSize int
	// Login offers AUTH PLAIN and LOGIN and decides who may enter; nil offers none.
	Login func(user, password string) bool
	// Hook is asked before every answer; nil leaves the server its own.
	Hook func(Event) Action
	// OnMessage is called once a recipient before 250 is written; an error answers 451 instead. Calls come from
	// several connections at once. data must not be changed, and where nothing is kept it is valid until the call returns.
	OnMessage func(from, to string, data []byte) error
	// Keep is how many messages Messages returns, the newest; 0 keeps all, a negative number none.
	Keep int
	// Now gives the time of arrival, time.Now when nil.
	Now func() time.Time
}

// Message is one mail as it arrived for one recipient.
type Message struct {
	From, To   string
	Data       []byte // with CRLF line ends, without dot-stuffing
	ReceivedAt time.Time
}

// Server is a running server.
type Server struct {
	options  Options
	listener net.Listener
	group    sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	opened   int
	messages []Message
	accepted int
	closed   bool
	done     chan struct{}
}

// NewServer starts a server. Close ends it.
func NewServer(o Options) (*Server, error) {
	o.Addr = cmp.Or(o.Addr, "127.0.0.1:0")
	o.Hostname = cmp.Or(o.Hostname, "sink.localhost")
	if o.Now == nil {
		o.Now = time.Now
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("start the SMTP sink: %w", err)
	}
	s := &Server{options: o, listener: listener, conns: make(map[net.Conn]bool), done: make(chan struct{})}
	s.group.Go(s.accept)
	return s, nil
}

// Addr returns the address the server listens on.
func (s *Server) Addr() *net.TCPAddr { return s.listener.Addr().(*net.TCPAddr) }

// Messages returns what was kept, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Accepted returns how many messages were accepted, each recipient counted.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Connections returns how many connections were opened so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// Close stops listening, cuts every connection and waits for them. It may be called twice.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	err := s.listener.Close()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			select {
			case <-s.done:
				return
			case <-time.After(10 * time.Millisecond): // out of descriptors, perhaps: others may end
				continue
			}
		}
		number, ok := s.enter(conn)
		if !ok {
			conn.Close()
			return
		}
		s.group.Go(func() {
			defer s.leave(conn)
			newSession(s, conn, number).serve()
		})
	}
}

func (s *Server) enter(conn net.Conn) (number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, false
	}
	s.conns[conn] = true
	s.opened++
	return s.opened, true
}

func (s *Server) leave(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// deliver hands a message on and keeps it.
func (s *Server) deliver(from, to string, data []byte) error {
	if s.options.OnMessage != nil {
		if err := s.options.OnMessage(from, to, data); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted++
	if s.options.Keep < 0 {
		return nil
	}
	s.messages = append(s.messages, Message{From: from, To: to, Data: data, ReceivedAt: s.options.Now()})
	if n := len(s.messages) - s.options.Keep; s.options.Keep > 0 && n > 0 {
		s.messages = append([]Message(nil), s.messages[n:]...)
	}
	return nil
}
