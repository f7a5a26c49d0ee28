package mail_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"html"
	"strings"
	"sync"
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

// TestBoundaryFollowsFromTheContent: it is the same on a retry, for which the body is compiled anew with other markers.
func TestBoundaryFollowsFromTheContent(t *testing.T) {
	compile := func(html, text string) string {
		t.Helper()
		m := mail.NewMarkers()
		fill := strings.NewReplacer("{u}", m.Of(mail.SlotUnsubscribe), "{p}", m.Of(mail.SlotPreferences))
		body, err := mail.Compile(fill.Replace(html), fill.Replace(text), m)
		if err != nil {
			t.Fatal(err)
		}
		return body.Boundary()
	}
	want := compile("<p>{u}</p>", "text {u}")
	if got := compile("<p>{u}</p>", "text {u}"); got != want {
		t.Errorf("the same parts have the boundaries %q and %q", got, want)
	}
	for name, other := range map[string]string{
		"HTML": compile("<b>{u}</b>", "text {u}"), "text": compile("<p>{u}</p>", "texts {u}"),
		"a slot": compile("<p>{p}</p>", "text {u}"), "no slot": compile("<p></p>", "text {u}"),
	} {
		if other == want {
			t.Errorf("another %s has the boundary %q, too", name, want)
		}
	}
}

// TestAppendFollowsItsHeader: what the call before has left does not show.
func TestAppendFollowsItsHeader(t *testing.T) {
	shared := sampleBody(t)
	for name, change := range map[string]func(h *mail.Header){
		"nothing":      func(*mail.Header) {},
		"From":         func(h *mail.Header) { h.From.Name = "Town Courier" },
		"Reply-To":     func(h *mail.Header) { h.ReplyTo.Addr = "desk@courier.example" },
		"no Reply-To":  func(h *mail.Header) { h.ReplyTo = nil },
		"To":           func(h *mail.Header) { h.To.Addr = "bob@reader.example" },
		"Subject":      func(h *mail.Header) { h.Subject = "The Evening Courier" },
		"Date":         func(h *mail.Header) { h.Date = h.Date.Add(time.Second) },
		"zone of Date": func(h *mail.Header) { h.Date = h.Date.UTC() },
		"Message-ID":   func(h *mail.Header) { h.MessageID = "<abcdefgh.18@courier.example>" },
		"List-Id":      func(h *mail.Header) { h.ListID = "<weekly.lists.courier.example>" },
		"Unsubscribe":  func(h *mail.Header) { h.ListUnsubscribe[0] += "z" },
		"not OneClick": func(h *mail.Header) { h.OneClick = false },
		"Feedback-ID":  func(h *mail.Header) { h.FeedbackID = "x:daily:digest:courier" },
		"not bulk":     func(h *mail.Header) { h.Bulk = false },
		"automatic":    func(h *mail.Header) { h.AutoSubmitted = true },
	} {
		compose(t, shared, newHeader(), newPersonal())
		h := newHeader()
		change(h)
		got, want := compose(t, shared, h, newPersonal()), compose(t, sampleBody(t), h, newPersonal())
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		if same := bytes.Equal(got, compose(t, shared, newHeader(), newPersonal())); same != (name == "nothing") {
			t.Errorf("%s: the message is the same as before: %v", name, same)
		}
	}
	h, boundary := newHeader(), mail.Boundary("<another@courier.example>")
	if msg, err := shared.Append(nil, h, boundary, newPersonal()); err != nil || bytes.Count(msg, []byte(boundary)) != 4 {
		t.Errorf("the boundary %s stands in %d places, %v, want 4", boundary, bytes.Count(msg, []byte(boundary)), err)
	}
}

