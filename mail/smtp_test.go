package mail_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

var envelope = mail.Envelope{From: "b+x@bounce.courier.example", To: "ann@reader.example"}

func newServer(t testing.TB, o sink.Options) (*sink.Server, *mail.Relay) {
	t.Helper()
	s, err := sink.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, &mail.Relay{Name: "test", Host: "127.0.0.1", Port: s.Addr().Port, TLS: mail.TLSOff, HELO: "worker.example"}
}

func shortTimeouts(r *mail.Relay) {
	const short = 300 * time.Millisecond
	r.Timeouts = mail.Timeouts{Hello: short, Command: short, Data: short, Block: short, Dot: short, Quit: short}
}

func dial(t testing.TB, r *mail.Relay) *mail.Conn {
	t.Helper()
	c, err := mail.Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// at returns a hook that acts once in a phase of the first message of the first connection.
func at(phase sink.Phase, action sink.Action) func(sink.Event) sink.Action {
	return func(e sink.Event) sink.Action {
		if e.Phase == phase && e.Connection == 1 && e.Message <= 1 {
			return action
		}
		return sink.Action{}
	}
}

const aMessage = "Subject: x\r\n\r\nbody\r\n"

// TestSendEachAnswer plays every answer and every cut at each step of a transaction, pipelined and one by one.
func TestSendEachAnswer(t *testing.T) {
	const hang = time.Minute
	for _, c := range []struct {
		name   string
		phase  sink.Phase
		action sink.Action
		class  mail.Class
		err    error
		usable bool
		taken  int
	}{
		{"accepted", sink.PhaseDot, sink.Action{}, mail.ClassAccepted, nil, true, 1},
		{"mail 4xx", sink.PhaseMail, sink.Action{Reply: "451 4.3.0 later"}, mail.ClassTemporaryPath, nil, true, 0},
		{"mail 5xx", sink.PhaseMail, sink.Action{Reply: "550 5.7.1 no"}, mail.ClassPermanentPath, nil, true, 0},
		{"mail 421", sink.PhaseMail, sink.Action{Reply: "421 4.3.2 bye", Close: true}, mail.ClassTemporaryPath, nil, false, 0},
		{"mail cut", sink.PhaseMail, sink.Action{Close: true}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"mail hangs", sink.PhaseMail, sink.Action{Delay: hang}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"mail garbage", sink.PhaseMail, sink.Action{Raw: "hello\r\n"}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"mail 354", sink.PhaseMail, sink.Action{Reply: "354 go"}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"rcpt 4xx", sink.PhaseRcpt, sink.Action{Reply: "450 4.2.0 greylisted"}, mail.ClassTemporaryRecipient, nil, true, 0},
		{"rcpt 5xx", sink.PhaseRcpt, sink.Action{Reply: "550-5.1.1 no such\r\n550 5.1.1 user"}, mail.ClassPermanentRecipient, nil, true, 0},
		{"rcpt 421", sink.PhaseRcpt, sink.Action{Reply: "421 bye", Close: true}, mail.ClassTemporaryPath, nil, false, 0},
		{"rcpt cut", sink.PhaseRcpt, sink.Action{Close: true}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"rcpt hangs", sink.PhaseRcpt, sink.Action{Delay: hang}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"rcpt codes differ", sink.PhaseRcpt, sink.Action{Raw: "250-a\r\n550 b\r\n"}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"data 4xx", sink.PhaseData, sink.Action{Reply: "451 later"}, mail.ClassTemporaryRecipient, nil, true, 0},
		{"data 5xx", sink.PhaseData, sink.Action{Reply: "554 no"}, mail.ClassPermanentMessage, nil, true, 0},
		{"data 503", sink.PhaseData, sink.Action{Reply: "503 out of order"}, mail.ClassPermanentPath, nil, true, 0},
		{"data 250", sink.PhaseData, sink.Action{Reply: "250 ok", Close: true}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"data cut", sink.PhaseData, sink.Action{Close: true}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"data hangs", sink.PhaseData, sink.Action{Delay: hang}, mail.ClassTemporaryPath, mail.ErrLost, false, 0},
		{"dot 4xx", sink.PhaseDot, sink.Action{Reply: "451 4.2.1 later"}, mail.ClassTemporaryRecipient, nil, true, 0},
		{"dot 5xx", sink.PhaseDot, sink.Action{Reply: "554 5.6.0 no"}, mail.ClassPermanentMessage, nil, true, 0},
		{"dot spam", sink.PhaseDot, sink.Action{Reply: "554 5.7.1 spam"}, mail.ClassPermanentSender, nil, true, 0},
		{"dot 421", sink.PhaseDot, sink.Action{Reply: "421 bye", Close: true}, mail.ClassTemporaryPath, nil, false, 0},
		{"dot cut, not taken", sink.PhaseDot, sink.Action{Close: true}, mail.ClassUncertain, mail.ErrUncertain, false, 0},
		{"dot cut, taken", sink.PhaseDot, sink.Action{Close: true, Accept: true}, mail.ClassUncertain, mail.ErrUncertain, false, 1},
		{"dot hangs", sink.PhaseDot, sink.Action{Delay: hang, Accept: true}, mail.ClassUncertain, mail.ErrUncertain, false, 1},
		{"dot garbage", sink.PhaseDot, sink.Action{Raw: "\x00\x01\r\n", Accept: true}, mail.ClassUncertain, mail.ErrUncertain, false, 1},
		{"dot reply cut short", sink.PhaseDot, sink.Action{Raw: "250-ok\r\n25", Close: true}, mail.ClassUncertain, mail.ErrUncertain, false, 0},
		{"dot 354", sink.PhaseDot, sink.Action{Reply: "354 go"}, mail.ClassUncertain, mail.ErrUncertain, false, 0},
		{"dot many lines", sink.PhaseDot, sink.Action{Reply: "250-2.0.0 ok\r\n250 2.0.0 queued"}, mail.ClassAccepted, nil, true, 1},
		{"dot answered twice", sink.PhaseDot, sink.Action{Reply: "250 ok\r\n250 ok"}, mail.ClassAccepted, nil, false, 1},
	} {
		for _, sequential := range []bool{false, true} {
			name := c.name + map[bool]string{false: ", pipelined", true: ", one by one"}[sequential]
			t.Run(name, func(t *testing.T) {
				server, relay := newServer(t, sink.Options{NoPipelining: sequential, Hook: at(c.phase, c.action)})
				if c.action.Delay > 0 {
					shortTimeouts(relay)
				}
				conn := dial(t, relay)
				reply, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil)
				if got := mail.Classify(reply, err); got != c.class || !errors.Is(err, c.err) {
					t.Errorf("got %s, %q, %v, want %s, %v", got, reply, err, c.class, c.err)
				}
				if conn.Usable() != c.usable {
					t.Errorf("usable is %v, want %v", conn.Usable(), c.usable)
				}
				if got := server.Accepted(); got != c.taken {
					t.Errorf("the server took %d messages, want %d", got, c.taken)
				}
				if c.usable {
					reply, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil)
					if got := mail.Classify(reply, err); got != mail.ClassAccepted {
						t.Errorf("the next message: got %s, %q, %v", got, reply, err)
					}
				} else if _, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil); !errors.Is(err, mail.ErrLost) {
					t.Errorf("sending over a dead connection: %v, want ErrLost", err)
				}
			})
		}
	}
}

