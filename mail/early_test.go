package mail_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// TestAnswerBeforeTheDot: what a server says while it gets the message is no answer to the dot. The message is so large
// that the server must have read most of it, and so have said that, before the client is done with writing.
func TestAnswerBeforeTheDot(t *testing.T) {
	serverTLS, clientTLS, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	large := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 300_000))
	for _, c := range []struct {
		name   string
		action sink.Action
		class  mail.Class
		code   int
		err    error
	}{
		{"refused for now", sink.Action{Reply: "451-4.3.1 the disk\r\n451 4.3.1 is full"}, mail.ClassTemporaryRecipient, 451, nil},
		{"refused", sink.Action{Reply: "554 5.7.1 spam"}, mail.ClassPermanentSender, 554, nil},
		{"ends", sink.Action{Reply: "421 4.3.2 bye"}, mail.ClassTemporaryPath, 421, nil},
		{"taken", sink.Action{Reply: "250 2.0.0 taken"}, mail.ClassTemporaryPath, 0, mail.ErrLost},
		{"no answer", sink.Action{Raw: "hello\r\n"}, mail.ClassTemporaryPath, 0, mail.ErrLost},
	} {
		for _, mode := range []mail.TLSMode{mail.TLSOff, mail.TLSStartTLS} {
			t.Run(c.name+", "+string(mode), func(t *testing.T) {
				server, relay := newServer(t, sink.Options{TLS: serverTLS, Hook: at(sink.PhaseBody, c.action)})
				relay.TLS, relay.TLSConfig = mode, clientTLS
				conn := dial(t, relay)
				reply, err := conn.Send(t.Context(), envelope, large, func() error {
					t.Error("beforeDot was called")
					return nil
				})
				if got := mail.Classify(reply, err); got != c.class || reply.Code != c.code || reply.Phase != mail.PhaseBody || !errors.Is(err, c.err) {
					t.Errorf("got %s: %q in phase %s, %v, want %s", got, reply, reply.Phase, err, c.class)
				}
				server.Close()
				if conn.Usable() || server.Accepted() != 0 {
					t.Errorf("usable is %v, and the server took %d messages", conn.Usable(), server.Accepted())
				}
			})
		}
	}
}

// TestNoAnswerBeforeTheDot: TLS sends things of its own, which are none.
func TestNoAnswerBeforeTheDot(t *testing.T) {
	serverTLS, clientTLS, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	_, relay := newServer(t, sink.Options{TLS: serverTLS})
	relay.TLS, relay.TLSConfig = mail.TLSStartTLS, clientTLS
	relay.Timeouts.Block = 100 * time.Millisecond // it waits as long for what may follow
	conn := dial(t, relay)
	mail.AlwaysReadable(conn)
	for range 2 {
		if reply, err := conn.Send(t.Context(), envelope, []byte(aMessage), nil); err != nil || reply.Code != 250 || !conn.Usable() {
			t.Fatalf("got %v, %v, usable %v, want it taken", reply, err, conn.Usable())
		}
	}
}
