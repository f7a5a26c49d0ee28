package ingest

import (
	"net/url"
	"strings"
	"unicode/utf8"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"broadsheet/internal/pattern"
)

// block is a paragraph, a subhead or an item of a list.
type block struct {
	kind   atom.Atom
	text   string
	linked int  // runes that are text of links
	figure bool // it belongs to a picture
}

// runes is how long a block is.
func (b block) runes() int { return utf8.RuneCountInString(b.text) }

// isLink says whether a block is nothing but links. Long ones are sentences.
func (b block) isLink() bool {
	n := b.runes()
	return b.linked > 0 && n < 160 && b.linked*10 >= n*8
}

// isSubhead says whether a block is a heading.
func (b block) isSubhead() bool {
	switch b.kind {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

// extract finds the text of the story in the tree of a page, which it changes,
// and the addresses of the pictures in it.
func extract(doc *html.Node, base *url.URL) (pictures map[string]bool, blocks []block) {
	dropBoxes(doc)
	dropSizes(doc)
	parser := readability.NewParser()
	parser.DisableJSONLD = true
	if base == nil {
		base = &url.URL{}
	}
	article, err := parser.ParseAndMutate(doc, base)
	if err != nil || article.Node == nil {
		return nil, nil
	}
	pictures = map[string]bool{}
	for n := range article.Node.Descendants() {
		if n.DataAtom == atom.Img {
			pictures[attribute(n, "src")] = true
		}
	}
	w := blockWriter{}
	w.walk(article.Node)
	w.end()
	return pictures, w.blocks
}

// dropSizes leaves one size of each picture, for the others say nothing of the
// text and each of them is an address to be resolved.
func dropSizes(doc *html.Node) {
	for n := range doc.Descendants() {
		for i := range n.Attr {
			if key := n.Attr[i].Key; key == "srcset" || key == "data-srcset" {
				n.Attr[i].Val, _, _ = strings.Cut(n.Attr[i].Val, ", ")
			}
		}
	}
}

// boxClass is what pages call the boxes around and within a story that are no
// part of it.
var boxClass = pattern.New(`(?i)(?:^|[\s_-])(?:related|newsletters?|share|sharing|social|promos?|sponsor(?:ed)?|adverts?|advertisement|ad|recirc|outbrain|taboola|` +
	`trending|most-?(?:read|popular)|breadcrumbs?|captions?|credits?|author-?(?:bio|info|box|card)|about-?author|bylines?|dateline|timestamp|` +
	`comments?|disqus|subscribe|subscription|sign-?up|paywall|cookies?|gdpr|consent|toolbar|print|read-?more|read-?next|see-?also|up-?next|` +
	`more-?(?:from|stories|on)|recommended|recommendations|tags|pagination|video-?player|media-?player|visually-?hidden|sr-only|screen-reader-text|` +
	`yarpp|jp-relatedposts|inline-?links?|story-?links?|donate|membership)(?:[\s_-]|$)`)

// maxBox is which part of a page's paragraphs, in percent, a box may hold. What
// holds more is not a box, whatever it is called.
const maxBox = 20

// minParagraphs is how many bytes the paragraphs of a page have at least, if it
// has paragraphs; else all its text counts.
const minParagraphs = 500

// dropBoxes takes away the elements that are no part of a story.
func dropBoxes(doc *html.Node) {
	words := map[*html.Node]int{}
	total := countWords(doc, words, false)
	if total < minParagraphs {
		total = countWords(doc, words, true)
	}
	var drop []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && isBox(n) && words[n]*100 <= total*maxBox {
			drop = append(drop, n)
		}
	}
	for _, n := range drop {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}

// countWords counts the bytes of text in paragraphs under each element.
func countWords(n *html.Node, words map[*html.Node]int, inParagraph bool) int {
	if n.Type == html.TextNode {
		if inParagraph {
			return len(strings.TrimSpace(n.Data))
		}
		return 0
	}
	inParagraph = inParagraph || n.DataAtom == atom.P
	sum := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		sum += countWords(c, words, inParagraph)
	}
	words[n] = sum
	return sum
}

func isBox(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Html, atom.Body, atom.Head, atom.Main, atom.Article, atom.P, atom.H1, atom.Title:
		return false
	case atom.Nav, atom.Aside, atom.Form, atom.Dialog:
		return true
	}
	switch strings.ToLower(attribute(n, "role")) {
	case "navigation", "complementary", "dialog", "search", "banner", "contentinfo", "alert":
		return true
	}
	return boxClass.MatchString(attribute(n, "class")) || boxClass.MatchString(attribute(n, "id"))
}

// blockWriter cuts the text of a tree into blocks.
type blockWriter struct {
	blocks  []block
	text    strings.Builder
	kind    atom.Atom
	linked  int
	links   int // open a elements
	figures int // open figure elements
}

func (w *blockWriter) walk(n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		w.text.WriteString(strings.Map(spaceOf, n.Data))
		if w.links > 0 {
			w.linked += utf8.RuneCountInString(foldSpace(n.Data))
		}
		return
	case n.Type != html.ElementNode || isHidden(n.DataAtom):
		return
	case n.DataAtom == atom.Br:
		w.text.WriteByte('\n')
		return
	}
	switch breaks := isBlock(n.DataAtom); {
	case breaks:
		w.end()
		outer := w.kind
		w.kind = n.DataAtom
		w.inside(n)
		w.end()
		w.kind = outer
	case n.DataAtom == atom.Td || n.DataAtom == atom.Th:
		w.inside(n)
		w.text.WriteByte(' ')
	default:
		w.inside(n)
	}
}

func (w *blockWriter) inside(n *html.Node) {
	if n.DataAtom == atom.A {
		w.links++
		defer func() { w.links-- }()
	}
	if n.DataAtom == atom.Figure {
		w.figures++
		defer func() { w.figures-- }()
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c)
	}
}

// end finishes a block. A blank line within it, made by two line breaks, is
// the end of a paragraph too.
func (w *blockWriter) end() {
	text := cleanRunes(w.text.String())
	parts := []string{text}
	if strings.Contains(text, "\n") {
		parts = doubleBreak.Split(text, -1)
	}
	for _, part := range parts {
		if part = foldSpace(part); part != "" {
			b := block{kind: w.kind, text: part, figure: w.figures > 0}
			if len(parts) == 1 {
				b.linked = w.linked
			}
			w.blocks = append(w.blocks, b)
		}
	}
	w.text.Reset()
	w.linked = 0
}

var doubleBreak = pattern.New(`\n\s*\n`)