func TestRefusalStandsThoughTheConnectionIsCut(t *testing.T) {
	_, relay := newServer(t, sink.Options{Hook: at(sink.PhaseRcpt, sink.Action{Reply: "550 5.1.1 no", Close: true})})
	conn := dial(t, relay)
	reply, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil)
	if err != nil || reply.Code != 550 || reply.Phase != mail.PhaseRcpt || conn.Usable() {
		t.Errorf("got %v, %v, usable %v, want the 550", reply, err, conn.Usable())
	}
}

func TestDialEachAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		phase  sink.Phase
		action sink.Action
		want   mail.Phase
		code   int
		class  mail.Class
	}{
		{"banner 4xx", sink.PhaseBanner, sink.Action{Reply: "421 4.3.2 busy", Close: true}, mail.PhaseBanner, 421, mail.ClassTemporaryPath},
		{"banner 5xx", sink.PhaseBanner, sink.Action{Reply: "554-no\r\n554 service", Close: true}, mail.PhaseBanner, 554, mail.ClassPermanentPath},
		{"banner cut", sink.PhaseBanner, sink.Action{Close: true}, mail.PhaseBanner, 0, mail.ClassTemporaryPath},
		{"banner hangs", sink.PhaseBanner, sink.Action{Delay: time.Minute}, mail.PhaseBanner, 0, mail.ClassTemporaryPath},
		{"banner garbage", sink.PhaseBanner, sink.Action{Raw: "HTTP/1.1 400 Bad Request\r\n"}, mail.PhaseBanner, 0, mail.ClassTemporaryPath},
		{"hello 4xx", sink.PhaseHello, sink.Action{Reply: "450 not now"}, mail.PhaseHello, 450, mail.ClassTemporaryPath},
		{"hello 5xx", sink.PhaseHello, sink.Action{Reply: "550 who are you"}, mail.PhaseHello, 550, mail.ClassPermanentPath},
		{"hello cut", sink.PhaseHello, sink.Action{Close: true}, mail.PhaseHello, 0, mail.ClassTemporaryPath},
		{"hello hangs", sink.PhaseHello, sink.Action{Delay: time.Minute}, mail.PhaseHello, 0, mail.ClassTemporaryPath},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, relay := newServer(t, sink.Options{Hook: at(c.phase, c.action)})
			if c.action.Delay > 0 {
				shortTimeouts(relay)
			}
			conn, err := mail.Dial(t.Context(), relay)
			failure := new(mail.DialError)
			if !errors.As(err, &failure) {
				t.Fatalf("got %v, %v, want a DialError", conn, err)
			}
			if r := failure.Reply; r.Phase != c.want || r.Code != c.code {
				t.Errorf("got %q in phase %s, want %d in %s", r, r.Phase, c.code, c.want)
			}
			if got := mail.Classify(failure.Reply, err); got != c.class {
				t.Errorf("got %s, want %s", got, c.class)
			}
		})
	}
}

