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
		{"no opening bracket at the end of a line", strings.Repeat("橋", 35) + "「橋」", strings.Repeat("橋", 35) + "\n「橋」"},
		{"no small kana at the start of a line", strings.Repeat("橋", 35) + "しゃしん", strings.Repeat("橋", 35) + "\nしゃしん"},
		{"no long vowel at the start of a line", strings.Repeat("橋", 34) + "メーカー", strings.Repeat("橋", 34) + "メー\nカー"},
		{"a number among wide characters", strings.Repeat("橋", 34) + "は1,234本", strings.Repeat("橋", 34) + "は\n1,234本"},
		{"Latin among wide characters", strings.Repeat("橋", 34) + "とSMTP", strings.Repeat("橋", 34) + "と\nSMTP"},
		{"Hangul", strings.Repeat("다", 34) + " 한국어", strings.Repeat("다", 34) + " 한\n국어"},
		{"flags and skin tones", x(68) + " 🇯🇵👍🏽", x(68) + " 🇯🇵\n👍🏽"},
		{"marks of direction take no room", x(70) + " \u2068a\u2069", x(70) + " \u2068a\u2069"},
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
