package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// bounced is what the database knows of a reader's bounces.
type bounced struct {
	hard, soft  int
	suppression string
}

func (w *world) bounces(reader int) bounced {
	w.t.Helper()
	d, err := subscribers.NewStore(w.db, w.clock.Now).ByAddress(w.t.Context(), address(reader))
	if err != nil {
		w.t.Fatal(err)
	}
	b := bounced{soft: d.SoftBounces}
	if !d.HardBouncedAt.IsZero() {
		b.hard = 1
	}
	if d.Suppression != nil {
		b.suppression = d.Suppression.Reason
	}
	if d.Suppressed() != (d.Suppression != nil) || d.Suppressed() && d.Subscriptions[0].State != subscribers.SubscriptionSuppressed {
		w.t.Errorf("reader %d: %+v with suppression %+v, want both or none", reader, d.Subscriber, d.Suppression)
	}
	return b
}

// again makes the edition's deliveries pending as if they had never been tried, which another edition's would be.
func (w *world) again() {
	w.t.Helper()
	w.exec(`DELETE FROM attempts`)
	w.exec(`UPDATE deliveries SET state = 'pending', reason = '', attempts = 0, next_try_at = 0, batch_id = 1 WHERE subscriber_id <= 250`)
	w.exec(`UPDATE batches SET done_at = 0 WHERE id = 1`)
	w.exec(`UPDATE editions SET state = 'sending'`)
}

// answerAll lets the relay answer all in the same way.
func (w *world) answerAll(class mail.Class, code int, enhanced string, phase mail.Phase) {
	w.relay.set(func(_ context.Context, _ string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
		return refuse(class, code, enhanced, phase, beforeDot)
	})
}

var limits = delivery.Bounces{HardAfter: 24 * time.Hour, SoftLimit: 3}

func TestHardBounces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 2, 1)
		w.exec(`UPDATE runs SET expires_at = 0`)
		send := func(wait time.Duration, want bounced) {
			t.Helper()
			w.clock.advance(wait)
			w.again()
			w.mustSend(func(o *delivery.Options) { o.Bounces = limits })
			for reader := range 2 {
				if got := w.bounces(reader + 1); got != want {
					t.Errorf("reader %d: %+v, want %+v", reader+1, got, want)
				}
			}
		}
		w.answerAll(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt)
		send(0, bounced{hard: 1})
		send(23*time.Hour, bounced{hard: 1})
		w.relay.set(nil)
		send(0, bounced{})
		w.answerAll(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt)
		send(2*time.Hour, bounced{hard: 1})
		send(24*time.Hour+time.Minute, bounced{1, 0, "hard-bounce"})
		detail, err := subscribers.NewStore(d, w.clock.Now).ByAddress(t.Context(), address(1))
		if err != nil || detail.Suppression.Detail != "550 5.1.1 no" {
			t.Errorf("suppression %+v, %v, want the answer", detail.Suppression, err)
		}
		if n := len(detail.Consents); n != 1 || detail.Consents[0].Event != subscribers.EventSuppressed || detail.Consents[0].Origin != "relay" {
			t.Errorf("record of consent %+v, want one entry", detail.Consents)
		}
		w.again()
		if b := w.mustSend(func(o *delivery.Options) { o.Bounces = limits }); b.Skipped != 2 {
			t.Errorf("%+v, want both skipped", b)
		}
	})
}

