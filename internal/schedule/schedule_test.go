package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"broadsheet/internal/schedule"
)

func TestNextAndPrev(t *testing.T) {
	tests := []struct {
		expr, at, prev, next string
	}{
		{"0 7 * * *", "2026-11-23T06:59:59", "2026-11-22T07:00", "2026-11-23T07:00"},
		{"0 7 * * *", "2026-11-23T07:00", "2026-11-22T07:00", "2026-11-24T07:00"},
		{"0 7 * * *", "2026-11-23T07:00:01", "2026-11-23T07:00", "2026-11-24T07:00"},
		{"0 7 * * *", "2026-12-31T12:00", "2026-12-31T07:00", "2027-01-01T07:00"},
		{"@daily", "2026-03-01T00:00", "2026-02-28T00:00", "2026-03-02T00:00"},
		{"@hourly", "2026-11-23T23:30", "2026-11-23T23:00", "2026-11-24T00:00"},
		{"@weekly", "2026-11-23T00:00", "2026-11-22T00:00", "2026-11-29T00:00"},
		{"@monthly", "2026-11-23T00:00", "2026-11-01T00:00", "2026-12-01T00:00"},
		{"@yearly", "2026-11-23T00:00", "2026-01-01T00:00", "2027-01-01T00:00"},
		{"30 6,18 * * 1-5", "2026-11-20T18:30", "2026-11-20T06:30", "2026-11-23T06:30"},
		{"59 23 31 * *", "2026-11-15T00:00", "2026-10-31T23:59", "2026-11-30T23:59"},
		{"0 7 30,31 * *", "2026-04-30T07:00", "2026-03-31T07:00", "2026-05-30T07:00"},
		{"0 7 30-31 * *", "2026-02-10T00:00", "2026-01-31T07:00", "2026-03-30T07:00"},
		{"0 7 */10 * *", "2026-02-22T00:00", "2026-02-21T07:00", "2026-03-01T07:00"},
		{"0 0 31 2 *", "2026-12-01T00:00", "2026-02-28T00:00", "2027-02-28T00:00"},
		{"0 7 31 4 5", "2026-04-27T00:00", "2026-04-24T07:00", "2026-04-30T07:00"},
		{"daily 06:30", "2026-11-23T06:30", "2026-11-22T06:30", "2026-11-24T06:30"},
		{"weekdays 07:00", "2026-11-21T12:00", "2026-11-20T07:00", "2026-11-23T07:00"},
		{"weekly mon,thu 07:00", "2026-11-24T12:00", "2026-11-23T07:00", "2026-11-26T07:00"},
		{"monthly 1,15 07:00", "2026-11-24T12:00", "2026-11-15T07:00", "2026-12-01T07:00"},
		{"monthly last 23:59", "2028-02-28T00:00", "2028-01-31T23:59", "2028-02-29T23:59"},
		{"*/20 * * * *", "2026-11-23T23:45", "2026-11-23T23:40", "2026-11-24T00:00"},
		{"* * * * *", "2026-01-01T00:00", "2025-12-31T23:59", "2026-01-01T00:01"},
		{"0 0 29 2 *", "2024-02-29T00:00", "2023-02-28T00:00", "2025-02-28T00:00"},
		{"0 0 29-29 2 *", "2096-02-29T00:00", "2092-02-29T00:00", "2104-02-29T00:00"},
		{"0 0 29-29 2 *", "2104-02-29T00:00", "2096-02-29T00:00", "2108-02-29T00:00"},
		{"0 7 13 * 5", "2026-11-12T12:00", "2026-11-06T07:00", "2026-11-13T07:00"},
		{"0 7 13 * 5", "2026-12-12T12:00", "2026-12-11T07:00", "2026-12-13T07:00"},
		{"0 7 1 1 *", "1969-06-01T00:00", "1969-01-01T07:00", "1970-01-01T07:00"},
	}
	for _, tt := range tests {
		t.Run(tt.expr+" at "+tt.at, func(t *testing.T) {
			s, at := parse(t, tt.expr), local(t, tt.at)
			if got := s.Prev(at).String(); got != tt.prev {
				t.Errorf("Prev: got %s, want %s", got, tt.prev)
			}
			if got := s.Next(at).String(); got != tt.next {
				t.Errorf("Next: got %s, want %s", got, tt.next)
			}
		})
	}
}