func TestDialRefused(t *testing.T) {
	server, relay := newServer(t, sink.Options{})
	server.Close()
	got := mail.SendOne(t.Context(), []*mail.Relay{relay}, envelope, []byte(aMessage))
	if got.Class != mail.ClassTemporaryPath || got.Reply.Phase != mail.PhaseDial || got.Err == nil || got.Relay != "test" {
		t.Errorf("got %+v", got)
	}
}

func TestTLSAndAuth(t *testing.T) {
	serverTLS, clientTLS, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	login := func(user, password string) bool { return user == "courier" && password == "secret" }
	for _, c := range []struct {
		name   string
		server sink.Options
		relay  mail.Relay
		class  mail.Class
		phase  mail.Phase
	}{
		{"starttls", sink.Options{TLS: serverTLS}, mail.Relay{TLS: mail.TLSStartTLS, TLSConfig: clientTLS}, mail.ClassAccepted, mail.PhaseDot},
		{"starttls by default", sink.Options{TLS: serverTLS}, mail.Relay{TLSConfig: clientTLS}, mail.ClassAccepted, mail.PhaseDot},
		{"implicit", sink.Options{TLS: serverTLS, Implicit: true}, mail.Relay{TLS: mail.TLSImplicit, TLSConfig: clientTLS}, mail.ClassAccepted, mail.PhaseDot},
		{"starttls missing", sink.Options{}, mail.Relay{TLSConfig: clientTLS}, mail.ClassPermanentPath, mail.PhaseTLS},
		{"starttls refused", sink.Options{TLS: serverTLS, Hook: at(sink.PhaseStartTLS, sink.Action{Reply: "454 not now"})},
			mail.Relay{TLSConfig: clientTLS}, mail.ClassTemporaryPath, mail.PhaseTLS},
		{"unknown certificate", sink.Options{TLS: serverTLS}, mail.Relay{}, mail.ClassPermanentPath, mail.PhaseTLS},
		{"unknown certificate, implicit", sink.Options{TLS: serverTLS, Implicit: true}, mail.Relay{TLS: mail.TLSImplicit}, mail.ClassPermanentPath, mail.PhaseTLS},
		{"implicit to a plain server", sink.Options{}, mail.Relay{TLS: mail.TLSImplicit, TLSConfig: clientTLS}, mail.ClassTemporaryPath, mail.PhaseTLS},
		{"auth over starttls", sink.Options{TLS: serverTLS, Login: login},
			mail.Relay{TLSConfig: clientTLS, User: "courier", Password: "secret"}, mail.ClassAccepted, mail.PhaseDot},
		{"auth over implicit", sink.Options{TLS: serverTLS, Implicit: true, Login: login},
			mail.Relay{TLS: mail.TLSImplicit, TLSConfig: clientTLS, User: "courier", Password: "secret"}, mail.ClassAccepted, mail.PhaseDot},
		{"auth on loopback", sink.Options{Login: login}, mail.Relay{TLS: mail.TLSOff, User: "courier", Password: "secret"}, mail.ClassAccepted, mail.PhaseDot},
		{"wrong password", sink.Options{Login: login}, mail.Relay{TLS: mail.TLSOff, User: "courier", Password: "x"}, mail.ClassPermanentPath, mail.PhaseAuth},
		{"auth down", sink.Options{Login: login, Hook: at(sink.PhaseAuth, sink.Action{Reply: "454 4.7.0 later"})},
			mail.Relay{TLS: mail.TLSOff, User: "courier", Password: "secret"}, mail.ClassTemporaryPath, mail.PhaseAuth},
		{"auth not offered", sink.Options{}, mail.Relay{TLS: mail.TLSOff, User: "courier"}, mail.ClassPermanentPath, mail.PhaseAuth},
		{"auth needed", sink.Options{Login: login}, mail.Relay{TLS: mail.TLSOff}, mail.ClassPermanentPath, mail.PhaseMail},
		{"unknown mode", sink.Options{}, mail.Relay{TLS: "maybe"}, mail.ClassPermanentPath, mail.PhaseHello},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, base := newServer(t, c.server)
			relay := c.relay
			relay.Host, relay.Port = base.Host, base.Port
			relay.Timeouts.Dial = 5 * time.Second
			got := mail.SendOne(t.Context(), []*mail.Relay{&relay}, envelope, []byte(aMessage))
			if got.Class != c.class || got.Reply.Phase != c.phase {
				t.Errorf("got %s in phase %s, %v, want %s in %s", got.Class, got.Reply.Phase, got.Err, c.class, c.phase)
			}
		})
	}
}

