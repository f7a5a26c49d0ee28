package mail_test

import (
	"strings"
	"testing"

	"broadsheet/mail"
)

// FuzzOneLineReply: the short way to a reply of one line gives what the long one does.
func FuzzOneLineReply(f *testing.F) {
	for _, s := range []string{"2.0.0 ok", "2.0.0  two  spaces", "2.0.0 end ", "", " ", "ok", "2.0.0", "2.0.0 ", "5.1.1 no", "2.1000.0 x", "2..0 x",
		"2.0.0.0 x", "2.0 x", "2.a.0 x", "2.0.0\ttab", "2.0.0 ü", "2.0.0 \xff", "2.0.0 " + strings.Repeat("x", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, want := mail.OneLineReply(250, line, mail.PhaseDot), mail.MakeReply(250, []string{line}, mail.PhaseDot)
		if got != want {
			t.Errorf("%q: got %+v, want %+v", line, got, want)
		}
	})
}

func TestEnhancedCodes(t *testing.T) {
	for line, want := range map[string]string{
		"2.0.0 ok": "2.0.0", "2.100.999 ok": "2.100.999", "5.1.1 ok": "", "2.1000.0 ok": "", "2..0 ok": "", "2.0.0.0 ok": "",
		"2.0 ok": "", "2.a.0 ok": "", "22.0.0 ok": "", "2.0.0": "2.0.0", ".0.0 ok": "",
	} {
		text := line
		if want != "" {
			text = strings.TrimSpace(strings.TrimPrefix(line, want))
		}
		if got := mail.MakeReply(250, []string{line}, mail.PhaseDot); got.Enhanced != want || got.Text != text {
			t.Errorf("%q: got %q and %q, want %q and %q", line, got.Enhanced, got.Text, want, text)
		}
	}
}