func TestSoftBounces(t *testing.T) {
	for name, c := range map[string]struct {
		class    mail.Class
		code     int
		enhanced string
		phase    mail.Phase
	}{
		"mailbox full":      {mail.ClassSoftRecipient, 552, "5.2.2", mail.PhaseRcpt},
		"message refused":   {mail.ClassPermanentMessage, 554, "5.6.0", mail.PhaseDot},
		"put off and ended": {mail.ClassTemporaryRecipient, 450, "4.2.1", mail.PhaseRcpt},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 1, 1)
				send := func(want bounced) {
					t.Helper()
					w.again()
					w.exec(`UPDATE runs SET expires_at = $1`, db.Millis(w.clock.Now().Add(time.Hour)))
					bounces := func(o *delivery.Options) { o.Bounces = limits }
					if w.mustSend(bounces).Pending > 0 {
						w.clock.advance(2 * time.Hour)
						w.exec(`UPDATE editions SET state = 'sending'`)
						if b := w.mustSend(bounces); b.Expired != 1 {
							t.Errorf("%+v, want it expired", b)
						}
					}
					if got := w.bounces(1); got != want {
						t.Errorf("%+v, want %+v", got, want)
					}
				}
				refuses := func() { w.answerAll(c.class, c.code, c.enhanced, c.phase) }
				refuses()
				send(bounced{soft: 1})
				send(bounced{soft: 2})
				w.relay.set(nil)
				send(bounced{})
				refuses()
				send(bounced{soft: 1})
				send(bounced{soft: 2})
				send(bounced{0, 3, "soft-bounces"})
			})
		})
	}
}

// TestReadersUntouched sends back everything in ways that say nothing about the reader, who would be suppressed at once.
func TestReadersUntouched(t *testing.T) {
	strict := delivery.Bounces{SoftLimit: 1}
	for name, c := range map[string]struct {
		class mail.Class
		code  int
		phase mail.Phase
	}{
		"sender":              {mail.ClassPermanentSender, 550, mail.PhaseDot},
		"path":                {mail.ClassPermanentPath, 535, mail.PhaseAuth},
		"path for now":        {mail.ClassTemporaryPath, 421, mail.PhaseDot},
		"recipient for now":   {mail.ClassTemporaryRecipient, 451, mail.PhaseRcpt},
		"uncertain":           {mail.ClassUncertain, 0, mail.PhaseDot},
		"message not tried":   {mail.ClassPermanentMessage, 0, mail.PhaseMail},
		"too big for a relay": {mail.ClassPermanentMessage, 552, mail.PhaseMail},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 1, 1)
				w.exec(`UPDATE subscribers SET soft_bounces = 2, hard_bounced_at = 5`)
				w.answerAll(c.class, c.code, "", c.phase)
				_, err := w.send(func(o *delivery.Options) { o.Bounces = strict })
				if err != nil && !errors.Is(err, delivery.ErrPaused) && !errors.Is(err, delivery.ErrRelays) {
					t.Fatal(err)
				}
				if got, want := w.bounces(1), (bounced{hard: 1, soft: 2}); got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
			})
		})
	}
}

// TestSenderIsPutOff: answers with 4.7.x say what a server thinks of us.
func TestSenderIsPutOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		once := func(o *delivery.Options) { o.Bounces.SoftLimit = 1 }
		w.answerAll(mail.ClassTemporaryRecipient, 451, "4.7.650", mail.PhaseRcpt)
		if b := w.mustSend(once); b.Pending != 1 {
			t.Fatalf("%+v, want it pending", b)
		}
		w.exec(`UPDATE runs SET expires_at = 1`)
		w.clock.advance(2 * time.Hour)
		if b := w.mustSend(once); b.Expired != 1 {
			t.Errorf("%+v, want it expired", b)
		}
		if got := w.bounces(1); got != (bounced{}) {
			t.Errorf("%+v, want nothing", got)
		}
	})
}

// TestExpiryAlone lets a delivery end that no server was ever asked about.
func TestExpiryAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		w.exec(`UPDATE runs SET expires_at = 1`)
		if b := w.mustSend(func(o *delivery.Options) { o.Bounces.SoftLimit = 1 }); b.Expired != 1 {
			t.Errorf("%+v, want it expired", b)
		}
		if got := w.bounces(1); got != (bounced{}) {
			t.Errorf("%+v, want nothing", got)
		}
	})
}

