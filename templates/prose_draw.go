package templates

import (
	"fmt"
	htmltemplate "html/template"
	"strconv"
	"strings"
)

// proseLooks are the class and style of the elements of a text, each with a
// space before it, by tag and class such as "p.prosetext".
type proseLooks map[string]string

// proseElements are all that a text may be drawn with. A theme reaches them by
// its rules like any other.
var proseElements = []string{
	"p.prosetext", "p.proseitem", "h2.proseh1", "h3.proseh2", "h4.proseh3", "ul.proselist", "ol.proselist", "li.proseli",
	"blockquote.prosequote", "blockquote.prosequotertl", "pre.prosepre", "code.prosecode", "div.proserule", "a.proselink", "img.prosepic",
}

// proseLooks applies the rules of a theme to the elements of a text.
func (in *inliner) proseLooks() proseLooks {
	looks := proseLooks{}
	for _, element := range proseElements {
		tag, class, _ := strings.Cut(element, ".")
		looks[element] = in.attributes(tag, "", []string{class}, nil)
	}
	return looks
}

// proseDrawer draws a text with the looks of a theme.
type proseDrawer struct {
	strings.Builder
	looks proseLooks
	dir   string // of the mail
}

// drawProse writes a text as HTML. Whatever was typed is escaped; the tags and
// attributes are ours.
func drawProse(p *Prose, dir string, looks proseLooks) htmltemplate.HTML {
	if p.Empty() {
		return ""
	}
	d := &proseDrawer{looks: looks, dir: dir}
	d.blocks(p.blocks, "")
	return htmltemplate.HTML(d.String())
}

func (d *proseDrawer) blocks(blocks []block, inside string) {
	for i := range blocks {
		d.block(&blocks[i], inside)
	}
}

// block draws one block; inside is the tag around it.
func (d *proseDrawer) block(b *block, inside string) {
	switch b.kind {
	case paragraphBlock:
		look := "prosetext"
		if inside == "li" {
			look = "proseitem"
		}
		d.words("p", look, b)
	case headingBlock:
		level := min(b.level, 3)
		d.words("h"+strconv.Itoa(level+1), "proseh"+strconv.Itoa(level), b)
	case listBlock:
		d.list(b)
	case itemBlock:
		d.within("li", "proseli", b)
	case quoteBlock:
		look := "prosequote"
		if textDirection(b.firstWords(), d.dir) == "rtl" {
			look = "prosequotertl"
		}
		d.within("blockquote", look, b)
	case codeBlock:
		d.open("pre", "prosepre", `dir="ltr"`)
		d.escape(strings.Join(b.lines, "\n"))
		d.close("pre")
	case ruleBlock:
		d.WriteString("<div" + d.looks["div.proserule"] + "></div>\n")
	}
}

func (d *proseDrawer) list(b *block) {
	switch {
	case b.number < 0:
		d.within("ul", "proselist", b)
	case b.number == 1:
		d.within("ol", "proselist", b)
	default:
		d.open("ol", "proselist", `start="`+strconv.Itoa(b.number)+`"`)
		d.blocks(b.blocks, "ol")
		d.close("ol")
	}
}

func (d *proseDrawer) within(tag, look string, b *block) {
	d.open(tag, look, "")
	d.blocks(b.blocks, tag)
	d.close(tag)
}

func (d *proseDrawer) words(tag, look string, b *block) {
	attr := ""
	if dir := textDirection(b.plain(), d.dir); dir != d.dir {
		attr = `dir="` + dir + `"`
	}
	d.open(tag, look, attr)
	for i := range b.spans {
		d.span(&b.spans[i])
	}
	d.close(tag)
}

func (d *proseDrawer) open(tag, look, attr string) {
	d.WriteString("<" + tag)
	if attr != "" {
		d.WriteString(" " + attr)
	}
	d.WriteString(d.looks[tag+"."+look] + ">")
}

func (d *proseDrawer) close(tag string) { d.WriteString("</" + tag + ">\n") }

func (d *proseDrawer) escape(s string) { d.WriteString(htmltemplate.HTMLEscapeString(s)) }

func (d *proseDrawer) span(s *span) {
	if s.broken {
		d.WriteString("<br>\n")
	}
	var end []string
	tag := func(name, open string) {
		d.WriteString(open)
		end = append(end, "</"+name+">")
	}
	if s.link != "" {
		tag("a", `<a href="`+htmltemplate.HTMLEscapeString(s.link)+`"`+d.looks["a.proselink"]+">")
	}
	if s.strong {
		tag("strong", "<strong>")
	}
	if s.em {
		tag("em", "<em>")
	}
	if s.code {
		tag("code", "<code"+d.looks["code.prosecode"]+">")
	}
	if s.image != "" {
		fmt.Fprintf(d, `<img src="%s" alt="%s" width="576"%s>`,
			htmltemplate.HTMLEscapeString(s.image), htmltemplate.HTMLEscapeString(s.text), d.looks["img.prosepic"])
	} else {
		d.escape(s.text)
	}
	for i := len(end) - 1; i >= 0; i-- {
		d.WriteString(end[i])
	}
}
