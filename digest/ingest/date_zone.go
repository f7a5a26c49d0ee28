package ingest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/pattern"
)

var (
	// placeShape is a name of the zone database; in brackets as in RFC 9557.
	placeShape = pattern.New(`\[?!?\b([A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})\b\]?`)

	commentShape = pattern.New(`\(([^()]*)\)`)

	// offsetShape is such as +0100, -05:00 or +1, by itself or after GMT.
	offsetShape = pattern.New(`(?:^|[ .]|gmt|utc|\but)([+-])(\d{1,2})(?::?(\d{2}))?(?::?00)?(?:$|[^\d:])`)

	spelledZone = pattern.New(`\b(eastern|central|mountain|pacific) (?:(standard|daylight) )?time\b`)
)

// abbreviateZone makes "eastern standard time" an "est".
func abbreviateZone(name string) string {
	words := strings.Fields(name)
	short := ""
	for _, word := range words {
		short += word[:1]
	}
	return short
}

// takePlace takes the name of a zone such as Europe/Berlin out of a text.
func (d *dateReader) takePlace(text string) string {
	for _, m := range placeShape.FindAllStringSubmatchIndex(text, -1) {
		loc, err := time.LoadLocation(text[m[2]:m[3]])
		if err == nil {
			d.place, d.options.Zone = loc, loc
			return text[:m[0]] + " " + text[m[1]:]
		}
	}
	return text
}

// takeComment takes what stands in brackets, such as "(CET)".
func (d *dateReader) takeComment() {
	if m := commentShape.FindStringSubmatchIndex(d.rest); m != nil {
		d.comment = strings.TrimSpace(d.rest[m[2]:m[3]])
		d.rest = d.rest[:m[0]] + " " + d.rest[m[1]:]
	}
}

// takeOffset takes a numeric zone, which stands after the time of day, or
// after a date of ISO 8601 without one. It reports false for one that no place
// on earth has.
func (d *dateReader) takeOffset() bool {
	text := &d.after
	switch {
	case d.hasTime:
	case d.hasDate:
		text = &d.rest
	default:
		return true
	}
	m := offsetShape.FindStringSubmatchIndex(*text)
	if m == nil {
		return true
	}
	hours, _ := strconv.Atoi((*text)[m[4]:m[5]])
	minutes := 0
	end := m[5]
	if m[6] >= 0 {
		minutes, _ = strconv.Atoi((*text)[m[6]:m[7]])
		end = m[7]
	}
	d.offset, d.hasOffset = 60*hours+minutes, true
	if (*text)[m[2]] == '-' {
		d.offset = -d.offset
	}
	end += len(secondsOfOffset.FindString((*text)[end:]))
	*text = (*text)[:m[2]] + " " + (*text)[end:]
	return minutes < 60 && minOffset <= d.offset && d.offset <= maxOffset
}

// Bounds of zones, in minutes.
const (
	minOffset = -12 * 60
	maxOffset = 14 * 60
)

var secondsOfOffset = pattern.New(`^:?00\b`)

// inZone returns the instant at which clocks of the date's zone showed a time,
// which is given as if it were UTC. It reports false if the zone is not known
// for sure.
func (d *dateReader) inZone(wall time.Time) (time.Time, bool) {
	if len(d.zones) == 0 && !d.hasOffset && d.place == nil && d.comment != "" {
		d.readComment()
	}
	named, names := 0, 0
	for _, zone := range d.zones {
		minutes, ok := d.zoneOffset(zone, wall)
		switch {
		case !ok && !d.hasOffset:
			return time.Time{}, false
		case !ok, d.hasOffset && slices.Contains(greenwich, zone):
			continue // the number tells
		case names > 0 && minutes != named:
			return time.Time{}, false
		}
		named, names = minutes, names+1
	}
	switch {
	case d.hasOffset && names > 0 && named != d.offset:
		return time.Time{}, false
	case d.hasOffset:
		return wall.Add(-time.Duration(d.offset) * time.Minute), true
	case names > 0:
		return wall.Add(-time.Duration(named) * time.Minute), true
	case d.place != nil:
		return d.inPlace(wall, d.place), true
	case d.options.Zone != nil:
		return d.inPlace(wall, d.options.Zone), true
	}
	d.note(noZone)
	return wall, true
}

// noZone is the note about a date for which neither its text nor the source
// has a zone.
const noZone = "it names no zone and is read as UTC"

