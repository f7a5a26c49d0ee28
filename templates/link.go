package templates

import "slices"

// WithLinks returns the same text with each http or https link as change makes
// it. The text itself stays as it is.
func (p *Prose) WithLinks(change func(link string) string) *Prose {
	if p == nil {
		return nil
	}
	return &Prose{blocks: blocksWithLinks(p.blocks, change)}
}

func blocksWithLinks(blocks []block, change func(link string) string) []block {
	out := slices.Clone(blocks)
	for i := range out {
		b := &out[i]
		b.spans, b.blocks = slices.Clone(b.spans), blocksWithLinks(b.blocks, change)
		for j := range b.spans {
			if webURL(b.spans[j].link) != "" {
				b.spans[j].link = change(b.spans[j].link)
			}
		}
	}
	return out
}
