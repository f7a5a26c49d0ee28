package templates

import (
	"fmt"
	"time"
)

// HowOften is the rhythm of a digest, as the form tells it. The zero value is
// one that has no words.
type HowOften struct {
	Instant bool           // whenever there is a story
	Several bool           // more than once on its days
	Days    []time.Weekday // every week, in their order; seven are every day
	Monthly bool           // once a month, on no day of the week in particular
}

// InWords is a rhythm in the language of a site, "" for one without words.
func InWords(site Site, h HowOften) string { return words(site.Language).often(h) }

// often puts a rhythm in words, "" for one without.
func (c *catalogue) often(h HowOften) string {
	switch {
	case h.Instant:
		return c.OftenInstant
	case h.Several && len(h.Days) == 7:
		return c.OftenSeveral
	case len(h.Days) == 7:
		return c.OftenDaily
	case h.isWeekdays():
		return c.OftenWeekdays
	case len(h.Days) > 0:
		var names []string
		for _, d := range h.Days {
			names = append(names, c.locale.WeekdayWide(d))
		}
		return fmt.Sprintf(c.OftenOn, c.List(names))
	case h.Monthly:
		return c.OftenMonthly
	}
	return ""
}

func (h *HowOften) isWeekdays() bool {
	if len(h.Days) != 5 {
		return false
	}
	for i, d := range h.Days {
		if d != time.Monday+time.Weekday(i) {
			return false
		}
	}
	return true
}

// described gives digests the words of their rhythm, where they have none of
// their own.
func (c *catalogue) described(choices []Choice) []Choice {
	out := make([]Choice, len(choices))
	for i, choice := range choices {
		if choice.Description == "" {
			choice.Description = c.often(choice.Often)
		}
		out[i] = choice
	}
	return out
}
