package subscribers

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Ramp warms up a sending domain that mailbox providers do not know yet. Readers
// are admitted for good, so many a day that the mails a day to a provider stay
// below a ceiling which grows with each day on which the provider got mail;
// nobody else is mailed until they are. A nil Ramp lets everybody in. Any number of processes may use equal ones at once.
type Ramp struct {
	RampOptions
	store *Store
}

// RampOptions are how a ramp rises. All but Clock are required.
type RampOptions struct {
	Start     time.Time // its date is the first day; before that nobody is admitted
	Zone      *time.Location
	First     int     // the ceiling on the first day, in mails to a group
	Growth    float64 // by which it is multiplied after a day with mail
	Days      int     // with mail, after which there is none
	Providers *mail.Providers
	Log       *slog.Logger

	// Clock says what day it is. nil is the clock of the database, which is the
	// same for all processes: one whose host's clock is wrong admits nobody early.
	Clock func(context.Context) (time.Time, error)
}

// NewRamp returns a ramp for the subscribers of a store.
func NewRamp(store *Store, o RampOptions) *Ramp {
	if o.Clock == nil {
		o.Clock = store.databaseClock
	}
	return &Ramp{o, store}
}

const (
	// otherGroup is the group of all domains of no provider that we know.
	otherGroup = "other"
	// allGroups names the row that says for which day the admission is complete.
	allGroups = "*"
)

