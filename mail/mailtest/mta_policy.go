package mailtest

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// Query is what Postfix asks about a recipient before it answers.
type Query struct {
	Stage     Stage
	Sender    string
	Recipient string
}

// Stage says at which point of the dialogue Postfix asks, as it spells them.
type Stage string

// The stages at which an MTA asks for a verdict. An answer other than OK ends a message there.
const (
	StageRcpt Stage = "RCPT"
	StageDot  Stage = "END-OF-MESSAGE"
)

// policy answers Postfix's questions, in the protocol of its SMTPD_POLICY_README.
type policy struct {
	verdict  func(Query) string
	listener net.Listener
	group    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// newPolicy starts a policy server; no verdict at all accepts everything.
func newPolicy(t testing.TB, verdict func(Query) string) *policy {
	t.Helper()
	if verdict == nil {
		verdict = func(Query) string { return "" }
	}
	p := &policy{verdict: verdict, listener: listen(t), conns: make(map[net.Conn]bool)}
	p.group.Go(p.accept)
	return p
}

func (p *policy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns[conn] = true
		p.mu.Unlock()
		p.group.Go(func() {
			p.serve(conn)
			conn.Close()
			p.mu.Lock()
			delete(p.conns, conn)
			p.mu.Unlock()
		})
	}
}

// serve answers requests, each some lines name=value and an empty one, until the connection ends.
func (p *policy) serve(conn net.Conn) {
	var q Query
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch name {
		case "protocol_state":
			q.Stage = Stage(value)
		case "sender":
			q.Sender = value
		case "recipient":
			q.Recipient = value
		case "":
			if _, err := fmt.Fprintf(conn, "action=%s\n\n", cmp.Or(p.verdict(q), "OK")); err != nil {
				return
			}
			q = Query{}
		}
	}
}

// close ends all connections and waits for them.
func (p *policy) close() {
	p.listener.Close()
	p.mu.Lock()
	for conn := range p.conns {
		conn.Close()
	}
	p.mu.Unlock()
	p.group.Wait()
}
