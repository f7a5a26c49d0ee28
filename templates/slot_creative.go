package templates

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// MostCreative is the most octets that a creative takes in a mail.
const MostCreative = 10_000

// Creative is the HTML of a slot as a mail may carry it: written anew out of what
// was read, with elements, attributes and styles that are allowed and nothing
// else.
type Creative struct {
	pieces []string // of HTML; between two of them stands the address of a link
	links  []string // "" for that of the slot
}

// Flaw is something that a creative must not have.
type Flaw struct {
	Line int    // from 1
	Text string // what it is, and the remedy
}

// mostFlaws is how many flaws of a creative are told: more of them say only that
// it was made for something else.
const mostFlaws = 20

// ParseCreative reads the HTML of a slot. It returns a creative, or what is
// wrong with it.
func ParseCreative(src string) (*Creative, []Flaw) {
	if !utf8.ValidString(src) {
		return nil, []Flaw{{1, "the creative is not UTF-8: save it as that"}}
	}
	if len(src) > 4*MostCreative { // nothing of that size comes out smaller
		return nil, []Flaw{{1, fmt.Sprintf("the creative has %d octets, and %d is the most", len(src), MostCreative)}}
	}
	r := creativeReader{tokens: html.NewTokenizer(strings.NewReader(src)), line: 1}
	if r.read(); len(r.flaws) > 0 {
		return nil, r.flaws
	}
	c, err := drawCreative(src)
	if err != nil {
		return nil, []Flaw{{1, err.Error()}}
	}
	switch size := len(c.draw(strings.Repeat("x", mostSlotLink), nil, true)); {
	case size > MostCreative:
		return nil, []Flaw{{1, fmt.Sprintf("the creative takes %d octets of a mail, and %d is the most", size, MostCreative)}}
	case !r.words:
		return nil, []Flaw{{1, "the creative shows nothing: give it words or an image"}}
	}
	return c, nil
}

// mostSlotLink is about what the address of a link takes that leads through a
// counter.
const mostSlotLink = 300

// draw writes the creative with its links, which lead through follow if that is
// given. Those of a sponsor say so.
func (c *Creative) draw(link string, follow func(string) string, sponsored bool) htmltemplate.HTML {
	var b strings.Builder
	for i, piece := range c.pieces {
		if i > 0 {
			to := firstOf(c.links[i-1], link)
			if follow != nil {
				to = follow(to)
			}
			b.WriteString(`<a href="` + html.EscapeString(to) + `"`)
			if sponsored {
				b.WriteString(` rel="sponsored"`)
			}
		}
		b.WriteString(piece)
	}
	return htmltemplate.HTML(b.String())
}

// drawCreative writes HTML anew in which no flaw was found. What a reader's mail
// program makes of it must be what it is here.
func drawCreative(src string) (*Creative, error) {
	c, err := writeCreative(src, atom.Div)
	if err != nil {
		return nil, err
	}
	first := c.draw("https://slot.example/", nil, false)
	for _, around := range []atom.Atom{atom.Div, atom.Td} {
		again, err := writeCreative(string(first), around)
		if err != nil {
			return nil, err
		}
		if again.draw("https://slot.example/", nil, false) != first {
			return nil, errors.New("the elements of the creative do not stand inside one another as HTML has them, such as words between the cells of a table")
		}
	}
	return c, nil
}

func writeCreative(src string, around atom.Atom) (*Creative, error) {
	nodes, err := html.ParseFragment(strings.NewReader(src), &html.Node{Type: html.ElementNode, Data: around.String(), DataAtom: around})
	if err != nil {
		return nil, fmt.Errorf("read the creative: %w", err)
	}
	w := &creativeWriter{}
	for _, n := range nodes {
		w.node(n)
	}
	if w.mute {
		return nil, errors.New("a link of the creative has no words: give it some, or an image with alt; links do not stand inside links")
	}
	w.cut("")
	w.creative.links = w.creative.links[:len(w.creative.links)-1]
	return &w.creative, nil
}

// creativeWriter writes the pieces of a creative.
type creativeWriter struct {
	strings.Builder
	creative Creative
	mute     bool // a link has nothing that could be read aloud
}

// cut ends a piece with a link to an address.
func (w *creativeWriter) cut(link string) {
	w.creative.pieces = append(w.creative.pieces, w.String())
	w.creative.links = append(w.creative.links, link)
	w.Reset()
}

func (w *creativeWriter) node(n *html.Node) {
	if n.Type == html.TextNode {
		w.WriteString(html.EscapeString(slotText(n.Data)))
		return
	}
	e, ok := creativeElements[n.Data]
	if n.Type != html.ElementNode || !ok || n.Namespace != "" {
		return
	}
	if n.Data == "a" {
		w.mute = w.mute || !hasWords(n)
		w.cut(attribute(n, "href"))
	} else {
		w.WriteString("<" + n.Data)
	}
	for _, a := range e.ours {
		w.WriteString(" " + a)
	}
	var older []slotStyle
	for _, a := range n.Attr {
		rule := e.attributes[a.Key]
		if rule == nil {
			rule = everyAttribute[a.Key]
		}
		if old := stylesOf(n.Data, a.Key, a.Val); old != nil || rule == nil || a.Key == "href" || a.Key == "role" || rule(a.Val) != nil {
			older = append(older, old...)
		} else {
			fmt.Fprintf(w, ` %s="%s"`, a.Key, html.EscapeString(slotText(a.Val)))
		}
	}
	styles, _ := parseSlotStyle(attribute(n, "style"))
	if style := e.style(olderThan(styles, older)); style != "" {
		w.WriteString(` style="` + html.EscapeString(style) + `"`)
	}
	w.WriteString(">")
	for child := range n.ChildNodes() {
		w.node(child)
	}
	if !e.void {
		w.WriteString("</" + n.Data + ">")
	}
}

func hasWords(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.Type == html.TextNode && strings.TrimSpace(oneLine(d.Data)) != "" || d.DataAtom == atom.Img {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// slotText takes out of text what controls or turns around letters.
func slotText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case reorders(r) || r == '\uFEFF':
			return -1
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return ' '
		}
		return r
	}, s)
}
