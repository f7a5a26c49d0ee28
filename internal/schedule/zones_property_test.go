package schedule_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/schedule"
)

// zoneNames returns the names of all zones and links of the time-zone database that Go
// embeds, from a list in testdata, so that no test depends on the machine.
func zoneNames(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadFile("testdata/zones.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(list))
	if len(names) < 400 {
		t.Fatalf("got %d zones in testdata/zones.txt, want more than 400", len(names))
	}
	return names
}

// span is a time in which the offset of a zone is the same, from start up to end.
type span struct {
	start, end time.Time
	offset     time.Duration
}

// spansOf finds the spans of a zone by looking at its clocks each twelve hours and
// halving where the offset differs.
func spansOf(loc *time.Location, start, end time.Time) []span {
	offsetAt := func(t time.Time) time.Duration {
		_, seconds := t.In(loc).Zone()
		return time.Duration(seconds) * time.Second
	}
	spans := []span{{start: start, offset: offsetAt(start)}}
	for t := start; t.Before(end); t = t.Add(12 * time.Hour) {
		last := &spans[len(spans)-1]
		if offsetAt(t) == last.offset {
			continue
		}
		before, after := t.Add(-12*time.Hour), t
		for after.Sub(before) > time.Second {
			middle := before.Add(after.Sub(before) / 2).Truncate(time.Second)
			if offsetAt(middle) == last.offset {
				before = middle
			} else {
				after = middle
			}
		}
		last.end = after
		spans = append(spans, span{start: after, offset: offsetAt(t)})
	}
	spans[len(spans)-1].end = end
	return spans
}

// modelInstant is the plain model of what a wall-clock time stands for: the
// first span in which clocks show it, or else the span that ended before they did.
func modelInstant(spans []span, wall time.Time) time.Time {
	var at time.Time
	for _, s := range spans {
		shows := wall.Add(-s.offset)
		if shows.Before(s.start) {
			return at // skipped: by the clocks before the change
		}
		if at = shows; at.Before(s.end) {
			return at
		}
	}
	return at
}

var (
	modelStart = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	modelEnd   = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
)

// distinctZones loads every zone and returns those whose clocks differ between
// modelStart and modelEnd, which is about one in nine, with their spans.
func distinctZones(t *testing.T) map[*time.Location][]span {
	t.Helper()
	zones := make(map[*time.Location][]span)
	seen := make(map[string]bool)
	for _, name := range zoneNames(t) {
		loc := zone(t, name)
		spans := spansOf(loc, modelStart, modelEnd)
		if key := fmt.Sprint(spans); !seen[key] {
			seen[key] = true
			zones[loc] = spans
		}
	}
	return zones
}

// TestOneSlotADate follows daily schedules through every zone, 2024 to 2030, day by day.
func TestOneSlotADate(t *testing.T) {
	for loc := range distinctZones(t) {
		checkDailies(t, loc, modelStart, modelEnd)
	}
}

// TestOneSlotADateByRule is the same for zones that have no table of changes
// but a rule, as they are beyond 2037 or in the database that Go embeds. Over two
// leap years: there Time.ZoneBounds goes wrong on 31 December.
func TestOneSlotADateByRule(t *testing.T) {
	for name, rule := range map[string]string{
		"Berlin":     "CET-1CEST,M3.5.0,M10.5.0/3",
		"New York":   "EST5EDT,M3.2.0,M11.1.0",
		"Lord Howe":  "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
		"Nuuk":       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
		"Santiago":   "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
		"Cairo":      "EET-2EEST,M4.5.5/0,M10.5.4/24",
		"Dublin":     "IST-1GMT0,M10.5.0,M3.5.0/1",
		"Kiritimati": "<+14>-14",
	} {
		loc := ruleZone(t, name, rule)
		checkDailies(t, loc, modelStart, modelEnd)
	}
}

// ruleZone makes a zone from the rule at the end of a TZif file (RFC 9636), which has
// nothing else in it but one offset for the time before all rules.
func ruleZone(t *testing.T, name, rule string) *time.Location {
	t.Helper()
	var b bytes.Buffer
	for range 2 { // the block of version 1, then that of version 2
		b.WriteString("TZif2" + strings.Repeat("\x00", 15))
		for _, count := range []uint32{0, 0, 0, 1, 1, 4} { // one change, one type, four letters
			binary.Write(&b, binary.BigEndian, count)
		}
		if b.Len() < 60 {
			binary.Write(&b, binary.BigEndian, int32(0))
		} else {
			binary.Write(&b, binary.BigEndian, int64(0))
		}
		b.WriteString("\x00" + "\x00\x00\x00\x00\x00\x00" + "LMT\x00")
	}
	b.WriteString("\n" + rule + "\n")
	loc, err := time.LoadLocationFromTZData(name, b.Bytes())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return loc
}

// frequencies are schedules in words with the plain model of the dates that they
// have a slot on.
var frequencies = map[string]func(day time.Time) bool{
	"daily":            func(time.Time) bool { return true },
	"weekdays":         func(d time.Time) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday },
	"weekly sun,wed":   func(d time.Time) bool { return d.Weekday() == time.Sunday || d.Weekday() == time.Wednesday },
	"monthly 1":        func(d time.Time) bool { return d.Day() == 1 },
	"monthly 29":       func(d time.Time) bool { return d.Day() == 29 || d.Day() < 29 && isLast(d) },
	"monthly 15,30,31": func(d time.Time) bool { return d.Day() == 15 || d.Day() == 30 || isLast(d) },
	"monthly last":     isLast,
}

