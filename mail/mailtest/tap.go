package mailtest

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// Tap stands between a client and an SMTP server without TLS and notes what the client says.
type Tap struct {
	server   string
	listener net.Listener
	group    sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	said  []*bytes.Buffer // one a connection
}

// Tapped is a message as it went over the wire.
type Tapped struct {
	From, To string
	Data     []byte // with CRLF line ends, without dot-stuffing
}

// NewTap returns a tap before the server at host:port, which the test's end closes.
func NewTap(t testing.TB, server string) *Tap {
	t.Helper()
	tap := &Tap{server: server, listener: listen(t)}
	tap.group.Go(tap.accept)
	t.Cleanup(tap.close)
	return tap
}

// Addr returns the host:port that the client shall take for the server.
func (p *Tap) Addr() string { return p.listener.Addr().String() }

// Messages returns what was handed over so far, each message for one recipient. It understands dialogues in which the
// server accepts all it is offered.
func (p *Tap) Messages() []Tapped {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Tapped
	for _, said := range p.said {
		out = append(out, readDialogue(said.Bytes())...)
	}
	return out
}

func (p *Tap) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		said := new(bytes.Buffer)
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.said = append(p.said, said)
		p.mu.Unlock()
		p.group.Go(func() {
			io.Copy(client, server)
			client.Close()
		})
		p.group.Go(func() {
			io.Copy(io.MultiWriter(notes{p, said}, server), client)
			server.Close()
		})
	}
}

// notes writes down what is said on one connection.
type notes struct {
	tap  *Tap
	said *bytes.Buffer
}

func (n notes) Write(b []byte) (int, error) {
	n.tap.mu.Lock()
	defer n.tap.mu.Unlock()
	return n.said.Write(b)
}

// readDialogue finds the messages in what a client said on one connection.
func readDialogue(said []byte) []Tapped {
	var out []Tapped
	var now Tapped
	isData := false
	for line := range bytes.SplitAfterSeq(said, []byte("\r\n")) {
		switch {
		case isData && string(line) == ".\r\n":
			out = append(out, now)
			now, isData = Tapped{}, false
		case isData:
			now.Data = append(now.Data, bytes.TrimPrefix(line, []byte("."))...)
		case bytes.HasPrefix(line, []byte("MAIL FROM:")):
			now.From = path(line)
		case bytes.HasPrefix(line, []byte("RCPT TO:")):
			now.To = path(line)
		case string(line) == "DATA\r\n":
			isData = true
		}
	}
	return out
}

// path returns the address of MAIL or RCPT.
func path(line []byte) string {
	_, after, _ := strings.Cut(string(line), "<")
	address, _, _ := strings.Cut(after, ">")
	return address
}

func (p *Tap) close() {
	p.listener.Close()
	p.mu.Lock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.mu.Unlock()
	p.group.Wait()
}
