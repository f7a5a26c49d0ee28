package mail_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"broadsheet/mail"
)

func newSigner(t testing.TB) (s *mail.Signer, record string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s, err = mail.NewSigner("courier.example", "b1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	if err != nil {
		t.Fatal(err)
	}
	return s, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)
}

func verify(msg []byte, record string) error {
	lookup := func(name string) ([]string, error) {
		if name != "b1._domainkey.courier.example" {
			return nil, nil
		}
		return []string{record}, nil
	}
	v, err := dkim.VerifyWithOptions(bytes.NewReader(msg), &dkim.VerifyOptions{LookupTXT: lookup})
	if err != nil {
		return err
	}
	return v[0].Err
}

func signedMessage(t testing.TB, s *mail.Signer) []byte {
	t.Helper()
	msg := compose(t, sampleBody(t), newHeader(), newPersonal())
	field, err := s.Sign(msg)
	if err != nil {
		t.Fatal(err)
	}
	return append(field, msg...)
}

func TestSignatureVerifies(t *testing.T) {
	signer, record := newSigner(t)
	msg := signedMessage(t, signer)
	if err := verify(msg, record); err != nil {
		t.Errorf("verify: %v\n%s", err, msg[:900])
	}
	for line := range bytes.SplitSeq(msg[:bytes.Index(msg, []byte("Date:"))], []byte("\r\n")) {
		if len(line) > 78 {
			t.Errorf("signature line of %d octets: %q", len(line), line)
		}
	}
	if again := signedMessage(t, signer); !bytes.Equal(again, msg) {
		t.Error("signing the same message again gives other octets")
	}
}

func TestSignatureSurvivesRelaxedChanges(t *testing.T) {
	signer, record := newSigner(t)
	msg := string(signedMessage(t, signer))
	msg = "Received: by relay.example; Mon, 23 Nov 2026 12:00:00 +0000\r\n" + msg
	msg = strings.Replace(msg, "Subject: The Morning Courier:", "subject:\tThe  Morning\r\n Courier:", 1)
	msg += "\r\n\r\n"
	if err := verify([]byte(msg), record); err != nil {
		t.Errorf("verify: %v", err)
	}
}

func TestSignatureBreaks(t *testing.T) {
	signer, record := newSigner(t)
	msg := string(signedMessage(t, signer))
	for name, changed := range map[string]string{
		"List-Unsubscribe":            strings.Replace(msg, "List-Unsubscribe: <https://courier", "List-Unsubscribe: <https://evil", 1),
		"List-Unsubscribe-Post":       strings.Replace(msg, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "", 1),
		"Feedback-ID":                 strings.Replace(msg, "Feedback-ID: daily", "Feedback-ID: weekly", 1),
		"From":                        strings.Replace(msg, "From: City", "From: Shitty", 1),
		"body":                        strings.Replace(msg, ">leave<", ">stay<", 1),
		"another From":                "From: x@evil.example\r\n" + msg,
		"another Subject":             "Subject: x\r\n" + msg,
		"another To":                  "To: x@evil.example\r\n" + msg,
		"another Reply-To":            "Reply-To: x@evil.example\r\n" + msg,
		"another List-Unsubscribe":    "List-Unsubscribe: <https://evil.example/>\r\n" + msg,
		"another Content-Type":        "Content-Type: text/plain\r\n" + msg,
		"another List-Unsubscribe-Po": "List-Unsubscribe-Post: x\r\n" + msg,
	} {
		if changed == msg {
			t.Fatalf("%s: the message was not changed", name)
		}
		if err := verify([]byte(changed), record); err == nil {
			t.Errorf("%s: the changed message verifies", name)
		}
	}
}

