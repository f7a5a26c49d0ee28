package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Limits of what is looked at of a page. They keep what the parser copies, and
// what the tree takes, within bounds whatever the page is made of.
const (
	maxPageElements  = 20_000
	maxPageText      = 1 << 20  // bytes
	maxPageBytes     = 4 << 20  // of text and tags, without scripts
	maxPageAttribute = 16 << 10 // bytes, of all attributes of a tag
	maxPageScript    = 2 << 20  // bytes of one script of metadata
	maxPageScripts   = 4 << 20  // of all of them
)

// slimPage is a page without what no reader sees: scripts, styles, drawings,
// comments and the tags that only change the look of letters.
type slimPage struct {
	html    []byte
	scripts []string // those with JSON-LD, as they stand in the page
	cut     bool     // the page is longer than what is looked at
}

// slimmer copies the tokens of a page that count.
type slimmer struct {
	out      bytes.Buffer
	page     slimPage
	open     map[string]int // elements begun and not ended, by name
	skipped  string         // the element whose content is left out, "" if none
	linked   bool           // the script that is open has JSON-LD
	elements int
	text     int
	scripts  int
}

// slim reads a page, valid UTF-8, in one pass of its tokens.
func slim(text []byte) slimPage {
	s := slimmer{open: map[string]int{}}
	tokens := html.NewTokenizer(bytes.NewReader(text))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		if s.elements >= maxPageElements || s.text >= maxPageText || s.out.Len() >= maxPageBytes {
			s.page.cut = true
			break
		}
		s.take(kind, tokens)
	}
	s.page.html = s.out.Bytes()
	return s.page
}

func (s *slimmer) take(kind html.TokenType, tokens *html.Tokenizer) {
	switch kind {
	case html.TextToken:
		s.takeText(tokens.Raw())
	case html.StartTagToken, html.SelfClosingTagToken:
		raw := tokens.Raw()
		name, _ := tokens.TagName()
		s.start(string(name), kind == html.SelfClosingTagToken, raw, tokens)
	case html.EndTagToken:
		name, _ := tokens.TagName()
		s.end(string(name))
	}
}

func (s *slimmer) takeText(raw []byte) {
	switch {
	case s.linked:
		if s.scripts += len(raw); len(raw) <= maxPageScript && s.scripts <= maxPageScripts {
			s.page.scripts = append(s.page.scripts, string(raw))
		}
	case s.skipped == "":
		s.text += len(raw)
		s.out.Write(raw[:min(len(raw), maxPageText)])
	}
}

func (s *slimmer) start(name string, closed bool, raw []byte, tokens *html.Tokenizer) {
	if s.skipped != "" {
		if !isDrawing(s.skipped) || !isBlock(atom.Lookup([]byte(name))) {
			return
		}
		s.skipped = "" // as the parser does: a paragraph ends a drawing
	}
	switch {
	case isLook(name) || s.isMisplaced(name):
		return
	case isLeftOut(name):
		if name == "script" {
			s.linked = isLinkedData(tokens)
		}
		if !closed || !isDrawing(name) {
			s.skipped = name
		}
		return
	}
	s.elements++
	s.open[name]++
	if len(raw) <= maxPageAttribute {
		s.out.Write(raw)
	} else {
		s.out.WriteString(shortTag(name, tokens))
	}
}

func (s *slimmer) end(name string) {
	if s.skipped != "" {
		if name == s.skipped {
			s.skipped, s.linked = "", false
		}
		return
	}
	if s.open[name] == 0 {
		return
	}
	s.open[name]--
	s.out.WriteString("</" + name + ">")
}

// isMisplaced says whether the parser would ignore a tag here: parts of tables
// outside tables, and what a page has only once.
func (s *slimmer) isMisplaced(name string) bool {
	switch name {
	case "html", "head", "body":
		return s.open[name] > 0
	case "tr", "td", "th", "tbody", "thead", "tfoot", "caption", "col", "colgroup":
		return s.open["table"] == 0
	case "frame", "frameset":
		return true
	}
	return false
}

// isLook says whether an element only changes how letters look. Without these
// the parser has no elements to open anew in each paragraph.
func isLook(name string) bool {
	switch name {
	case "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u", "wbr":
		return true
	}
	return false
}

func isDrawing(name string) bool { return name == "svg" || name == "math" }

func isLeftOut(name string) bool {
	switch name {
	case "script", "style", "noscript", "noembed", "noframes", "iframe", "template", "plaintext", "xmp", "textarea":
		return true
	}
	return isDrawing(name)
}

func isLinkedData(tokens *html.Tokenizer) bool {
	for {
		key, value, more := tokens.TagAttr()
		if string(key) == "type" {
			return strings.Contains(strings.ToLower(string(value)), "ld+json")
		}
		if !more {
			return false
		}
	}
}

// shortTag writes a start tag anew with those attributes that are of a
// sensible length.
func shortTag(name string, tokens *html.Tokenizer) string {
	token := html.Token{Type: html.StartTagToken, Data: name}
	size := 0
	for {
		key, value, more := tokens.TagAttr()
		if size += len(key) + len(value); size > maxPageAttribute {
			size -= len(key) + len(value)
		} else if len(key) > 0 {
			token.Attr = append(token.Attr, html.Attribute{Key: string(key), Val: string(value)})
		}
		if !more {
			return token.String()
		}
	}
}

// errNested is what the parser finds in pages made to exhaust it.
var errNested = errors.New("elements are nested deeper than 512, which no page of a story needs")

// parsePage returns the tree of a page, and its scripts with JSON-LD.
func parsePage(text []byte) (*html.Node, slimPage, error) {
	page := slim(text)
	doc, err := html.Parse(bytes.NewReader(page.html))
	switch {
	case err != nil && strings.Contains(err.Error(), "open stack of elements"):
		return nil, page, errNested
	case err != nil:
		return nil, page, fmt.Errorf("read the page's HTML: %w", err)
	}
	return doc, page, nil
}
