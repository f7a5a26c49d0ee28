package mail_test

import (
	"bufio"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"broadsheet/mail"
)

func TestReadReply(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want mail.Reply
	}{
		"one line":           {"250 ok\r\n", mail.Reply{Code: 250, Text: "ok"}},
		"only a code":        {"250\r\n", mail.Reply{Code: 250}},
		"bare line feed":     {"250 ok\n", mail.Reply{Code: 250, Text: "ok"}},
		"enhanced":           {"550 5.1.1 no such user\r\n", mail.Reply{Code: 550, Enhanced: "5.1.1", Text: "no such user"}},
		"three digits":       {"550 5.1.10 none\r\n", mail.Reply{Code: 550, Enhanced: "5.1.10", Text: "none"}},
		"of another class":   {"550 4.1.1 none\r\n", mail.Reply{Code: 550, Text: "4.1.1 none"}},
		"no enhanced":        {"220 1.2.3.4 ready\r\n", mail.Reply{Code: 220, Text: "1.2.3.4 ready"}},
		"many lines":         {"550-5.7.1 a\r\n550-5.7.1  b\r\n550 5.7.1 c\r\n", mail.Reply{Code: 550, Enhanced: "5.7.1", Text: "a b c"}},
		"first line empty":   {"250-\r\n250 x\r\n", mail.Reply{Code: 250, Text: "x"}},
		"control characters": {"550 a\x00\x1b[31mb\tc \xff d\r\n", mail.Reply{Code: 550, Text: "a[31mb c  d"}},
		"long":               {"550 " + strings.Repeat("é", 400) + "\r\n", mail.Reply{Code: 550, Text: strings.Repeat("é", 250)}},
	} {
		c.want.Phase = mail.PhaseRcpt
		got, err := mail.ReadReply(bufio.NewReader(strings.NewReader(c.in)), mail.PhaseRcpt)
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestReadReplyRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":         "",
		"no line end":     "250 ok",
		"cut short":       "250-a\r\n",
		"no code":         "hello\r\n",
		"code of 1":       "100 x\r\n",
		"code of 6":       "650 x\r\n",
		"two digits":      "25 ok\r\n",
		"four digits":     "2500\r\n",
		"codes differ":    "250-a\r\n550 b\r\n",
		"empty line":      "\r\n",
		"long line":       "250 " + strings.Repeat("x", 5000) + "\r\n",
		"endless lines":   strings.Repeat("250-x\r\n", 200),
		"other separator": "250_ok\r\n",
	} {
		if got, err := mail.ReadReply(bufio.NewReader(strings.NewReader(in)), mail.PhaseMail); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}

// FuzzReadReply reads whatever a server may send, reply after reply, as a connection does.
func FuzzReadReply(f *testing.F) {
	for _, s := range []string{
		"250 ok\r\n", "250-a\r\n250 b\r\n", "550 5.1.1 x\r\n", "250", "\x00", "250-5.1.1\r\n250 \xff\r\n", "354\n250 2.0.0\r\n421 \r\n",
		"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", "452 4.2.2 a\x00b  c\r\r\n", "250-\r\n250 2.0.0 late\r\n250 x\r\n",
		"554 delivery error: dd This user doesn't have a yahoo.com account\r\n", "250-a\r\n550 b\r\n", "550 5.1.1234 x\r\n", "599 5..1\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		whole := bufio.NewReader(strings.NewReader(s))
		dribble := bufio.NewReader(iotest.OneByteReader(strings.NewReader(s)))
		for n := 0; ; n++ {
			r, err := mail.ReadReply(whole, mail.PhaseDot)
			again, errAgain := mail.ReadReply(dribble, mail.PhaseDot)
			if r != again || (err == nil) != (errAgain == nil) {
				t.Fatalf("reply %d of %q is %+v, %v at once, and %+v, %v octet by octet", n, s, r, err, again, errAgain)
			}
			if err != nil {
				if r.Code != 0 {
					t.Errorf("reply %d of %q is %+v beside an error", n, s, r)
				}
				return
			}
			if 4*n > len(s) {
				t.Fatalf("%q has %d replies", s, n)
			}
			checkReply(t, r)
		}
	})
}

// checkReply holds what is true of every reply.
func checkReply(t *testing.T, r mail.Reply) {
	t.Helper()
	if r.Code < 200 || r.Code > 599 || len(r.Text) > 500 || !utf8.ValidString(r.Text) ||
		strings.ContainsFunc(r.Text+r.Enhanced, unicode.IsControl) {
		t.Errorf("%+v", r)
	}
	if r.Enhanced != "" && r.Enhanced[0] != byte('0'+r.Code/100) {
		t.Errorf("%+v has the status of another class", r)
	}
	printed, err := mail.ReadReply(bufio.NewReader(strings.NewReader(r.String()+"\r\n")), r.Phase)
	if err != nil || !slices.Equal(strings.Fields(printed.String()), strings.Fields(r.String())) {
		t.Errorf("%+v is printed as %q, which reads as %+v, %v", r, r, printed, err)
	}
	for _, r.Phase = range []mail.Phase{mail.PhaseBanner, mail.PhaseMail, mail.PhaseRcpt, mail.PhaseData, mail.PhaseBody, mail.PhaseDot} {
		class := mail.Classify(r, nil)
		if class == "" || (class == mail.ClassAccepted) != (r.Code < 300 && r.Phase == mail.PhaseDot) {
			t.Errorf("%+v is %q", r, class)
		}
		if count := class == mail.ClassPermanentRecipient || class == mail.ClassSoftRecipient; count && r.Code < 500 {
			t.Errorf("%+v is %s, which counts against the reader", r, class)
		}
	}
}