// TestSignatureOfABody: knowing the body that wrote a message saves work and changes nothing.
func TestSignatureOfABody(t *testing.T) {
	signer, record := newSigner(t)
	body, h := sampleBody(t), newHeader()
	for _, name := range []string{"Ann", "", strings.Repeat("é ", 100)} {
		msg, err := body.Append(nil, h, body.Boundary(), &mail.Personal{Unsubscribe: unsubscribeURL, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		want, err := signer.Sign(msg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := signer.AppendField([]byte("before"), msg, body)
		if err != nil || string(got) != "before"+string(want) {
			t.Errorf("name %.10q: got %q, %v, want %q", name, got, err, want)
		}
		if err := verify(append(want, msg...), record); err != nil {
			t.Errorf("name %.10q: %v", name, err)
		}
	}
	plain, err := body.AppendText(nil, newHeader(), newPersonal())
	if err != nil {
		t.Fatal(err)
	}
	if signature, err := signer.AppendField(nil, plain, body); err != nil || verify(append(signature, plain...), record) != nil {
		t.Errorf("a message of text alone is not signed well: %v", err)
	}
	foreign := []byte("From: a@courier.example\r\nDate: Mon, 23 Nov 2026 07:00:00 -0500\r\n\r\na  b \r\n")
	field, err := signer.AppendField(nil, foreign, body)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(append(field, foreign...), record); err != nil {
		t.Errorf("a message of another body: %v", err)
	}
	if got, err := signer.AppendField([]byte("before"), []byte("x"), body); err == nil || string(got) != "before" {
		t.Errorf("after an error got %q, %v, want what was there", got, err)
	}
}

func TestSignatureWithout(t *testing.T) {
	signer, record := newSigner(t)
	other := signer.Without("message-id", "Date", "From", "X-Unknown")
	msg := string(signedMessage(t, other))
	replaced := strings.NewReplacer(
		"Message-ID: <abcdefgh.17@courier.example>", "Message-ID: <0100@relay.example>",
		"Date: Mon, 23 Nov 2026 07:00:00", "Date: Mon, 23 Nov 2026 07:00:09",
	)
	if err := verify([]byte(replaced.Replace(msg)), record); err != nil {
		t.Errorf("with Message-ID and Date replaced: %v", err)
	}
	if err := verify([]byte(strings.Replace(msg, "From: City", "From: Shitty", 1)), record); err == nil {
		t.Error("with another From it verifies: From must always be signed")
	}
	if err := verify([]byte(strings.Replace(msg, "u/AAAA", "u/EVIL", 1)), record); err == nil {
		t.Error("with another List-Unsubscribe it verifies")
	}
	whole := string(signedMessage(t, signer))
	if err := verify([]byte(replaced.Replace(whole)), record); err == nil {
		t.Error("the first signer leaves fields out, too")
	}
	for line := range strings.SplitSeq(msg[:strings.Index(msg, "\r\nDate:")], "\r\n") {
		if len(line) > 78 {
			t.Errorf("signature line of %d octets: %q", len(line), line)
		}
	}
}

func TestSignInParallel(t *testing.T) {
	signer, _ := newSigner(t)
	body, h := sampleBody(t), newHeader()
	msg := compose(t, body, h, newPersonal())
	want, err := signer.Sign(msg)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 3 {
				if got, err := signer.AppendField(nil, msg, body); err != nil || !bytes.Equal(got, want) {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			}
		})
	}
	group.Wait()
}

func TestSignOddBodies(t *testing.T) {
	signer, record := newSigner(t)
	head := "From: a@courier.example\r\nDate: Mon, 23 Nov 2026 07:00:00 -0500\r\nSubject: a\r\n\tb  c\r\n\r\n"
	for name, body := range map[string]string{
		"empty": "", "one line end": "\r\n", "no line end": "a", "spaces": " a \t b  \r\n\r\n  \r\n", "many": "a\r\n\r\n\r\n",
	} {
		field, err := signer.Sign([]byte(head + body))
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(append(field, head+body...), record); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSignRepeatedFields: of fields that stand more often than the signature lists them, the lowest are signed.
func TestSignRepeatedFields(t *testing.T) {
	signer, record := newSigner(t)
	msg := "MIME-Version: 2.0\r\nSubject: 1\r\nSubject: 2\r\nSubject: 3\r\nFrom: a@courier.example\r\n" +
		"Date: Mon, 23 Nov 2026 07:00:00 -0500\r\nMIME-Version: 1.0\r\n\r\nx\r\n"
	field, err := signer.Sign([]byte(msg))
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(append(field, msg...), record); err != nil {
		t.Error(err)
	}
}

func TestSignRefuses(t *testing.T) {
	signer, _ := newSigner(t)
	for name, msg := range map[string]string{
		"no end of header": "From: a@b.example\r\n", "no date": "From: a@b.example\r\n\r\nx", "bad date": "Date: soon\r\n\r\nx",
	} {
		if field, err := signer.Sign([]byte(msg)); err == nil {
			t.Errorf("%s: got %q, want an error", name, field)
		}
	}
}

func TestNewSignerRefuses(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(small)})
	if _, err := mail.NewSigner("courier.example", "b1", good); err != nil {
		t.Errorf("PKCS #1: %v", err)
	}
	for name, c := range map[string]struct {
		domain, selector string
		key              []byte
	}{
		"domain":   {"courier", "b1", good},
		"selector": {"courier.example", "b 1;", good},
		"no PEM":   {"courier.example", "b1", []byte("x")},
		"no key":   {"courier.example", "b1", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})},
	} {
		if _, err := mail.NewSigner(c.domain, c.selector, c.key); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
