package schedule_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"broadsheet/internal/schedule"
)

// parse reads an expression that the test wrote itself.
func parse(t testing.TB, expr string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name string
		expr string
		want []string // in the message
	}{
		{"empty", "", []string{"empty", "0 7 * * *"}},
		{"blank", " \t\n", []string{"empty"}},
		{"zone", "CRON_TZ=Europe/Berlin 0 7 * * *", []string{"zone of the digest", `remove "CRON_TZ=Europe/Berlin"`}},
		{"zone alone, which panics in the library", "CRON_TZ=Europe/Berlin", []string{"zone of the digest"}},
		{"short zone", "TZ=UTC 0 7 * * *", []string{"zone of the digest"}},
		{"zone inside a field", "0 7 * * TZ=UTC", []string{"day of week", "TZ=UTC"}},
		{"every", "@every 15m", []string{"@every", "five fields"}},
		{"every backwards", "@every -5s", []string{"@every"}},
		{"unknown name", "@dayly", []string{`"@dayly" is not known`, "@daily"}},
		{"a name with fields", "@daily 7 * * *", []string{"is not known"}},
		{"at start", "@reboot", []string{"is not known"}},
		{"seconds", "0 0 7 * * *", []string{"6 fields", "leave out the seconds"}},
		{"four fields", "0 7 * *", []string{"4 of 5 fields"}},
		{"seven fields", "0 0 7 * * * 2026", []string{"7 of 5 fields"}},
		{"minute too large", "60 7 * * *", []string{`minute "60"`, "0 to 59"}},
		{"hour too large", "0 24 * * *", []string{`hour "24"`, "0 to 23"}},
		{"day zero", "0 7 0 * *", []string{`day of month "0"`, "1 to 31"}},
		{"month by a wrong name", "0 7 * juli *", []string{`month "juli"`, "jan to dec"}},
		{"Sunday as 7", "0 7 * * 7", []string{`day of week "7"`, "Sunday is 0"}},
		{"reversed range", "0 22-6 * * *", []string{`hour "22-6"`, "lower end first"}},
		{"step zero", "*/0 * * * *", []string{`minute "*/0"`}},
		{"negative", "-5 7 * * *", []string{`minute "-5"`}},
		{"plus sign", "+5 7 * * *", []string{`minute "+5"`}},
		{"empty item", "0 7,,9 * * *", []string{`hour "7,,9"`}},
		{"only a comma", ", 7 * * *", []string{`minute ","`}},
		{"star with an end", "0 *-9 * * *", []string{`hour "*-9"`}},
		{"last day, as elsewhere", "0 7 L * *", []string{`day of month "L"`}},
		{"days that February lacks", "0 0 30-31 2 *", []string{"never fires", `"30-31"`, `"2"`}},
		{"no long month", "0 0 31/1 apr,jun,9,11 *", []string{"never fires"}},
		{"a frequency without a time", "daily", []string{"daily 07:00"}},
		{"a frequency with a time that is none", "weekdays 7 pm", []string{"weekdays 07:00"}},
		{"an hour too late", "daily 24:00", []string{`"24:00" is no time of day`, "daily 07:00"}},
		{"weekly on no day", "weekly 07:00", []string{"weekly mon,thu 07:00"}},
		{"weekly on a day that is none", "weekly montag 07:00", []string{`day of week "montag"`, "weekly mon,thu 07:00"}},
		{"monthly on day 32", "monthly 32 07:00", []string{`day of month "32"`, "monthly last 07:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := schedule.Parse(tt.expr)
			if err == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
		})
	}
}

func TestParseKeepsExpression(t *testing.T) {
	for _, expr := range []string{"0 7 * * *", " 0  7 * * mon-FRI ", "@daily", "0 0 29 feb *", "? ? * * ?", "weekdays 07:00", "Monthly LAST 07:00"} {
		if got := parse(t, expr).String(); got != expr {
			t.Errorf("got %q, want %q", got, expr)
		}
	}
}

// FuzzParse compares what is accepted with the library, which evaluates on UTC as
// the wall clock; it gives up after five years, where Schedule does not.
func FuzzParse(f *testing.F) {
	for _, expr := range []string{
		"0 7 * * *", "*/15 6-22 * * 1-5", "0 0 29 2 *", "0 0 31 2 *", "0 0 29 2 1", "30 7 1,15 */2 *", "0 7 */2 * mon", "5/7 ? * * ?",
		"@daily", "@every 1m", "CRON_TZ=UTC", "TZ= 0 7 * * *", "0 7 * * TZ=", "0 7 * * 0-6/7", "0 7 31 * *", "0-59/9223372036854775807 7 * * *", ", , , , ,",
	} {
		f.Add(expr, int64(64_000_000_000))
	}
	f.Fuzz(func(t *testing.T, expr string, second int64) {
		s, err := schedule.Parse(expr)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "cron expression ") {
				t.Errorf("the error %q does not name the expression", err)
			}
			return
		}
		second %= 9000 * 365 * 24 * 60 * 60
		from := time.Unix(second, 0).UTC()
		at := schedule.LocalOf(from, time.UTC)
		checkAround(t, s, at)

		if word := strings.ToLower(strings.Fields(expr)[0]); word[0] >= 'a' && word != "*" {
			return // a frequency in words, which the library does not know
		}
		spec, err := cron.ParseStandard(expr)
		if err != nil {
			t.Fatalf("%q was accepted, the library says %v", expr, err)
		}
		if namesLateDay(expr) {
			return // our own rule: the last day of a shorter month
		}
		want := spec.Next(from)
		if got := s.Next(at).In(time.UTC); !want.IsZero() && !got.Equal(want) {
			t.Errorf("%q after %v: got %v, want %v", expr, from, got, want)
		}
	})
}

// namesLateDay reports whether an expression of five fields has the 29th to the
// 31st in a list of single days.
func namesLateDay(expr string) bool {
	parts := strings.Fields(expr)
	if len(parts) != 5 {
		return false
	}
	for day := range strings.SplitSeq(parts[2], ",") {
		n, err := strconv.Atoi(day)
		if err != nil {
			return false
		}
		if n > 28 {
			return true
		}
	}
	return false
}

// checkAround checks what Next and Prev promise each other around a time.
func checkAround(t *testing.T, s schedule.Schedule, at schedule.Local) {
	t.Helper()
	next, prev := s.Next(at), s.Prev(at)
	if next.IsZero() || !at.Before(next) || at.AddDays(8*366).Before(next) {
		t.Errorf("%q: the slot after %v is %v", s, at, next)
	}
	if prev.IsZero() || !prev.Before(at) || prev.Before(at.AddDays(-8*366)) {
		t.Errorf("%q: the slot before %v is %v", s, at, prev)
	}
	if got := s.Prev(next); got != prev && got != at {
		t.Errorf("%q: the slot before %v is %v, want %v or %v", s, next, got, prev, at)
	}
	if got := s.Next(prev); got != next && got != at {
		t.Errorf("%q: the slot after %v is %v, want %v or %v", s, prev, got, next, at)
	}
	if s.PerDay(next) == 0 || s.PerDay(prev) == 0 {
		t.Errorf("%q: no slots on the days of %v and %v", s, prev, next)
	}
}
