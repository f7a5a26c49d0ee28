package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

func TestAnswers(t *testing.T) {
	cases := []struct {
		class    mail.Class
		code     int
		enhanced string
		phase    mail.Phase
		state    delivery.State
		reason   string
		attempts int
		waits    time.Duration // about, for the next try
	}{
		{mail.ClassAccepted, 250, "2.0.0", mail.PhaseDot, delivery.Sent, "", 1, 0},
		{mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, delivery.Pending, "", 1, time.Minute},
		{mail.ClassTemporaryRecipient, 452, "4.2.2", mail.PhaseDot, delivery.Pending, "", 1, time.Minute},
		{mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, delivery.Failed, "permanent-recipient", 1, 0},
		{mail.ClassSoftRecipient, 552, "5.2.2", mail.PhaseRcpt, delivery.Failed, "soft-recipient", 1, 0},
		{mail.ClassPermanentSender, 550, "5.7.1", mail.PhaseDot, delivery.Failed, "permanent-sender", 1, 0},
		{mail.ClassPermanentMessage, 554, "5.6.0", mail.PhaseDot, delivery.Failed, "permanent-message", 1, 0},
		{mail.ClassTemporaryPath, 421, "", mail.PhaseMail, delivery.Pending, delivery.ReasonPath, 0, 45 * time.Second},
		{mail.ClassTemporaryPath, 421, "", mail.PhaseDot, delivery.Pending, delivery.ReasonPath, 1, 45 * time.Second},
		{mail.ClassUncertain, 0, "", mail.PhaseDot, delivery.Uncertain, delivery.ReasonNoReply, 1, 0},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, len(cases), 1)
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			var reader int
			fmt.Sscanf(to, "r%d@", &reader)
			c := cases[reader-1]
			if c.class == mail.ClassAccepted {
				return nil
			}
			return refuse(c.class, c.code, c.enhanced, c.phase, beforeDot)
		})
		began := w.clock.Now()
		w.runUntilAside(func(o *delivery.Options) { o.Lanes = len(cases) + 5 })
		b := w.balance(edition)
		if want := (delivery.Balance{Due: 10, Sent: 1, Failed: 4, Uncertain: 1, Pending: 4}); b.Due != want.Due ||
			b.Sent != want.Sent || b.Failed != want.Failed || b.Uncertain != want.Uncertain || b.Pending != want.Pending {
			t.Errorf("balance %+v, want %+v", b, want)
		}
		for i, c := range cases {
			got, attempts := w.show(i + 1)
			name := fmt.Sprintf("%s %s", c.class, c.phase)
			if got.State != c.state || got.Reason != c.reason || got.Attempts != c.attempts || len(attempts) != c.attempts {
				t.Errorf("%s: %s %q after %d attempts (%d rows), want %s %q after %d",
					name, got.State, got.Reason, got.Attempts, len(attempts), c.state, c.reason, c.attempts)
			}
			if c.attempts == 1 && len(attempts) == 1 && (attempts[0].Class != c.class || attempts[0].Code != c.code || attempts[0].Phase != c.phase) {
				t.Errorf("%s: attempt %+v", name, attempts[0])
			}
			wait := got.NextTryAt.Sub(began)
			if c.waits == 0 && !got.NextTryAt.IsZero() || c.waits > 0 && (wait < c.waits*6/10 || wait > c.waits*14/10+5*time.Second) {
				t.Errorf("%s: next try in %s, want about %s", name, wait, c.waits)
			}
		}
		if got := w.count(`SELECT count(*) FROM batches WHERE done_at = 0 OR worker <> '' OR lease_until <> 0`); got != 0 {
			t.Errorf("%d batches are open or leased after the end, want 0", got)
		}
	})
}