// TestAppendText writes the text part of the same mail and nothing else, also between mails in both parts.
func TestAppendText(t *testing.T) {
	body, h, personal := sampleBody(t), newHeader(), newPersonal()
	both := compose(t, body, h, personal)
	msg, err := body.AppendText([]byte("before"), h, personal)
	if err != nil || !bytes.HasPrefix(msg, []byte("beforeDate: ")) {
		t.Fatalf("got %.60q, %v", msg, err)
	}
	msg = msg[len("before"):]
	for _, finding := range mailtest.LintText(msg) {
		t.Error(finding)
	}
	got, err := sink.Parse(msg)
	if err != nil {
		t.Fatal(err)
	}
	want, err := sink.Parse(both)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != want.Text || got.HTML != "" || bytes.Contains(msg, []byte(body.Boundary())) {
		t.Errorf("text is\n%q, want\n%q, with HTML %q", got.Text, want.Text, got.HTML)
	}
	if again := compose(t, body, h, personal); !bytes.Equal(again, both) {
		t.Error("the mail in both parts is another after one of text")
	}
	dst := make([]byte, 0, body.Size())
	if n := testing.AllocsPerRun(100, func() { body.AppendText(dst, h, personal) }); n != 0 {
		t.Errorf("a message takes %v allocations, want none", n)
	}
	h.Subject = "a\nb"
	if out, err := body.AppendText([]byte("before"), h, personal); !errors.Is(err, mail.ErrHeader) || string(out) != "before" {
		t.Errorf("a broken header: got %.60q, %v", out, err)
	}
	if _, err := body.AppendText(nil, newHeader(), &mail.Personal{Name: "a\x00b"}); !errors.Is(err, mail.ErrBody) {
		t.Errorf("a broken name: got %v, want ErrBody", err)
	}
}

// TestAppendIsSharedByLanes: several goroutines with headers of their own do not get each other's.
func TestAppendIsSharedByLanes(t *testing.T) {
	body := sampleBody(t)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			h := newHeader()
			h.Subject = strings.Repeat("x", i+1)
			want := compose(t, sampleBody(t), h, newPersonal())
			for range 200 {
				if got := compose(t, body, h, newPersonal()); !bytes.Equal(got, want) {
					t.Error("a message has the header of another")
					return
				}
			}
		})
	}
	group.Wait()
}

func TestAppendDoesNotAllocate(t *testing.T) {
	body, h, p := sampleBody(t), newHeader(), newPersonal()
	dst := make([]byte, 0, body.Size())
	got := testing.AllocsPerRun(100, func() {
		if _, err := body.Append(dst, h, body.Boundary(), p); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("a message takes %v allocations, want none", got)
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
	f.Add("\r+\n\n\n", "", "")
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
		msg, err := body.Append(nil, h, body.Boundary(), &mail.Personal{Name: name})
		if err != nil {
			if utf8.ValidString(name) && !strings.Contains(name, "\x00") {
				t.Fatal(err)
			}
			return
		}
		wantCanonical(t, body, msg)
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
		fill := func(source, value string) string {
			return strings.Replace(wireLines(source), markers.Of(mail.SlotName), value, 1)
		}
		if want := fill(text, name); p.Text != want && strings.Count(text, markers.Of(mail.SlotName)) == 1 {
			t.Errorf("text is %q, want %q", p.Text, want)
		}
		if want := fill("<p>"+text, html.EscapeString(name)); p.HTML != want && strings.Count(text, markers.Of(mail.SlotName)) == 1 {
			t.Errorf("HTML is %q, want %q", p.HTML, want)
		}
	})
}

// wantCanonical checks that a message may go over the wire and be hashed as it is.
func wantCanonical(t *testing.T, body *mail.Body, msg []byte) {
	t.Helper()
	if wire, err := mail.WireForm(msg); err != nil || !bytes.Equal(wire, msg) {
		t.Errorf("on the wire the message is %q, %v, want %q", wire, err, msg)
	}
	_, content, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	relaxed := mail.RelaxBody(content)
	if !bytes.Equal(relaxed, content) {
		t.Errorf("canonical, the body is %q, want %q", relaxed, content)
	}
	if got, want := mail.HashBody(content, body), sha256.Sum256(relaxed); !bytes.Equal(got, want[:]) {
		t.Errorf("the hash is %x, want %x", got, want)
	}
}

func wireLines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return strings.ReplaceAll(s, "\n", "\r\n")
}
