package pattern_test

import (
	"regexp"
	"strings"
	"testing"

	"broadsheet/internal/pattern"
)

// TestPatternMatchesAsARegexp: whatever a pattern can be told by from the
// beginning of a text, it matches what its expression does.
func TestPatternMatchesAsARegexp(t *testing.T) {
	texts := []string{
		"", "a", "read more", "Read More", "READ", "rea", "Weiter lesen", "weiter", "ÉDITION du soir", "édition", "ſign up", "sign up", "K 7", "\u212a 7", "k",
		"  (read more", "7 comments", "12:30", "-7", "\xff", "ａ", "Ǆ", "ǆ", "ς", "Σ", "σ", "photo: x", "By Ann", "xby", "\nread", "日本", "more", "m",
	}
	for _, expression := range []string{
		`^read\s+more`, `(?i)^(?:read|weiter)\s+(?:more|lesen)`, `(?i)^\W*(?:read more|photo)`, `(?i)^édition`, `(?i)^(?:sign|k) `, `^[0-9]+ comments?$`,
		`^(?:)`, `^$`, `^.{0,3}more`, `more`, `(?:^|x)by`, `(?i)(?:^read|^m)`, `(?i)^(ǆ|σ)`, `^[^a-z]`, `(?i)^[a-c]?read`, `(?i)^(?:re){1,2}ad`, `^(?:rea)+d?`, `(?i)^read{0,2}$`,
		`(?i)^r(?:e|x)(?:a|y)(?:d|z)\s`, `(?m)^read`, `^\d{1,2}[:.]\d{2}`, `^\bm`, `(?s)^.`, `(?i)^(?:by|von)\b[^.!?]{0,9}$`, `^(?:a|)$`, `[^\x00-\x{10FFFF}]`,
	} {
		want, got := regexp.MustCompile(expression), pattern.New(expression)
		for _, text := range texts {
			if got.MatchString(text) != want.MatchString(text) || got.Match([]byte(text)) != want.Match([]byte(text)) {
				t.Errorf("%s on %q: %v, want %v", expression, text, got.MatchString(text), want.MatchString(text))
			}
			if a, b := strings.Join(got.FindStringSubmatch(text), "|"), strings.Join(want.FindStringSubmatch(text), "|"); a != b || got.FindString(text) != want.FindString(text) {
				t.Errorf("%s on %q: found %q, want %q", expression, text, a, b)
			}
		}
	}
}

// TestPatternCostsNothingUnused: what is never needed is never compiled, and what
// does not begin so takes no regular expression.
func TestPatternCostsNothingUnused(t *testing.T) {
	const expression = `(?i)^(?:subscribe|sign\s+up|join).{0,160}newsletter.{0,160}$`
	if n := testing.AllocsPerRun(100, func() { pattern.New(expression) }); n > 20 {
		t.Errorf("%v allocations for a pattern that is not used", n)
	}
	p := pattern.New(expression)
	text := "The ferry sails again. " + strings.Repeat("It is blue. ", 100)
	p.MatchString(text)
	if n := testing.AllocsPerRun(100, func() { p.MatchString(text) }); n > 0 {
		t.Errorf("%v allocations for a text that begins otherwise", n)
	}
	defer func() {
		if recover() == nil {
			t.Error("a bad expression is no panic when it is used")
		}
	}()
	pattern.New(`(`).MatchString("(")
}

func FuzzPattern(f *testing.F) {
	f.Add(`(?i)^\W*(?:read|weiter)\b.{0,9}$`, "Read on")
	f.Add(`^[ab]?c+|^d`, "acc")
	f.Fuzz(func(t *testing.T, expression, text string) {
		want, err := regexp.Compile(expression)
		if err != nil || len(expression) > 200 {
			return
		}
		if got := pattern.New(expression).MatchString(text); got != want.MatchString(text) {
			t.Errorf("%q on %q: %v", expression, text, got)
		}
	})
}