func TestBeforeDot(t *testing.T) {
	big := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 5000))
	for name, msg := range map[string][]byte{"short": []byte(aMessage), "long": big} {
		server, relay := newServer(t, sink.Options{})
		conn, calls := dial(t, relay), 0
		reply, err := conn.Send(t.Context(), envelope, msg, func() error { calls++; return nil })
		if err != nil || reply.Code != 250 || calls != 1 || len(server.Messages()) != 1 {
			t.Errorf("%s: got %v, %v after %d calls", name, reply, err, calls)
		}
		if got := server.Messages(); string(got[0].Data) != string(msg) {
			t.Errorf("%s: the message arrived changed", name)
		}
		refusal := errors.New("journal is full")
		reply, err = conn.Send(t.Context(), envelope, msg, func() error { return refusal })
		if !errors.Is(err, mail.ErrAborted) || !errors.Is(err, refusal) || conn.Usable() {
			t.Errorf("%s: got %v, %v, want ErrAborted and a dead connection", name, reply, err)
		}
		server.Close()
		if got := server.Accepted(); got != 1 {
			t.Errorf("%s: the server took %d messages, want 1", name, got)
		}
	}
}

func TestBeforeDotIsNotCalledForARefusal(t *testing.T) {
	_, relay := newServer(t, sink.Options{Hook: at(sink.PhaseRcpt, sink.Action{Reply: "550 5.1.1 no"})})
	_, err := dial(t, relay).Send(t.Context(), envelope, []byte(aMessage), func() error {
		t.Error("beforeDot was called")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestServerHangsUpWithinTheMessage(t *testing.T) {
	big := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 500_000))
	server, relay := newServer(t, sink.Options{Hook: at(sink.PhaseBody, sink.Action{Close: true})})
	conn := dial(t, relay)
	_, err := conn.Send(t.Context(), envelope, big, func() error {
		t.Error("beforeDot was called")
		return nil
	})
	if !errors.Is(err, mail.ErrLost) || conn.Usable() || server.Accepted() != 0 {
		t.Errorf("got %v, usable %v, want ErrLost", err, conn.Usable())
	}
}

func TestCancel(t *testing.T) {
	for name, c := range map[string]struct {
		phase sink.Phase
		want  error
	}{"before the dot": {sink.PhaseRcpt, mail.ErrLost}, "after the dot": {sink.PhaseDot, mail.ErrUncertain}} {
		ctx, cancel := context.WithCancel(t.Context())
		hook := func(e sink.Event) sink.Action {
			if e.Phase == c.phase {
				cancel()
				return sink.Action{Delay: time.Minute}
			}
			return sink.Action{}
		}
		_, relay := newServer(t, sink.Options{Hook: hook})
		conn := dial(t, relay)
		_, err := conn.Send(ctx, envelope, []byte(aMessage), nil)
		if !errors.Is(err, c.want) || !errors.Is(err, context.Canceled) || conn.Usable() {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, relay := newServer(t, sink.Options{})
	conn := dial(t, relay)
	if _, err := conn.Send(ctx, envelope, []byte(aMessage), nil); !errors.Is(err, mail.ErrLost) || !conn.Usable() {
		t.Errorf("cancelled before it began: %v, usable %v", err, conn.Usable())
	}
	if _, err := mail.Dial(ctx, relay); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v, want context.Canceled", err)
	}
}

func TestCancelWhileDialling(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		cancel()
		return sink.Action{Delay: time.Minute}
	}})
	if _, err := mail.Dial(ctx, relay); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestSendRefusesWhatCannotBeSent(t *testing.T) {
	server, relay := newServer(t, sink.Options{MaxSize: 1000})
	conn := dial(t, relay)
	for name, c := range map[string]struct {
		env mail.Envelope
		msg string
	}{
		"injection":     {mail.Envelope{To: "a@b.example>\r\nRCPT TO:<c@d.example"}, aMessage},
		"space":         {mail.Envelope{To: "a b@c.example"}, aMessage},
		"not ASCII":     {mail.Envelope{To: "ü@c.example"}, aMessage},
		"bad sender":    {mail.Envelope{From: "a\n", To: "a@b.example"}, aMessage},
		"no recipient":  {mail.Envelope{From: "a@b.example"}, aMessage},
		"bare LF":       {envelope, "a: b\r\n\r\nx\n.\nMAIL FROM:<x>\r\n"},
		"bare CR":       {envelope, "a: b\r\n\r\nx\ry\r\n"},
		"over the size": {envelope, aMessage + strings.Repeat("x\r\n", 400)},
	} {
		reply, err := conn.Send(t.Context(), c.env, []byte(c.msg), nil)
		if got := mail.Classify(reply, err); got != mail.ClassPermanentMessage || !errors.Is(err, mail.ErrMessage) {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	if !conn.Usable() || conn.Count() != 0 || server.Accepted() != 0 {
		t.Error("something was sent")
	}
}

func TestDotsAreStuffed(t *testing.T) {
	server, relay := newServer(t, sink.Options{})
	conn := dial(t, relay)
	for in, want := range map[string]string{
		"a: b\r\n\r\n.\r\n..\r\nx": "a: b\r\n\r\n.\r\n..\r\nx\r\n",
		".a: b\r\n\r\n.x\r\n":      ".a: b\r\n\r\n.x\r\n",
	} {
		given := strings.Clone(in)
		if _, err := conn.Send(t.Context(), mail.Envelope{To: "a@b.example"}, []byte(given), nil); err != nil {
			t.Fatal(err)
		}
		got := server.Messages()
		if last := got[len(got)-1]; string(last.Data) != want || last.From != "" {
			t.Errorf("got %q from %q, want %q from the null sender", last.Data, last.From, want)
		}
	}
}

// TestCleanMessageIsNotLookedThrough: what the caller vouches for goes out as it is.
func TestCleanMessageIsNotLookedThrough(t *testing.T) {
	server, relay := newServer(t, sink.Options{})
	conn := dial(t, relay)
	env := envelope
	env.Clean = true
	written := compose(t, sampleBody(t), newHeader(), newPersonal())
	for _, msg := range []string{string(written), "a: b\r\n\r\nx\ny\r\n"} {
		if reply, err := conn.Send(t.Context(), env, []byte(msg), nil); err != nil || reply.Code != 250 {
			t.Fatalf("got %v, %v", reply, err)
		}
		got := server.Messages()
		if last := got[len(got)-1]; string(last.Data) != msg {
			t.Errorf("got %q, want %q", last.Data, msg)
		}
	}
}

// TestTook: time spent in a phase is counted there, and once.
func TestTook(t *testing.T) {
	const delay = 150 * time.Millisecond
	for _, c := range []struct {
		phase  sink.Phase
		action sink.Action
		slow   func(mail.Took) *time.Duration // nil: none
		ends   mail.Phase
	}{
		{sink.PhaseDot, sink.Action{}, func(mail.Took) *time.Duration { return nil }, mail.PhaseDot},
		{sink.PhaseMail, sink.Action{Delay: delay}, func(t mail.Took) *time.Duration { return &t.Mail }, mail.PhaseDot},
		{sink.PhaseData, sink.Action{Delay: delay}, func(t mail.Took) *time.Duration { return &t.Mail }, mail.PhaseDot},
		{sink.PhaseDot, sink.Action{Delay: delay}, func(t mail.Took) *time.Duration { return &t.Dot }, mail.PhaseDot},
		{sink.PhaseRcpt, sink.Action{Reply: "550 5.1.1 no"}, func(mail.Took) *time.Duration { return nil }, mail.PhaseRcpt},
	} {
		_, relay := newServer(t, sink.Options{Hook: at(c.phase, c.action)})
		conn, began := dial(t, relay), time.Now()
		if _, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil); err != nil {
			t.Fatal(err)
		}
		elapsed, got := time.Since(began), conn.Took()
		if got.Mail <= 0 || got.Wait != 0 || got.Dial != 0 || (got.Body > 0 && got.Dot > 0) != (c.ends == mail.PhaseDot) {
			t.Errorf("%s: took %+v, want only what happened", c.phase, got)
		}
		if slow := c.slow(got); slow != nil && *slow < delay {
			t.Errorf("%s: took %+v, want the delay of %s in its phase", c.phase, got, delay)
		}
		if sum := got.Mail + got.Body + got.Dot; sum > elapsed {
			t.Errorf("%s: took %+v, %s in all, but it was over after %s", c.phase, got, sum, elapsed)
		}
		if _, err := conn.Send(t.Context(), mail.Envelope{}, []byte(aMessage), nil); err == nil || conn.Took() != (mail.Took{}) {
			t.Errorf("after a message that was not sent: %v, took %+v", err, conn.Took())
		}
	}
}

// TestDeadlinesDiffer: a long one does not stay for the next phase, and a short one makes way.
func TestDeadlinesDiffer(t *testing.T) {
	_, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		switch {
		case e.Message == 1 && e.Phase == sink.PhaseDot:
			return sink.Action{Delay: 700 * time.Millisecond}
		case e.Message == 2 && e.Phase == sink.PhaseMail:
			return sink.Action{Delay: time.Minute}
		}
		return sink.Action{}
	}})
	shortTimeouts(relay)
	relay.Timeouts.Dot = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn := dial(t, relay)
	if reply, err := conn.Send(ctx, envelope, []byte(aMessage), nil); err != nil || reply.Code != 250 {
		t.Fatalf("an answer to the dot that is slow, but in time: %v, %v", reply, err)
	}
	if _, err := conn.Send(ctx, envelope, []byte(aMessage), nil); !errors.Is(err, mail.ErrLost) || ctx.Err() != nil {
		t.Errorf("no answer to MAIL: %v, want ErrLost long before %v", err, time.Minute)
	}
}

