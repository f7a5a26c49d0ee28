package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/config"
	"broadsheet/internal/schedule"
	"broadsheet/templates"
)

// checkCreative tells what no mail may carry.
func checkCreative(html string) []config.Flaw {
	_, flaws := templates.ParseCreative(html)
	out := make([]config.Flaw, len(flaws))
	for i, f := range flaws {
		out[i] = config.Flaw(f)
	}
	return out
}

// newSlot turns what the configuration says of a slot into what package digest
// works with.
func newSlot(c *config.Slot) (digest.Slot, error) {
	s := digest.Slot{
		Slug: c.Slug, Position: templates.SlotPosition(c.Position), Sponsor: c.Sponsor, Label: c.Label, HTML: c.HTML, Text: c.Text,
		Link: c.Link, LinkText: c.LinkText, Digests: c.Digests, Audience: c.Audience, From: c.From, Until: c.Until,
		Priority: c.Priority, Fallback: c.Fallback,
	}
	if c.HTML == "" {
		return s, nil
	}
	if flaws := checkCreative(c.HTML); len(flaws) > 0 {
		return s, fmt.Errorf("html, line %d: %s", flaws[0].Line, flaws[0].Text)
	}
	return s, nil
}

// SlotForecast is which slots run in the next edition of a digest, for a reader of
// whom nothing is known.
type SlotForecast struct {
	Digest string // its slug
	Date   string // local, of the edition
	Slots  []digest.SlotVerdict
}

// SlotsAhead tells of all digests which slots run next. It is empty where no slots
// are configured.
func SlotsAhead(cfg *config.Config, now time.Time) ([]SlotForecast, error) {
	set, err := newSetup(cfg, templates.Site{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var out []SlotForecast
	for i := range set.Digests {
		if d := &set.Digests[i]; len(set.Slots) > 0 {
			slot := nextSlot(d, now)
			out = append(out, SlotForecast{Digest: d.Slug, Date: slot.Date(), Slots: set.SlotsOf(d, slot)})
		}
	}
	return out, nil
}

// nextSlot is the next one of a digest in its own zone, or now where it has no
// schedule.
func nextSlot(d *digest.Digest, now time.Time) schedule.Local {
	slot := schedule.LocalOf(now, d.Location)
	if !d.Instant {
		if next, _ := d.Schedule.NextIn(d.Location, now); !next.IsZero() {
			slot = next
		}
	}
	return slot
}

// drawsSlots returns what tells whether a theme draws all slots that the
// configuration puts into the digests that wear it.
func drawsSlots(cfg *config.Config, theme string) func(*templates.Theme) error {
	return func(t *templates.Theme) error {
		missed, err := t.MissedSlots()
		if err != nil {
			return err
		}
		var errs []error
		for i := range cfg.Digests {
			for _, position := range missed {
				d := &cfg.Digests[i]
				if slug := slotAt(cfg, d.Slug, position); d.Theme == theme && slug != "" {
					errs = append(errs, fmt.Errorf(`no slots are drawn at %s in both of its parts, where %s runs in %s: put {{template "slots" .%s}} there`,
						position, slug, d.Slug, slotField(position)))
				}
			}
		}
		return errors.Join(errs...)
	}
}

// slotAt is a slot of a digest at a position, "" for none. What a theme misses
// after one section it misses after all.
func slotAt(cfg *config.Config, digest string, position templates.SlotPosition) string {
	for i := range cfg.Slots {
		s := &cfg.Slots[i]
		at := templates.SlotPosition(s.Position)
		same := at == position || at.AfterSection() && position.AfterSection()
		if same && slices.Contains(s.Digests, digest) {
			return s.Slug
		}
	}
	return ""
}

// slotField is what a theme calls the slots at a position.
func slotField(position templates.SlotPosition) string {
	switch position {
	case templates.SlotTop:
		return "TopSlots"
	case templates.SlotAfterLead:
		return "LeadSlots"
	case templates.SlotBottom:
		return "BottomSlots"
	}
	return "Slots"
}

// awaitSlots waits until what just changed of slots counts, so that no mail is
// composed without it: a second at most, after a change.
func (a *App) awaitSlots(ctx context.Context) error {
	left, err := a.Digests.SlotsCountIn(ctx)
	if err != nil || left == 0 {
		return err
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
