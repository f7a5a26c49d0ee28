package delivery_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// TestJournalIsReadAgain lets a journal be read twice, as when whoever read it first died before removing it, and in
// between its deliveries go on: what it says of their first attempts is old by then and changes nothing.
func TestJournalIsReadAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE batches SET worker = 'gone-1-aa', lease_until = $1, fence = 1`, db.Millis(time.Now().Add(time.Hour)))
		leave := func() {
			j := openJournal(t, w.state, "gone-1-aa")
			unknown, putOff := entry(1, 1), entry(2, 1)
			unknown.Batch, putOff.Batch = 1, 1
			dot(t, j, unknown)
			generation := dot(t, j, putOff)
			putOff.Replied = true
			putOff.Answer = delivery.Answer{Class: mail.ClassTemporaryRecipient, Phase: mail.PhaseDot, Code: 451, Relay: "fake"}
			if err := j.Reply(generation, putOff); err != nil {
				t.Fatal(err)
			}
			j.Close()
		}
		leave()
		if b := w.mustSend(); b.Sent != 1 || b.Uncertain != 1 || b.Pending != 1 {
			t.Fatalf("%+v, want one sent, one uncertain, one to be tried again", b)
		}
		if n, err := w.store().Resolve(t.Context(), delivery.Choice{Edition: key}, delivery.AsResend); n != 1 || err != nil {
			t.Fatalf("Resolve = %d, %v, want one", n, err)
		}
		w.clock.advance(2 * time.Minute)
		leave()
		if b := w.mustSend(); b.Sent != 3 {
			t.Errorf("%+v, want all sent", b)
		}
		w.eachOnce(3)
		for reader, want := range map[int]mail.Class{1: mail.ClassUncertain, 2: mail.ClassTemporaryRecipient} {
			if _, attempts := w.show(reader); len(attempts) != 2 || attempts[0].Class != want || attempts[1].Class != mail.ClassAccepted {
				t.Errorf("reader %d has attempts %+v, want %s and accepted", reader, attempts, want)
			}
		}
	})
}

// TestHostComesBackTooLate lets a host come back with its journal when its batch has been given up and an operator has
// decided: what was accepted is a fact, what is in doubt stays as decided.
func TestHostComesBackTooLate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE batches SET worker = 'away-1-aa', lease_until = 1, fence = 1`)
		if b := w.mustSend(); b.Uncertain != 3 {
			t.Fatalf("%+v, want all uncertain", b)
		}
		for _, reader := range []int{1, 2} {
			if _, err := w.store().Resolve(t.Context(), delivery.Choice{Edition: key, Address: address(reader)}, delivery.AsSent); err != nil {
				t.Fatal(err)
			}
		}
		j := openJournal(t, w.state, "away-1-aa")
		for reader, text := range map[int64]string{1: "", 2: "queued", 3: "queued"} {
			e := entry(reader, 1)
			e.Batch = 1
			if generation := dot(t, j, e); text != "" {
				j.Reply(generation, replied(e, text))
			}
		}
		j.Close()
		if b := w.mustSend(); b.Sent != 3 {
			t.Errorf("%+v, want all sent", b)
		}
		for reader, want := range map[int]string{1: delivery.ReasonResolved, 2: delivery.ReasonResolved, 3: ""} {
			if got, _ := w.show(reader); got.State != delivery.Sent || got.Reason != want {
				t.Errorf("reader %d is %s (%s), want sent (%s)", reader, got.State, got.Reason, want)
			}
		}
		w.eachOnce(0)
	})
}

// TestLostLeaseIsLogged takes a batch from a worker that has nothing more to do for it than to record.
func TestLostLeaseIsLogged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		w.relay.set(func(_ context.Context, _ string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			if n > 1 {
				return nil
			}
			w.exec(`UPDATE batches SET fence = fence + 1, worker = '', lease_until = 0`)
			return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
		})
		if b := w.mustSend(); b.Sent != 1 {
			t.Errorf("%+v, want it sent", b)
		}
		if !strings.Contains(w.log.String(), "lease lost") {
			t.Error("the log does not say that the lease was lost")
		}
		w.eachOnce(1)
	})
}
