package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"broadsheet/internal/pattern"
)

// Shapes that no feed has and that cost a parser its stack or its time.
const (
	maxDepth    = 2_000
	maxItems    = 50_000  // of the elements that hold the items
	maxChildren = 5_000   // of any other element
	maxTag      = 1 << 20 // bytes
)

var (
	// xmlDeclaration goes, wherever it stands: the text is UTF-8 by now, and
	// the parser would convert it once more.
	xmlDeclaration = pattern.New(`<\?xml\s[^>]*\?>`)

	errShape = errors.New("the XML has a shape that no feed has")
)

// cleanXML removes what would stop an XML parser though a reader sees no
// harm: the declaration and the characters that XML 1.0 section 2.2 forbids.
func cleanXML(text []byte) []byte {
	if at := xmlDeclaration.FindIndex(text[:min(len(text), 4096)]); at != nil {
		text = append(bytes.Clone(text[:at[0]]), text[at[1]:]...)
	}
	text = bytes.Map(func(r rune) rune {
		switch {
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t', r == 0xfffe, r == 0xffff:
			return -1
		case r >= 0x80 && r < 0xa0:
			return windowsRune(r)
		}
		return r
	}, text)
	return bytes.TrimSpace(text)
}

// checkShape refuses XML that is nested deeper or fanned out wider than any
// feed, before a parser walks into it: the parser recurses, and joins the
// texts between the children of an extension in quadratic time.
func checkShape(text []byte) error {
	open := []element{{most: maxItems}}
	for tag := range tags(text) {
		if tag.kind != other && tag.end-tag.start > maxTag {
			return fmt.Errorf("%w: a tag of %d bytes", errShape, tag.end-tag.start)
		}
		last := &open[len(open)-1]
		if tag.kind != closing {
			if last.children++; last.children > last.most {
				return fmt.Errorf("%w: an element with more than %d children", errShape, last.most)
			}
		}
		switch {
		case tag.kind == opening:
			most := maxChildren
			if len(open) == 1 || len(open) == 2 && string(tag.name) == "channel" {
				most = maxItems
			}
			open = append(open, element{most: most})
		case tag.kind == closing && len(open) > 1:
			open = open[:len(open)-1]
		}
		if len(open) > maxDepth {
			return fmt.Errorf("%w: nested deeper than %d elements", errShape, maxDepth)
		}
	}
	return nil
}

// element is one that is open: how many children it has, and may have.
type element struct{ children, most int }

// closeXML completes a document that was cut off: what is open after its last
// whole element is closed. It reports false if nothing was open.
func closeXML(text []byte) ([]byte, bool) {
	var open []string
	named := map[string]int{} // how many of open have the name
	end := 0
	for tag := range tags(text) {
		end = tag.end
		name := string(tag.name)
		switch {
		case tag.kind == opening:
			open = append(open, name)
			named[name]++
		case tag.kind == closing && named[name] > 0: // what closes nothing costs no walk through all that is open
			for last := ""; last != name; {
				last = open[len(open)-1]
				open = open[:len(open)-1]
				named[last]--
			}
		}
	}
	if len(open) == 0 {
		return text, false
	}
	out := bytes.Clone(text[:end])
	for i := len(open) - 1; i >= 0; i-- {
		out = fmt.Appendf(out, "</%s>", open[i])
	}
	return out, true
}

type tagKind int

const (
	opening   tagKind = iota
	closing           // </a>
	selfClose         // <a/>
	other             // comments, CDATA sections, instructions, without a name
)

type tag struct {
	kind       tagKind
	name       []byte
	start, end int // text[start:end] is the tag
}

// tags yields the whole tags of a document in order and stops at the first
// that is cut off. It knows just enough XML to do so: quotes within tags,
// comments, CDATA sections, instructions.
func tags(text []byte) func(yield func(tag) bool) {
	return func(yield func(tag) bool) {
		for at := 0; ; {
			next := bytes.IndexByte(text[at:], '<')
			if next < 0 {
				return
			}
			at += next
			t, ok := readTag(text, at)
			t.start = at
			if !ok || t.end > at+1 && !yield(t) {
				return
			}
			at = t.end
		}
	}
}

// readTag reads the tag at text[at]. A "<" that begins none is passed over.
func readTag(text []byte, at int) (tag, bool) {
	rest := text[at:]
	for _, special := range [...]struct{ begin, end string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}} {
		if bytes.HasPrefix(rest, []byte(special.begin)) {
			length := bytes.Index(rest[len(special.begin):], []byte(special.end))
			return tag{kind: other, end: at + len(special.begin) + length + len(special.end)}, length >= 0
		}
	}
	kind, start := opening, 1
	if bytes.HasPrefix(rest, []byte("</")) {
		kind, start = closing, 2
	}
	if len(rest) <= start {
		return tag{}, false
	}
	if c := rest[start]; !isAlphanumeric(c) && c != '_' && c != ':' && c < utf8.RuneSelf {
		return tag{kind: other, end: at + 1}, true
	}
	length := tagEnd(rest)
	if length < 0 {
		return tag{}, false
	}
	if kind == opening && rest[length-2] == '/' {
		kind = selfClose
	}
	name := rest[start:length]
	if stop := bytes.IndexAny(name, " \t\r\n/>"); stop >= 0 {
		name = name[:stop]
	}
	return tag{kind: kind, name: name, end: at + length}, true
}

// tagEnd returns the length of the tag that begins s, -1 if it has no end.
func tagEnd(s []byte) int {
	var quote byte
	for i, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}
