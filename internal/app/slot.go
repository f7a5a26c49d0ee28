package app

import (
	"fmt"

	"broadsheet/digest"
	"broadsheet/internal/config"
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
