package delivery_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// TestProgressBetweenCounts holds everything up until the edition has been counted, and the last message until progress
// knows of those before it: sooner than the edition is counted again.
func TestProgressBetweenCounts(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 600, 1)
	w.exec(`UPDATE deliveries SET next_try_at = $1 WHERE subscriber_id <= 7`, db.Millis(w.clock.Now())+3_600_000)
	counted, shown := make(chan struct{}), make(chan struct{})
	var once, enough sync.Once
	w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
		<-counted
		switch to {
		case address(8):
			return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
		case address(9):
			return refuse(mail.ClassUncertain, 0, "", mail.PhaseDot, beforeDot)
		case address(600):
			<-shown
		}
		return nil
	})
	calls := 0
	b, err := w.engine().RunEdition(t.Context(), edition, func(p delivery.Progress) {
		calls++
		if !p.Balanced() || p.Due != 600 || p.Waiting != 7 {
			t.Errorf("progress %+v", p)
		}
		once.Do(func() {
			if p.Sent != 0 || p.Pending != 600 {
				t.Errorf("at first %+v", p)
			}
			close(counted)
		})
		if p.Sent == 590 && p.Failed == 1 && p.Uncertain == 1 && p.Pending == 8 || calls == 8 {
			enough.Do(func() { close(shown) })
		}
	})
	if err != nil || b.Sent != 591 || b.Pending != 7 {
		t.Errorf("%+v, %v", b, err)
	}
	if calls >= 8 {
		t.Error("progress did not come to know what the engine had recorded")
	}
}

// tally is a meter that keeps what it is told of results.
type tally struct {
	mu     sync.Mutex
	states map[delivery.State]int
}

func (*tally) Written(time.Duration) {}
func (*tally) Tried(mail.Outcome)    {}

func (m *tally) Recorded(states map[delivery.State]int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for state, n := range states {
		m.states[state] += n
	}
}

// TestMeterIsToldOfTheDead has three workers die: one with its journal, one without, and one whose machine ended.
func TestMeterIsToldOfTheDead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 750, 1)
		w.exec(`UPDATE batches SET worker = CASE id WHEN 1 THEN 'killed' WHEN 2 THEN 'gone' ELSE 'unplugged' END, fence = 1, lease_until = 1`)
		now := w.clock.Now()
		for worker, subscribers := range map[string][]int64{"killed": {1, 2, 3}, "unplugged": {501, 502}} {
			j, err := delivery.OpenTestJournal(w.state, worker)
			if err != nil {
				t.Fatal(err)
			}
			if worker == "unplugged" {
				if err := j.SetBoot("another"); err != nil {
					t.Fatal(err)
				}
			}
			for i, s := range subscribers {
				e := delivery.Entry{Edition: edition, Day: day, Subscriber: s, Batch: 1 + (s-1)/250, N: 1, ComposedAt: now, At: now}
				generation, err := j.Dot(e)
				if err != nil {
					t.Fatal(err)
				}
				if e.Answer = (delivery.Answer{Class: mail.ClassAccepted, Phase: mail.PhaseDot, Code: 250}); i == 0 {
					if err := j.Reply(generation, e); err != nil {
						t.Fatal(err)
					}
				}
			}
			j.Close()
		}
		m := &tally{states: map[delivery.State]int{}}
		b := w.mustSend(func(o *delivery.Options) { o.Meter = m })
		// killed: one answered, two not; gone: all 250; unplugged: one answered, 249 perhaps
		if b.Uncertain != 2+250+249 || b.Sent != 750-b.Uncertain {
			t.Errorf("%+v", b)
		}
		if m.states[delivery.Uncertain] != int(b.Uncertain) || m.states[delivery.Sent] != 247 {
			t.Errorf("the meter was told of %v, want %d uncertain and 247 sent", m.states, b.Uncertain)
		}
	})
}
