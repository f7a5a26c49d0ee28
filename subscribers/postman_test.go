package subscribers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// relay is a fake that takes what it is sent, or answers as told.
type relay struct {
	mu     sync.Mutex
	answer mail.Class // accepted if empty
	sent   []letter
}

type letter struct {
	mail.Envelope
	data []byte
}

func (r *relay) send(_ context.Context, env mail.Envelope, msg []byte) mail.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, letter{env, bytes.Clone(msg)})
	if r.answer == "" || r.answer == mail.ClassAccepted {
		return mail.Outcome{Class: mail.ClassAccepted, Reply: mail.Reply{Code: 250, Text: "queued"}}
	}
	reply := mail.Reply{Code: 451, Enhanced: "4.3.0", Text: "not now, " + env.To, Phase: mail.PhaseRcpt}
	return mail.Outcome{Class: r.answer, Reply: reply}
}

func (k *desk) postman(r *relay, change func(o *subscribers.PostmanOptions)) *subscribers.Postman {
	o := subscribers.PostmanOptions{
		Site:           templates.Site{Name: "City Courier", URL: "https://courier.example", Language: "en", PostalAddress: "1 Main Street"},
		From:           mail.Address{Name: "City Courier", Addr: "digest@courier.example"},
		EnvelopeSender: "bounces@bounce.courier.example", Domain: "courier.example",
		Send: r.send, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	links := subscribers.NewLinks("https://courier.example/mail", keys(k.t, oldKey))
	return subscribers.NewPostman(k.Store, func() *subscribers.Catalog { return k.catalog }, links, o)
}

func (k *desk) deliver(p *subscribers.Postman, want int) {
	k.t.Helper()
	if n, err := p.Deliver(k.t.Context()); err != nil || n != want {
		k.t.Errorf("Deliver = %d, %v, want %d", n, err, want)
	}
}

func (k *desk) wantMail(state string, attempts, n int) {
	k.t.Helper()
	if got := k.count(`SELECT count(*) FROM system_mails WHERE state = $1 AND attempts = $2 AND lease_until = 0`, state, attempts); got != n {
		k.t.Errorf("%d mails are %s after %d attempts, want %d", got, state, attempts, n)
	}
}

func TestConfirmationMail(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form("ann@example.com")
		in.Name = "BUY NOW http://spam.example"
		k.signUp(in)
		r := new(relay)
		p := k.postman(r, func(o *subscribers.PostmanOptions) {
			o.ReplyTo = &mail.Address{Addr: "editors@courier.example"}
		})
		k.wait(time.Second)
		k.deliver(p, 1)
		k.deliver(p, 0)
		k.wantMail("sent", 1, 1)
		if len(r.sent) != 1 || r.sent[0].To != "ann@example.com" || r.sent[0].From != "bounces@bounce.courier.example" {
			t.Fatalf("sent %+v", r.sent)
		}
		msg := r.sent[0].data
		if problems := mailtest.LintSystem(msg); len(problems) > 0 {
			t.Errorf("the mail: %s", strings.Join(problems, "; "))
		}
		if bytes.Contains(msg, []byte("BUY NOW")) || bytes.Contains(msg, []byte("spam.example")) {
			t.Error("the mail has words of the visitor's")
		}
		parsed, err := sink.Parse(msg)
		k.must(err)
		if parsed.Header.Get("Auto-Submitted") != "auto-generated" || len(parsed.Header.Get("Message-Id")) < 20 {
			t.Errorf("header = %v", parsed.Header)
		}
		link := "https://courier.example/mail/c/"
		_, token, ok := strings.Cut(parsed.Text, link)
		token, _, _ = strings.Cut(token, "\r\n")
		if !ok || !strings.Contains(parsed.HTML, link+token) {
			t.Fatalf("no confirmation link in both parts:\n%s", parsed.Text)
		}
		got, err := keys(t, oldKey).Verify(subscribers.PurposeConfirm, token, k.now())
		k.must(err)
		_, err = k.press(got, "")
		k.must(err)
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1,")

		k.signUp(form("ann@example.com"))
		k.deliver(p, 1)
		parsed, err = sink.Parse(r.sent[1].data)
		k.must(err)
		if !strings.Contains(parsed.Text, "https://courier.example/mail/p/") || strings.Contains(parsed.Text, link) {
			t.Errorf("the mail to a known reader:\n%s", parsed.Text)
		}
	})
}

func TestMailRetries(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for class, want := range map[mail.Class]string{
			mail.ClassTemporaryRecipient: "pending",
			mail.ClassTemporaryPath:      "pending",
			mail.ClassPermanentPath:      "pending",
			mail.ClassPermanentRecipient: "failed",
			mail.ClassPermanentSender:    "failed",
			mail.ClassPermanentMessage:   "failed",
			mail.ClassUncertain:          "uncertain",
		} {
			k.signUp(form(string(class) + "@example.com"))
			r := &relay{answer: class}
			p := k.postman(r, nil)
			k.deliver(p, 0)
			k.wantMail(want, 1, 1)
			k.deliver(p, 0)
			if len(r.sent) != 1 {
				t.Errorf("%s: tried %d times at once, want 1", class, len(r.sent))
			}
			k.wait(time.Minute)
			k.deliver(p, 0)
			if again := want == "pending"; (len(r.sent) == 2) != again {
				t.Errorf("%s: %d tries after a minute, tried again is to be %v", class, len(r.sent), again)
			}
			k.exec(`DELETE FROM system_mails`)
		}
	})
}

