package templates

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// creativeReader looks for flaws, token by token, because those know their lines.
type creativeReader struct {
	tokens *html.Tokenizer
	line   int
	open   []openElement
	words  bool // it shows something
	flaws  []Flaw
}

// openElement is an element whose end is still to come, with the colours of its
// words and of what is behind them, "" where those of the theme show.
type openElement struct {
	name         string
	line         int
	text, behind string
}

func (r *creativeReader) flaw(line int, format string, args ...any) {
	if len(r.flaws) < mostFlaws {
		r.flaws = append(r.flaws, Flaw{line, fmt.Sprintf(format, args...)})
	}
}

func (r *creativeReader) read() {
	for {
		kind, line := r.tokens.Next(), r.line
		r.line += bytes.Count(r.tokens.Raw(), []byte("\n"))
		token := r.tokens.Token()
		switch kind {
		case html.ErrorToken:
			for _, e := range r.open {
				r.flaw(e.line, "<%s> has no end: write </%s> where it ends", e.name, e.name)
			}
			return
		case html.DoctypeToken:
			r.flaw(line, "a creative is no document: give only what stands inside <body>")
		case html.TextToken:
			r.words = r.words || strings.TrimSpace(oneLine(token.Data)) != ""
		case html.StartTagToken, html.SelfClosingTagToken:
			if !r.start(&token, line) {
				return
			}
		case html.EndTagToken:
			r.end(token.Data, line)
		}
	}
}

// start reports whether reading can go on: what follows a script is none of its
// kind.
func (r *creativeReader) start(token *html.Token, line int) bool {
	e, ok := creativeElements[token.Data]
	if !ok {
		switch token.Data {
		case "html", "head", "body", "meta", "title":
			r.flaw(line, "<%s> cannot be in a creative: give only what stands inside <body>", token.Data)
		case "style", "link":
			r.flaw(line, "<%s> cannot be in a creative: write styles into the style attributes of its elements", token.Data)
		case "script", "form", "input", "button", "iframe", "object", "embed", "video", "audio", "svg", "math":
			r.flaw(line, "<%s> cannot be in a creative: remove it", token.Data)
		default:
			r.flaw(line, "<%s> cannot be in a creative: it holds %s", cut(oneLine(token.Data), 40), strings.Join(creativeNames(), ", "))
		}
		return !slices.Contains([]string{"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp", "svg", "math"}, token.Data)
	}
	r.words = r.words || token.Data == "img"
	r.attributes(token, e, line)
	if !e.void {
		r.open = append(r.open, r.colours(token, line))
	}
	return true
}

func (r *creativeReader) end(name string, line int) {
	e := creativeElements[name]
	switch last := len(r.open) - 1; {
	case e.void:
		r.flaw(line, "</%s> ends nothing: <%s> has no end", name, name)
	case last < 0:
		r.flaw(line, "</%s> ends nothing: remove it", cut(oneLine(name), 40))
	case r.open[last].name != name:
		r.flaw(line, "</%s> stands where <%s> of line %d has to end first", cut(oneLine(name), 40), r.open[last].name, r.open[last].line)
		r.open = r.open[:last]
	default:
		r.open = r.open[:last]
	}
}

func (r *creativeReader) attributes(token *html.Token, e creativeElement, line int) {
	given := map[string]bool{}
	for _, a := range token.Attr {
		rule := e.attributes[a.Key]
		if rule == nil {
			rule = everyAttribute[a.Key]
		}
		switch {
		case given[a.Key]:
			r.flaw(line, "%s stands twice in <%s>: remove one", cut(oneLine(a.Key), 40), token.Data)
		case a.Key == "style":
			_, wrong := parseSlotStyle(a.Val)
			for _, text := range wrong {
				r.flaw(line, "style of <%s>: %s", token.Data, text)
			}
		case rule == nil:
			r.flaw(line, "%s cannot be in <%s> of a creative: remove it", cut(oneLine(a.Key), 40), token.Data)
		default:
			if err := rule(a.Val); err != nil {
				r.flaw(line, "%s of <%s> %v", a.Key, token.Data, err)
			}
		}
		given[a.Key] = true
	}
	for _, need := range e.needs {
		if !given[need] {
			r.flaw(line, "<%s> needs %s: %s", token.Data, need, e.why)
		}
	}
}

// colours returns an element with the colours that it gives, or has from around
// it. Words in a colour of their own on what the theme shows, or the reverse,
// can be read by day and not at night.
func (r *creativeReader) colours(token *html.Token, line int) openElement {
	e := openElement{name: token.Data, line: line}
	if n := len(r.open); n > 0 {
		e.text, e.behind = r.open[n-1].text, r.open[n-1].behind
	}
	changed := false
	for _, a := range token.Attr {
		if a.Key != "style" {
			continue
		}
		styles, _ := parseSlotStyle(a.Val)
		for _, s := range styles {
			switch {
			case s.name == "color" && s.value != "inherit":
				e.text, changed = s.value, true
			case s.name == "background-color":
				e.behind, changed = s.value, true
			}
		}
	}
	switch {
	case !changed:
	case e.behind == "":
		r.flaw(line, "style of <%s> gives a color without a background-color: give both, so that mails in the dark can be read, or none", token.Data)
	case e.text == "":
		r.flaw(line, "style of <%s> gives a background-color without a color: give both, so that mails in the dark can be read, or none", token.Data)
	default:
		if ratio := slotContrast(e.text, e.behind); ratio < leastSlotContrast {
			r.flaw(line, "%s on %s in <%s> has a contrast of %.1f to 1: it needs %.1f", e.text, e.behind, token.Data, ratio, leastSlotContrast)
		}
	}
	return e
}
