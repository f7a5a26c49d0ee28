package main_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
)

// prompt is the answer of a relay that takes everything at once.
func prompt(sink.Event) sink.Action { return sink.Action{} }

// hurried waits until all is at rest, and makes what waits for its next try due
// meanwhile, so that a test need not wait for as long as a reader would.
func (n *newsroom) hurried(d *db.DB) {
	n.t.Helper()
	until(n.t, "the edition is done", func() bool {
		if count(n.t, d, `SELECT COUNT(*) FROM deliveries WHERE next_try_at > 1`) > 0 {
			n.hurry(d)
		}
		return count(n.t, d, `SELECT COUNT(*) FROM editions WHERE state = 'done'`) == 1
	})
	n.atRest(d)
}

// hurry makes what waits for its next try due now.
func (n *newsroom) hurry(d *db.DB) {
	n.t.Helper()
	err := d.Write(n.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(n.t.Context(), `UPDATE deliveries SET next_try_at = 1 WHERE next_try_at > 1`)
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// fragile breaks the wire at 24 messages, in each way by turns, about 40
// messages apart.
func fragile(random *rand.Rand) func(message int) breach {
	ways := [...]breach{beforeText, insideText, afterDot, afterAnswer}
	var mu sync.Mutex
	broken, next := 0, 1+random.IntN(40)
	return func(message int) breach {
		mu.Lock()
		defer mu.Unlock()
		if broken == 24 || message < next {
			return unbroken
		}
		broken++
		next = message + 20 + random.IntN(40)
		return ways[broken%len(ways)]
	}
}

// TestWireToTheRelayIsCut: what was cut before its dot comes later, what was cut
// after it is in doubt, what was answered is sent, and nothing else is touched.
func TestWireToTheRelayIsCut(t *testing.T) {
	t.Parallel()
	s := campaignScale(t)
	for i, c := range []struct {
		dialect db.Dialect
		policy  string
	}{{db.SQLite, "hold"}, {db.Postgres, "resend"}} {
		t.Run(string(c.dialect)+" "+c.policy, func(t *testing.T) {
			t.Parallel()
			url := ""
			if c.dialect == db.Postgres {
				url = dbtest.URL(t, c.dialect)
			}
			n, d := missedSlot(t, settings{database: url, hook: prompt, onUncertain: c.policy, readers: 1500})
			w := newWire(t, n.inbox.addr(), fragile(rand.New(rand.NewPCG(s.seed, uint64(i)))))
			p := n.startWith([]string{"BROADSHEET_MAIL_RELAY_URL=smtp://" + w.addr() + "?tls=off"}, "serve", "--only", "plan,deliver")
			n.hurried(d)
			p.terminate()
			got := n.audit(d)
			least := w.cuts(afterDot)
			most := least + w.cuts(insideText) // the dot may have been written before the end was seen
			doubts, arrived := got.uncertain, got.unread
			if c.policy == "resend" {
				doubts = count(t, d, `SELECT COUNT(*) FROM attempts WHERE class = 'uncertain'`)
				arrived = got.repeats
			}
			if got.lost+got.twice+got.pending > 0 || doubts < least || doubts > most || arrived != least {
				t.Errorf("%+v with %d in doubt, want nothing lost or twice, %d to %d in doubt, and %d of those arrived", got, doubts, least, most, least)
			}
			if w.cuts(beforeText) != 6 || w.cuts(afterAnswer) != 6 || least != 6 {
				t.Errorf("the wire was cut at %v, want each 6 times", w.made)
			}
		})
	}
}

// stormy is a relay that gives so many temporary answers in each phase before it
// takes anything there.
type stormy struct {
	mu   sync.Mutex
	left map[sink.Phase]int
}

func (s *stormy) hook(e sink.Event) sink.Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left[e.Phase] == 0 {
		return sink.Action{}
	}
	s.left[e.Phase]--
	return sink.Action{Reply: map[sink.Phase]string{
		sink.PhaseMail: "451 4.3.0 mail system not ready", sink.PhaseRcpt: "450 4.2.1 over its rate",
		sink.PhaseData: "451 4.3.2 try later", sink.PhaseDot: "452 4.3.1 no room",
	}[e.Phase]}
}

// TestStormOfTemporaryAnswers: whatever a relay puts off comes later, and once.
func TestStormOfTemporaryAnswers(t *testing.T) {
	t.Parallel()
	storm := &stormy{left: map[sink.Phase]int{sink.PhaseMail: 2, sink.PhaseRcpt: 400, sink.PhaseData: 20, sink.PhaseDot: 200}}
	n, d := missedSlot(t, settings{hook: storm.hook, readers: 600})
	p := n.worker()
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
	for phase, left := range storm.left {
		if left > 0 {
			t.Errorf("the storm has %d answers to %s left", left, phase)
		}
	}
}

// TestSlowRelay ends a service while every connection waits for the reply to a
// dot: the replies are waited for.
func TestSlowRelay(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, settings{hook: slow(1500 * time.Millisecond), readers: 40})
	p := n.worker()
	n.inbox.wait(connections + 1)
	p.signal(syscall.SIGTERM)
	p.drained()
	total, _ := n.inbox.accepted()
	if got := n.audit(d); got.sent != total || got.uncertain != 0 || got.pending != n.readers-total || total > 3*connections {
		t.Errorf("%+v after %d mails, want them recorded as sent and the rest pending", got, total)
	}
	if strings.Contains(p.stderr.String(), "level=ERROR") {
		t.Errorf("the service met an error:\n%s", p.stderr.tail())
	}
	n.must("edition", "list").want(t, 0, fmt.Sprintf(`sending +%d +%d +0 +0 +0 +0 +%d `, n.readers, total, n.readers-total))
}