// TestLogHasNoAddresses reads the log: relays repeat the recipient in their
// replies, which only Debug may show.
func TestLogHasNoAddresses(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	var log bytes.Buffer
	p := k.postman(&relay{answer: mail.ClassTemporaryRecipient}, func(o *subscribers.PostmanOptions) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	k.signUp(form("ann@example.com"))
	k.deliver(p, 0)
	info, debug := "", ""
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level=DEBUG") {
			debug += line
		} else {
			info += line
		}
	}
	want := fmt.Sprintf(`msg="system mail pending" kind=confirm subscriber=%d attempt=1 class=temporary-recipient code=451 enhanced=4.3.0 phase=rcpt`, k.detail("ann@example.com").ID)
	if !strings.Contains(info, want) || strings.Contains(info, "ann@") {
		t.Errorf("log above Debug:\n%swant one line with\n%s", info, want)
	}
	if !strings.Contains(debug, "ann@example.com") {
		t.Errorf("log at Debug lacks the reply:\n%s", debug)
	}
}

func TestMailSchedule(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		r := &relay{answer: mail.ClassTemporaryPath}
		p := k.postman(r, nil)
		k.deliver(p, 0)
		for i, after := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour} {
			k.wait(after - time.Second)
			k.deliver(p, 0)
			if len(r.sent) != i+1 {
				t.Fatalf("tried before %v had passed", after)
			}
			k.wait(time.Second)
			k.deliver(p, 0)
			if len(r.sent) != i+2 {
				t.Fatalf("%d tries after %v more, want %d", len(r.sent), after, i+2)
			}
			if !bytes.Equal(r.sent[0].data, r.sent[i+1].data) {
				t.Error("a retry has other octets")
			}
		}
		for range 30 {
			k.wait(time.Hour)
			k.deliver(p, 0)
		}
		if n := k.count(`SELECT count(*) FROM system_mails WHERE state = 'failed' AND next_try_at = 0`); n != 1 || len(r.sent) > 27 {
			t.Errorf("after a day %d mails failed, %d tries: want that it is given up", n, len(r.sent))
		}
		k.signUp(form("bob@example.com"))
		k.deliver(p, 0)
		r.answer = mail.ClassAccepted
		k.wait(time.Minute)
		k.deliver(p, 1)
		k.wantMail("sent", 2, 1)
	})
}

func TestMailNoLongerWanted(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		r := new(relay)
		p := k.postman(r, nil)
		k.activate("confirmed@example.com")
		k.signUp(form("left@example.com"))
		k.must(k.UnsubscribeAddress(t.Context(), "left@example.com", "command"))
		k.signUp(form("suppressed@example.com"))
		k.must(k.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonManual, "", "command"))
		k.signUp(form("raced@example.com"))
		k.exec(`INSERT INTO suppressions (address, reason, created_at) VALUES ('raced@example.com', 'manual', 1)`)
		k.deliver(p, 0)
		k.wantMail("dropped", 1, 4)
		if len(r.sent) != 0 {
			t.Errorf("sent %d mails, want none", len(r.sent))
		}
	})
}

func TestMailsAreLeased(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for i := range 30 {
			k.signUp(form(fmt.Sprintf("r%d@example.com", i)))
		}
		r := new(relay)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := k.postman(r, nil).Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		to := map[string]bool{}
		for _, l := range r.sent {
			to[l.To] = true
		}
		if len(r.sent) != 30 || len(to) != 30 {
			t.Errorf("%d mails to %d addresses, want 30 to 30", len(r.sent), len(to))
		}

		k.signUp(form("crash@example.com"))
		died := k.postman(r, func(o *subscribers.PostmanOptions) {
			o.Send = func(context.Context, mail.Envelope, []byte) mail.Outcome {
				runtime.Goexit() // as if the process were killed
				return mail.Outcome{}
			}
		})
		k.deliver(died, 0)
		k.deliver(k.postman(r, nil), 0)
		soon := time.Now().Add(subscribers.MailLease + time.Second)
		if n := k.count(`SELECT count(*) FROM system_mails WHERE lease_until > 0 AND lease_until < $1`, soon.UnixMilli()); n != 1 {
			t.Errorf("%d mails of a dead process come free within %s, want 1", n, subscribers.MailLease)
		}
		k.exec(`UPDATE system_mails SET lease_until = 1 WHERE lease_until > 0`)
		k.deliver(k.postman(r, nil), 1)
	})
}

