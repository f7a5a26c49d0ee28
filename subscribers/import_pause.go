package subscribers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pauses are until when a row pauses digests, by their ids.
type pauses map[int64]pauseEnd

// pauseEnd is a time, or a date in the reader's zone; nothing resumes.
type pauseEnd struct {
	at   time.Time
	date string
}

// pauses reads a cell such as "2026-12-24", "daily=2026-12-24T06:00:00Z" or
// "daily=", which resumes.
func (rr *rowReader) pauses(text string, row *importRow) (pauses, error) {
	if text == "" {
		return nil, nil
	}
	asked := pauses{}
	offered := rr.digests(row)
	for _, part := range splitSlugs(text) {
		digests := offered
		slug, end, one := strings.Cut(part, "=")
		if one {
			of, err := rr.catalog.digestsOf([]string{slug})
			if err != nil {
				return nil, err
			}
			if !slices.Contains(offered, of[0]) {
				return nil, fmt.Errorf("a pause of %s, which is not among the chosen digests", of[0].Name)
			}
			digests = of
		} else {
			end = part
		}
		until, err := parsePauseEnd(end)
		if err != nil {
			return nil, err
		}
		for _, d := range digests {
			asked[d.ID] = until
		}
	}
	return asked, nil
}

func parsePauseEnd(text string) (pauseEnd, error) {
	if text == "" {
		return pauseEnd{}, nil
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return pauseEnd{date: strings.Clone(text)}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return pauseEnd{}, fmt.Errorf("unknown time %q to pause until, want such as 2026-12-24 or 2026-12-24T06:00:00Z", shorten(text))
	}
	return pauseEnd{at: at.UTC()}, nil
}

// in returns the time, a date as it begins in a zone.
func (p pauseEnd) in(zone string) time.Time {
	if p.date == "" {
		return p.at
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	at, _ := time.ParseInLocation(time.DateOnly, p.date, loc)
	return at.UTC()
}

// pauseAs pauses and resumes as a row says. A pause that would be over by now is
// none.
func (r *record) pauseAs(asked pauses, now time.Time) {
	for _, s := range r.seats {
		end, said := asked[s.DigestID]
		if !said || !s.isLive() {
			continue
		}
		until := end.in(cmp.Or(r.Zone, s.Zone))
		if until.IsZero() || until.After(now) {
			setTime(&s.changed, &s.PausedUntil, until)
		}
	}
}

// setTime is set for times, which may be one and the same without being equal.
func setTime(changed *bool, field *time.Time, value time.Time) {
	if !field.Equal(value) {
		*field, *changed = value, true
	}
}

// pausedNow lists the digests that are paused, as "daily=2026-12-24T06:00:00Z".
func (r *record) pausedNow(now time.Time) []string {
	var out []string
	for _, s := range r.seats {
		if s.isLive() && s.IsPaused(now) {
			out = append(out, pauseText(s.Digest, s.PausedUntil))
		}
	}
	return out
}

func pauseText(slug string, until time.Time) string {
	return slug + "=" + until.UTC().Format(time.RFC3339)
}
