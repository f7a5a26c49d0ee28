package schedule

import (
	"fmt"
	"time"
)

const (
	layoutMinute = "2006-01-02T15:04"
	layoutSecond = "2006-01-02T15:04:05"

	minuteSeconds = 60
	daySeconds    = 24 * 60 * 60

	// unixDay and unixSecond are 1970-01-01, counted from the zero Local.
	unixDay    = 719162
	unixSecond = unixDay * daySeconds
)

// Local is what a clock on the wall shows, to the second, without a zone. Every
// day of it has 24 hours. It names a slot, and two of them are equal by ==.
// The zero Local is the first minute of year 1 and means "none".
type Local struct {
	sec int64 // since 0001-01-01T00:00:00
}

// LocalOf returns what clocks in loc show at t. Fractions of a second are dropped.
func LocalOf(t time.Time, loc *time.Location) Local {
	_, offset := t.In(loc).Zone()
	return Local{t.Unix() + int64(offset) + unixSecond}
}

// ParseLocal reads "2006-01-02T15:04" or "2006-01-02T15:04:05", the years 1 to 9999,
// and nothing else: no zone, no fraction, no blank in place of the T.
func ParseLocal(s string) (Local, error) {
	layout := layoutMinute
	if len(s) == len(layoutSecond) {
		layout = layoutSecond
	}
	t, err := time.Parse(layout, s)
	// time.Parse lets fractions and one-digit hours pass, so its result must read the same.
	if err != nil || t.Format(layout) != s || t.Year() < 1 {
		return Local{}, fmt.Errorf("local time %q is not valid: write it as 2006-01-02T15:04, without a zone", s)
	}
	return LocalOf(t, time.UTC), nil
}

// String returns "2006-01-02T15:04", with ":05" after it only if the seconds are
// not zero. ParseLocal reads it back.
func (l Local) String() string {
	if l.sec%minuteSeconds != 0 {
		return l.utc().Format(layoutSecond)
	}
	return l.utc().Format(layoutMinute)
}

// Date returns the local date as "2006-01-02".
func (l Local) Date() string { return l.utc().Format(time.DateOnly) }

// DayNumber returns the days from 1970-01-01 to the local date, which are
// negative before it.
func (l Local) DayNumber() int { return int(floorDiv(l.sec, daySeconds)) - unixDay }

// StartOfDay returns 00:00 of the same date, whether or not a zone has it.
func (l Local) StartOfDay() Local { return Local{floorDiv(l.sec, daySeconds) * daySeconds} }

// AddDays returns the same time of day n days later, earlier if n is negative.
func (l Local) AddDays(n int) Local { return Local{l.sec + int64(n)*daySeconds} }

// Add moves l by d on the naive clock, which no change of clocks disturbs. What d
// has beyond whole seconds is dropped.
func (l Local) Add(d time.Duration) Local { return Local{l.sec + int64(d/time.Second)} }

// Before reports whether l is earlier than o.
func (l Local) Before(o Local) bool { return l.sec < o.sec }

// IsZero reports whether l is the zero Local, which stands for "none".
func (l Local) IsZero() bool { return l.sec == 0 }

// In returns the one instant that l stands for in loc, as a time in loc. A time that
// the clocks of loc skip is later by what they skip; a time that they show
// twice is its first instant. The order of two slots is kept unless
// the earlier of them was skipped.
func (l Local) In(loc *time.Location) time.Time {
	wall := l.sec - unixSecond
	// Every instant at which clocks could show l lies between these two, and no zone has
	// ever changed its clocks twice within two days. Time.ZoneBounds would say when they
	// change, but is wrong on the last day of a leap year in zones that follow a rule.
	before := offsetAt(wall-daySeconds, loc)
	after := offsetAt(wall+daySeconds, loc)
	at := wall - before
	if before != after && offsetAt(at, loc) != before && offsetAt(wall-after, loc) == after {
		at = wall - after
	}
	return time.Unix(at, 0).In(loc)
}

// offsetAt returns the seconds by which clocks in loc are ahead of UTC.
func offsetAt(unix int64, loc *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(loc).Zone()
	return int64(offset)
}

// utc returns l as if it were a time in UTC, to compute and format with.
func (l Local) utc() time.Time { return time.Unix(l.sec-unixSecond, 0).UTC() }

// minuteOfDay returns the whole minutes since 00:00, from 0 to 1439.
func (l Local) minuteOfDay() int {
	return int((l.sec - l.StartOfDay().sec) / minuteSeconds)
}

// localAt returns the minute of the day, from 0 to 1439, of a date.
func localAt(year int, month time.Month, day, minute int) Local {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return Local{midnight.Unix() + unixSecond + int64(minute)*minuteSeconds}
}

// floorDiv divides and rounds down, where Go rounds towards zero. b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
