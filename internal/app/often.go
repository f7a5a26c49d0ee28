package app

import (
	"time"

	"broadsheet/digest"
	"broadsheet/internal/schedule"
	"broadsheet/templates"
)

// howOften finds the rhythm of a digest in its schedule: on which days of the
// week it comes, if the four weeks to come and those of the months after that are
// alike, or whether it comes once in each month.
func howOften(d *digest.Digest) templates.HowOften {
	if d.Instant {
		return templates.HowOften{Instant: true}
	}
	first := schedule.LocalOf(time.Date(2027, time.January, 4, 0, 0, 0, 0, time.UTC), time.UTC) // a Monday
	const weeks = 52
	var on [7]int // weeks, by days from Monday on
	several := false
	for i := range 7 * weeks {
		if n := d.Schedule.PerDay(first.AddDays(i)); n > 0 {
			on[i%7]++
			several = several || n > 1
		}
	}
	all := 0
	out := templates.HowOften{Several: several}
	for i, n := range on {
		all += n
		if n == weeks {
			out.Days = append(out.Days, (time.Monday+time.Weekday(i))%7)
		}
	}
	if all == weeks*len(out.Days) {
		return out
	}
	return templates.HowOften{Monthly: all == 12 && !several}
}