// readComment takes the zone from a comment, which is nothing else where it is
// the only one: what it does not name for sure is not known.
func (d *dateReader) readComment() {
	if _, ok := weekdays[strings.Trim(d.comment, ".")]; !ok {
		d.zones = append(d.zones, spelledZone.ReplaceAllStringFunc(d.comment, abbreviateZone))
	}
}

// greenwich are the names that may stand before an offset.
var greenwich = []string{"gmt", "utc", "ut", "z"}

func isZone(name string) bool {
	_, known := zoneNames[name]
	return known || generalZones[name] != ""
}

// zoneOffset returns the minutes east of Greenwich that an abbreviation stands
// for. What it means in the zone of the source comes first.
func (d *dateReader) zoneOffset(name string, wall time.Time) (minutes int, ok bool) {
	if d.options.Zone != nil {
		for _, month := range [...]time.Month{wall.Month(), time.January, time.July} {
			is, seconds := time.Date(wall.Year(), month, wall.Day(), 12, 0, 0, 0, d.options.Zone).Zone()
			if strings.ToLower(is) == name {
				return seconds / 60, true
			}
		}
	}
	if place := generalZones[name]; place != "" {
		loc, err := time.LoadLocation(place)
		if err != nil {
			return 0, false
		}
		return int(wall.Sub(d.inPlace(wall, loc)) / time.Minute), true
	}
	zone, known := zoneNames[name]
	if !known || zone.ambiguous {
		return 0, false
	}
	if !zone.season.has(wall.Month()) {
		d.note(strings.ToUpper(name) + " is not in force in " + wall.Month().String())
	}
	return zone.minutes, true
}

// season says when the clocks of a zone are on its time.
type season int

const (
	always      season = iota
	northWinter        // standard time in the north
	northSummer
	southWinter
	southSummer
)

// has leaves the months out in which clocks change.
func (s season) has(month time.Month) bool {
	june := month >= time.May && month <= time.August
	december := month == time.December || month <= time.February
	switch s {
	case northWinter, southSummer:
		return !june
	case northSummer, southWinter:
		return !december
	}
	return true
}

// generalZones are names that stand for standard time and summer time alike.
var generalZones = map[string]string{
	"et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles",
}

type zoneName struct {
	minutes   int // east of Greenwich
	season    season
	ambiguous bool // it is in use for more than one zone
}

func hours(h float64, s season) zoneName { return zoneName{minutes: int(h * 60), season: s} }

// zoneNames are abbreviations, and those of which it cannot be said what they
// mean unless the source's own zone has them. EST to PDT are as in RFC 5322.
var zoneNames = map[string]zoneName{
	"z": {}, "ut": {}, "utc": {}, "gmt": {},
	"est": hours(-5, northWinter), "edt": hours(-4, northSummer), "cst": hours(-6, northWinter), "cdt": hours(-5, northSummer),
	"mst": hours(-7, always), "mdt": hours(-6, northSummer), "pst": hours(-8, northWinter), "pdt": hours(-7, northSummer),
	"akst": hours(-9, northWinter), "akdt": hours(-8, northSummer), "hst": hours(-10, always), "nst": hours(-3.5, northWinter), "ndt": hours(-2.5, northSummer),
	"adt": hours(-3, northSummer), "brt": hours(-3, always), "art": hours(-3, always), "pet": hours(-5, always), "clt": hours(-4, always), "clst": hours(-3, always),
	"wet": hours(0, northWinter), "west": hours(1, northSummer), "bst": hours(1, northSummer),
	"cet": hours(1, northWinter), "cest": hours(2, northSummer), "mez": hours(1, northWinter), "mesz": hours(2, northSummer),
	"eet": hours(2, northWinter), "eest": hours(3, northSummer), "msk": hours(3, always), "trt": hours(3, always),
	"cat": hours(2, always), "sast": hours(2, always), "eat": hours(3, always), "wat": hours(1, always),
	"pkt": hours(5, always), "npt": hours(5.75, always), "wib": hours(7, always), "wita": hours(8, always), "ict": hours(7, always),
	"hkt": hours(8, always), "sgt": hours(8, always), "pht": hours(8, always), "awst": hours(8, always), "jst": hours(9, always), "kst": hours(9, always),
	"acst": hours(9.5, always), "acdt": hours(10.5, southSummer), "aest": hours(10, always), "aedt": hours(11, southSummer),
	"nzst": hours(12, southWinter), "nzdt": hours(13, southSummer),
	"ist": {ambiguous: true}, "ast": {ambiguous: true}, "gst": {ambiguous: true}, "sst": {ambiguous: true}, "amt": {ambiguous: true}, "ect": {ambiguous: true},
}
