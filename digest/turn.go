package digest

import (
	"time"

	"broadsheet/internal/schedule"
)

// skipAfter is how late a slot may be under catch_up = "skip".
const skipAfter = 15 * time.Minute

// eachWithin is how late a slot may be under catch_up = "each".
const eachWithin = 7 * 24 * time.Hour

// turn is what becomes of a due cohort.
type turn struct {
	slot    schedule.Local
	due     time.Time
	expires time.Time
	next    schedule.Local // where the cohort goes on
	nextDue time.Time
	pass    bool // the slot is not sent any more, its stories come with the next
	asOfDue bool // only what had arrived when the slot was due
}

// turnOf decides which of the slots that have come is sent, and until when.
// What is sent expires with expire_after or at the next slot, whichever comes
// first.
func turnOf(d *Digest, c cohort, loc *time.Location, now time.Time) turn {
	t := turn{slot: c.NextSlot, due: c.NextDueAt}
	t.next, t.nextDue = d.Schedule.NextIn(loc, t.due)
	if d.CatchUp == CatchUpEach {
		return t.each(d, loc, now)
	}
	for !t.nextDue.After(now) { // of several missed slots only the last counts
		t.slot, t.due = t.next, t.nextDue
		t.next, t.nextDue = d.Schedule.NextIn(loc, t.due)
	}
	t.expires = earlier(t.due.Add(d.ExpireAfter), t.nextDue)
	tooLate := d.CatchUp == CatchUpSkip && (t.slot != c.NextSlot || now.Sub(t.due) > skipAfter)
	t.pass = tooLate || !t.expires.After(now)
	return t
}

// each is turnOf for catch_up = "each": the time of a missed slot runs from
// now on, for at its own time it would be over.
func (t turn) each(d *Digest, loc *time.Location, now time.Time) turn {
	t.asOfDue = !t.nextDue.After(now)
	t.expires = earlier(t.due.Add(d.ExpireAfter), t.nextDue)
	if t.expires.After(now) {
		return t
	}
	_, ahead := d.Schedule.NextIn(loc, now)
	t.expires = earlier(now.Add(d.ExpireAfter), ahead)
	t.pass = now.Sub(t.due) > eachWithin
	return t
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// firstFrom is where the first window of a cohort begins: at the slot before
// its first one, as if it had always been there.
func firstFrom(d *Digest, loc *time.Location, slot schedule.Local) time.Time {
	return d.Schedule.Prev(slot).In(loc)
}

// firstFromNow is firstFrom for a send outside the schedule. Right after a slot
// the window reaches back to the one before.
func firstFromNow(d *Digest, loc *time.Location, now time.Time) time.Time {
	local := schedule.LocalOf(now, loc)
	if prev := firstFrom(d, loc, local); now.Sub(prev) >= 12*time.Hour {
		return prev
	}
	return firstFrom(d, loc, d.Schedule.Prev(local))
}
