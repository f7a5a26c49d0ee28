package schedule_test

import (
	"testing"
	"time"

	"broadsheet/internal/schedule"
)

// local reads a local time that the test wrote itself.
func local(t testing.TB, s string) schedule.Local {
	t.Helper()
	l, err := schedule.ParseLocal(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// zone loads a time zone that the test named itself.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := schedule.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestLocalIn(t *testing.T) {
	tests := []struct {
		name  string
		zone  string
		local string
		want  string // the instant, with the offset that clocks have then
	}{
		{"Berlin, an ordinary day", "Europe/Berlin", "2026-07-01T07:00", "2026-07-01T07:00:00+02:00"},
		{"Berlin, the last minute before the gap", "Europe/Berlin", "2026-03-29T01:59", "2026-03-29T01:59:00+01:00"},
		{"Berlin, the start of the gap", "Europe/Berlin", "2026-03-29T02:00", "2026-03-29T03:00:00+02:00"},
		{"Berlin, in the gap", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:30:00+02:00"},
		{"Berlin, the last second of the gap", "Europe/Berlin", "2026-03-29T02:59:59", "2026-03-29T03:59:59+02:00"},
		{"Berlin, the end of the gap", "Europe/Berlin", "2026-03-29T03:00", "2026-03-29T03:00:00+02:00"},
		{"Berlin, before the overlap", "Europe/Berlin", "2026-10-25T01:59", "2026-10-25T01:59:00+02:00"},
		{"Berlin, the start of the overlap", "Europe/Berlin", "2026-10-25T02:00", "2026-10-25T02:00:00+02:00"},
		{"Berlin, in the overlap", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30:00+02:00"},
		{"Berlin, the end of the overlap", "Europe/Berlin", "2026-10-25T03:00", "2026-10-25T03:00:00+01:00"},
		{"New York, in the gap", "America/New_York", "2027-03-14T02:15", "2027-03-14T03:15:00-04:00"},
		{"New York, in the overlap", "America/New_York", "2027-11-07T01:15", "2027-11-07T01:15:00-04:00"},
		{"Sao Paulo, a midnight that does not exist", "America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T01:00:00-02:00"},
		{"Beirut, a midnight that does not exist", "Asia/Beirut", "2023-03-26T00:00", "2023-03-26T01:00:00+03:00"},
		{"Beirut, the minute before it", "Asia/Beirut", "2023-03-25T23:59", "2023-03-25T23:59:00+02:00"},
		{"Beirut, an overlap before midnight", "Asia/Beirut", "2023-10-28T23:30", "2023-10-28T23:30:00+03:00"},
		{"Lord Howe, half an hour is skipped", "Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-04T02:40:00+11:00"},
		{"Lord Howe, after half an hour was skipped", "Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-04T02:30:00+11:00"},
		{"Lord Howe, half an hour is doubled", "Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45:00+11:00"},
		{"Samoa, before the missing day", "Pacific/Apia", "2011-12-29T07:00", "2011-12-29T07:00:00-10:00"},
		{"Samoa, the missing day", "Pacific/Apia", "2011-12-30T07:00", "2011-12-31T07:00:00+14:00"},
		{"Samoa, after the missing day", "Pacific/Apia", "2011-12-31T07:00", "2011-12-31T07:00:00+14:00"},
		{"Kyiv by its new name", "Europe/Kyiv", "2026-03-29T03:30", "2026-03-29T04:30:00+03:00"},
		{"Kyiv by its old name", "Europe/Kiev", "2026-03-29T03:30", "2026-03-29T04:30:00+03:00"},
		{"Morocco, clocks set back for Ramadan", "Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T02:30:00+01:00"},
		{"Morocco, in Ramadan", "Africa/Casablanca", "2026-03-01T07:00", "2026-03-01T07:00:00+00:00"},
		{"Morocco, clocks set on after Ramadan", "Africa/Casablanca", "2026-03-22T02:30", "2026-03-22T03:30:00+01:00"},
		{"Monrovia, an offset with seconds", "Africa/Monrovia", "1971-07-01T00:00", "1971-07-01T00:00:00-00:44:30"},
		{"Kwajalein, a whole day skipped", "Pacific/Kwajalein", "1993-08-21T12:00", "1993-08-22T12:00:00+12:00"},
		{"UTC", "UTC", "2026-03-29T02:30", "2026-03-29T02:30:00+00:00"},
		{"a far year", "America/New_York", "2400-07-01T07:00", "2400-07-01T07:00:00-04:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := local(t, tt.local).In(zone(t, tt.zone))
			layout := "2006-01-02T15:04:05-07:00"
			if len(tt.want) > len(layout) {
				layout += ":00" // historic offsets have seconds
			}
			if got := got.Format(layout); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLocalOf(t *testing.T) {
	tests := []struct {
		name, zone, at, want string
	}{
		{"east", "Asia/Tokyo", "2026-01-01T20:30:00Z", "2026-01-02T05:30"},
		{"west", "America/New_York", "2026-01-01T03:00:15Z", "2025-12-31T22:00:15"},
		{"a fraction is dropped", "UTC", "2026-01-01T00:00:59.999Z", "2026-01-01T00:00:59"},
		{"first 02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30"},
		{"second 02:30", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30"},
		{"before 1970", "UTC", "1969-12-31T23:59:00Z", "1969-12-31T23:59"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339Nano, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			got := schedule.LocalOf(at, zone(t, tt.zone))
			if want := local(t, tt.want); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestLocalArithmetic(t *testing.T) {
	l := local(t, "2024-02-28T23:30")
	tests := []struct {
		name string
		got  schedule.Local
		want string
	}{
		{"next day", l.AddDays(1), "2024-02-29T23:30"},
		{"over a leap year", l.AddDays(366), "2025-02-28T23:30"},
		{"days back", l.AddDays(-59), "2023-12-31T23:30"},
		{"start of day", l.StartOfDay(), "2024-02-28T00:00"},
		{"start of day before 1970", local(t, "1901-02-03T04:05:06").StartOfDay(), "1901-02-03T00:00"},
		{"minutes over midnight", l.Add(45 * time.Minute), "2024-02-29T00:15"},
		{"seconds", l.Add(-time.Second), "2024-02-28T23:29:59"},
		{"less than a second", l.Add(999 * time.Millisecond), "2024-02-28T23:30"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.got.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLocalDate(t *testing.T) {
	tests := []struct {
		local, date string
		day         int
	}{
		{"1970-01-01T00:00", "1970-01-01", 0},
		{"1970-01-01T23:59:59", "1970-01-01", 0},
		{"1969-12-31T23:59:59", "1969-12-31", -1},
		{"2000-03-01T12:00", "2000-03-01", 11017},
		{"0001-01-01T00:00", "0001-01-01", -719162},
	}
	for _, tt := range tests {
		l := local(t, tt.local)
		if got := l.Date(); got != tt.date {
			t.Errorf("%s: Date: got %s, want %s", tt.local, got, tt.date)
		}
		if got := l.DayNumber(); got != tt.day {
			t.Errorf("%s: DayNumber: got %d, want %d", tt.local, got, tt.day)
		}
	}
}

func TestLocalOrder(t *testing.T) {
	a, b := local(t, "2026-01-01T00:00"), local(t, "2026-01-01T00:00:01")
	if !a.Before(b) || b.Before(a) || a.Before(a) {
		t.Errorf("%v and %v: Before does not order them", a, b)
	}
	if a.IsZero() {
		t.Errorf("%v is zero", a)
	}
	if zero := (schedule.Local{}); !zero.IsZero() || zero != schedule.LocalOf(time.Time{}, time.UTC) {
		t.Errorf("the zero Local is not that of the zero time")
	}
}

func TestParseLocalRefuses(t *testing.T) {
	for _, s := range []string{
		"", "2026-01-01", "2026-01-01 07:00", "2026-01-01T07:00Z", "2026-01-01T07:00:00Z",
		"2026-01-01T07:00:00.5", "2026-01-01T07:00+01:00", "2026-02-29T07:00", "2026-01-01T24:00",
		"2026-01-01T07:60", "2026-01-01T7:00", "2026-01-01T7:00:00", "26-01-01T07:00", " 2026-01-01T07:00",
		"0000-01-01T00:00", "-001-01-01T00:00", "2026-01-01T07:00:", "tomorrow",
	} {
		if got, err := schedule.ParseLocal(s); err == nil {
			t.Errorf("ParseLocal(%q): got %v, want an error", s, got)
		}
	}
}

func FuzzParseLocal(f *testing.F) {
	for _, s := range []string{"2026-03-29T02:30", "2026-03-29T02:30:59", "2026-03-29T02:30:00", "0001-01-01T00:00", "9999-12-31T23:59:59", "2026-03-29T02:30.5", "2026-03-29T2:30:1.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := schedule.ParseLocal(s)
		if err != nil {
			return
		}
		if got := l.String(); got != s && got+":00" != s {
			t.Errorf("%q reads back as %q", s, got)
		}
		again, err := schedule.ParseLocal(l.String())
		if err != nil || again != l {
			t.Errorf("%q: got %v and %v when read again", s, again, err)
		}
		if l.StartOfDay().AddDays(1).DayNumber() != l.DayNumber()+1 {
			t.Errorf("%q: its day is not %d", s, l.DayNumber())
		}
	})
}