// TestRefusalAtTheDotEndsTheTransaction has a server that keeps a transaction open whose message it refused, as Postfix
// does where smtpd_end_of_data_restrictions refuse.
func TestRefusalAtTheDotEndsTheTransaction(t *testing.T) {
	for _, noPipelining := range []bool{false, true} {
		var isOpen atomic.Bool
		_, relay := newServer(t, sink.Options{NoPipelining: noPipelining, Hook: func(e sink.Event) sink.Action {
			switch {
			case e.Phase == sink.PhaseDot && e.Message == 1:
				isOpen.Store(true)
				return sink.Action{Reply: "550 5.7.1 looks like spam"}
			case e.Phase == sink.PhaseReset:
				isOpen.Store(false)
			case e.Phase == sink.PhaseMail && isOpen.Load():
				return sink.Action{Reply: "503 5.5.1 nested MAIL command"}
			}
			return sink.Action{}
		}})
		conn := dial(t, relay)
		if reply, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil); err != nil || reply.Code != 550 {
			t.Fatalf("no pipelining %v: the message to refuse: %v, %v", noPipelining, reply, err)
		}
		if reply, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil); err != nil || reply.Code != 250 {
			t.Errorf("no pipelining %v: the message after it: %v, %v", noPipelining, reply, err)
		}
	}
}

