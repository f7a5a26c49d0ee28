package mail_test

import (
	"bytes"
	"errors"
	"mime"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"broadsheet/mail"
)

func fieldLines(t *testing.T, h *mail.Header) map[string]string {
	t.Helper()
	msg := compose(t, sampleBody(t), h, newPersonal())
	head, _, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	fields := make(map[string]string)
	last := ""
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if strings.HasPrefix(line, " ") {
			fields[last] += "\r\n" + line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		fields[name], last = value, name
	}
	return fields
}

func TestHeaderFields(t *testing.T) {
	got := fieldLines(t, newHeader())
	for name, want := range map[string]string{
		"Date":                     " Mon, 23 Nov 2026 07:00:00 -0500",
		"From":                     " City Courier <digest@courier.example>",
		"Reply-To":                 " editors@courier.example",
		"To":                       " Ann Lee <ann@reader.example>",
		"Subject":                  " The Morning Courier: Bridge opens",
		"Message-ID":               " <abcdefgh.17@courier.example>",
		"List-Id":                  " The Morning Courier <daily.lists.courier.example>",
		"List-Unsubscribe":         " <" + unsubscribeURL + ">",
		"List-Unsubscribe-Post":    " List-Unsubscribe=One-Click",
		"Feedback-ID":              " daily-2026-11-23:daily:digest:courier",
		"Precedence":               " bulk",
		"X-Auto-Response-Suppress": " OOF, AutoReply",
		"MIME-Version":             " 1.0",
	} {
		if got[name] != want {
			t.Errorf("%s:%s, want%s", name, got[name], want)
		}
	}
	if v, ok := got["Auto-Submitted"]; ok {
		t.Errorf("a digest has Auto-Submitted:%s", v)
	}
}

func TestHeaderOfSystemMail(t *testing.T) {
	got := fieldLines(t, &mail.Header{
		From: mail.Address{Addr: "a@b.example"}, To: mail.Address{Addr: "c@d.example"}, Subject: "Confirm",
		Date: time.Unix(0, 0).UTC(), MessageID: "<1@b.example>", AutoSubmitted: true,
	})
	if got["Auto-Submitted"] != " auto-generated" {
		t.Errorf("Auto-Submitted:%s", got["Auto-Submitted"])
	}
	for _, name := range []string{"Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Precedence"} {
		if v, ok := got[name]; ok {
			t.Errorf("%s:%s, want none", name, v)
		}
	}
}

