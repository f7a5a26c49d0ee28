package delivery_test

import (
	"context"
	"os"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

func TestDrain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1000, 3)
		ctx, cancel := context.WithCancel(t.Context())
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			if to == address(300) {
				cancel() // this one and those beside it are under way
			}
			return nil
		})
		if err := w.engine().Run(ctx); err != nil {
			t.Fatal(err)
		}
		sent := w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent'`)
		if sent < 250 || sent != w.relay.total || len(w.relay.taken(address(300))) != 1 {
			t.Errorf("%d recorded, %d taken, want the same and the one under way among them", sent, w.relay.total)
		}
		if got := w.count(`SELECT count(*) FROM batches WHERE worker <> '' OR lease_until <> 0`); got != 0 {
			t.Errorf("%d batches are still leased", got)
		}
		if files, _ := os.ReadDir(w.state); len(files) != 0 {
			t.Errorf("the state folder holds %v, want nothing", files)
		}
		w.relay.set(nil)
		if b := w.mustSend(); b.Sent != 1000 {
			t.Errorf("%+v, want the rest sent", b)
		}
		w.eachOnce(1000)
	})
}

// TestDrainGivesUp ends a worker one message of which gets no reply within the
// deadline: what it knows is recorded all the same, and nothing else is in doubt.
func TestDrainGivesUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 200, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.relay.set(func(sending context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			if to != address(50) {
				return nil
			}
			if err := beforeDot(); err != nil {
				o := aborted(err)
				return &o
			}
			cancel()
			<-sending.Done()
			return &mail.Outcome{Class: mail.ClassUncertain, Err: mail.ErrUncertain, Reply: mail.Reply{Phase: mail.PhaseDot}}
		})
		e := w.engine(func(o *delivery.Options) { o.Lanes, o.Drain = 1, 200*time.Millisecond })
		if err := e.Run(ctx); err != nil {
			t.Errorf("Run = %v, want all recorded", err)
		}
		if got := w.count(`SELECT count(*) FROM batches WHERE worker <> '' OR lease_until <> 0`); got != 0 {
			t.Errorf("%d batches are still leased, want 0", got)
		}
		w.relay.set(nil)
		b := w.mustSend(func(o *delivery.Options) { o.StateDir = t.TempDir() }) // as on another host
		if b.Sent != 199 || b.Uncertain != 1 {
			t.Errorf("%+v, want one uncertain and the rest sent", b)
		}
		w.eachOnce(200, 50)
	})
}
