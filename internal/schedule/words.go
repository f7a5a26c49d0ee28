package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Frequencies in words stand for cron expressions, so that nobody has to count
// fields for what newsletters mostly are.

// words are the frequencies that Parse knows beside cron expressions, each with
// an example.
var words = map[string]string{
	"daily":    `"daily 07:00"`,
	"weekdays": `"weekdays 07:00" for Monday to Friday`,
	"weekly":   `"weekly mon,thu 07:00"`,
	"monthly":  `"monthly 1,15 07:00", or "monthly last 07:00" for the last day of the month`,
}

// inWords reports whether an expression begins with a frequency.
func inWords(parts []string) bool {
	_, ok := words[strings.ToLower(parts[0])]
	return ok
}

// parseWords reads a frequency in words by way of the cron expression that it
// stands for.
func parseWords(expr string, parts []string) (Schedule, error) {
	word := strings.ToLower(parts[0])
	wrong := fmt.Errorf(`%q is no frequency: write %s`, expr, words[word])
	takes := 2 // words: the frequency and the time
	if word == "weekly" || word == "monthly" {
		takes = 3
	}
	if len(parts) != takes {
		return Schedule{}, wrong
	}
	at, err := time.Parse("15:04", parts[takes-1])
	if err != nil {
		return Schedule{}, fmt.Errorf(`%q is no time of day, such as "07:00": write %s`, parts[takes-1], words[word])
	}
	monthDay, weekday := "*", "*"
	switch word {
	case "weekdays":
		weekday = "1-5"
	case "weekly":
		weekday = parts[1]
	case "monthly":
		if monthDay = parts[1]; strings.EqualFold(monthDay, "last") {
			monthDay = "31"
		}
	}
	s, err := parseFields(expr, []string{strconv.Itoa(at.Minute()), strconv.Itoa(at.Hour()), monthDay, "*", weekday})
	if err != nil {
		return Schedule{}, fmt.Errorf("%w; write %s", err, words[word])
	}
	return s, nil
}

// withTime puts another time of day at the end of a frequency in words.
func withTime(parts []string, hour, minute int) string {
	parts = slices.Clone(parts)
	parts[len(parts)-1] = fmt.Sprintf("%02d:%02d", hour, minute)
	return strings.Join(parts, " ")
}

// named reports whether the days of a month are named one by one, so that one
// that a month lacks means its last day.
func named(monthDays string) bool {
	return !strings.ContainsFunc(monthDays, func(r rune) bool { return r != ',' && (r < '0' || r > '9') })
}