// TestAnswersWithoutAddresses: relays repeat whom a message is for, and neither the journal nor the database keeps that:
// who is erased while a message is on its way would stay in both.
func TestAnswersWithoutAddresses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2, 1)
		var journal []byte
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			files, err := filepath.Glob(filepath.Join(w.state, "*.journal"))
			if err != nil || len(files) != 1 {
				t.Errorf("the journals are %q, %v", files, err)
				return nil
			}
			if journal, err = os.ReadFile(files[0]); err != nil {
				t.Error(err)
			}
			out := refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseDot, beforeDot)
			out.Reply.Text = "<" + to + ">: no such user, ask postmaster%40x.example"
			return out
		})
		w.runUntilAside(func(o *delivery.Options) { o.Lanes = 1 })
		if !bytes.Contains(journal, []byte("no such user")) || bytes.Contains(journal, []byte("x.example")) {
			t.Errorf("the journal has the first answer as %q", journal)
		}
		for reader := 1; reader <= 2; reader++ {
			_, attempts := w.show(reader)
			if len(attempts) != 1 || attempts[0].Text != "<(address)>: no such user, ask (address)" {
				t.Errorf("kept of the answer is %+v", attempts)
			}
		}
	})
}

func TestRetriesUntilItExpires(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		w.relay.set(func(_ context.Context, _ string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
		})
		for i, want := range []time.Duration{1, 5, 15, 60, 120, 240, 240} {
			want *= time.Minute
			began := w.clock.Now()
			if b := w.mustSend(); b.Pending != 1 {
				t.Fatalf("after try %d: %+v, want one pending", i+1, b)
			}
			got, _ := w.show(1)
			if wait := got.NextTryAt.Sub(began); wait < want*9/10 || wait > want*11/10+5*time.Second {
				t.Errorf("after try %d the next is in %s, want %s and a tenth around it", i+1, wait, want)
			}
			if b := w.mustSend(); b.Pending != 1 {
				t.Errorf("between tries: %+v, want one pending", b)
			}
			w.clock.advance(got.NextTryAt.Sub(w.clock.Now()) + time.Second)
		}
		w.exec(`UPDATE runs SET expires_at = $1`, db.Millis(w.clock.Now().Add(10*time.Second)))
		w.mustSend()
		if got, _ := w.show(1); got.NextTryAt.After(w.clock.Now().Add(11 * time.Second)) {
			t.Errorf("next try at %s, want it no later than the run's end", got.NextTryAt)
		}
		w.clock.advance(11 * time.Second)
		if b := w.mustSend(); b.Expired != 1 {
			t.Errorf("after the run's end: %+v, want one expired", b)
		}
		if got, attempts := w.show(1); got.State != delivery.Expired || got.Attempts != 8 || len(attempts) != 8 {
			t.Errorf("%s after %d attempts (%d rows), want expired after 8", got.State, got.Attempts, len(attempts))
		}
		if got := w.editionState(); got != "done" {
			t.Errorf("the edition is %s, want done", got)
		}
	})
}

func TestRetryIsByteIdentical(t *testing.T) {
	for name, c := range map[string]struct {
		class  mail.Class
		policy delivery.Policy
	}{
		"refused at the dot":              {mail.ClassTemporaryRecipient, delivery.Hold},
		"closed at the dot":               {mail.ClassTemporaryPath, delivery.Hold},
		"no reply, sent again":            {mail.ClassUncertain, delivery.Resend},
		"no reply, resolved by operators": {mail.ClassUncertain, delivery.Hold},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 1, 1)
				w.press.news = "as it was"
				var first []byte
				w.relay.set(func(_ context.Context, _ string, n int, msg []byte, beforeDot func() error) *mail.Outcome {
					if n > 1 {
						return nil
					}
					first = bytes.Clone(msg)
					return refuse(c.class, 451, "", mail.PhaseDot, beforeDot)
				})
				signer := newSigner(t)
				sign := func(o *delivery.Options) {
					o.OnUncertain = c.policy
					o.Signer = func(*mail.Relay) *mail.Signer { return signer }
				}
				w.send(sign)
				w.press.news = "corrected since"
				if got, _ := w.show(1); got.State == delivery.Uncertain {
					n, err := w.store().Resolve(t.Context(), delivery.Choice{Edition: key, Address: address(1)}, delivery.AsResend)
					if n != 1 || err != nil {
						t.Fatalf("Resolve = %d, %v, want 1", n, err)
					}
				}
				w.clock.advance(2 * time.Minute)
				w.mustSend(sign)
				got := w.relay.taken(address(1))
				if len(got) != 1 || !bytes.Equal(got[0], first) {
					t.Fatalf("the second try differs from the first:\n%s\nfirst:\n%s", got, first)
				}
				for _, want := range []string{"DKIM-Signature: ", "Message-ID: <tokenof1x1.1@courier.example>", "b+", "Reader 1"} {
					if want != "b+" && !bytes.Contains(first, []byte(want)) {
						t.Errorf("the message lacks %q:\n%s", want, first)
					}
				}
				if !bytes.HasPrefix(first, []byte("DKIM-Signature: ")) {
					t.Error("the signature is not the first field")
				}
			})
		})
	}
}

func TestUntouchedMessageIsComposedAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		w.press.news = "first text"
		w.relay.set(func(_ context.Context, _ string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			if n > 1 {
				return nil
			}
			return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
		})
		w.mustSend()
		w.press.news = "corrected text"
		w.clock.advance(2 * time.Minute)
		w.mustSend()
		if got := w.relay.taken(address(1)); len(got) != 1 || !bytes.Contains(got[0], []byte("corrected text")) {
			t.Errorf("a message refused before its DATA was not composed anew: %s", got)
		}
	})
}

func TestUncertainPolicies(t *testing.T) {
	for policy, want := range map[delivery.Policy]struct {
		state  delivery.State
		reason string
		taken  int
	}{
		delivery.Hold:       {delivery.Uncertain, delivery.ReasonNoReply, 0},
		delivery.Resend:     {delivery.Sent, "", 1},
		delivery.AssumeSent: {delivery.Sent, delivery.ReasonAssumed, 0},
	} {
		t.Run(string(policy), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 1, 1)
				w.relay.set(func(_ context.Context, _ string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
					if n > 1 {
						return nil
					}
					return refuse(mail.ClassUncertain, 0, "", mail.PhaseDot, beforeDot)
				})
				w.send(func(o *delivery.Options) { o.OnUncertain = policy })
				got, attempts := w.show(1)
				if got.State != want.state || got.Reason != want.reason || len(w.relay.taken(address(1))) != want.taken {
					t.Errorf("%s %q, taken %d, want %+v", got.State, got.Reason, len(w.relay.taken(address(1))), want)
				}
				if len(attempts) == 0 || attempts[0].Class != mail.ClassUncertain || attempts[0].ComposedAt.IsZero() {
					t.Errorf("attempts %+v, want the uncertain one first with the time of its text", attempts)
				}
			})
		})
	}
}

func TestRelaysAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2, 1)
		w.relay.set(func(context.Context, string, int, []byte, func() error) *mail.Outcome {
			return &mail.Outcome{Class: mail.ClassTemporaryPath, Err: errors.New("connection refused"), Reply: mail.Reply{Phase: mail.PhaseDial}}
		})
		b, err := w.send(func(o *delivery.Options) { o.Lanes = 20 })
		if !errors.Is(err, delivery.ErrRelays) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("error %v, want ErrRelays with the reason", err)
		}
		if b.Pending != 2 || w.count(`SELECT count(*) FROM attempts`) != 0 {
			t.Errorf("%+v and %d attempts, want two pending and none", b, w.count(`SELECT count(*) FROM attempts`))
		}
		w.relay.set(nil)
		w.clock.advance(time.Minute + time.Second)
		if b := w.mustSend(); b.Sent != 2 {
			t.Errorf("after the relays came back: %+v, want two sent", b)
		}
		w.eachOnce(2)
	})
}

// TestLostReplyIsNoRefusal loses the reply to the last message of an edition of
// which something is pending: the relays are not to blame for that.
func TestLostReplyIsNoRefusal(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 2, 1)
	w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
		if to == address(1) {
			return refuse(mail.ClassTemporaryRecipient, 451, "4.7.1", mail.PhaseRcpt, beforeDot)
		}
		return refuse(mail.ClassUncertain, 0, "", mail.PhaseDot, beforeDot)
	})
	b, err := w.send(func(o *delivery.Options) { o.Lanes = 1 })
	if err != nil || b.Pending != 1 || b.Uncertain != 1 {
		t.Errorf("balance %+v, %v, want one pending, one uncertain and no error", b, err)
	}
}

