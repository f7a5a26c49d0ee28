package templates

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// leastContrast is what WCAG 2.2 asks of text of ordinary size at level AA.
const leastContrast = 4.5

// painting is what an element draws with.
type painting struct {
	text, behind, link colour
	opacity            float64
	unread             string // a colour that is not understood, "" for none
}

// canvas is what a mail is drawn on where it says nothing.
func canvas(dark bool) painting {
	black, white := colour{0, 0, 0, 1}, colour{255, 255, 255, 1}
	if dark {
		return painting{text: white, behind: colour{18, 18, 18, 1}, link: colour{158, 158, 255, 1}, opacity: 1}
	}
	return painting{text: black, behind: white, link: colour{0, 0, 238, 1}, opacity: 1}
}

// contrast checks every text, and what stands in the place of pictures, in
// light and dark, on wide screens and on narrow ones.
func (m *mailCheck) contrast() {
	sheets := readSheets(m.root)
	for _, how := range []seen{{}, {narrow: true}, {dark: true}, {dark: true, narrow: true}} {
		scheme := canvas(how.dark && m.knowsDark())
		p := &painter{mailCheck: m, sheets: sheets, how: how}
		p.element(m.body, scheme)
	}
}

// knowsDark reports whether the mail tells mail programs that it has colours
// for the dark.
func (m *mailCheck) knowsDark() bool {
	for n := range m.root.Descendants() {
		if n.Data == "meta" && attribute(n, "name") == "color-scheme" {
			return strings.Contains(attribute(n, "content"), "dark")
		}
	}
	return false
}

// painter follows the colours down a mail.
type painter struct {
	*mailCheck
	sheets *cascading
	how    seen
}

func (p *painter) element(n *html.Node, c painting) {
	c, shown := p.paint(n, c)
	if !shown {
		return
	}
	if attribute(n, "alt") != "" {
		p.judge(n, &c)
	}
	for child := range n.ChildNodes() {
		switch {
		case child.Type == html.TextNode && strings.TrimSpace(child.Data) != "":
			p.judge(n, &c)
		case child.Type == html.ElementNode:
			p.element(child, c)
		}
	}
}

// paint changes the colours to those of an element, and reports whether it is
// shown.
func (p *painter) paint(n *html.Node, c painting) (painting, bool) {
	if n.Data == "style" || n.Data == "script" {
		return c, false
	}
	around := c
	if n.Data == "a" && attribute(n, "href") != "" {
		c.text = c.link
	}
	if v, ok := readColour(attribute(n, "bgcolor")); ok {
		c.behind = v.over(around.behind)
	}
	if v, ok := readColour(attribute(n, "color")); ok && n.Data == "font" {
		c.text = v
	}
	shown := true
	for _, d := range p.sheets.applied(n, p.how) {
		switch d.name {
		case "color":
			c.setText(d.value, around.text)
		case "background", "background-color":
			c.setBehind(d.value, around.behind)
		case "display":
			shown = d.value != "none"
		case "opacity":
			if v, err := strconv.ParseFloat(d.value, 64); err == nil {
				c.opacity = around.opacity * bounded(v, 1)
			}
		}
	}
	return c, shown
}

func (c *painting) setText(value string, inherited colour) {
	switch strings.ToLower(value) {
	case "inherit", "currentcolor", "unset":
		c.text = inherited
		return
	}
	v, ok := readColour(value)
	c.unread = ""
	if c.text = v; !ok {
		c.unread = value
	}
}

// setBehind takes the colour of a background, in which other words may stand.
func (c *painting) setBehind(value string, inherited colour) {
	c.behind = inherited
	if v, ok := readColour(value); ok {
		c.behind = v.over(inherited)
		return
	}
	for word := range strings.FieldsSeq(value) {
		if v, ok := readColour(word); ok {
			c.behind = v.over(inherited)
		}
	}
}

func (p *painter) judge(n *html.Node, c *painting) {
	scheme := "light"
	if p.how.dark {
		scheme = "dark"
	}
	if c.unread != "" {
		p.warn(RuleContrast, p.placeOf(n), "the contrast of <%s> in the %s cannot be told: %s is not #hex, rgb(), hsl() or a name", n.Data, scheme, cut(c.unread, 40))
		return
	}
	text := c.text
	text.a *= c.opacity
	text = text.over(c.behind)
	if got := contrastOf(text, c.behind); got < leastContrast {
		p.error(RuleContrast, p.placeOf(n), "<%s> has a contrast of %.1f to 1 in the %s, %s on %s, and text needs %.1f", n.Data, floorTenth(got), scheme, text, c.behind, leastContrast)
	}
}

// floorTenth keeps 4.47 from being told as 4.5.
func floorTenth(v float64) float64 { return float64(int(v*10)) / 10 }