// TestBouncesOfAJournal replays a journal whose answers the database knows in part. Whether its hard bounces are part of a
// spike nobody can tell, so they do not count.
func TestBouncesOfAJournal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 6, 1)
		w.exec(`UPDATE subscribers SET soft_bounces = 2 WHERE id IN (3, 4)`)
		w.exec(`UPDATE subscribers SET hard_bounced_at = 1 WHERE id = 6`)
		w.exec(`UPDATE deliveries SET state = 'failed', attempts = 1, reason = 'soft-recipient' WHERE subscriber_id = 1`)
		w.exec(`UPDATE deliveries SET state = 'sent', attempts = 1 WHERE subscriber_id = 4`)
		j := openJournal(t, w.state, "died")
		began := time.Now().Add(-time.Hour)
		for reader, class := range map[int64]mail.Class{
			1: mail.ClassSoftRecipient, 2: mail.ClassPermanentRecipient, 3: mail.ClassAccepted, 4: mail.ClassAccepted,
			5: mail.ClassSoftRecipient, 6: mail.ClassPermanentRecipient,
		} {
			e := delivery.Entry{Edition: edition, Day: day, Subscriber: reader, Batch: 1, N: 1, ComposedAt: began, At: began}
			generation := dot(t, j, e)
			e.Replied, e.Answer = true, delivery.Answer{Class: class, Phase: mail.PhaseDot, Code: 550, Text: "as it was"}
			if err := j.Reply(generation, e); err != nil {
				t.Fatal(err)
			}
		}
		j.Close()
		w.mustSend(func(o *delivery.Options) { o.Bounces = limits })
		for i, want := range []bounced{{}, {}, {}, {soft: 2}, {soft: 1}, {hard: 1}} {
			if got := w.bounces(i + 1); got != want {
				t.Errorf("reader %d: %+v, want %+v", i+1, got, want)
			}
		}
		if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'failed' AND reason = 'permanent-recipient'`); got != 2 {
			t.Errorf("%d deliveries failed for a hard bounce, want both", got)
		}
	})
}

// TestBounceOfManyAtOnce suppresses at the first bounce.
func TestBounceOfManyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 3)
		w.exec(`UPDATE subscribers SET address = 'r' || id || '@x' || id || '.example'`) // of one provider it were a spike
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			var reader int
			fmt.Sscanf(to, "r%d@", &reader)
			if reader%3 > 0 {
				return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
			}
			return nil
		})
		if b := w.mustSend(); b.Sent != 200 || b.Failed != 400 {
			t.Errorf("%+v, want 200 sent and 400 failed", b)
		}
		if got := w.count(`SELECT count(*) FROM subscribers s JOIN suppressions p ON p.address = s.address
			WHERE s.id % 3 > 0 AND s.suppressed_at > 0 AND p.reason = 'hard-bounce'`); got != 400 {
			t.Errorf("%d readers are suppressed, want 400", got)
		}
		if got := w.count(`SELECT count(*) FROM suppressions`); got != 400 {
			t.Errorf("%d addresses are suppressed, want 400", got)
		}
		if strings.Contains(w.log.String(), "@") {
			t.Errorf("an address is in the log: %s", w.log)
		}
	})
}

// TestBouncedReadersByIndex reads how the lookup of each group of successes is done.
func TestBouncedReadersByIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20_000, 1)
		w.exec(`UPDATE subscribers SET soft_bounces = 1 WHERE id % 50 = 0`)
		ids := make([]string, 100)
		for i := range ids {
			ids[i] = fmt.Sprint(150*i + 7)
		}
		list := strings.Join(ids, ",")
		in := map[db.Dialect]string{db.SQLite: "IN (SELECT value FROM json_each('[" + list + "]'))", db.Postgres: "= ANY('{" + list + "}')"}
		query := strings.ReplaceAll(delivery.BouncedQuery, "{in 1}", in[d.Dialect()])
		for _, analyzed := range []bool{false, true} {
			if analyzed {
				w.exec(`ANALYZE subscribers`)
			}
			if plan := w.plan(query); !strings.Contains(plan, "subscribers_bounced") {
				t.Errorf("analyzed %v: not by its index:\n%s", analyzed, plan)
			}
		}
	})
}