func TestRelayRefusesUs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 3)
		w.relay.set(func(_ context.Context, _ string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			return refuse(mail.ClassPermanentPath, 535, "5.7.8", mail.PhaseAuth, beforeDot)
		})
		b, err := w.send()
		if !errors.Is(err, delivery.ErrPaused) || !strings.Contains(err.Error(), "535 5.7.8") {
			t.Errorf("error %v, want ErrPaused with the relay's answer", err)
		}
		if b.Pending != 600 || w.count(`SELECT count(*) FROM attempts`) != 0 {
			t.Errorf("%+v, want all pending and no attempts", b)
		}
		if got := w.editionState(); got != "paused" {
			t.Errorf("the edition is %s, want paused", got)
		}
		w.relay.set(nil)
		if b, err := w.send(); b.Sent != 0 || !errors.Is(err, delivery.ErrPaused) {
			t.Errorf("a paused edition: %+v, %v, want nothing sent", b, err)
		}
		w.exec(`UPDATE editions SET state = 'sending', reason = ''`)
		if b := w.mustSend(); b.Sent != 600 {
			t.Errorf("after resuming: %+v, want 600 sent", b)
		}
		w.eachOnce(600)
	})
}

// TestRefusalNamesNoReader lets a relay that takes us for a stranger repeat whom the message was for.
func TestRefusalNamesNoReader(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, _ func() error) *mail.Outcome {
			return &mail.Outcome{Class: mail.ClassPermanentPath, Relay: "fake", Reply: mail.Reply{
				Code: 554, Enhanced: "5.7.1", Text: "<" + to + ">: Relay access denied", Phase: mail.PhaseRcpt,
			}}
		})
		_, err := w.send()
		if !errors.Is(err, delivery.ErrPaused) || !strings.Contains(err.Error(), "554 5.7.1 <(address)>: Relay access denied") {
			t.Errorf("error %v, want ErrPaused with the relay's answer and no address", err)
		}
		if log := w.log.String(); strings.Contains(log, address(1)) || !strings.Contains(log, "554") {
			t.Errorf("the log names the reader, or lacks the code: %s", log)
		}
	})
}

func TestCompositionFails(t *testing.T) {
	for name, c := range map[string]struct {
		edit  func(selection int64, c *digest.Composed) error
		state string
		sent  int64
		skip  int64
	}{
		"an error of its content": {func(int64, *digest.Composed) error {
			return fmt.Errorf("compose: %w: template broken", digest.ErrContent)
		}, "paused", 0, 0},
		"a field that cannot be": {func(_ int64, c *digest.Composed) error {
			c.Subject = "a\r\nBcc: b@x.example"
			return nil
		}, "paused", 0, 0},
		"every story withdrawn from one selection": {func(selection int64, c *digest.Composed) error {
			if c.Empty = selection == 2; c.Empty {
				c.Body = nil
			}
			return nil
		}, "done", 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 3, 3)
				w.press.edit = c.edit
				b, _ := w.send()
				if b.Sent != c.sent || b.Skipped != c.skip || b.SkippedBy[delivery.ReasonWithdrawn] != c.skip || b.Failed != 0 {
					t.Errorf("%+v, want %d sent, %d skipped", b, c.sent, c.skip)
				}
				if got := w.editionState(); got != c.state {
					t.Errorf("the edition is %s, want %s", got, c.state)
				}
			})
		})
	}
}

// TestCompositionFailsForATime meets an error that says nothing about the
// content, such as a statement that the database gave up.
func TestCompositionFailsForATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		failed := false
		w.press.edit = func(int64, *digest.Composed) error {
			if failed {
				return nil
			}
			failed = true
			return errors.New("canceling statement due to statement timeout")
		}
		if b := w.mustSend(func(o *delivery.Options) { o.Lanes = 1 }); b.Sent != 3 {
			t.Errorf("%+v, want three sent in the end", b)
		}
	})
}

func TestReadersWhoCannotBeWrittenTo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE subscribers SET name = $1 WHERE id = 1`, "Eve\r\nBcc: all@x.example")
		w.exec(`UPDATE subscribers SET address = 'broken' WHERE id = 2`)
		b := w.mustSend()
		if b.Sent != 2 || b.Failed != 1 || b.FailedBy["permanent-message"] != 1 {
			t.Errorf("%+v, want two sent and one failed", b)
		}
		if got := w.relay.taken(address(1)); len(got) != 1 || bytes.Contains(got[0], []byte("Bcc")) {
			t.Errorf("the reader with an impossible name got %q, want one message without it", got)
		}
	})
}