// Waiting returns an instant: who has not been admitted since has to wait. It is
// zero when nobody has to.
func (r *Ramp) Waiting(ctx context.Context) (time.Time, error) {
	if r == nil {
		return time.Time{}, nil
	}
	now, err := r.Clock(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the day of the ramp: %w", err)
	}
	groups, err := r.store.rampGroups(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if r.isOver(r.dayOf(now), groups) {
		return time.Time{}, nil
	}
	return r.began(), nil
}

// Admit admits those readers of each group whom the ceiling of the day takes,
// the most recently engaged first: by the hour in which they confirmed or last
// set their preferences. It does so once a day, in the zone of the ramp, and may
// be interrupted and called again. The ceiling of a group grows by one step if
// the group got mail since the last one, however many days have passed, and not
// where too many of its last mails bounced or were complained about.
func (r *Ramp) Admit(ctx context.Context) error {
	if r == nil {
		return nil
	}
	now, err := r.Clock(ctx)
	if err == nil {
		err = r.admit(ctx, r.dayOf(now), now)
	}
	if err != nil {
		return fmt.Errorf("admit readers: %w", err)
	}
	return nil
}

func (r *Ramp) admit(ctx context.Context, day int64, now time.Time) error {
	groups, err := r.store.rampGroups(ctx)
	if err != nil || day < r.firstDay() || groups[allGroups].Day >= day || r.isOver(day, groups) {
		return err
	}
	records, err := r.records(ctx, day, groups)
	if err != nil {
		return err
	}
	census, err := r.count(ctx)
	if err != nil {
		return err
	}
	if groups, err = r.store.startRampDay(ctx, r.rise(day, groups, records, census)); err != nil {
		return err
	}
	if !r.isOver(day, groups) {
		if err := r.fill(ctx, day, now, groups, census); err != nil {
			return err
		}
	}
	if err := r.store.endRampDay(ctx, day); err != nil {
		return err
	}
	return r.report(ctx, day, census)
}

// dayOf is the date of an instant in the ramp's zone, in days since 1970.
func (r *Ramp) dayOf(t time.Time) int64 { return daysSince1970(t.In(r.Zone)) }

func (r *Ramp) firstDay() int64 { return daysSince1970(r.Start) }

func daysSince1970(t time.Time) int64 {
	year, month, date := t.Date()
	return time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

// began is when the first day begins. Who was admitted before then was so by an
// earlier ramp.
func (r *Ramp) began() time.Time {
	year, month, date := r.Start.Date()
	return time.Date(year, month, date, 0, 0, 0, 0, r.Zone)
}

// isOver reports whether there is no ceiling any more, for no group: the days
// are over, and who is behind has nobody waiting. A ramp that has not let
// anybody in is not over.
func (r *Ramp) isOver(day int64, groups map[string]rampGroup) bool {
	if day < r.firstDay()+int64(r.Days) {
		return false
	}
	began := false
	for name, g := range groups {
		if name == allGroups || g.Day < r.firstDay() {
			continue
		}
		if began = true; g.Steps < int64(r.Days) && g.Waiting > 0 {
			return false
		}
	}
	return began
}

// ceiling returns how many mails a day a group gets after so many steps.
func (r *Ramp) ceiling(steps int64) int64 {
	if steps >= int64(r.Days) {
		return math.MaxInt64
	}
	const most = 1e15
	return int64(min(float64(r.First)*math.Pow(r.Growth, float64(steps))+1e-6, most))
}

func (r *Ramp) group(address string) string {
	if name, known := r.Providers.Of(address); known {
		return name
	}
	return otherGroup
}

// census is what there is of each group.
type census map[string]*headcount

type headcount struct {
	mails    int64           // a day, to readers who are admitted
	waiting  int64           // readers
	engaged  map[int64]int64 // mails a day to those who wait, by the hour of their last engagement
	admitted int64           // readers, today
}

func (c census) of(group string) *headcount {
	if c[group] == nil {
		c[group] = &headcount{engaged: map[int64]int64{}}
	}
	return c[group]
}

func (r *Ramp) count(ctx context.Context) (census, error) {
	out := census{}
	began := db.Millis(r.began())
	err := r.store.eachActive(ctx, math.MaxInt64, func(page []activeReader) error {
		for i := range page {
			a := &page[i]
			h := out.of(r.group(a.Address))
			if a.AdmittedAt >= began {
				h.mails += a.Mails
				continue
			}
			h.waiting++
			h.engaged[a.hour()] += a.Mails
		}
		return nil
	})
	return out, err
}

// last returns the hour in which those last engaged who may still be admitted
// for so many mails, perhaps not all of that hour.
func (h *headcount) last(room int64) int64 {
	hours := slices.SortedFunc(maps.Keys(h.engaged), func(a, b int64) int { return cmp.Compare(b, a) })
	for _, hour := range hours {
		if room -= h.engaged[hour]; room < 0 {
			return hour
		}
	}
	return 0
}

// rise returns the groups as they are on a day. The ceiling of one that got no
// mail since its last step, or has a bad record, stays what it was.
func (r *Ramp) rise(day int64, groups map[string]rampGroup, records map[string]*rampRecord, c census) []rampGroup {
	names := maps.Clone(c)
	for name := range groups {
		names[name] = nil
	}
	delete(names, allGroups)
	var out []rampGroup
	for _, name := range slices.Sorted(maps.Keys(names)) {
		g := rampGroup{Name: name, Day: day, RisenDay: day, Used: c.of(name).mails, Waiting: c.of(name).waiting}
		if was, ok := groups[name]; ok && was.Day >= r.firstDay() {
			g.Steps, g.RisenDay = was.Steps, was.RisenDay
			if record := records[name]; record != nil && record.sinceStep {
				if g.Reason = record.bad(); g.Reason == "" {
					g.Steps, g.RisenDay = was.Steps+1, day
				}
			}
		}
		g.Ceiling = r.ceiling(g.Steps)
		out = append(out, g)
	}
	return out
}

// fill admits readers up to the ceilings.
func (r *Ramp) fill(ctx context.Context, day int64, now time.Time, groups map[string]rampGroup, c census) error {
	last := map[string]int64{}
	for name, h := range c {
		last[name] = h.last(groups[name].Ceiling - groups[name].Used)
	}
	for _, whole := range []bool{true, false} { // first the hours of which all fit
		err := r.store.eachActive(ctx, db.Millis(r.began()), func(page []activeReader) error {
			var chosen []activeReader
			for _, a := range page {
				a.group = r.group(a.Address)
				if hour, ok := last[a.group]; ok && (whole && a.hour() > hour || !whole && a.hour() == hour) {
					chosen = append(chosen, a)
				}
			}
			admitted, err := r.store.admitReaders(ctx, admission{day: day, at: now, began: r.began(), readers: chosen})
			for name, n := range admitted {
				c.of(name).admitted += n
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// report writes the day's lines of the log.
func (r *Ramp) report(ctx context.Context, day int64, c census) error {
	groups, err := r.store.rampGroups(ctx)
	if err != nil {
		return err
	}
	if r.isOver(day, groups) {
		r.Log.InfoContext(ctx, "ramp is over, everybody is admitted")
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		if name == allGroups || g.Day != day {
			continue
		}
		attrs := []any{"group", name, "day", day - r.firstDay() + 1, "mails", g.Used}
		if g.Ceiling < math.MaxInt64 {
			attrs = append(attrs, "ceiling", g.Ceiling)
		}
		attrs = append(attrs, "admitted", c.of(name).admitted, "waiting", c.of(name).waiting-c.of(name).admitted)
		if g.Reason != "" {
			r.Log.WarnContext(ctx, "ramp is frozen", append(attrs, "reason", g.Reason)...)
		} else {
			r.Log.InfoContext(ctx, "readers admitted", attrs...)
		}
	}
	return nil
}
