package digest

import (
	"fmt"
	"sync"
	"time"

	"broadsheet/internal/schedule"
)

// rhythm is when the readers of a cohort get their digest.
type rhythm struct {
	digest *Digest
	times  schedule.Schedule
	loc    *time.Location
}

// rhythmOf returns the rhythm of a cohort of the digest. Where a zone is known no
// more, as after an update of the zone database, its readers get the digest at
// the time of the digest's own zone.
func (p *Planner) rhythmOf(d *Digest, c cohort) (rhythm, error) {
	loc, err := d.zone(p.zones, c.Zone)
	if err != nil {
		if p.lost.isNew(c.Zone) {
			p.log.Warn("unknown zone of readers, their digests' own is used", "zone", c.Zone, "error", err)
		}
		loc = d.Location
	}
	r := rhythm{digest: d, times: d.Schedule, loc: loc}
	if c.Rule == "" || d.Instant {
		return r, nil
	}
	hour, err := time.Parse("15:04", c.Rule)
	if err != nil {
		return r, fmt.Errorf("the hour of cohort %d: %w", c.ID, err)
	}
	r.times = d.Schedule.WithTime(hour.Hour(), hour.Minute())
	return r, nil
}

// lostZones are the zones of which a tick has warned that they are known no more.
type lostZones struct {
	mu   sync.Mutex
	seen map[string]bool
}

// isNew reports whether a zone is the first time asked for since forget.
func (l *lostZones) isNew(zone string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen[zone] {
		return false
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[zone] = true
	return true
}

func (l *lostZones) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.seen)
}

// editionSlot is the slot of the edition to which a scheduled slot of a cohort
// belongs. Where the digest has one slot that date, its edition is for all
// readers, whichever hour they chose.
func (d *Digest) editionSlot(slot schedule.Local) schedule.Local {
	if d.Schedule.PerDay(slot) != 1 {
		return slot
	}
	return d.Schedule.Next(slot.StartOfDay().Add(-time.Second))
}

// next returns the first slot whose instant is after the given one, and that
// instant.
func (r rhythm) next(after time.Time) (schedule.Local, time.Time) {
	return r.times.NextIn(r.loc, after)
}

// closes is when what is due at a time takes no more stories.
func (r rhythm) closes(due time.Time) time.Time { return due.Add(-r.digest.Cutoff) }

// firstFrom is where the first window of a cohort begins: where the slot before
// its first one closed, as if it had always been there.
func (r rhythm) firstFrom(slot schedule.Local) time.Time {
	return r.closes(r.times.Prev(slot).In(r.loc))
}

// firstFromNow is firstFrom for a send outside the schedule. Right after a slot
// the window reaches back to the one before.
func (r rhythm) firstFromNow(now time.Time) time.Time {
	if r.digest.Instant {
		return now
	}
	local := schedule.LocalOf(now, r.loc)
	if prev := r.firstFrom(local); now.Sub(prev) >= 12*time.Hour {
		return prev
	}
	return r.firstFrom(r.times.Prev(local))
}
