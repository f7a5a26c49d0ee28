package mail_test

import (
	"bytes"
	"errors"
	"html"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

const (
	unsubscribeURL = "https://courier.example/mail/u/AAAA?x=1&y=2"
	preferencesURL = "https://courier.example/mail/p/BBBB"
)

func newHeader() *mail.Header {
	return &mail.Header{
		From:            mail.Address{Name: "City Courier", Addr: "digest@courier.example"},
		ReplyTo:         &mail.Address{Addr: "editors@courier.example"},
		To:              mail.Address{Name: "Ann Lee", Addr: "ann@reader.example"},
		Subject:         "The Morning Courier: Bridge opens",
		Date:            time.Date(2026, 11, 23, 7, 0, 0, 0, time.FixedZone("", -5*3600)),
		MessageID:       "<abcdefgh.17@courier.example>",
		ListID:          "The Morning Courier <daily.lists.courier.example>",
		ListUnsubscribe: []string{unsubscribeURL},
		OneClick:        true,
		FeedbackID:      "daily-2026-11-23:daily:digest:courier",
		Bulk:            true,
	}
}

// markers are those of the bodies in these tests.
var markers = mail.NewMarkers()

func newPersonal() *mail.Personal {
	return &mail.Personal{Unsubscribe: unsubscribeURL, Preferences: preferencesURL, Name: `Ann <"Lee"> & Søn`}
}

func sampleBody(t testing.TB) *mail.Body {
	t.Helper()
	u, p, n := markers.Of(mail.SlotUnsubscribe), markers.Of(mail.SlotPreferences), markers.Of(mail.SlotName)
	body, err := mail.Compile(
		"<html><p>Hello "+n+", café = 1</p>\n<a href=\""+u+"\">leave</a> <a href=\""+p+"\">choose</a></html>",
		"Hello "+n+"\n\n.dot\nFrom here  to there \n-- \n"+u+"\n"+p+"\n", markers)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func compose(t testing.TB, b *mail.Body, h *mail.Header, p *mail.Personal) []byte {
	t.Helper()
	msg, err := b.Append(nil, h, mail.Boundary(h.MessageID), p)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestAppendIsCleanOnTheWire(t *testing.T) {
	msg := compose(t, sampleBody(t), newHeader(), newPersonal())
	for _, finding := range mailtest.Lint(msg) {
		t.Error(finding)
	}
	p, err := sink.Parse(msg)
	if err != nil {
		t.Fatal(err)
	}
	wantHTML := "<html><p>Hello Ann &lt;&#34;Lee&#34;&gt; &amp; Søn, café = 1</p>\r\n<a href=\"" +
		html.EscapeString(unsubscribeURL) + "\">leave</a> <a href=\"" + preferencesURL + "\">choose</a></html>\r\n"
	if p.HTML != wantHTML {
		t.Errorf("HTML is\n%q, want\n%q", p.HTML, wantHTML)
	}
	wantText := "Hello Ann <\"Lee\"> & Søn\r\n\r\n.dot\r\nFrom here  to there \r\n-- \r\n" + unsubscribeURL + "\r\n" + preferencesURL + "\r\n"
	if p.Text != wantText {
		t.Errorf("text is\n%q, want\n%q", p.Text, wantText)
	}
	if bytes.Contains(msg, []byte("\r\nFrom here")) {
		t.Error("a body line begins with From and a space, which mailboxes rewrite")
	}
}

func TestAppendIsDeterministic(t *testing.T) {
	body := sampleBody(t)
	one, two := compose(t, body, newHeader(), newPersonal()), compose(t, body, newHeader(), newPersonal())
	if !bytes.Equal(one, two) {
		t.Error("the same arguments give other octets")
	}
	if got, other := mail.Boundary("<a@b>"), mail.Boundary("<c@b>"); got == other {
		t.Errorf("two ids have the boundary %q", got)
	}
}

func TestAppendKeepsWhatStandsBefore(t *testing.T) {
	h := newHeader()
	out, err := sampleBody(t).Append([]byte("before"), h, mail.Boundary(h.MessageID), newPersonal())
	if err != nil || !bytes.HasPrefix(out, []byte("beforeDate: Mon, 23 Nov 2026 07:00:00 -0500\r\n")) {
		t.Errorf("got %.60q, %v", out, err)
	}
	h.Subject = "a\nb"
	out, err = sampleBody(t).Append([]byte("before"), h, mail.Boundary(h.MessageID), newPersonal())
	if err == nil || string(out) != "before" {
		t.Errorf("after an error got %.60q, %v, want what was there", out, err)
	}
}

func TestAppendWithEmptySlots(t *testing.T) {
	msg := compose(t, sampleBody(t), newHeader(), &mail.Personal{Unsubscribe: unsubscribeURL, Preferences: preferencesURL})
	for _, finding := range mailtest.Lint(msg) {
		t.Error(finding)
	}
	if p, err := sink.Parse(msg); err != nil || !strings.HasPrefix(p.Text, "Hello \r\n\r\n") {
		t.Errorf("text begins %.20q, %v", p.Text, err)
	}
}

func TestAppendRefusesPersonalValues(t *testing.T) {
	h := newHeader()
	for _, name := range []string{"a\x00b", "a\xffb"} {
		_, err := sampleBody(t).Append(nil, h, mail.Boundary(h.MessageID), &mail.Personal{Name: name})
		if !errors.Is(err, mail.ErrBody) {
			t.Errorf("name %q: got %v, want ErrBody", name, err)
		}
	}
	for _, boundary := range []string{"", "abc", "=_", "=_a\r\nb", "=_" + strings.Repeat("a", 80)} {
		if _, err := sampleBody(t).Append(nil, h, boundary, newPersonal()); !errors.Is(err, mail.ErrHeader) {
			t.Errorf("boundary %q: got %v, want ErrHeader", boundary, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, part := range map[string]string{"empty": " \n", "NUL": "a\x00", "broken UTF-8": "a\xff"} {
		if _, err := mail.Compile(part, "text", markers); !errors.Is(err, mail.ErrBody) {
			t.Errorf("HTML %s: got %v, want ErrBody", name, err)
		}
		if _, err := mail.Compile("<p>", part, markers); !errors.Is(err, mail.ErrBody) {
			t.Errorf("text %s: got %v, want ErrBody", name, err)
		}
	}
}

func TestHTMLSize(t *testing.T) {
	for source, want := range map[string]int{
		"<p>é</p>":       9 + 2,
		"a\nb\r\nc\rd\n": 12,
		"a" + markers.Of(mail.SlotName) + "b" + markers.Of(mail.SlotUnsubscribe) + "\n": 4,
	} {
		b, err := mail.Compile(source, "text", markers)
		if err != nil || b.HTMLSize() != want {
			t.Errorf("HTMLSize of %q = %d, %v, want %d", source, b.HTMLSize(), err, want)
		}
	}
}

// TestMarkersCannotBeGuessed: a story that has another composition's markers in it gets nobody's links.
func TestMarkersCannotBeGuessed(t *testing.T) {
	own, known := mail.NewMarkers(), mail.NewMarkers()
	text := "https://evil.example/?u=" + known.Of(mail.SlotUnsubscribe) + " " + own.Of(mail.SlotUnsubscribe)
	body, err := mail.Compile("<p>"+text, text, own)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sink.Parse(compose(t, body, newHeader(), newPersonal()))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{html.UnescapeString(p.HTML), p.Text} {
		if n := strings.Count(part, unsubscribeURL); n != 1 || !strings.Contains(part, known.Of(mail.SlotUnsubscribe)) {
			t.Errorf("the reader's link stands %d times in %q, want once and the foreign marker as it was", n, part)
		}
	}
}

func TestMarkersSurviveEscaping(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range []mail.Slot{mail.SlotUnsubscribe, mail.SlotPreferences, mail.SlotName} {
		marker := markers.Of(s)
		if seen[marker] || strings.Trim(marker, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Errorf("marker %q is not unique letters and digits", marker)
		}
		seen[marker] = true
	}
}

// FuzzQuotedPrintable: whatever text goes in with slots anywhere comes out of the standard decoder, and the wire is clean.
func FuzzQuotedPrintable(f *testing.F) {
	f.Add("Hello ", "\n.dot\n", "Ann")
	f.Add(strings.Repeat("é=", 80), strings.Repeat("  ", 60)+"\t\n", "x y ")
	f.Add("a\r\nb\rc\n\n\n", strings.Repeat(".", 200), strings.Repeat("From ", 30))
	f.Fuzz(func(t *testing.T, before, after, name string) {
		text := "x" + before + markers.Of(mail.SlotName) + after
		body, err := mail.Compile("<p>"+text, text, markers)
		if err != nil {
			if utf8.ValidString(text) && !strings.Contains(text, "\x00") {
				t.Fatal(err)
			}
			return
		}
		h := newHeader()
		msg, err := body.Append(nil, h, mail.Boundary(h.MessageID), &mail.Personal{Name: name})
		if err != nil {
			if utf8.ValidString(name) && !strings.Contains(name, "\x00") {
				t.Fatal(err)
			}
			return
		}
		for _, finding := range mailtest.Lint(msg) {
			if !strings.Contains(finding, "unsubscribe link") && !strings.Contains(finding, "slot") {
				t.Error(finding)
			}
		}
		p, err := sink.Parse(msg)
		if err != nil {
			t.Fatal(err)
		}
		name = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(name)
		if want := wireLines("x" + before + name + after); p.Text != want && strings.Count(text, markers.Of(mail.SlotName)) == 1 {
			t.Errorf("text is %q, want %q", p.Text, want)
		}
		if want := wireLines("<p>x" + before + html.EscapeString(name) + after); p.HTML != want && strings.Count(text, markers.Of(mail.SlotName)) == 1 {
			t.Errorf("HTML is %q, want %q", p.HTML, want)
		}
	})
}

func wireLines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return strings.ReplaceAll(s, "\n", "\r\n")
}
