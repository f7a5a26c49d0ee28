package ingest

import (
	"math"
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/pattern"
)

// Bounds of the instants that a bare number may stand for.
const (
	firstEpoch  = 788918400  // 1995-01-01
	lastEpoch   = 4102444800 // 2100-01-01
	nearEpoch   = 2000000000 // 2033; beyond it ten digits may be a date and an hour
	billionInts = 1_000_000_000
)

var (
	epochShape  = pattern.New(`^@?(\d{9,19})(?:\.(\d{1,9}))?$`)
	epochInJSON = pattern.New(`^\\?/Date\((\d{9,19})(?:[+-]\d{4})?\)\\?/$`)
	dateAndHour = pattern.New(`^20\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-4])$`)
)

// readEpoch reads the seconds since 1970, or thousandths, millionths or
// billionths of them, told apart by their size.
func readEpoch(text string) (time.Time, bool) {
	m := epochShape.FindStringSubmatch(text)
	fraction := ""
	if m != nil {
		fraction = m[2]
	} else if m = epochInJSON.FindStringSubmatch(text); m == nil {
		return time.Time{}, false
	}
	number, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	for unit := int64(1); unit <= billionInts; unit *= 1000 {
		if seconds := number / unit; seconds < firstEpoch || seconds >= lastEpoch {
			continue
		}
		if unit == 1 && number >= nearEpoch && dateAndHour.MatchString(m[1]) {
			return time.Time{}, false
		}
		if fraction != "" && unit > 1 {
			return time.Time{}, false
		}
		return time.Unix(number/unit, number%unit*(billionInts/unit)+int64(nanoseconds(fraction))).UTC(), true
	}
	return time.Time{}, false
}

// nanoseconds reads the digits after the point of a second.
func nanoseconds(digits string) int {
	digits = (digits + "000000000")[:9]
	n, _ := strconv.Atoi(digits)
	return n
}

var (
	isoCalendar = pattern.New(`^\+?0{0,2}(\d{4})([-/.:])(\d{1,2})([-/.:])(\d{1,2})(?:$|[t_ ,z+])`)
	isoBasic    = pattern.New(`^(\d{4})()(\d{2})()(\d{2})(?:$|[t ,z+])`)
	isoDigits   = pattern.New(`^(\d{8})(\d{4}(?:\d{2})?)(?:$|[ z+-])`)
	isoMillis   = pattern.New(`^(\d{8})(\d{6})(\d{3})(?:$|[ z+-])`)
	isoOrdinal  = pattern.New(`^(\d{4})-?(\d{3})(?:$|[t ,z+])`)
	isoWeek     = pattern.New(`^(\d{4})-?w(\d{2})-?([1-7])(?:$|[t ,z+])`)
	clockLetter = pattern.New(`^[t_]\d`)

	// logDate is as web servers write it, 23/Nov/2026:06:30:00.
	logDate = pattern.New(`^(\d{1,2}/[a-z]{3}/\d{4}):(\d)`)
)

// takeISODate takes a date that begins with its year. It reports false where
// there is one that does not exist.
func (d *dateReader) takeISODate() bool {
	if m := isoDigits.FindStringSubmatch(d.rest); m != nil { // 20261123063000
		d.rest = m[1] + "t" + d.rest[len(m[1]):]
	} else if m := isoMillis.FindStringSubmatch(d.rest); m != nil {
		d.rest = m[1] + "t" + m[2] + "." + d.rest[len(m[1]+m[2]):]
	}
	end := 0
	if m := isoCalendar.FindStringSubmatchIndex(d.rest); m != nil && d.rest[m[4]:m[5]] == d.rest[m[8]:m[9]] {
		end = d.setDate(m[2:4], m[6:8], m[10:12])
	} else if m := isoBasic.FindStringSubmatchIndex(d.rest); m != nil {
		end = d.setDate(m[2:4], m[6:8], m[10:12])
	} else if m := isoWeek.FindStringSubmatchIndex(d.rest); m != nil {
		end = m[7]
		if !d.setWeekDate(d.number(m[2:4]), d.number(m[4:6]), d.number(m[6:8])) {
			return false
		}
	} else if m := isoOrdinal.FindStringSubmatchIndex(d.rest); m != nil {
		end = m[5]
		at := time.Date(d.number(m[2:4]), time.January, d.number(m[4:6]), 0, 0, 0, 0, time.UTC)
		d.year, d.month, d.day = at.Year(), int(at.Month()), at.Day()
		if d.year != d.number(m[2:4]) {
			return false
		}
	} else {
		return true
	}
	d.hasDate = true
	d.rest = d.rest[end:]
	if clockLetter.MatchString(d.rest) {
		d.clockLetter = true
		d.rest = " " + d.rest[1:]
	}
	return true
}

func (d *dateReader) number(at []int) int {
	n, _ := strconv.Atoi(d.rest[at[0]:at[1]])
	return n
}

func (d *dateReader) setDate(year, month, day []int) (end int) {
	d.year, d.month, d.day = d.number(year), d.number(month), d.number(day)
	return day[1]
}

