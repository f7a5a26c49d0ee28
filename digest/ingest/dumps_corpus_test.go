package ingest_test

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"broadsheet/digest/ingest"
)

// textOf is all the text of a page as somebody copies it, menus included: a line
// for each block, and a blank one around paragraphs and headings.
func textOf(t testing.TB, page []byte) string {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch n.DataAtom {
		case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Head, atom.Iframe, atom.Svg, atom.Select, atom.Textarea:
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(strings.Join(strings.Fields(" "+n.Data+" "), " "))
			if strings.TrimRight(n.Data, " \t\n") != n.Data {
				b.WriteByte(' ')
			}
			return
		}
		around := map[atom.Atom]string{
			atom.P: "\n\n", atom.H1: "\n\n", atom.H2: "\n\n", atom.H3: "\n\n", atom.H4: "\n\n", atom.Div: "\n", atom.Li: "\n", atom.Ul: "\n", atom.Section: "\n", atom.Article: "\n",
			atom.Header: "\n", atom.Footer: "\n", atom.Nav: "\n", atom.Aside: "\n", atom.Figure: "\n", atom.Figcaption: "\n", atom.Br: "\n", atom.Tr: "\n", atom.Td: "\t",
			atom.Blockquote: "\n\n", atom.Button: "\n", atom.Form: "\n", atom.Main: "\n", atom.Time: " ", atom.Ol: "\n", atom.Table: "\n", atom.Dd: "\n", atom.Dt: "\n",
		}[n.DataAtom]
		b.WriteString(around)
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.TextNode && strings.TrimLeft(c.Data, " \t\n") != c.Data {
				b.WriteByte(' ')
			}
			walk(c)
		}
		b.WriteString(around)
	}
	walk(doc)
	return b.String()
}

// TestReadTextOnCorpus measures the text of stories that are copied with all that
// stands on their pages, as TestReadPageOnCorpus does.
func TestReadTextOnCorpus(t *testing.T) {
	pages := corpusPages(t)
	if pages == nil {
		t.Log("the corpora are not there")
		return
	}
	var precision, recall float64
	for _, page := range pages {
		in, _, err := ingest.ReadText([]byte(textOf(t, page.HTML)), ingest.TextOptions{URL: page.URL})
		p, r := compareTexts(page.Body, in.Body)
		if err != nil {
			p, r = 0, 0
		}
		if p < 0.9 || r < 0.9 {
			t.Logf("precision %.3f, recall %.3f: %s %q %v", p, r, page.URL, in.Title, err)
		}
		precision, recall = precision+p, recall+r
	}
	precision, recall = precision/float64(len(pages)), recall/float64(len(pages))
	f1 := 2 * precision * recall / (precision + recall)
	t.Logf("%d pages: precision %.4f, recall %.4f, F1 %.4f", len(pages), precision, recall, f1)
	if f1 < 0.88 {
		t.Errorf("F1 %.4f, want 0.88 at least", f1)
	}
}
