package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"io"
	"strings"
	"unicode/utf8"
)

// decodeLinkedData returns the values in a script of JSON-LD: usually one, but
// some pages have several, one after the other. What is not JSON is repaired
// where it can be told what was meant; repaired says that this was needed.
func decodeLinkedData(script string) (values []any, repaired bool, err error) {
	script = unwrapScript(script)
	if values, err = decodeValues([]byte(script)); err == nil {
		return values, false, nil
	}
	if mended, again := decodeValues(mendLinkedData(script)); again == nil {
		return mended, true, nil
	}
	if strings.Contains(script, "&quot;") || strings.Contains(script, "&#34;") {
		if mended, again := decodeValues(mendLinkedData(html.UnescapeString(script))); again == nil {
			return mended, true, nil
		}
	}
	return nil, true, err
}

func decodeValues(text []byte) ([]any, error) {
	var values []any
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var value any
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return values, nil
		case err != nil:
			return nil, err
		}
		values = append(values, value)
	}
}

// unwrapScript takes off what old systems put around scripts to hide them:
// comments of HTML and CDATA sections.
func unwrapScript(script string) string {
	marks := [...]string{"//<![CDATA[", "/*<![CDATA[*/", "<![CDATA[", "//]]>", "/*]]>*/", "]]>", "<!--", "//-->", "-->", ";", "\ufeff"}
	for {
		script = strings.TrimSpace(script)
		before := len(script)
		for _, mark := range marks {
			script = strings.TrimSuffix(strings.TrimPrefix(script, mark), mark)
		}
		if len(script) == before {
			return script
		}
	}
}

// ldMender writes broken JSON anew.
type ldMender struct {
	in    string
	at    int
	out   []byte
	stack []byte // the closing brackets that are owed
}

// mendLinkedData repairs what the field gets wrong: control characters, line breaks
// and wrong escapes within texts, quotes within texts that are not escaped,
// commas too many or missing between objects, comments, a missing end.
func mendLinkedData(script string) []byte {
	m := ldMender{in: script, out: make([]byte, 0, len(script)+64)}
	for m.at < len(m.in) {
		m.step()
	}
	for len(m.stack) > 0 {
		m.close(m.stack[len(m.stack)-1])
	}
	return m.out
}

func (m *ldMender) step() {
	c := m.in[m.at]
	switch {
	case c == '"':
		m.text()
		return
	case c == '{' || c == '[':
		if n := len(m.out); n > 0 && (m.out[n-1] == '}' || m.out[n-1] == ']') && len(m.stack) > 0 {
			m.out = append(m.out, ',')
		}
		m.out = append(m.out, c)
		m.stack = append(m.stack, c+2) // in ASCII the closing bracket is two further on
	case c == '}' || c == ']':
		m.close(c)
	case c == ',':
		if n := len(m.out); len(m.stack) > 0 && n > 0 && !strings.ContainsRune("{[,:", rune(m.out[n-1])) {
			m.out = append(m.out, c)
		}
	case c == '/' && strings.HasPrefix(m.in[m.at:], "/*"):
		m.skipPast("*/")
		return
	case c == '/' && strings.HasPrefix(m.in[m.at:], "//"):
		m.skipPast("\n")
		return
	case c > ' ' && c != 0x7f && c < utf8.RuneSelf:
		m.out = append(m.out, c)
	}
	m.at++
}

func (m *ldMender) skipPast(mark string) {
	if end := strings.Index(m.in[m.at:], mark); end >= 0 {
		m.at += end + len(mark)
		return
	}
	m.at = len(m.in)
}

func (m *ldMender) dropComma() {
	m.out = bytes.TrimRight(m.out, ",")
}

// close ends what is open down to the bracket c; one that nothing opened is
// left out.
func (m *ldMender) close(c byte) {
	if bytes.IndexByte(m.stack, c) < 0 {
		return
	}
	for {
		m.dropComma()
		if n := len(m.out); n > 0 && m.out[n-1] == ':' {
			m.out = append(m.out, "null"...)
		}
		last := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		m.out = append(m.out, last)
		if last == c {
			return
		}
	}
}

// text copies a text, from its quote to the one that ends it.
func (m *ldMender) text() {
	m.out = append(m.out, '"')
	for m.at++; m.at < len(m.in); m.at++ {
		switch c := m.in[m.at]; {
		case c == '"' && m.endsText():
			m.out = append(m.out, '"')
			m.at++
			return
		case c == '"':
			m.out = append(m.out, '\\', '"')
		case c == '\\':
			m.escape()
		case c == '\n':
			m.out = append(m.out, `\n`...)
		case c < ' ' || c == 0x7f:
			m.out = append(m.out, ' ')
		default:
			m.out = append(m.out, c)
		}
	}
	m.out = append(m.out, '"')
}

// escape copies an escape sequence; the backslash of one that JSON does not
// have is left out.
func (m *ldMender) escape() {
	if m.at+1 >= len(m.in) {
		return
	}
	next := m.in[m.at+1]
	hex := next == 'u' && len(m.in) >= m.at+6 && isHex(m.in[m.at+2]) && isHex(m.in[m.at+3]) && isHex(m.in[m.at+4]) && isHex(m.in[m.at+5])
	if hex || strings.IndexByte(`"\/bfnrt`, next) >= 0 {
		m.out = append(m.out, '\\', next)
		m.at++
	}
}

// endsText says whether the quote at hand ends its text: what follows is what
// may follow a text, and after a comma a key, or in a list a value.
func (m *ldMender) endsText() bool {
	at := m.next(m.at + 1)
	if at == len(m.in) {
		return true
	}
	switch m.in[at] {
	case ':', '}', ']':
		return true
	case '"', '{':
		return strings.Contains(m.in[m.at+1:at], "\n") // a comma is missing at the end of a line
	case ',':
		for at < len(m.in) && m.in[at] == ',' {
			at = m.next(at + 1)
		}
		return at == len(m.in) || m.mayFollowComma(at)
	}
	return false
}

func (m *ldMender) mayFollowComma(at int) bool {
	c := m.in[at]
	if len(m.stack) == 0 || m.stack[len(m.stack)-1] == ']' {
		return strings.IndexByte("{[]\"-0123456789", c) >= 0 || isJSONWord(m.in[at:])
	}
	if c != '"' {
		return c == '}' || c == '/'
	}
	end := strings.IndexByte(m.in[at+1:min(len(m.in), at+maxLinkedKey)], '"')
	return end >= 0 && strings.HasPrefix(m.in[m.next(at+end+2):], ":")
}

// maxLinkedKey is how many bytes a key of JSON-LD has at most.
const maxLinkedKey = 80

func isJSONWord(s string) bool {
	return strings.HasPrefix(s, "true") || strings.HasPrefix(s, "false") || strings.HasPrefix(s, "null")
}

// next returns where the next character stands that is no white space and no
// control character, from at on.
func (m *ldMender) next(at int) int {
	for at < len(m.in) && m.in[at] <= ' ' {
		at++
	}
	return min(at, len(m.in))
}
