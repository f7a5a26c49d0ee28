package mail_test

import (
	"fmt"
	"strings"
	"testing"

	gomail "github.com/wneessen/go-mail"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// realParts are the 40 KB of HTML and 8 KB of text of the measurements in FACTS.
func realParts() (html, text string) {
	line := "The bridge over the river opens on Monday after six years, the city said = <b>finally</b>.\n"
	return strings.Repeat(line, 440) + markers.Of(mail.SlotUnsubscribe) + "\n",
		strings.Repeat("The bridge over the river opens on Monday.\n", 186) + markers.Of(mail.SlotUnsubscribe) + "\n"
}

func BenchmarkCompile(b *testing.B) {
	html, text := realParts()
	for b.Loop() {
		if _, err := mail.Compile(html, text, markers); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	html, text := realParts()
	body, err := mail.Compile(html, text, markers)
	if err != nil {
		b.Fatal(err)
	}
	h, p, dst := newHeader(), newPersonal(), make([]byte, 0, body.Size())
	boundary := mail.Boundary(h.MessageID)
	for b.Loop() {
		if dst, err = body.Append(dst[:0], h, boundary, p); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkSign(b *testing.B) {
	signer, _ := newSigner(b)
	html, text := realParts()
	body, err := mail.Compile(html, text, markers)
	if err != nil {
		b.Fatal(err)
	}
	msg := compose(b, body, newHeader(), newPersonal())
	for b.Loop() {
		if _, err := signer.Sign(msg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	_, relay := newServer(b, sink.Options{Keep: -1})
	html, text := realParts()
	body, err := mail.Compile(html, text, markers)
	if err != nil {
		b.Fatal(err)
	}
	msg := compose(b, body, newHeader(), newPersonal())
	conn := dial(b, relay)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, err := conn.Send(b.Context(), envelope, msg, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGoMailSend sends the same parts the library's own way, for comparison.
func BenchmarkGoMailSend(b *testing.B) {
	_, relay := newServer(b, sink.Options{Keep: -1})
	client, err := gomail.NewClient(relay.Host, gomail.WithPort(relay.Port), gomail.WithTLSPolicy(gomail.NoTLS))
	if err != nil {
		b.Fatal(err)
	}
	conn, err := client.DialToSMTPClientWithContext(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer client.CloseWithSMTPClient(conn)
	html, text := realParts()
	b.SetBytes(int64(len(html) + len(text)))
	for i := 0; b.Loop(); i++ {
		m := gomail.NewMsg()
		if err := m.From("digest@courier.example"); err != nil {
			b.Fatal(err)
		}
		if err := m.To("ann@reader.example"); err != nil {
			b.Fatal(err)
		}
		m.Subject(fmt.Sprintf("The Morning Courier %d", i))
		m.SetBodyString(gomail.TypeTextPlain, text)
		m.AddAlternativeString(gomail.TypeTextHTML, html)
		if err := client.SendWithSMTPClient(conn, m); err != nil {
			b.Fatal(err)
		}
	}
}
