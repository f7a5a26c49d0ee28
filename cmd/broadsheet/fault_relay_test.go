package main_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
)

// These are the failures that a newsletter manager of this field was seen to
// lose or repeat mail in, each as a test.

// hopeful is how many readers wait for a relay that comes back.
const hopeful = 5000

// TestRelayIsDownAtTheStart: a service that begins without a relay sends all
// once the relay is there.
func TestRelayIsDownAtTheStart(t *testing.T) {
	t.Parallel()
	relay := closedPort(t)
	n, d := missedSlot(t, settings{relay: relay, readers: hopeful})
	p := n.worker()
	until(t, "the relay is missed", func() bool { return strings.Contains(p.stderr.String(), "relay in trouble") })
	n.inbox = newInbox(t, sink.Options{Addr: relay})
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
}

// TestSendWithoutRelay: a send that finds no relay says so, and the next one
// sends all.
func TestSendWithoutRelay(t *testing.T) {
	t.Parallel()
	relay := closedPort(t)
	n := crowded(t, settings{database: dbtest.URL(t, db.Postgres), relay: relay, readers: hopeful})
	r := n.run("digest", "send", "daily", "--now")
	r.want(t, 75, fmt.Sprintf(`due %d = sent 0 .* pending %d\n`, hopeful, hopeful))
	r.says(t, "relays take nothing now", "broadsheet digest send daily")
	d := n.open()
	n.inbox = newInbox(t, sink.Options{Addr: relay})
	n.hurry(d)
	n.must("digest", "send", "daily").want(t, 0, fmt.Sprintf(`due %d = sent %d `, hopeful, hopeful))
	n.finished(d, 0)
}

// TestEveryoneIsGreylisted: a server that puts off every recipient the first
// time gets every mail the second time.
func TestEveryoneIsGreylisted(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	known := map[string]bool{}
	n, d := missedSlot(t, settings{database: dbtest.URL(t, db.Postgres), readers: 600, hook: func(e sink.Event) sink.Action {
		mu.Lock()
		defer mu.Unlock()
		if e.Phase != sink.PhaseRcpt || known[e.To] {
			return sink.Action{}
		}
		known[e.To] = true
		return sink.Action{Reply: "450 4.2.0 greylisted, come back later"}
	}})
	p := n.worker()
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
	if got := count(t, d, `SELECT COUNT(*) FROM deliveries WHERE attempts = 2`); got != n.readers {
		t.Errorf("%d deliveries took two attempts, want all %d", got, n.readers)
	}
}

// TestTwentyMessagesAConnection: a server that hangs up with 421 after every
// twentieth message loses none.
func TestTwentyMessagesAConnection(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, settings{hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseMail && e.Message > 20 {
			return sink.Action{Reply: "421 4.7.0 too many messages on this connection", Close: true}
		}
		return sink.Action{}
	}})
	p := n.worker()
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
	if got := n.inbox.server.Connections(); got < crowd/20 {
		t.Errorf("%d connections for %d messages, want one for each twenty", got, crowd)
	}
}

// TestTenConnectionsHang: ten of sixteen connections never answer to RCPT. The
// others send everything else, and the service ends in time.
func TestTenConnectionsHang(t *testing.T) {
	t.Parallel()
	const hung = 10
	n, d := missedSlot(t, settings{connections: 16, readers: 1000, hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseRcpt && e.Connection <= hung {
			return sink.Action{Delay: time.Hour}
		}
		return sink.Action{}
	}})
	p := n.worker()
	n.inbox.wait(n.readers - hung)
	p.terminate()
	if got := n.audit(d); got.sent != n.readers-hung || got.pending != hung {
		t.Errorf("%+v, want all but the %d that hang sent, and those pending", got, hung)
	}
	p = n.worker()
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
}
