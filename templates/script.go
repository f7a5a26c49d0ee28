package templates

import "regexp"

var (
	styleAttribute  = regexp.MustCompile(`style="[^"]*"`)
	spacedOrSlanted = regexp.MustCompile(`letter-spacing:[^;"]*;?|text-transform:uppercase;?|font-style:italic;?|italic `)
)

// typeset sets a drawn mail as the script of the language wants it. Spaced
// letters tear Arabic words apart, and neither it nor Japanese has capitals or
// slanted letters, which mail programs would make up. Quotes in texts are
// escaped, so what looks like an attribute is one.
func (c *catalogue) typeset(html string) string {
	if !c.upright {
		return html
	}
	return styleAttribute.ReplaceAllStringFunc(html, func(style string) string {
		return spacedOrSlanted.ReplaceAllString(style, "")
	})
}
