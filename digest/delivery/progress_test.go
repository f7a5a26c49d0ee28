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
		if m.states[delivery.Uncertain] != int(b.Uncertain) || m.states[delivery.Sent] != int(b.Sent) {
			t.Errorf("the meter was told of %v, want %d uncertain and %d sent", m.states, b.Uncertain, b.Sent)
		}
	})
}

// TestMeterIsToldOfWhatWasRecorded takes the batch away while each message is under way: what the worker has to say of
// some of them then changes nothing.
func TestMeterIsToldOfWhatWasRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 4, 1)
		m := &tally{states: map[delivery.State]int{}}
		reached := make(chan struct{}, 4)
		taken := make(chan struct{})
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			if n > 1 {
				return nil
			}
			outcome := map[string]*mail.Outcome{
				address(1): refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot),
				address(2): refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot),
			}[to]
			if outcome == nil {
				if err := beforeDot(); err != nil {
					t.Error(err)
				}
				outcome = &mail.Outcome{Class: mail.ClassAccepted, Relay: "fake", Reply: mail.Reply{Code: 250, Phase: mail.PhaseDot}}
			}
			reached <- struct{}{}
			<-taken
			return outcome
		})
		go func() {
			for range 4 {
				<-reached
			}
			w.exec(`UPDATE deliveries SET state = 'sent', attempts = 1 WHERE subscriber_id = 4`)
			w.exec(`UPDATE batches SET fence = fence + 1, worker = '', lease_until = 0`)
			close(taken)
		}()
		b := w.mustSend(func(o *delivery.Options) { o.Meter, o.Lanes = m, 4 })
		if b.Sent != 4 {
			t.Errorf("%+v, want all sent", b)
		}
		// two are sent by whoever has the batch next, one was by us, and one by somebody else
		if got := m.states[delivery.Sent]; got != 3 || m.states[delivery.Pending]+m.states[delivery.Failed] != 0 {
			t.Errorf("the meter was told of %v, want 3 sent", m.states)
		}
	})
}

// TestMeterIsToldOfAJournal replays a journal that the database knows in part.
func TestMeterIsToldOfAJournal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 5, 1)
		w.exec(`UPDATE batches SET worker = 'died', fence = 1, lease_until = $1`, db.Millis(time.Now().Add(time.Hour)))
		w.exec(`UPDATE deliveries SET state = 'sent', attempts = 1 WHERE subscriber_id IN (1, 3)`)
		j := openJournal(t, w.state, "died")
		for reader := range 5 {
			e := entry(int64(reader+1), 1)
			e.Batch = 1
			if generation := dot(t, j, e); reader < 2 {
				if err := j.Reply(generation, replied(e, "queued")); err != nil {
					t.Fatal(err)
				}
			}
		}
		j.Close()
		m := &tally{states: map[delivery.State]int{}}
		if b := w.mustSend(func(o *delivery.Options) { o.Meter = m }); b.Sent != 3 || b.Uncertain != 2 {
			t.Errorf("%+v, want 3 sent, one of them by the journal, and 2 uncertain", b)
		}
		if m.states[delivery.Sent] != 1 || m.states[delivery.Uncertain] != 2 {
			t.Errorf("the meter was told of %v, want 1 sent and 2 uncertain", m.states)
		}
	})
}