// TestLeaseIsRenewed has a relay take longer than the lease.
func TestLeaseIsRenewed(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		const until = `SELECT lease_until FROM system_mails`
		sent := 0
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		p := k.postman(nil, func(o *subscribers.PostmanOptions) {
			o.Send = func(context.Context, mail.Envelope, []byte) mail.Outcome {
				sent++
				for first := k.count(until); k.count(until) == first && ctx.Err() == nil; {
				}
				return mail.Outcome{Class: mail.ClassAccepted}
			}
		})
		p.Lease(300 * time.Millisecond)
		k.deliver(p, 1)
		k.wantMail("sent", 1, 1)
		if sent != 1 || ctx.Err() != nil {
			t.Errorf("sent %d times, %v; want once, with a lease that was renewed meanwhile", sent, ctx.Err())
		}
	})
}

// TestTakenOver has a second process send a mail whose first one was stopped
// for too long: the answer that the first one gets at last changes nothing.
func TestTakenOver(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		r := new(relay)
		stalled := k.postman(nil, func(o *subscribers.PostmanOptions) {
			o.Send = func(context.Context, mail.Envelope, []byte) mail.Outcome {
				k.exec(`UPDATE system_mails SET lease_until = 1`)
				k.deliver(k.postman(r, nil), 1)
				return mail.Outcome{Class: mail.ClassPermanentRecipient}
			}
		})
		k.deliver(stalled, 0)
		k.wantMail("sent", 2, 1)
	})
}

// TestSlowRecipient has one mail take until all others were sent.
func TestSlowRecipient(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		const n = 9
		for i := range n {
			k.signUp(form(fmt.Sprintf("r%d@example.com", i)))
		}
		var others sync.WaitGroup
		others.Add(n - 1)
		p := k.postman(nil, func(o *subscribers.PostmanOptions) {
			o.Send = func(_ context.Context, env mail.Envelope, _ []byte) mail.Outcome {
				if env.To == "r0@example.com" {
					others.Wait()
				} else {
					others.Done()
				}
				return mail.Outcome{Class: mail.ClassAccepted}
			}
		})
		k.deliver(p, n)
	})
}

// TestPostmanStops tells the service to stop while mails are on the wire.
func TestPostmanStops(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for i := range subscribers.Lanes + 2 {
			k.signUp(form(fmt.Sprintf("r%d@example.com", i)))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var onTheWire sync.WaitGroup
		onTheWire.Add(subscribers.Lanes)
		p := k.postman(nil, func(o *subscribers.PostmanOptions) {
			o.Send = func(ctx context.Context, _ mail.Envelope, _ []byte) mail.Outcome {
				onTheWire.Done()
				onTheWire.Wait()
				cancel()
				return mail.Outcome{Class: mail.ClassAccepted, Err: ctx.Err()}
			}
		})
		k.must(p.Run(ctx))
		k.wantMail("sent", 1, subscribers.Lanes)
		k.wantMail("pending", 0, 2)
	})
}

func TestOldMailsArePruned(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		const day = 24 * time.Hour
		sent, refused := k.postman(new(relay), nil), k.postman(&relay{answer: mail.ClassPermanentRecipient}, nil)
		for i := range 3 {
			k.signUp(form(fmt.Sprintf("sent%d@example.com", i)))
		}
		k.deliver(sent, 3)
		k.signUp(form("failed@example.com"))
		k.deliver(refused, 0)
		k.signUp(form("waiting@example.com")) // the service is down for long
		k.wait(60 * day)
		k.signUp(form("sent0@example.com"))
		k.deliver(refused, 0)
		k.exec(`UPDATE system_mails SET state = 'pending', next_try_at = 1 WHERE subscriber_id = $1`, k.detail("waiting@example.com").ID)
		prune := func(left int) {
			t.Helper()
			pages := 0
			for after := int64(0); ; pages++ {
				var err error
				after, err = k.PruneMails(t.Context(), after, 2)
				k.must(err)
				if after == 0 {
					break
				}
			}
			if got := k.count(`SELECT count(*) FROM system_mails`); got != left || pages == 0 {
				t.Errorf("%d mails are left after %d pages, want %d after some", got, pages, left)
			}
		}
		k.wait(30 * day)
		prune(6)
		k.wait(day + time.Second)
		prune(2) // the one that is not done, and the one of 31 days ago
		k.deliver(sent, 1)
		prune(1)
		k.wait(60 * day)
		prune(0)
	})
}

func TestPostmanPrunes(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		p := k.postman(new(relay), nil)
		k.signUp(form("ann@example.com"))
		k.deliver(p, 1)
		k.wait(100 * 24 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var running sync.WaitGroup
		running.Go(func() { k.must(p.Run(ctx)) })
		for ctx.Err() == nil && k.count(`SELECT count(*) FROM system_mails`) > 0 {
		}
		if ctx.Err() != nil {
			t.Error("the old mail is still there")
		}
		cancel()
		running.Wait()
	})
}

func TestUncomposableMail(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		r := new(relay)
		p := k.postman(r, func(o *subscribers.PostmanOptions) {
			o.From = mail.Address{Addr: "nobody"}
		})
		k.deliver(p, 0)
		k.wantMail("failed", 1, 1)
		if len(r.sent) != 0 {
			t.Error("a mail from nobody was sent")
		}
	})
}
