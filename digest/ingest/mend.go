package ingest

import (
	"bytes"
	"strconv"
	"strings"
)

// mendXML corrects what a parser stops at or passes over without a word: "<"
// that begins no tag, "]]>" in text, references to characters that XML does
// not have, attributes without quotes, and items that lack their end. What is
// well-formed comes back as it is.
func mendXML(text []byte) []byte {
	m := mender{text: text}
	for at := 0; at < len(text); {
		next := bytes.IndexByte(text[at:], '<')
		if next < 0 {
			m.chars(at, len(text))
			break
		}
		m.chars(at, at+next)
		at += next
		t, ok := readTag(text, at)
		if !ok { // cut off
			break
		}
		t.start = at
		m.tag(t)
		at = t.end
	}
	if m.out == nil {
		return text
	}
	return append(m.out, text[m.done:]...)
}

// mender copies a document as soon as something differs in it.
type mender struct {
	text []byte
	out  []byte // nil as long as all is as it was
	done int    // text up to here is in out
	item string // the element that is open and holds an item
}

// replace puts something in the place of text[from:to].
func (m *mender) replace(from, to int, by string) {
	m.out = append(append(m.out, m.text[m.done:from]...), by...)
	m.done = to
}

// chars looks at what stands between two tags.
func (m *mender) chars(from, to int) {
	part := m.text[from:to]
	for at := 0; ; {
		next := bytes.Index(part[at:], []byte("]]>"))
		if next < 0 {
			break
		}
		at += next + len("]]>")
		m.replace(from+at-1, from+at, "&gt;")
	}
}

func (m *mender) tag(t tag) {
	switch {
	case t.end == t.start+1:
		m.replace(t.start, t.end, "&lt;")
		return
	case t.kind == other:
		return
	}
	switch name := strings.ToLower(string(t.name)); {
	case t.kind == opening && (name == "item" || name == "entry"):
		if m.item == name {
			m.replace(t.start, t.start, "</"+string(t.name)+">")
		}
		m.item = name
	case t.kind == closing && name == m.item:
		m.item = ""
	}
	if t.kind != closing {
		m.quote(t)
	}
}

// quote puts quotes around the values of a tag's attributes that have none.
func (m *mender) quote(t tag) {
	quote := byte(0)
	end := t.end - 1
	if t.kind == selfClose {
		end--
	}
	for at := t.start; at < end; at++ {
		switch c := m.text[at]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '=':
			value := at + 1
			for value < end && isXMLSpace(m.text[value]) {
				value++
			}
			if value < end && (m.text[value] == '"' || m.text[value] == '\'') {
				continue
			}
			stop := value
			for stop < end && !isXMLSpace(m.text[stop]) {
				stop++
			}
			m.replace(value, stop, `"`+strings.ReplaceAll(string(m.text[value:stop]), `"`, "&quot;")+`"`)
			at = stop - 1
		}
	}
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// dropBadReferences takes references to characters out that XML 1.0 section 2.2
// forbids, such as &#0; and &#x1F;.
func dropBadReferences(text []byte) []byte {
	var out []byte
	done := 0
	for at := 0; ; {
		next := bytes.Index(text[at:], []byte("&#"))
		if next < 0 {
			break
		}
		at += next
		length, bad := badReference(text[at:])
		if bad {
			out = append(out, text[done:at]...)
			done = at + length
		}
		at += length
	}
	if out == nil {
		return text
	}
	return append(out, text[done:]...)
}

// badReference measures the reference that begins a text and says whether it
// is to a character that must not be.
func badReference(text []byte) (length int, bad bool) {
	length = len("&#")
	base := 10
	if length < len(text) && text[length]|0x20 == 'x' {
		length, base = length+1, 16
	}
	start := length
	for length < len(text) && isHex(text[length]) {
		length++
	}
	digits := string(text[start:length])
	if length == len(text) || text[length] != ';' || digits == "" {
		return length, false
	}
	number, err := strconv.ParseUint(digits, base, 32)
	return length + 1, err != nil || !isXMLChar(rune(min(number, 0x110000)))
}

func isXMLChar(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < 0x20, 0xd800 <= r && r < 0xe000, r == 0xfffe, r == 0xffff, r > 0x10ffff:
		return false
	}
	return true
}