func TestPerDay(t *testing.T) {
	tests := []struct {
		expr, day string
		want      int
	}{
		{"0 7 * * *", "2026-11-23T12:00", 1},
		{"0 7,19 * * *", "2026-11-23T12:00", 2},
		{"*/15 * * * *", "2026-11-23T00:00", 96},
		{"* * * * *", "2026-11-23T00:00", 1440},
		{"0 7 * * 1-5", "2026-11-22T12:00", 0},
		{"0 7 31 * *", "2026-11-30T12:00", 1},
		{"0 7 30,31 * *", "2026-11-30T12:00", 1},
		{"0 7 31 * *", "2026-11-29T12:00", 0},
	}
	for _, tt := range tests {
		if got := parse(t, tt.expr).PerDay(local(t, tt.day)); got != tt.want {
			t.Errorf("%q on %s: got %d slots, want %d", tt.expr, tt.day, got, tt.want)
		}
	}
}

func TestZeroScheduleHasNoSlots(t *testing.T) {
	var s schedule.Schedule
	at := local(t, "2026-11-23T07:00")
	slot, instant := s.NextIn(time.UTC, at.In(time.UTC))
	if got := s.Next(at); !got.IsZero() || !s.Prev(at).IsZero() || !slot.IsZero() || !instant.IsZero() || s.PerDay(at) != 0 {
		t.Errorf("the zero Schedule has slots: %v, %v, %v at %v", got, s.Prev(at), slot, instant)
	}
}

// TestNextAsLibrary compares random expressions with robfig/cron on UTC, whose
// clocks never change.
func TestNextAsLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	item := func(low, high int) string {
		a := low + r.IntN(high-low+1)
		switch r.IntN(6) {
		case 0, 1:
			return "*"
		case 2:
			return fmt.Sprintf("%d-%d", a, a+r.IntN(high-a+1))
		case 3:
			return fmt.Sprintf("*/%d", 1+r.IntN(high))
		case 4:
			return fmt.Sprintf("%d,%d", a, low+r.IntN(high-low+1))
		}
		return fmt.Sprint(a)
	}
	for range 5000 {
		expr := fmt.Sprintf("%s %s %s %s %s", item(0, 59), item(0, 23), item(1, 31), item(1, 12), item(0, 6))
		spec, err := cron.ParseStandard(expr)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Unix(r.Int64N(4_000_000_000), 0).UTC()
		want := spec.Next(from)
		s, err := schedule.Parse(expr)
		if err != nil {
			if !want.IsZero() {
				t.Errorf("%v, though it fires at %v", err, want)
			}
			continue
		}
		at := schedule.LocalOf(from, time.UTC)
		checkAround(t, s, at)
		if namesLateDay(expr) {
			continue // our own rule: the last day of a shorter month
		}
		if got := s.Next(at).In(time.UTC); !want.IsZero() && !got.Equal(want) {
			t.Errorf("%q after %v: got %v, want %v", expr, from, got, want)
		}
	}
}

