package schedule

import (
	"fmt"
	"strings"

	"github.com/robfig/cron/v3"
)

// field is one of the five fields of a cron expression: what people call it, how
// to read it, and what it may hold.
type field struct {
	name   string
	option cron.ParseOption
	allows string
}

var fields = [...]field{
	{"minute", cron.Minute, `0 to 59, such as "30" or "*/15"`},
	{"hour", cron.Hour, `0 to 23, such as "7" or "7,19"`},
	{"day of month", cron.Dom, `1 to 31, such as "1" or "1,15"`},
	{"month", cron.Month, `1 to 12 or jan to dec, such as "*" or "1-6"`},
	{"day of week", cron.Dow, `0 to 6 or sun to sat (Sunday is 0), such as "1-5" or "mon,thu"`},
}

// Parse reads a cron expression: five fields (minute, hour, day of month, month, day of
// week), one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually, or a
// frequency: "daily 07:00", "weekdays 07:00", "weekly mon,thu 07:00", "monthly 1,15 07:00",
// "monthly last 07:00". A field
// is "*", a number, a range "low-high", any of these with a step "/n", or a list of
// them. Refused are time zones inside the expression, @every, seconds, and
// an expression that never fires, such as "0 0 30-31 2 *". An error names the
// field and what to write instead; it is meant for the person who wrote the expression.
func Parse(expr string) (Schedule, error) {
	s, err := parse(expr)
	if err != nil {
		return Schedule{}, fmt.Errorf("cron expression %q: %w", expr, err)
	}
	return s, nil
}

func parse(expr string) (Schedule, error) {
	parts := strings.Fields(expr)
	if len(parts) == 0 {
		return Schedule{}, fmt.Errorf(`it is empty: write five fields, such as "0 7 * * *" for 07:00 each day`)
	}
	if strings.HasPrefix(parts[0], "TZ=") || strings.HasPrefix(parts[0], "CRON_TZ=") {
		return Schedule{}, fmt.Errorf(`a time zone cannot stand in it: remove %q and set the zone of the digest instead`, parts[0])
	}
	if strings.HasPrefix(parts[0], "@") {
		return parseNamed(expr, parts)
	}
	if inWords(parts) {
		return parseWords(expr, parts)
	}
	if len(parts) == len(fields)+1 {
		return Schedule{}, fmt.Errorf(`it has 6 fields where 5 are wanted (minute, hour, day of month, month, day of week): leave out the seconds`)
	}
	if len(parts) != len(fields) {
		return Schedule{}, fmt.Errorf(`it has %d of 5 fields (minute, hour, day of month, month, day of week): write "*" for a field that may have any value`, len(parts))
	}
	return parseFields(expr, parts)
}

// parseNamed reads an expression such as @daily.
func parseNamed(expr string, parts []string) (Schedule, error) {
	if parts[0] == "@every" {
		return Schedule{}, fmt.Errorf(`@every counts from the start of the program and has no local time: write five fields, such as "0 */6 * * *" for each sixth hour`)
	}
	if len(parts) == 1 {
		parsed, err := cron.NewParser(cron.Descriptor).Parse(parts[0])
		if spec, ok := parsed.(*cron.SpecSchedule); ok && err == nil {
			return compile(expr, *spec), nil
		}
	}
	return Schedule{}, fmt.Errorf(`%q is not known: use @hourly, @daily, @weekly, @monthly, @yearly or five fields such as "0 7 * * *"`, strings.Join(parts, " "))
}

// parseFields reads each field by itself, so that an error can name it.
func parseFields(expr string, parts []string) (Schedule, error) {
	var spec cron.SpecSchedule
	for i, f := range fields {
		read, err := f.parse(parts[i])
		if err != nil {
			return Schedule{}, err
		}
		switch f.option {
		case cron.Minute:
			spec.Minute = read.Minute
		case cron.Hour:
			spec.Hour = read.Hour
		case cron.Dom:
			spec.Dom = read.Dom
		case cron.Month:
			spec.Month = read.Month
		case cron.Dow:
			spec.Dow = read.Dow
		}
	}
	s := compile(expr, spec)
	s.lastDay = named(parts[2])
	if s.Next(Local{unixSecond}).IsZero() {
		return Schedule{}, fmt.Errorf(`it never fires, for no month of field 4 (%q) has a day of field 3 (%q): change the day of month or the month`, parts[3], parts[2])
	}
	return s, nil
}

// parse reads the text of one field. It is stricter than the library, which panics
// on "TZ=x", drops empty items of a list and what follows "*-".
func (f field) parse(text string) (*cron.SpecSchedule, error) {
	if wellFormed(text) {
		parsed, err := cron.NewParser(f.option).Parse(text)
		if spec, ok := parsed.(*cron.SpecSchedule); ok && err == nil {
			return spec, nil
		}
	}
	return nil, fmt.Errorf(`the %s %q is not valid: it may be %s; a range has its lower end first, and "*" stands for all`, f.name, text, f.allows)
}

// wellFormed reports whether text consists of the characters of a field, and
// lists no empty item and no range that begins with "*".
func wellFormed(text string) bool {
	for _, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune("*?,-/", r) {
			return false
		}
	}
	for item := range strings.SplitSeq(text, ",") {
		if item == "" || strings.HasPrefix(item, "*-") || strings.HasPrefix(item, "?-") {
			return false
		}
	}
	return true
}

// compile takes over the bit fields of the library. Its top bit marks a field
// that was "*": only where neither day field has it may a day fit either.
func compile(expr string, spec cron.SpecSchedule) Schedule {
	const star = 1 << 63
	return Schedule{
		expr:      expr,
		minutes:   spec.Minute &^ star,
		hours:     uint32(spec.Hour &^ star),
		monthDays: uint32(spec.Dom &^ star),
		months:    uint16(spec.Month &^ star),
		weekdays:  uint8(spec.Dow &^ star),
		eitherDay: (spec.Dom|spec.Dow)&star == 0,
	}
}
