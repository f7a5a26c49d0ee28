package sink_test

import (
	"errors"
	"fmt"
	netsmtp "net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

func newServer(t *testing.T, o sink.Options) *sink.Server {
	t.Helper()
	s, err := sink.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func deliver(s *sink.Server, to ...string) error {
	return netsmtp.SendMail(s.Addr().String(), nil, "from@courier.example", to, []byte("Subject: x\r\n\r\n.dot\r\n"))
}

func TestServerKeepsMessages(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	s := newServer(t, sink.Options{Keep: 2, Now: func() time.Time { return at }})
	if err := deliver(s, "a@b.example", "c@b.example", "d@b.example"); err != nil {
		t.Fatal(err)
	}
	got := s.Messages()
	if len(got) != 2 || s.Accepted() != 3 || s.Connections() != 1 {
		t.Fatalf("kept %d of %d messages over %d connections, want 2 of 3 over 1", len(got), s.Accepted(), s.Connections())
	}
	for i, to := range []string{"c@b.example", "d@b.example"} {
		m := got[i]
		if m.From != "from@courier.example" || m.To != to || string(m.Data) != "Subject: x\r\n\r\n.dot\r\n" || m.ReceivedAt != at {
			t.Errorf("message %d is %+v", i, m)
		}
	}
}

func TestOnMessageComesBeforeTheReply(t *testing.T) {
	var seen []string
	s := newServer(t, sink.Options{Keep: -1, OnMessage: func(from, to string, data []byte) error {
		seen = append(seen, fmt.Sprintf("%s %s %d", from, to, len(data)))
		if to == "bad@b.example" {
			return errors.New("disk is full")
		}
		return nil
	}})
	if err := deliver(s, "a@b.example"); err != nil || len(seen) != 1 || seen[0] != "from@courier.example a@b.example 20" {
		t.Errorf("got %v, %v", seen, err)
	}
	if err := deliver(s, "bad@b.example"); err == nil || !strings.HasPrefix(err.Error(), "451") {
		t.Errorf("got %v, want 451", err)
	}
	if got := s.Messages(); len(got) != 0 || s.Accepted() != 1 {
		t.Errorf("kept %d, accepted %d, want 0 and 1", len(got), s.Accepted())
	}
}

// TestServerIsStrict says commands out of order and expects the code of each reply.
func TestServerIsStrict(t *testing.T) {
	s := newServer(t, sink.Options{NoPipelining: true, MaxSize: 50})
	c, err := textproto.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, step := range []struct {
		line string
		code int
	}{
		{"", 220}, {"MAIL FROM:<a@b.example>", 503}, {"EHLO x", 250}, {"RCPT TO:<a@b.example>", 503}, {"DATA", 503},
		{"MAIL a@b.example", 501}, {"MAIL FROM:<a@b.example> SIZE=51", 552}, {"MAIL FROM:<a@b.example> SIZE=50", 250},
		{"MAIL FROM:<a@b.example>", 503}, {"RCPT TO:<>", 501}, {"DATA", 554}, {"RCPT TO:<c@d.example>", 250},
		{"NOOP", 250}, {"WHAT", 500}, {"STARTTLS", 502}, {"AUTH PLAIN", 502}, {"DATA", 354},
		{"a: b\r\n\r\n" + strings.Repeat("x", 50) + "\r\n.", 552}, {"DATA", 503},
		{"MAIL FROM:<>", 250}, {"RSET", 250}, {"RCPT TO:<c@d.example>", 503},
		{"NOOP\r\nNOOP", 503}, {"QUIT", 250}, {"", 221},
	} {
		if step.line != "" {
			if err := c.PrintfLine("%s", step.line); err != nil {
				t.Fatal(err)
			}
		}
		code, text, err := c.ReadResponse(0)
		if err != nil || code != step.code {
			t.Fatalf("%q: got %d %s, %v, want %d", step.line, code, text, err, step.code)
		}
	}
	if s.Accepted() != 0 {
		t.Error("a message was accepted")
	}
}

func TestCloseCutsConnections(t *testing.T) {
	s := newServer(t, sink.Options{Hook: func(sink.Event) sink.Action { return sink.Action{Delay: time.Hour} }})
	c, err := textproto.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.Close()
	s.Close()
	if _, err := c.ReadLine(); err == nil {
		t.Error("the connection lives on")
	}
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ in, text, html, subject string }{
		"plain": {"Subject: =?utf-8?q?=C3=BC?=\r\nContent-Type: text/plain\r\n\r\nhello\r\n", "hello\r\n", "", "ü"},
		"quoted": {"Subject: x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\na=3Db=\r\nc\r\n",
			"", "a=bc\r\n", "x"},
		"two parts": {"Subject: =?broken\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nt\r\n" +
			"--b\r\nContent-Type: text/html\r\n\r\nh\r\n--b--\r\n", "t", "h", "=?broken"},
	} {
		p, err := sink.Parse([]byte(c.in))
		if err != nil || p.Text != c.text || p.HTML != c.html || p.Decode("Subject") != c.subject {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
	for name, in := range map[string]string{
		"no header":    "x",
		"no type":      "Subject: x\r\n\r\n",
		"broken parts": "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nno field\r\n\r\nx\r\n--b--\r\n",
	} {
		if p, err := sink.Parse([]byte(in)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, p)
		}
	}
}

// TestMessageComesInPieces writes one octet at a time, so that every line end and dot is cut apart, and more than one
// message over the same connection.
func TestMessageComesInPieces(t *testing.T) {
	var got []string
	s := newServer(t, sink.Options{Keep: -1, MaxSize: 40, OnMessage: func(_, _ string, data []byte) error {
		got = append(got, string(data))
		return nil
	}})
	c, err := textproto.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.ReadResponse(220)
	say := func(text string, code int) {
		t.Helper()
		for i := range len(text) {
			c.W.WriteByte(text[i])
			c.W.Flush()
		}
		if _, _, err := c.ReadResponse(code); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	say("EHLO x\r\n", 250)
	for _, m := range []struct {
		wire string
		code int
	}{
		{"..a: b\r\n\r\n..\r\n...c\r\n.\n.\r\n\r\n", 250}, {"", 250}, {strings.Repeat("x", 39) + "\r\n", 552}, {"d: e\r\n", 250},
	} {
		say("MAIL FROM:<a@b.example>\r\n", 250)
		say("RCPT TO:<c@d.example>\r\n", 250)
		say("DATA\r\n", 354)
		say(m.wire+".\r\n", m.code)
	}
	want := []string{".a: b\r\n\r\n.\r\n..c\r\n\n.\r\n\r\n", "", "d: e\r\n"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
