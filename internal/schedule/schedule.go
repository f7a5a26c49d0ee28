package schedule

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// searchMonths covers the longest wait for a slot, from one 29 February to the
// next across a year such as 2100, both months included.
const searchMonths = 8*12 + 1

// Schedule is a parsed cron expression of five fields, or one of its names such as
// @daily, or a frequency in words, evaluated on naive wall-clock time. Where both day
// fields are limited, a day that fits either of them counts, as in every cron. Unlike
// there, the 29th to 31st, named one by one, are the last day of a month that is
// shorter. The zero Schedule has no slots. Use [Parse] to get another.
type Schedule struct {
	expr      string
	minutes   uint64 // bits 0 to 59
	hours     uint32 // bits 0 to 23
	monthDays uint32 // bits 1 to 31
	months    uint16 // bits 1 to 12
	weekdays  uint8  // bits 0, Sunday, to 6
	eitherDay bool   // a day need fit only one of monthDays and weekdays
	lastDay   bool   // of monthDays, one that a month lacks stands for its last day
}

// String returns the expression as it was given to Parse.
func (s Schedule) String() string { return s.expr }

// WithTime returns the schedule with one slot, at a time of day from 00:00 to
// 23:59, on each day that has slots.
func (s Schedule) WithTime(hour, minute int) Schedule {
	switch parts := strings.Fields(s.expr); {
	case len(parts) > 0 && inWords(parts):
		s.expr = withTime(parts, hour, minute)
	case len(parts) == len(fields):
		s.expr = fmt.Sprintf("%d %d %s", minute, hour, strings.Join(parts[2:], " "))
	default:
		s.expr = fmt.Sprintf("%s at %02d:%02d", s.expr, hour, minute)
	}
	s.minutes, s.hours = 1<<minute, 1<<hour
	return s
}

// Next returns the first slot that is strictly after the given time. It is zero
// only for the zero Schedule.
func (s Schedule) Next(after Local) Local {
	from := Local{(floorDiv(after.sec, minuteSeconds) + 1) * minuteSeconds}
	year, month, day := from.utc().Date()
	days := s.daysOf(year, month)
	if days&(1<<day) != 0 {
		if minute, ok := s.minuteFrom(from.minuteOfDay()); ok {
			return localAt(year, month, day, minute)
		}
	}
	days &= ^uint32(0) << (day + 1)
	for range searchMonths {
		if days != 0 {
			minute, _ := s.minuteFrom(0)
			return localAt(year, month, bits.TrailingZeros32(days), minute)
		}
		if month++; month > time.December {
			year, month = year+1, time.January
		}
		days = s.daysOf(year, month)
	}
	return Local{}
}

// Prev returns the last slot that is strictly before the given time. It is zero
// only for the zero Schedule.
func (s Schedule) Prev(before Local) Local {
	until := Local{floorDiv(before.sec-1, minuteSeconds) * minuteSeconds}
	year, month, day := until.utc().Date()
	days := s.daysOf(year, month)
	if days&(1<<day) != 0 {
		if minute, ok := s.minuteUntil(until.minuteOfDay()); ok {
			return localAt(year, month, day, minute)
		}
	}
	days &= 1<<day - 1
	for range searchMonths {
		if days != 0 {
			minute, _ := s.minuteUntil(24*60 - 1)
			return localAt(year, month, bits.Len32(days)-1, minute)
		}
		if month--; month < time.January {
			year, month = year-1, time.December
		}
		days = s.daysOf(year, month)
	}
	return Local{}
}

// NextIn returns the first slot, in the order of the wall clock, whose instant in loc is
// strictly after the given one, and that instant in loc. Asked again with the
// instant it returned, it yields slots and instants that both only grow: of
// several slots that fall on one instant because clocks skipped a part of the
// day, the first stands for all. Both results are zero only for the zero Schedule.
func (s Schedule) NextIn(loc *time.Location, after time.Time) (Local, time.Time) {
	slot := s.Next(settled(loc, after))
	for !slot.IsZero() {
		if at := slot.In(loc); at.After(after) {
			return slot, at
		}
		slot = s.Next(slot)
	}
	return Local{}, time.Time{}
}

// PerDay returns the number of slots on the local date of day.
func (s Schedule) PerDay(day Local) int {
	year, month, d := day.utc().Date()
	if s.daysOf(year, month)&(1<<d) == 0 {
		return 0
	}
	return bits.OnesCount32(s.hours) * bits.OnesCount64(s.minutes)
}

// settled returns a local time up to which, itself included, the instants of all slots in
// loc are at or before t. That is what clocks show at t, but on the day after they
// skipped something it is as much earlier: a skipped slot may still be to come.
func settled(loc *time.Location, t time.Time) Local {
	unix := t.Unix()
	offset := min(offsetAt(unix, loc), offsetAt(unix-daySeconds, loc))
	return Local{unix + offset + unixSecond}
}

// daysOf returns the days of a month that have slots, as bits 1 to 31.
func (s Schedule) daysOf(year int, month time.Month) uint32 {
	if s.months&(1<<month) == 0 {
		return 0
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	length := first.AddDate(0, 1, -1).Day()

	// A week that begins on the weekday of the first, repeated over the month.
	twice := uint32(s.weekdays) | uint32(s.weekdays)<<7
	week := twice >> first.Weekday() & 0x7f
	byWeekday := (week | week<<7 | week<<14 | week<<21 | week<<28) << 1

	inMonth := uint32(uint64(1)<<(length+1) - 2)
	monthDays := s.monthDays & inMonth
	if s.lastDay && s.monthDays&^inMonth != 0 {
		monthDays |= 1 << length
	}
	days := monthDays & byWeekday
	if s.eitherDay {
		days = monthDays | byWeekday
	}
	return days & inMonth
}

// minuteFrom returns the first minute of a day with slots that is not before the
// given one, both counted from 00:00.
func (s Schedule) minuteFrom(minute int) (int, bool) {
	hour, rest := minute/60, minute%60
	if s.hours&(1<<hour) != 0 {
		if later := s.minutes >> rest << rest; later != 0 {
			return hour*60 + bits.TrailingZeros64(later), true
		}
	}
	later := s.hours >> (hour + 1) << (hour + 1)
	if later == 0 {
		return 0, false
	}
	return bits.TrailingZeros32(later)*60 + bits.TrailingZeros64(s.minutes), true
}

// minuteUntil returns the last minute of a day with slots that is not after the
// given one, both counted from 00:00.
func (s Schedule) minuteUntil(minute int) (int, bool) {
	hour, rest := minute/60, minute%60
	if s.hours&(1<<hour) != 0 {
		if earlier := s.minutes & (1<<(rest+1) - 1); earlier != 0 {
			return hour*60 + bits.Len64(earlier) - 1, true
		}
	}
	earlier := s.hours & (1<<hour - 1)
	if earlier == 0 {
		return 0, false
	}
	return (bits.Len32(earlier)-1)*60 + bits.Len64(s.minutes) - 1, true
}
