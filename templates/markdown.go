package templates

import (
	"bufio"
	"bytes"
	"html"
	"net/url"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	mdhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// deepest is how far blocks may stand in each other. What is deeper is drawn at
// that depth.
const deepest = 6

// newMarkdownParser is CommonMark without HTML, so that a tag is text, and with
// addresses as links.
func newMarkdownParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
			util.Prioritized(extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})), 999),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)
}

func readMarkdown(src string) []block {
	r := &proseReader{source: []byte(src)}
	root := newMarkdownParser().Parse(text.NewReader(r.source))
	return r.blocks(root, 0)
}

// proseReader turns the parser's tree into blocks.
type proseReader struct {
	source []byte
}

func (r *proseReader) blocks(parent ast.Node, depth int) []block {
	var out []block
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		out = append(out, r.block(n, depth)...)
	}
	return out
}

// block reads one node; a block that has come to nothing is left out.
func (r *proseReader) block(n ast.Node, depth int) []block {
	switch n := n.(type) {
	case *ast.Heading:
		return withWords(block{kind: headingBlock, level: n.Level, spans: r.spans(n)})
	case *ast.Paragraph, *ast.TextBlock:
		return withWords(block{kind: paragraphBlock, spans: r.spans(n)})
	case *ast.ThematicBreak:
		return []block{{kind: ruleBlock}}
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return []block{{kind: codeBlock, lines: r.lines(n)}}
	case *ast.List:
		b := block{kind: listBlock, number: -1}
		if n.IsOrdered() {
			b.number = n.Start
		}
		return r.nested(b, n, depth)
	case *ast.ListItem:
		return r.nested(block{kind: itemBlock}, n, depth)
	case *ast.Blockquote:
		return r.nested(block{kind: quoteBlock}, n, depth)
	}
	return nil
}

// nested reads what stands inside of a block, and gives it without the block
// where that would be too deep.
func (r *proseReader) nested(b block, n ast.Node, depth int) []block {
	inside, most := depth+1, deepest-1
	if b.kind == itemBlock { // as deep as its list
		inside, most = depth, deepest
	}
	if depth > most {
		return r.blocks(n, deepest+1)
	}
	if b.blocks = r.blocks(n, inside); len(b.blocks) == 0 {
		return nil
	}
	return []block{b}
}

func withWords(b block) []block {
	for _, s := range b.spans {
		if strings.TrimSpace(s.text) != "" || s.image != "" {
			return []block{b}
		}
	}
	return nil
}

func (r *proseReader) lines(n ast.Node) []string {
	var out []string
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		out = append(out, codeLine(string(line.Value(r.source))))
	}
	return out
}

// codeLine is a line of code as it stands, less what would not stay on it.
func codeLine(s string) string {
	s = strings.ReplaceAll(strings.TrimRight(s, " \r\n\t"), "\t", "    ")
	indent := len(s) - len(strings.TrimLeft(s, " "))
	return s[:indent] + strings.ReplaceAll(oneLine(strings.ReplaceAll(s[indent:], "  ", "\u00a0 ")), "\u00a0 ", "  ")
}

// style is what surrounds words.
type style struct {
	strong, em bool
	link       string
}

func (r *proseReader) spans(n ast.Node) []span {
	w := &spanWriter{proseReader: r}
	w.children(n, style{})
	return w.out
}

// spanWriter gathers the words of one block.
type spanWriter struct {
	*proseReader
	out    []span
	broken bool // a line ends here
}

func (w *spanWriter) add(s span, of style) {
	if s.text = spanText(s.text); s.text == "" && s.image == "" {
		return
	}
	s.strong, s.em, s.broken = of.strong, of.em, w.broken
	if s.link = of.link; s.image != "" {
		s.strong, s.em = false, false
	}
	w.broken = false
	if last := len(w.out) - 1; last >= 0 && !s.broken && w.out[last].alike(s) {
		w.out[last].text += s.text
		return
	}
	w.out = append(w.out, s)
}

// alike reports whether two spans differ in nothing but their words.
func (s span) alike(o span) bool {
	s.text, o.text, s.broken = "", "", o.broken
	return s == o && s.image == ""
}

func (w *spanWriter) children(n ast.Node, of style) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.inline(c, of)
	}
}

func (w *spanWriter) inline(n ast.Node, of style) {
	switch n := n.(type) {
	case *ast.Text:
		w.add(span{text: unescaped(n.Value(w.source), n.IsRaw())}, of)
		if n.HardLineBreak() {
			w.broken = len(w.out) > 0
		} else if n.SoftLineBreak() {
			w.add(span{text: " "}, of)
		}
	case *ast.String:
		w.add(span{text: unescaped(n.Value, n.IsRaw())}, of)
	case *ast.CodeSpan:
		w.add(span{text: w.raw(n), code: true}, of)
	case *ast.Emphasis:
		of.strong, of.em = of.strong || n.Level == 2, of.em || n.Level == 1
		w.children(n, of)
	case *ast.Link:
		of.link = proseURL(string(n.Destination))
		w.children(n, of)
	case *ast.Image:
		inner := &spanWriter{proseReader: w.proseReader}
		inner.children(n, style{})
		w.add(span{text: (&block{spans: inner.out}).plain(), image: pictureURL(string(n.Destination))}, of)
	case *ast.AutoLink:
		link := string(n.URL(w.source))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(link), "mailto:") {
			link = "mailto:" + link
		}
		of.link = proseURL(link)
		w.add(span{text: string(n.Label(w.source))}, of)
	default:
		w.children(n, of)
	}
}

// raw is the words within a node as they were typed.
func (w *spanWriter) raw(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Value(w.source))
		}
	}
	return b.String()
}

// unescaped resolves backslashes and entities.
func unescaped(value []byte, raw bool) string {
	if raw {
		return string(value)
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	mdhtml.DefaultWriter.Write(w, value)
	if err := w.Flush(); err != nil {
		return string(value)
	}
	return html.UnescapeString(b.String())
}

// proseURL is webURL that lets addresses of mail through, too, without what a
// link can make a mail program fill in.
func proseURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || !strings.EqualFold(u.Scheme, "mailto") {
		return strings.NewReplacer(`"`, "%22", "<", "%3C", ">", "%3E").Replace(webURL(s))
	}
	local, domain, found := strings.Cut(u.Opaque, "@")
	if !found || !isHost(domain) || !isHost(strings.NewReplacer("+", "-", "'", "-").Replace(local)) {
		return ""
	}
	return "mailto:" + u.Opaque
}

// pictureURL is webURL for https alone.
func pictureURL(s string) string {
	if link := proseURL(s); strings.HasPrefix(link, "https://") {
		return link
	}
	return ""
}