func TestHeaderIsFoldedAndEncoded(t *testing.T) {
	for name, subject := range map[string]string{
		"long ASCII":       strings.Repeat("bridge opens ", 20) + "x",
		"one long word":    strings.Repeat("x", 300),
		"umlauts":          strings.Repeat("Brücke öffnet ", 12) + "ß",
		"Chinese":          strings.Repeat("橋開放", 40),
		"emoji":            strings.Repeat("🌉", 50),
		"looks encoded":    "=?utf-8?q?x?= y",
		"spaces":           " two  spaces ",
		"tab":              "a\tb",
		"trailing percent": "100 % = all? yes_no",
	} {
		h := newHeader()
		h.Subject, h.To.Name, h.ListID = subject, subject, subject+" <daily.lists.courier.example>"
		for field, value := range fieldLines(t, h) {
			limit := 78
			if strings.Contains(value, "=?") && (field == "Subject" || field == "To") {
				limit = 76
			}
			for i, line := range strings.Split(field+":"+value, "\r\n") {
				if len(line) > limit && (i > 0 || !strings.Contains(line, "://") && field != "Content-Type") {
					t.Errorf("%s: a line of %s has %d octets: %q", name, field, len(line), line)
				}
			}
		}
		m, err := netmail.ReadMessage(bytes.NewReader(compose(t, sampleBody(t), h, newPersonal())))
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(t, m.Header.Get("Subject")); got != subject {
			t.Errorf("%s: Subject reads %q, want %q", name, got, subject)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || to[0].Name != subject {
			t.Errorf("%s: To reads %v, %v, want the name %q", name, to, err, subject)
		}
	}
}

func TestLongValuesAreNotFolded(t *testing.T) {
	h := newHeader()
	h.MessageID = "<" + strings.Repeat("a", 200) + "@courier.example>"
	h.ListUnsubscribe = []string{"https://courier.example/" + strings.Repeat("u", 200), "mailto:leave@courier.example"}
	got := fieldLines(t, h)
	if got["Message-ID"] != " "+h.MessageID {
		t.Errorf("Message-ID:%s", got["Message-ID"])
	}
	if want := " <" + h.ListUnsubscribe[0] + ">, <mailto:leave@courier.example>"; got["List-Unsubscribe"] != want {
		t.Errorf("List-Unsubscribe:%s", got["List-Unsubscribe"])
	}
}

func TestHeaderRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*mail.Header){
		"CR in subject":       func(h *mail.Header) { h.Subject = "a\rb" },
		"LF in subject":       func(h *mail.Header) { h.Subject = "a\nBcc: x@y.example" },
		"NUL in subject":      func(h *mail.Header) { h.Subject = "a\x00b" },
		"broken subject":      func(h *mail.Header) { h.Subject = "a\xff" },
		"LF in name":          func(h *mail.Header) { h.To.Name = "a\nb" },
		"LF in address":       func(h *mail.Header) { h.To.Addr = "a@b.example\nx" },
		"no recipient":        func(h *mail.Header) { h.To.Addr = "" },
		"bad sender":          func(h *mail.Header) { h.From.Addr = "courier" },
		"LF in reply-to":      func(h *mail.Header) { h.ReplyTo.Name = "\n" },
		"no date":             func(h *mail.Header) { h.Date = time.Time{} },
		"no id":               func(h *mail.Header) { h.MessageID = "" },
		"id without brackets": func(h *mail.Header) { h.MessageID = "a@b" },
		"id with space":       func(h *mail.Header) { h.MessageID = "<a b@c>" },
		"id with LF":          func(h *mail.Header) { h.MessageID = "<a\n@c>" },
		"long id":             func(h *mail.Header) { h.MessageID = "<" + strings.Repeat("a", 1000) + "@c>" },
		"LF in list":          func(h *mail.Header) { h.ListID = "a\nb <x.y>" },
		"list without id":     func(h *mail.Header) { h.ListID = "daily" },
		"LF in list id":       func(h *mail.Header) { h.ListID = "a <x.\ny>" },
		"LF in URI":           func(h *mail.Header) { h.ListUnsubscribe[0] = "https://a.example/\nb" },
		"URI with bracket":    func(h *mail.Header) { h.ListUnsubscribe[0] = "https://a.example/>" },
		"one-click over http": func(h *mail.Header) { h.ListUnsubscribe[0] = "http://a.example/u" },
		"one-click alone":     func(h *mail.Header) { h.ListUnsubscribe = nil },
		"LF in feedback":      func(h *mail.Header) { h.FeedbackID = "a\nb" },
		"umlaut in feedback":  func(h *mail.Header) { h.FeedbackID = "ü" },
	} {
		h := newHeader()
		spoil(h)
		_, err := sampleBody(t).Append(nil, h, mail.Boundary(h.MessageID), newPersonal())
		if !errors.Is(err, mail.ErrHeader) {
			t.Errorf("%s: got %v, want ErrHeader", name, err)
		}
	}
}

// FuzzNormal: what is taken as normal without a closer look is normal.
func FuzzNormal(f *testing.F) {
	for _, s := range []string{"a@b.example", "a@B.example", "a@b.example.", "a@b", "a@localhost", "a@b.1x", "a@b..c", "a@@b.c",
		"a.@b.c", "@b.c", "a@", "a@ü.example", "a@-b.c", "a@b.c\n", "", strings.Repeat("a", 65) + "@b.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := mail.Normalize(s)
		if mail.IsNormal(s) && (err != nil || got != s) {
			t.Errorf("%q is taken as normal, but becomes %q, %v", s, got, err)
		}
	})
}

func TestCommonAddressIsNormal(t *testing.T) {
	for _, s := range []string{"ann@reader.example", "Ann.Lee+x@mail-1.reader.co.uk"} {
		if !mail.IsNormal(s) {
			t.Errorf("%q is not taken as normal", s)
		}
	}
}

// FuzzHeader: any subject and name either reads back as it was, on clean lines, or is refused.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"plain", "Brücke", "a\r\nBcc: x", "=?utf-8?q?x?=", strings.Repeat("x ", 60), " ", `"\`, "(c)", "橋",
		"000000000\"" + strings.Repeat("0", 61)} {
		f.Add(s)
	}
	body := sampleBody(f)
	f.Fuzz(func(t *testing.T, s string) {
		h := newHeader()
		h.Subject, h.To.Name = s, s
		msg, err := body.Append(nil, h, mail.Boundary(h.MessageID), newPersonal())
		if err != nil {
			return
		}
		head, _, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
		if n := bytes.Count(head, []byte("\nBcc:")); n > 0 {
			t.Fatalf("%q adds a field", s)
		}
		for line := range bytes.SplitSeq(head, []byte("\r\n")) {
			if len(line) > 78 && !bytes.HasPrefix(line, []byte("Content-Type")) || len(bytes.TrimSpace(line)) == 0 {
				t.Errorf("line %q", line)
			}
		}
		m, err := netmail.ReadMessage(bytes.NewReader(msg))
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(t, m.Header.Get("Subject")); got != s {
			t.Errorf("Subject reads %q, want %q", got, s)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || to[0].Name != s || to[0].Address != h.To.Addr {
			t.Errorf("To reads %v, %v, want the name %q", to, err, s)
		}
	})
}

func decode(t *testing.T, s string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