// setWeekDate sets the date to a day of a week of ISO 8601, where 1 is Monday;
// the first week of a year is that of January 4. It reports false if the year
// does not have the week.
func (d *dateReader) setWeekDate(year, week, day int) bool {
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	at := fourth.AddDate(0, 0, 7*(week-1)+day-1-(int(fourth.Weekday())+6)%7)
	d.year, d.month, d.day = at.Year(), int(at.Month()), at.Day()
	isYear, isWeek := at.ISOWeek()
	return isYear == year && isWeek == week
}

// clocks are the forms of a time of day, in the order in which they are looked
// for. Groups are hour, minute, second and the digits of a fraction.
var clocks = []*pattern.Pattern{
	pattern.New(`(?:^|[^\d:+-])(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,:](\d+))?(?:$|[^\d:])`),
	pattern.New(`(?:^|[^\d:.+-])(\d{1,2}) ?(?:heures?|horas?|h|uhr)\.? ?(\d{2})?(?:$|[^\d:])`),
	pattern.New(`\b(?:um|ore|alle|at|kl\.?) (\d{1,2})\.(\d{2})(?:$|[^\d.:])`),
	pattern.New(`(?:^|[^\d:.+-])(\d{1,2})\.(\d{2}) ?(?:h\b|uhr|[ap]\.? ?m\b)`),
	pattern.New(`(?:^|[^\d:.+-])(\d{1,2}) ?[ap]\.? ?m\b`),
}

// spokenClock is where "7 h 30" stands in clocks.
const spokenClock = 1

// clocksAfterT are the forms of ISO 8601 without colons, right after a date.
var clocksAfterT = []*pattern.Pattern{
	pattern.New(`^ (\d{2})(\d{2})(\d{2})(?:[.,](\d+))?(?:$|[^\d:.,])`),
	pattern.New(`^ (\d{2})(\d{2})()(?:[.,](\d+))?(?:$|[^\d:.,])`),
	pattern.New(`^ (\d{2})()()(?:[.,](\d+))?(?:$|[^\d:.,])`),
}

// takeTime takes the time of day, if there is one. It reports false for one
// that cannot be, or could be read in two ways.
func (d *dateReader) takeTime() bool {
	shapes := clocks
	if d.clockLetter {
		shapes = append(clocks[:1:1], clocksAfterT...)
	}
	for i, shape := range shapes {
		if m := shape.FindStringSubmatchIndex(d.rest); m != nil {
			d.spoken = i == spokenClock && !d.clockLetter
			return d.setTime(m)
		}
	}
	return true
}

func (d *dateReader) setTime(m []int) bool {
	var groups [4]string
	end := 0
	for i := range groups {
		if at := 2 + 2*i; at < len(m) && m[at] >= 0 {
			groups[i] = d.rest[m[at]:m[at+1]]
			end = m[at+1]
		}
	}
	d.hasTime = true
	d.hour, _ = strconv.Atoi(groups[0])
	d.minute, _ = strconv.Atoi(groups[1])
	d.second, _ = strconv.Atoi(groups[2])
	if !d.setFraction(groups[1], groups[2], groups[3]) {
		return false
	}
	d.rest, d.after = d.rest[:m[2]], d.rest[end:]
	return d.takeMeridiem()
}

// setFraction adds the fraction of the last of hour, minute and second that
// was given. Two digits after an hour or a minute are more likely to be the
// next of them, and so can be read in two ways.
func (d *dateReader) setFraction(minute, second, digits string) bool {
	switch {
	case digits == "":
		return true
	case second != "":
		d.nanoseconds = nanoseconds(digits)
		return true
	case len(digits) == 2:
		return false
	}
	unit := time.Hour
	if minute != "" {
		unit = time.Minute
	}
	part, _ := strconv.ParseFloat("0."+digits, 64)
	left := time.Duration(math.Round(part*unit.Seconds()*1000)) * time.Millisecond
	d.minute += int(left / time.Minute)
	d.second = int(left % time.Minute / time.Second)
	d.nanoseconds = int(left % time.Second)
	return d.minute < 60
}

var (
	// hourWord may stand after a time of day.
	hourWord = pattern.New(`^ ?(?:o'clock|uhr|heures?|horas?|hours|hrs?|hs?)\b\.?`)
	// minuteWord may stand after "7h30".
	minuteWord = pattern.New(`^ ?(?:min|mn|m)\b\.?`)
	meridiem   = pattern.New(`^ ?([ap])(?:m\b|\. ?m\b\.?)`)
)

// takeMeridiem takes "Uhr" and the like, or else a.m. and p.m. In German, "am"
// is no part of the time.
func (d *dateReader) takeMeridiem() bool {
	if d.spoken {
		d.after = d.after[len(minuteWord.FindString(d.after)):]
	}
	if word := hourWord.FindString(d.after); word != "" {
		d.after = d.after[len(word):]
		return true
	}
	m := meridiem.FindStringSubmatch(d.after)
	if m == nil || m[0] == " am" && baseLanguage(d.options.Language) == "de" {
		return true
	}
	d.after = d.after[len(m[0]):]
	switch {
	case d.hour == 12 && m[1] == "a":
		d.hour = 0
	case d.hour < 12 && m[1] == "p":
		d.hour += 12
	case d.hour > 12 && m[1] == "a", d.hour == 24:
		return false
	}
	return true
}

func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	return strings.ToLower(base)
}
