package web

import (
	"context"
	"slices"
	"time"

	"broadsheet/digest"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// longestPause is how far ahead the page lets a reader pause.
const longestPause = 366 * 24 * time.Hour

// addRhythm adds to a reader's page what became of the last editions, when the
// next ones come, the hours to choose from, and the pause.
func (s *Server) addRhythm(ctx context.Context, page *templates.PersonalPage, v *subscribers.View) error {
	c := s.Catalog().In(page.Site.Language)
	zone := readerZone(c, v.Zone)
	for _, rhythm := range v.Rhythms {
		if len(rhythm.Hours) > 0 && rhythm.Live {
			page.Hours = append(page.Hours, templates.HourChoice{
				Slug: rhythm.Slug, Digest: digestName(page.Digests, rhythm.Slug), Hours: rhythm.Hours, Hour: rhythm.Hour,
			})
		}
	}
	if until := v.PausedUntil(); !until.IsZero() {
		page.PausedUntil = until.In(zone)
	}
	today := page.Now.In(zone)
	page.PauseFrom, page.PauseTo = today.AddDate(0, 0, 1).Format(time.DateOnly), today.Add(longestPause).Format(time.DateOnly)
	if v.Suppressed { // is shown what others are, and gets nothing
		return nil
	}
	receipts, err := s.Receipts(ctx, v.ID)
	if err != nil {
		return err
	}
	for i := range receipts {
		one, ok := receiptOf(c, &receipts[i], zone, page.Now)
		if !ok {
			continue
		}
		if one.URL, err = s.archiveURL(ctx, &receipts[i]); err != nil {
			return err
		}
		page.Receipts = append(page.Receipts, one)
	}
	return nil
}

// archiveURL is where everybody can read an edition that came to a reader, "" for
// nowhere.
func (s *Server) archiveURL(ctx context.Context, r *digest.Receipt) (string, error) {
	if r.State != "sent" || !s.hasArchive() {
		return "", nil
	}
	key, err := s.Publisher.InArchive(ctx, r.EditionID)
	if err != nil || key == "" {
		return "", err
	}
	return s.path + "/editions/" + key, nil
}

// receiptOf tells of an edition in the words of the page.
func receiptOf(c *subscribers.Catalog, r *digest.Receipt, zone *time.Location, now time.Time) (templates.Receipt, bool) {
	d := c.Digest(r.DigestID)
	if d == nil {
		return templates.Receipt{}, false
	}
	if !d.LocalTime {
		zone = readerZone(c, d.Zone)
	}
	out := templates.Receipt{Digest: d.Name, What: r.State, At: inZone(r.DueAt, zone), Next: inZone(r.NextDueAt, zone)}
	if out.What == "" {
		out.What = string(r.Skip)
	}
	// The planner knows the time within a minute after the reader chose another zone.
	out.Soon = out.Next.IsZero() && !d.Often.Instant
	if r.PausedUntil.After(now) {
		out.PausedUntil = inZone(r.PausedUntil, zone)
	}
	for _, t := range c.Topics {
		if slices.Contains(r.Topics, t.ID) {
			out.Topics = append(out.Topics, t.Name)
		}
	}
	return out, true
}

// inZone is a time in a zone; none stays none.
func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// readerZone is the zone that a reader's times are told in: the reader's own or
// else that of the first digest.
func readerZone(c *subscribers.Catalog, own string) *time.Location {
	names := []string{own}
	for i := range c.Digests {
		names = append(names, c.Digests[i].Zone)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if loc, err := time.LoadLocation(name); err == nil {
			return loc
		}
	}
	return time.UTC
}

func digestName(choices []templates.Choice, slug string) string {
	for _, c := range choices {
		if c.Slug == slug {
			return c.Name
		}
	}
	return slug
}
