package digest

import (
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/schedule"
)

// quietUntil returns when the quiet hours are over in which t lies, by the
// clocks of the cohort, or t itself if it lies in none.
func (r rhythm) quietUntil(t time.Time) (time.Time, error) {
	if r.digest.QuietHours == "" {
		return t, nil
	}
	begins, ends, _ := strings.Cut(r.digest.QuietHours, "-")
	from, err := minuteOfDay(begins)
	if err != nil {
		return t, fmt.Errorf("quiet hours of %s: %w", r.digest.Slug, err)
	}
	to, err := minuteOfDay(ends)
	if err != nil {
		return t, fmt.Errorf("quiet hours of %s: %w", r.digest.Slug, err)
	}
	local := schedule.LocalOf(t, r.loc)
	midnight := local.StartOfDay()
	begin, end := midnight.Add(from), midnight.Add(to)
	switch {
	case from < to && (local.Before(begin) || !local.Before(end)):
		return t, nil
	case from > to && !local.Before(end) && local.Before(begin):
		return t, nil
	case from > to && !local.Before(begin): // the night has just begun
		end = end.AddDays(1)
	}
	if until := end.In(r.loc); until.After(t) {
		return until, nil
	}
	return t, nil // clocks were set back to where the quiet hours had been over
}

// minuteOfDay reads a time such as "06:30" as what has passed since 00:00.
func minuteOfDay(text string) (time.Duration, error) {
	at, err := time.Parse("15:04", text)
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err
}

// quieten puts off what would become ready in quiet hours to their end. A slot
// that lies in them was wanted there.
func (r rhythm) quieten(t *turn, now time.Time) error {
	if until, err := r.quietUntil(t.due); err != nil || until.After(t.due) {
		return err
	}
	until, err := r.quietUntil(latest(t.due, now))
	if err != nil || !until.After(latest(t.due, now)) {
		return err
	}
	t.due = until
	if !t.expires.After(until) {
		_, ahead := r.next(until)
		t.expires = earlier(until.Add(r.digest.ExpireAfter), ahead)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
