package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// date is a full date with its weekday as it stands in a sentence.
func (c *catalogue) date(t time.Time) string { return c.firstOfMonth(t, c.locale.FmtDateFull(t)) }

// longDate is a full date that stands alone.
func (c *catalogue) longDate(t time.Time) string { return upperFirst(c.date(t)) }

// day is a date of the present year.
func (c *catalogue) day(t time.Time) string {
	return fmt.Sprintf(c.dayMonth, c.dayNumber(t), c.locale.MonthWide(t.Month()))
}

// clock is a time of day, in 12 or in 24 hours.
func (c *catalogue) clock(t time.Time) string {
	if c.timeLayout != "" {
		return t.Format(c.timeLayout)
	}
	return c.locale.FmtTimeShort(t)
}

// dayNumber is the day of the month as it stands before the month.
func (c *catalogue) dayNumber(t time.Time) string {
	if t.Day() == 1 && c.first != "" {
		return c.first
	}
	return strconv.Itoa(t.Day())
}

// firstOfMonth writes the first day of a month as the language does.
func (c *catalogue) firstOfMonth(t time.Time, date string) string {
	if t.Day() != 1 || c.first == "" {
		return date
	}
	return strings.Replace(" "+date, " 1 ", " "+c.first+" ", 1)[1:]
}

// instant is when a story was published, told as shortly as the day of the
// digest allows: the time of day, else the day.
func (c *catalogue) instant(t, day time.Time) string {
	t = t.In(day.Location())
	y, m, d := t.Date()
	switch dy, dm, dd := day.Date(); {
	case y == dy && m == dm && d == dd:
		return c.clock(t)
	case day.Sub(t).Abs() < 180*24*time.Hour:
		return c.day(t)
	}
	return c.firstOfMonth(t, c.locale.FmtDateLong(t))
}

// days is a span of dates of which the first is before or the same as the last.
func (c *catalogue) days(first, last time.Time) string {
	pattern := c.spanMonth
	switch {
	case first.Year() != last.Year():
		pattern = c.spanYears
	case first.Month() != last.Month():
		pattern = c.spanMonths
	}
	name := c.locale.MonthWide
	return upperFirst(fmt.Sprintf(pattern, c.dayNumber(first), name(first.Month()), first.Year(),
		c.dayNumber(last), name(last.Month()), last.Year()))
}

// near is a date and time of day, told as people do of yesterday, today and
// tomorrow, in the zone of t.
func (c *catalogue) near(t, now time.Time) string {
	return fmt.Sprintf(c.of(&c.dayAt, c.hour(t)), c.nearDay(t, now), c.clock(t))
}

// until is near for when something ends: where a day begins, the day alone.
func (c *catalogue) until(t, now time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 {
		return c.nearDay(t, now)
	}
	return c.near(t, now)
}

// nearDay is the day of near.
func (c *catalogue) nearDay(t, now time.Time) string {
	day := c.date(t)
	y, m, d := now.In(t.Location()).Date()
	for offset, word := range map[int]string{-1: c.Yesterday, 0: c.Today, 1: c.Tomorrow} {
		if ty, tm, td := t.Date(); time.Date(y, m, d+offset, 0, 0, 0, 0, time.UTC).Equal(time.Date(ty, tm, td, 0, 0, 0, 0, time.UTC)) {
			day = word
		}
	}
	return day
}

// hour is the number of the hour as it is said.
func (c *catalogue) hour(t time.Time) int {
	if strings.Contains(c.timeLayout, "15") || c.timeLayout == "" {
		return t.Hour()
	}
	return (t.Hour()+11)%12 + 1
}

// Moment is a date and time of day with its zone.
func (c *catalogue) Moment(t time.Time) string {
	zone, _ := t.Zone()
	return fmt.Sprintf(c.moment, c.firstOfMonth(t, c.locale.FmtDateLong(t)), c.clock(t), zone)
}

// Clock is a time of day that is written "HH:MM", as the language writes it.
func (c *catalogue) Clock(hour string) string {
	t, err := time.Parse("15:04", hour)
	if err != nil {
		return hour
	}
	return c.clock(t)
}

// List is names one after the other, the last one joined as people do.
func (c *catalogue) List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := names[len(names)-1]
	comma := c.comma
	if c.chained {
		comma = c.and("")
	}
	return strings.Join(names[:len(names)-1], comma) + c.and(last) + last
}

// Join is names one after the other.
func (c *catalogue) Join(names []string) string { return strings.Join(names, c.comma) }

// Label is what stands before something that it names.
func (c *catalogue) Label(name string) string { return name + c.colon }

// with joins the last two names of a list in a language where the word for
// "and" is always the same.
func with(and string) func(string) string { return func(string) string { return and } }

// upperFirst is a text as it begins a sentence.
func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToTitle(r)) + s[size:]
}
