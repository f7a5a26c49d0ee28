package main_test

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands before a database server and can do to its connections what
// networks do.
type proxy struct {
	target   string
	listener net.Listener

	mu    sync.Mutex
	isCut bool
	links map[*link]bool
	flow  chan struct{} // closed while octets pass
	lost  int           // answers that were not passed on
}

// link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn

	mu    sync.Mutex
	deaf  bool // the answer to what the client says next is not passed on
	asked bool // and it has said something since
}

// newProxy returns a proxy before the server of a database URL, and the URL
// through it.
func newProxy(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, listener: ln, links: map[*link]bool{}, flow: make(chan struct{})}
	close(p.flow)
	go p.accept()
	t.Cleanup(func() { ln.Close(); p.resume(); p.cut() })
	u.Host = ln.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		l := &link{client: client.(*net.TCPConn), server: server.(*net.TCPConn)}
		if !p.enter(l) {
			l.close()
			continue
		}
		go p.copy(l, l.server, l.client)
		go p.copy(l, l.client, l.server)
	}
}

func (p *proxy) enter(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isCut {
		p.links[l] = true
	}
	return !p.isCut
}

func (p *proxy) copy(l *link, to, from *net.TCPConn) {
	defer l.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			p.mu.Lock()
			flow := p.flow
			p.mu.Unlock()
			<-flow
			if !l.passes(from == l.client) {
				p.lose()
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// passes reports whether octets may go on to the other side.
func (l *link) passes(fromClient bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if fromClient {
		l.asked = l.deaf
		return true
	}
	return !l.asked
}

func (l *link) close() {
	l.client.Close()
	l.server.Close()
}

// cut drops every connection, and new ones until restore.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isCut = true
	p.drop(func(l *link) { l.close() })
}

func (p *proxy) restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isCut = false
}

// reset ends every connection with a reset; new ones pass.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(func(l *link) {
		l.client.SetLinger(0)
		l.close()
	})
}

// swallow lets every connection end once the server has answered to what comes
// next: that takes effect, and its answer is not passed on.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(func(l *link) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.deaf = true
	})
}

func (p *proxy) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost++
}

// swallowed returns how many answers were not passed on.
func (p *proxy) swallowed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// drop does something to every connection and forgets them.
func (p *proxy) drop(how func(l *link)) {
	for l := range p.links {
		how(l)
	}
	p.links = map[*link]bool{}
}

// stall holds back all octets until resume.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flow = make(chan struct{})
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.flow:
	default:
		close(p.flow)
	}
}
