package digest

import (
	"time"

	"broadsheet/internal/schedule"
	"broadsheet/templates"
)

// leastWeek is the days between two slots of a digest that readers call weekly:
// it comes once a week, or less often.
const leastWeek = 6

// kind is what the mail of a draft is to its readers.
func (dr *draft) kind() templates.Kind {
	switch {
	case dr.edition.Kind == Letter:
		return templates.KindLetter
	case len(dr.picks) == 0:
		return templates.KindCorrection
	case dr.edition.ArticleID != 0:
		return templates.KindBreaking
	case dr.edition.Kind == Welcome:
		return templates.KindWelcome
	case dr.digest.isWeekly(dr.edition.Slot):
		return templates.KindWeekly
	}
	return templates.KindDaily
}

// isWeekly reports whether the digest comes once a week or less often, at the
// time of a slot.
func (d *Digest) isWeekly(slot schedule.Local) bool {
	last := d.Schedule.Prev(slot)
	before := d.Schedule.Prev(last)
	return !before.IsZero() && last.DayNumber()-before.DayNumber() >= leastWeek
}

// since is the date of the slot before that of a weekly edition, zero if there
// is none.
func (d *Digest) since(slot schedule.Local) time.Time {
	if before := d.Schedule.Prev(slot); !before.IsZero() {
		return before.In(d.Location)
	}
	return time.Time{}
}
