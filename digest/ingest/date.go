package ingest

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"broadsheet/internal/schedule"
)

// maxDate is the longest text that is taken for a date, in bytes.
const maxDate = 120

// DateOptions say how a date is read where its text leaves that open.
type DateOptions struct {
	// Zone is that of dates which name none, and settles what zone names such
	// as IST mean. Nil is UTC, and a date that needed it has a note.
	Zone *time.Location
	// Language, a BCP 47 tag, decides whether 12/11/2026 is in November or in
	// December. It is not known where it is "" or "en" without a country.
	Language string
}

// ParseDate reads a date in any form that publications write: RFC 822 to 5322,
// RFC 850 and ANSI C with their slips, ISO 8601 with week and ordinal dates,
// what JavaScript and databases print, seconds to nanoseconds since 1970, and
// dates in words in English, German, French, Spanish, Portuguese and Italian.
// A date without a time of day is midnight. ok is false for what has no date,
// or can be read in more than one way; at is in UTC. The note is "" or says on
// one line what is odd about a date that was read all the same.
func ParseDate(text string, o DateOptions) (at time.Time, note string, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxDate {
		return time.Time{}, "", false
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && plausible(at) && isOffset(at) { // most are, and it is quick
		return at.UTC(), "", true
	}
	if at, ok = readEpoch(text); ok {
		return at, "", true
	}
	d := dateReader{options: o}
	if !d.read(text) {
		return time.Time{}, "", false
	}
	if at, ok = d.instant(); !ok || !plausible(at) {
		return time.Time{}, "", false
	}
	return at.UTC(), strings.Join(d.notes, "; "), true
}

// isOffset says whether some place on earth has the offset of a time.
func isOffset(at time.Time) bool {
	_, seconds := at.Zone()
	return minOffset*60 <= seconds && seconds <= maxOffset*60
}

// dateReader takes one part of a date after the other out of its text.
type dateReader struct {
	options DateOptions
	rest    string // what is not yet read, or stands before the time of day
	after   string // what stands after the time of day and is not yet read
	comment string // in brackets

	year, month, day     int
	hasDate              bool
	hour, minute, second int
	nanoseconds          int
	hasTime              bool
	clockLetter          bool // a "t" led to the time of day, as in ISO 8601
	spoken               bool // the time of day is written as 7h30
	offset               int  // in minutes, east of Greenwich
	hasOffset            bool
	place                *time.Location // such as Europe/Berlin, nil if the text has none
	zones                []string       // abbreviations, folded
	weekday              time.Weekday
	hasWeekday           bool
	notes                []string
}

func (d *dateReader) read(text string) bool {
	text = d.takePlace(text)
	d.rest = foldDate(text)
	d.takeComment()
	d.rest = spelledZone.ReplaceAllStringFunc(d.rest, abbreviateZone)
	d.rest = logDate.ReplaceAllString(d.rest, "$1 $2")
	if !d.takeISODate() || !d.takeTime() || !d.takeOffset() {
		return false
	}
	if !d.hasDate && !d.takeNumericDate() {
		return false
	}
	return d.takeWords()
}

// foldDate takes accents, case and fancy spaces off, so that words and digits
// can be compared.
func foldDate(text string) string {
	fold := func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case r == '‐', r == '‑', r == '‒', r == '–', r == '—', r == '−':
			return '-'
		case r == '’', r == '‘':
			return '\''
		case r == 'ß':
			return 's'
		}
		return unicode.ToLower(r)
	}
	text = strings.Map(fold, norm.NFKD.String(strings.ToValidUTF8(text, "\uFFFD")))
	return strings.Join(strings.Fields(text), " ")
}

// instant returns what the parts stand for, false if they contradict another
// or leave open when it was.
func (d *dateReader) instant() (time.Time, bool) {
	date := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	if date.Year() != d.year || int(date.Month()) != d.month || date.Day() != d.day {
		return time.Time{}, false
	}
	if d.hour == 24 && (d.minute > 0 || d.second > 0 || d.nanoseconds > 0) || d.hour > 24 || d.minute > 59 || d.second > 60 {
		return time.Time{}, false
	}
	if d.hasWeekday && date.Weekday() != d.weekday {
		d.note("it was a " + date.Weekday().String() + ", not a " + d.weekday.String())
	}
	wall := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, d.nanoseconds, time.UTC)
	return d.inZone(wall)
}

func (d *dateReader) note(text string) {
	if !slices.Contains(d.notes, text) {
		d.notes = append(d.notes, text)
	}
}

// inPlace returns when clocks in loc showed a time, which is given as if it
// were UTC.
func (d *dateReader) inPlace(wall time.Time, loc *time.Location) time.Time {
	local := schedule.LocalOf(wall, time.UTC)
	at := local.In(loc)
	if !d.hasTime {
		return at
	}
	if schedule.LocalOf(at, loc) != local {
		d.note("clocks in " + loc.String() + " skipped that hour")
	}
	for _, later := range [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
		if schedule.LocalOf(at.Add(later), loc) == local {
			d.note("clocks in " + loc.String() + " showed that hour twice, the first is taken")
		}
	}
	return at.Add(time.Duration(wall.Nanosecond()))
}
