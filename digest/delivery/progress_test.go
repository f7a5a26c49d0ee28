package delivery_test

import (
	"context"
	"sync"
	"testing"

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