func isLast(d time.Time) bool { return d.AddDate(0, 0, 1).Day() == 1 }

// TestFrequencies follows each frequency through every zone, 2024 to 2030, at times
// of day that clocks skip or show twice somewhere.
func TestFrequencies(t *testing.T) {
	for loc, spans := range distinctZones(t) {
		for words, fits := range frequencies {
			for _, clock := range []time.Duration{0, 150 * time.Minute} {
				s := parse(t, fmt.Sprintf("%s %02d:%02d", words, clock/time.Hour, clock%time.Hour/time.Minute))
				first := modelStart.AddDate(0, 0, 2)
				for !fits(first) {
					first = first.AddDate(0, 0, 1)
				}
				checkDaily(t, s, loc, spans, first.Add(clock), modelEnd.AddDate(0, 0, -2), fits)
			}
		}
	}
}

// checkDailies checks a zone at several times of the day.
func checkDailies(t *testing.T, loc *time.Location, start, end time.Time) {
	t.Helper()
	spans := spansOf(loc, start.AddDate(0, 0, -2), end.AddDate(0, 0, 2))
	for _, clock := range []time.Duration{0, 2*time.Hour + 30*time.Minute, 3 * time.Hour, 7 * time.Hour, 23*time.Hour + 45*time.Minute} {
		s := parse(t, fmt.Sprintf("%d %d * * *", clock%time.Hour/time.Minute, clock/time.Hour))
		checkDaily(t, s, loc, spans, start.Add(clock), end, frequencies["daily"])
	}
}

// checkDaily checks that s has the slot wall and one on each date after it that fits until end, each at
// the instant of the model, on its own date unless that ends early, and later than the one before.
func checkDaily(t *testing.T, s schedule.Schedule, loc *time.Location, spans []span, wall, end time.Time, fits func(day time.Time) bool) {
	t.Helper()
	at := modelInstant(spans, wall).Add(-time.Hour)
	for ; wall.Before(end); wall = wall.AddDate(0, 0, 1) {
		if !fits(wall) {
			continue
		}
		slot, next := s.NextIn(loc, at)
		if want := schedule.LocalOf(wall, time.UTC); slot != want {
			t.Errorf("%v: got slot %v, want %v", loc, slot, want)
			return
		}
		if want := modelInstant(spans, wall); !next.Equal(want) {
			t.Errorf("%v: slot %v: got %v, want %v", loc, slot, next, want)
		}
		if shown := schedule.LocalOf(next, loc); shown.DayNumber() != slot.DayNumber() && !endsEarly(spans, slot, next) {
			t.Errorf("%v: slot %v is on another date: %v", loc, slot, shown)
		}
		if !next.After(at) {
			t.Errorf("%v: slot %v at %v is not after %v", loc, slot, next, at)
			return
		}
		at = next
	}
}

// endsEarly reports whether the clocks skip the rest of the date of slot, which then
// is at an instant shortly after midnight: in Greenland 22:59 is followed by 00:00.
func endsEarly(spans []span, slot schedule.Local, at time.Time) bool {
	for _, s := range spans {
		if !at.Before(s.start) && at.Before(s.end) {
			return schedule.LocalOf(s.start.Add(s.offset), time.UTC) == slot.StartOfDay().AddDays(1)
		}
	}
	return false
}

// TestSlotsOnlyGrow follows schedules of many slots a day through every zone over
// the hours around each change of clocks, 2024 to 2030.
func TestSlotsOnlyGrow(t *testing.T) {
	schedules := []schedule.Schedule{parse(t, "*/20 * * * *"), parse(t, "45 1-3 * * *"), parse(t, "@hourly")}
	for loc, spans := range distinctZones(t) {
		for _, span := range spans[1:] {
			for _, s := range schedules {
				checkGrowing(t, s, loc, span.start)
			}
		}
	}
}

// checkGrowing asks for the next slot at instants around a change of clocks: none that
// is due later may be passed over, and the one after it is later by both clocks.
func checkGrowing(t *testing.T, s schedule.Schedule, loc *time.Location, change time.Time) {
	t.Helper()
	for after := change.Add(-2 * time.Hour); after.Before(change.Add(2 * time.Hour)); after = after.Add(23 * time.Minute) {
		slot, at := s.NextIn(loc, after)
		if !at.After(after) || !at.Equal(slot.In(loc)) {
			t.Errorf("%v: after %v: got %v at %v", loc, after, slot, at)
		}
		for earlier := s.Next(slot.Add(-4 * time.Hour)); earlier.Before(slot); earlier = s.Next(earlier) {
			if earlier.In(loc).After(after) {
				t.Errorf("%v: after %v: got %v, want %v", loc, after, slot, earlier)
			}
		}
		next, later := s.NextIn(loc, at)
		if !slot.Before(next) || !later.After(at) {
			t.Errorf("%v: after %v at %v: got %v at %v", loc, slot, at, next, later)
		}
	}
}
