package main

import (
	"fmt"
	"strings"
	"time"
)

// parseTime reads the value of a flag like --at: "now", RFC 3339,
// "2006-01-02 15:04" or "2006-01-02" in loc, "15:04" for the next time that
// clock shows it, or a day such as "tomorrow 07:00", "monday 07:00" or "next
// monday 07:00" for the next one after now; without a time a day begins at 00:00.
func parseTime(text string, now time.Time, loc *time.Location) (time.Time, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "now" || text == "" {
		return now, nil
	}
	if at, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err == nil {
		return at, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02t15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, loc); err == nil {
			return at, nil
		}
	}
	if at, ok := nextClock(text, now, loc); ok {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2006-01-02, 2006-01-02T15:04:05Z, \"2006-01-02 15:04\", 15:04, tomorrow, or \"next monday 07:00\"", text)
}

// nextClock reads a day, a time of day, or both.
func nextClock(text string, now time.Time, loc *time.Location) (time.Time, bool) {
	fields := strings.Fields(strings.TrimPrefix(text, "next "))
	if len(fields) == 0 || len(fields) > 2 {
		return time.Time{}, false
	}
	clock, err := time.Parse("15:04", fields[len(fields)-1])
	day := ""
	switch {
	case err == nil && len(fields) == 2:
		day = fields[0]
	case err != nil && len(fields) == 1: // a day as it begins
		day, clock = fields[0], time.Time{}
	case err != nil:
		return time.Time{}, false
	}
	local := now.In(loc)
	for n := range 9 {
		at := time.Date(local.Year(), local.Month(), local.Day()+n, clock.Hour(), clock.Minute(), 0, 0, loc)
		name := strings.ToLower(at.Weekday().String())
		if day == "tomorrow" && n == 1 || at.After(now) && (day == "" || day == name || day == name[:3]) {
			return at, true
		}
	}
	return time.Time{}, false
}
