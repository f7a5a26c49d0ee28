package digest

import (
	"cmp"
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
	pass    bool      // the slot is not sent any more, its stories come with the next
	asOf    time.Time // only what had arrived then; zero: what has arrived
}

// turnOf decides which of the slots that have closed is sent, and until when.
// What is sent expires with expire_after or at the next slot, whichever comes
// first.
func (r rhythm) turnOf(c cohort, now time.Time) turn {
	d := r.digest
	t := turn{slot: c.NextSlot, due: c.NextDueAt}
	t.next, t.nextDue = r.next(t.due)
	if d.CatchUp == CatchUpEach {
		return r.each(t, now)
	}
	for !t.due.After(now) && !r.closes(t.nextDue).After(now) { // of several missed slots only the last counts
		t.slot, t.due = t.next, t.nextDue
		t.next, t.nextDue = r.next(t.due)
	}
	t.expires = earlier(t.due.Add(d.ExpireAfter), t.nextDue)
	within := d.CatchUpWithin
	if d.CatchUp == CatchUpSkip {
		within = cmp.Or(within, skipAfter)
	}
	switch over := !t.expires.After(now); {
	case within > 0 && now.Sub(t.due) > within:
		t.pass = true
	case over && d.CatchUpWithin > 0:
		t.expires = earlier(now.Add(d.ExpireAfter), t.nextDue)
	case over:
		t.pass = true
	}
	return t
}

// each is turnOf for catch_up = "each": the time of a missed slot runs from
// now on, for at its own time it would be over.
func (r rhythm) each(t turn, now time.Time) turn {
	d := r.digest
	if !r.closes(t.nextDue).After(now) {
		t.asOf = r.closes(t.due)
	}
	t.expires = earlier(t.due.Add(d.ExpireAfter), t.nextDue)
	late := now.Sub(t.due)
	if t.expires.After(now) {
		t.pass = d.CatchUpWithin > 0 && late > d.CatchUpWithin
		return t
	}
	_, ahead := r.next(now)
	t.expires = earlier(now.Add(d.ExpireAfter), ahead)
	t.pass = late > cmp.Or(d.CatchUpWithin, eachWithin)
	return t
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
