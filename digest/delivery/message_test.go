package delivery_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

func composedMail(t testing.TB) *digest.Composed {
	t.Helper()
	c, err := new(press).compose(t.Context(), edition, 1, time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// constant makes the same links and the same envelope sender for everyone, without allocating.
type constant struct{}

func (constant) UnsubscribeAsOf(time.Time, int64, int64) string {
	return "https://courier.example/u/x"
}
func (constant) PreferencesAsOf(time.Time, int64) string   { return "https://courier.example/p/x" }
func (constant) SenderAsOf(time.Time, int64, int64) string { return "b+token@bounce.courier.example" }

func TestWrittenMessages(t *testing.T) {
	w := delivery.NewTestWriter(links{}, senders{}, nil, "courier.example")
	c, fresh := composedMail(t), composedMail(t)
	for i, name := range []string{"Ann Lee", "", "Jürgen <\"x\">", strings.Repeat("Long Name ", 20) + "x"} {
		reader := w.Reader(int64(i+1), name, address(i+1))
		m, err := w.Write(reader, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range mailtest.Lint(m.Data) {
			t.Errorf("name %.20q: %s", name, finding)
		}
		want := mail.Envelope{From: (senders{}).SenderAsOf(c.ComposedAt, edition, int64(i+1)), To: address(i + 1), Clean: true}
		if m.Envelope != want {
			t.Errorf("the envelope is %+v, want %+v", m.Envelope, want)
		}
		other := delivery.NewTestWriter(links{}, senders{}, nil, "courier.example")
		again, err := other.Write(reader, fresh)
		if err != nil || !bytes.Equal(again.Data, m.Data) {
			t.Errorf("name %.20q: another lane writes\n%s, %v, want\n%s", name, again.Data, err, m.Data)
		}
	}
}

// TestWrittenText: who wants text gets the text of the same mail, also between readers who want both parts.
func TestWrittenText(t *testing.T) {
	w := delivery.NewTestWriter(links{}, senders{}, nil, "courier.example")
	c := composedMail(t)
	write := func(r *delivery.TestReader) *sink.Parsed {
		t.Helper()
		m, err := w.Write(r, c)
		if err != nil {
			t.Fatal(err)
		}
		p, err := sink.Parse(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	reader := w.Reader(1, "Ann Lee", address(1))
	before := write(reader)
	m, err := w.Write(reader.InText(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range mailtest.LintText(m.Data) {
		t.Error(finding)
	}
	if got := write(reader.InText()); got.Text != before.Text || got.HTML != "" {
		t.Errorf("the text is\n%s\nwith HTML %q, want\n%s", got.Text, got.HTML, before.Text)
	}
	if after := write(w.Reader(2, "Bob", address(2))); after.HTML == "" {
		t.Error("the next reader, who wants HTML, gets none")
	}
}

// TestWriterSignsOnce: another relay with the same signer costs nothing, one with another signer or none gets what is
// its own, and the next message has a signature of its own.
func TestWriterSignsOnce(t *testing.T) {
	whole := newSigner(t)
	part := whole.Without("Date")
	by := map[string]*mail.Signer{"one": whole, "two": whole, "replaces": part, "signs": nil}
	w := delivery.NewTestWriter(links{}, senders{}, func(r *mail.Relay) *mail.Signer { return by[r.Name] }, "courier.example")
	c := composedMail(t)
	for reader := range 2 {
		m, err := w.Write(w.Reader(int64(reader+1), "Ann", address(reader+1)), c)
		if err != nil {
			t.Fatal(err)
		}
		unsigned := bytes.Clone(m.Data)
		for _, name := range []string{"one", "two", "replaces", "signs", "one"} {
			var want []byte
			if signer := by[name]; signer != nil {
				if want, err = signer.Sign(unsigned); err != nil {
					t.Fatal(err)
				}
			}
			want = append(want, unsigned...)
			if got, err := m.Sign(&mail.Relay{Name: name}); err != nil || !bytes.Equal(got, want) {
				t.Errorf("reader %d, relay %s: got\n%s, %v, want\n%s", reader+1, name, got, err, want)
			}
		}
		relay := &mail.Relay{Name: "two"}
		if n := testing.AllocsPerRun(10, func() { m.Sign(relay) }); n != 0 {
			t.Errorf("signing again takes %v allocations, want none", n)
		}
	}
}

func TestWriterReusesWhatItHas(t *testing.T) {
	w := delivery.NewTestWriter(constant{}, constant{}, nil, "courier.example")
	c, reader := composedMail(t), w.Reader(1, "Ann Lee", "ann@reader.example")
	n := testing.AllocsPerRun(100, func() {
		if _, err := w.Write(reader, c); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("a message takes %v allocations beside its links and its sender, want that of its id", n)
	}
}