// TestNextInOverClockChanges follows a schedule by NextIn from one instant on.
func TestNextInOverClockChanges(t *testing.T) {
	type step struct{ slot, at string }
	tests := []struct {
		name, zone, expr, after string
		want                    []step
	}{
		{"a gap, daily inside it", "Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z", []step{
			{"2026-03-29T02:30", "2026-03-29T01:30:00Z"},
			{"2026-03-30T02:30", "2026-03-30T00:30:00Z"},
		}},
		{"a gap, asked between its end and the slot", "Europe/Berlin", "30 2 * * *", "2026-03-29T01:10:00Z", []step{
			{"2026-03-29T02:30", "2026-03-29T01:30:00Z"},
		}},
		{"a gap, asked at its end", "Europe/Berlin", "0 2 * * *", "2026-03-29T00:59:59.5Z", []step{
			{"2026-03-29T02:00", "2026-03-29T01:00:00Z"},
			{"2026-03-30T02:00", "2026-03-30T00:00:00Z"},
		}},
		{"an overlap, daily inside it", "Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", []step{
			{"2026-10-25T02:30", "2026-10-25T00:30:00Z"},
			{"2026-10-26T02:30", "2026-10-26T01:30:00Z"},
		}},
		{"an overlap, asked in its second hour", "Europe/Berlin", "30 2 * * *", "2026-10-25T01:10:00Z", []step{
			{"2026-10-26T02:30", "2026-10-26T01:30:00Z"},
		}},
		{"hourly over a gap", "Europe/Berlin", "@hourly", "2026-03-28T23:59:00Z", []step{
			{"2026-03-29T01:00", "2026-03-29T00:00:00Z"},
			{"2026-03-29T02:00", "2026-03-29T01:00:00Z"},
			{"2026-03-29T04:00", "2026-03-29T02:00:00Z"},
		}},
		{"hourly over an overlap", "Europe/Berlin", "@hourly", "2026-10-24T23:30:00Z", []step{
			{"2026-10-25T02:00", "2026-10-25T00:00:00Z"},
			{"2026-10-25T03:00", "2026-10-25T02:00:00Z"},
		}},
		{"Sao Paulo, weekly at a midnight that does not exist", "America/Sao_Paulo", "0 0 * * 0", "2018-11-03T12:00:00Z", []step{
			{"2018-11-04T00:00", "2018-11-04T03:00:00Z"},
			{"2018-11-11T00:00", "2018-11-11T02:00:00Z"},
		}},
		{"Samoa, the slot of the missing day shares its instant", "Pacific/Apia", "0 7 * * *", "2011-12-29T12:00:00Z", []step{
			{"2011-12-29T07:00", "2011-12-29T17:00:00Z"},
			{"2011-12-30T07:00", "2011-12-30T17:00:00Z"},
			{"2012-01-01T07:00", "2011-12-31T17:00:00Z"},
		}},
		{"Lord Howe, each ten minutes over half an hour", "Australia/Lord_Howe", "*/10 * * * *", "2026-10-03T15:19:00Z", []step{
			{"2026-10-04T01:50", "2026-10-03T15:20:00Z"},
			{"2026-10-04T02:00", "2026-10-03T15:30:00Z"},
			{"2026-10-04T02:10", "2026-10-03T15:40:00Z"},
			{"2026-10-04T02:20", "2026-10-03T15:50:00Z"},
			{"2026-10-04T03:00", "2026-10-03T16:00:00Z"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, loc := parse(t, tt.expr), zone(t, tt.zone)
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				var slot schedule.Local
				slot, at = s.NextIn(loc, at)
				if got := at.UTC().Format(time.RFC3339); slot.String() != want.slot || got != want.at {
					t.Errorf("got %v at %s, want %s at %s", slot, got, want.slot, want.at)
				}
			}
		})
	}
}

func BenchmarkNextIn(b *testing.B) {
	for _, bench := range []struct{ name, zone, expr string }{
		{"daily", "Europe/Berlin", "0 7 * * *"},
		{"weekly", "America/New_York", "0 7 * * 1"},
		{"monthly", "Asia/Kolkata", "0 7 1 * *"},
		{"leap day", "Europe/Berlin", "0 7 29 2 *"},
		{"each minute", "Australia/Lord_Howe", "* * * * *"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s, loc := parse(b, bench.expr), zone(b, bench.zone)
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			b.ReportAllocs()
			for range b.N {
				_, at = s.NextIn(loc, at)
				if at.Year() > 2100 {
					at = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				}
			}
		})
	}
}

func TestWithTime(t *testing.T) {
	tests := []struct{ expr, after, want, text string }{
		{"0 7 * * 1-5", "2026-11-27T06:30", "2026-11-30T06:30", "30 6 * * 1-5"},
		{"0 7,18 1 * *", "2026-11-27T06:30", "2026-12-01T06:30", "30 6 1 * *"},
		{"*/5 * * * *", "2026-11-27T06:29", "2026-11-27T06:30", "30 6 * * *"},
		{"@weekly", "2026-11-27T06:30", "2026-11-29T06:30", "@weekly at 06:30"},
	}
	for _, tt := range tests {
		s, err := schedule.Parse(tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		got := s.WithTime(6, 30)
		if next := got.Next(local(t, tt.after)); next != local(t, tt.want) || got.PerDay(next) != 1 || got.String() != tt.text {
			t.Errorf("%s: %s after %s is %s, want %s of %q", tt.expr, got, tt.after, next, tt.want, tt.text)
		}
	}
}
