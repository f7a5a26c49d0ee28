package templates_test

import (
	"strings"
	"testing"

	"broadsheet/templates"
)

func TestWrap(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, tc := range []struct{ name, in, want string }{
		{"short", "one two", "one two"},
		{"empty", "", ""},
		{"exactly full", x(36) + " " + x(35), x(36) + " " + x(35)},
		{"one too many", x(36) + " " + x(36), x(36) + "\n" + x(36)},
		{"long word", "a " + x(80), "a\n" + x(72) + "\n" + x(8)},
		{"long url", "see https://example.com/" + x(80) + " now", "see\nhttps://example.com/" + x(80) + "\nnow"},
		{"wide characters", strings.Repeat("橋", 40), strings.Repeat("橋", 36) + "\n" + strings.Repeat("橋", 4)},
		{"no full stop at the start of a line", strings.Repeat("橋", 36) + "。橋", strings.Repeat("橋", 35) + "\n橋。橋"},
		{"joined emoji stay whole", x(71) + " 👩‍🚒", x(71) + "\n👩‍🚒"},
		{"accents take no room", strings.Repeat("e\u0301", 72), strings.Repeat("e\u0301", 72)},
		{"a space that does not break", x(70) + " a\u00A0b", x(70) + "\na\u00A0b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := templates.Wrap(tc.in); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
