package ingest

import (
	"strconv"
	"strings"
	"time"
)

// Pace is how often a feed asks to be fetched (RSS 2.0: ttl, skipHours,
// skipDays). The zero Pace asks nothing.
type Pace struct {
	TTL       time.Duration // between two fetches, at most a day
	SkipHours [24]bool      // of the day, in UTC, in which not to come
	SkipDays  [7]bool       // of the week, Sunday first, in UTC
}

// mostTTL is the longest pause that a feed's ttl can ask for.
const mostTTL = 24 * time.Hour

// after returns the first time from at on at which the feed may be fetched. One
// that would never be is fetched as if it had not asked.
func (p *Pace) after(at time.Time) time.Time {
	for skipped := at.UTC(); skipped.Sub(at) <= 8*24*time.Hour; {
		switch {
		case p.SkipDays[skipped.Weekday()]:
			skipped = skipped.Truncate(24 * time.Hour).Add(24 * time.Hour)
		case p.SkipHours[skipped.Hour()]:
			skipped = skipped.Truncate(time.Hour).Add(time.Hour)
		default:
			return skipped
		}
	}
	return at
}

// next is when a source that was fetched well is to be fetched again: after its
// interval, or later if the feed or the answer asks for it.
func (p *Pace) next(now time.Time, every time.Duration, r *Response) time.Time {
	return p.after(now.Add(max(every, p.TTL, r.MaxAge, r.RetryAfter)))
}

// readPace reads what a translator kept; what makes no sense asks nothing.
func readPace(custom map[string]string) (p Pace) {
	if minutes, err := strconv.ParseUint(strings.TrimSpace(custom["ttl"]), 10, 32); err == nil {
		p.TTL = min(time.Duration(minutes)*time.Minute, mostTTL)
	}
	for hour := range strings.SplitSeq(custom["skipHours"], ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(hour)); err == nil && n >= 0 && n <= 24 { // 24 is what older versions call 0
			p.SkipHours[n%24] = true
		}
	}
	for name := range strings.SplitSeq(custom["skipDays"], ",") {
		for day := time.Sunday; day <= time.Saturday; day++ {
			if strings.EqualFold(strings.TrimSpace(name), day.String()) {
				p.SkipDays[day] = true
			}
		}
	}
	return p
}