func TestConnectionWears(t *testing.T) {
	_, relay := newServer(t, sink.Options{Keep: -1})
	conn, now := dial(t, relay), time.Now()
	if conn.Worn(now.Add(4*time.Minute)) || !conn.Worn(now.Add(6*time.Minute)) {
		t.Error("a connection should wear after 5 minutes")
	}
	for range 100 {
		if conn.Worn(now) {
			t.Fatalf("worn after %d messages", conn.Count())
		}
		if _, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil); err != nil {
			t.Fatal(err)
		}
	}
	if !conn.Worn(now) {
		t.Error("a connection should wear after 100 messages")
	}
	if err := conn.Close(); err != nil || conn.Usable() {
		t.Errorf("Close: %v, usable %v", err, conn.Usable())
	}
	if err := conn.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestCloseSaysQuit(t *testing.T) {
	said := make(chan string, 1)
	_, relay := newServer(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		if e.Phase == sink.PhaseQuit {
			said <- e.Line
		}
		return sink.Action{}
	}})
	dial(t, relay).Close()
	select {
	case got := <-said:
		if got != "QUIT" {
			t.Errorf("got %q", got)
		}
	default:
		t.Error("QUIT was not said before Close returned")
	}
}

func TestSendOneTriesTheNextRelay(t *testing.T) {
	_, down := newServer(t, sink.Options{Hook: at(sink.PhaseBanner, sink.Action{Reply: "554 no", Close: true})})
	server, up := newServer(t, sink.Options{})
	if got := mail.SendOne(t.Context(), []*mail.Relay{down, up}, envelope, []byte(aMessage)); got.Class != mail.ClassAccepted {
		t.Errorf("got %+v", got)
	}
	_, picky := newServer(t, sink.Options{Hook: at(sink.PhaseRcpt, sink.Action{Reply: "550 5.1.1 no"})})
	got := mail.SendOne(t.Context(), []*mail.Relay{picky, up}, envelope, []byte(aMessage))
	if got.Class != mail.ClassPermanentRecipient || got.Reason() != "550 5.1.1 no" {
		t.Errorf("got %+v, want the first relay's answer about the recipient", got)
	}
	_, closing := newServer(t, sink.Options{Hook: at(sink.PhaseDot, sink.Action{Reply: "421 bye", Close: true})})
	if got := mail.SendOne(t.Context(), []*mail.Relay{closing, up}, envelope, []byte(aMessage)); got.Class != mail.ClassTemporaryPath {
		t.Errorf("got %+v, want no second try after the dot", got)
	}
	if got := server.Accepted(); got != 1 {
		t.Errorf("the second relay took %d messages, want 1", got)
	}
	if got := mail.SendOne(t.Context(), nil, envelope, []byte(aMessage)); got.Class != mail.ClassTemporaryPath || got.Err == nil {
		t.Errorf("without relays got %+v", got)
	}
}
