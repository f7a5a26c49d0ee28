package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"broadsheet/internal/pattern"
)

// decodeText returns a document as valid UTF-8 without byte order mark, and a
// note if its bytes were not what they were declared to be. What the bytes
// themselves show wins over what is declared: byte order marks, the zero bytes
// of UTF-16 and UTF-32, and valid UTF-8 with characters outside ASCII. After
// that the header of the response counts, then the XML declaration (RFC 7303
// section 3.2).
func decodeText(body []byte, contentType string) (text []byte, note string) {
	if wide := wideEncoding(body); wide != nil {
		text, _ = wide.NewDecoder().Bytes(body)
		return bytes.TrimPrefix(bytes.ToValidUTF8(text, []byte("\uFFFD")), []byte("\uFEFF")), ""
	}
	marked := bytes.HasPrefix(body, []byte("\xef\xbb\xbf"))
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	label := headerCharset(contentType)
	if label == "" {
		label = declaredCharset(body)
	}
	declared, name := charset.Lookup(label)
	switch {
	case marked || declared == nil || name == "utf-8" || strings.HasPrefix(name, "utf-16"):
		return decodeAsUTF8(body)
	case !isASCII(body) && utf8.Valid(body):
		return body, fmt.Sprintf("declared as %s, but is UTF-8", label)
	case name == "replacement":
		return decodeAsUTF8(body)
	}
	text, err := declared.NewDecoder().Bytes(body)
	if err != nil {
		return decodeAsUTF8(body)
	}
	return bytes.ToValidUTF8(text, []byte("\uFFFD")), ""
}

// decodeAsUTF8 repairs text that is, or is taken for, UTF-8: stray bytes are
// read as windows-1252, which is what they are nearly always.
func decodeAsUTF8(body []byte) ([]byte, string) {
	if utf8.Valid(body) {
		return body, ""
	}
	out := make([]byte, 0, len(body)+len(body)/8)
	stray := 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(body[0])
			stray++
		}
		out = utf8.AppendRune(out, r)
		body = body[size:]
	}
	return out, fmt.Sprintf("%d bytes are not valid UTF-8, read as windows-1252", stray)
}

// wideEncoding recognises UTF-16 and UTF-32 by a byte order mark or by the
// zero bytes around the first character, which is "<", "{" or a space.
func wideEncoding(body []byte) encoding.Encoding {
	var head [4]byte
	copy(head[:], body)
	zero := [4]bool{head[0] == 0, head[1] == 0, head[2] == 0, head[3] == 0}
	switch {
	case len(body) < 4:
		return nil
	case head == [4]byte{0xff, 0xfe, 0, 0}, zero == [4]bool{false, true, true, true}:
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case head == [4]byte{0, 0, 0xfe, 0xff}, zero == [4]bool{true, true, true, false}:
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case head[0] == 0xff && head[1] == 0xfe, zero == [4]bool{false, true, false, true}:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case head[0] == 0xfe && head[1] == 0xff, zero == [4]bool{true, false, true, false}:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	return nil
}

// headerCharset finds the charset in a Content-Type, also in those that a
// strict parser refuses, such as text/xml;charset = 'utf-8'.
func headerCharset(contentType string) string {
	if m := charsetParameter.FindStringSubmatch(contentType); m != nil {
		return m[1]
	}
	return ""
}

var charsetParameter = pattern.New(`(?i);\s*charset\s*=\s*["']?\s*([a-z0-9._:-]+)`)

// declaredCharset finds the encoding in the XML declaration or the meta
// element at the beginning of a document.
func declaredCharset(body []byte) string {
	head := body[:min(len(body), 2048)]
	for _, shape := range [...]*pattern.Pattern{xmlEncoding, metaCharset} {
		if m := shape.FindSubmatch(head); m != nil {
			return string(m[1])
		}
	}
	return ""
}

var (
	xmlEncoding = pattern.New(`(?i)<\?xml\s[^>]*?encoding\s*=\s*["']\s*([a-z0-9._:-]+)`)
	metaCharset = pattern.New(`(?i)<meta\s[^>]*?charset\s*=\s*["']?\s*([a-z0-9._:-]+)`)
)

func isASCII(body []byte) bool {
	for _, c := range body {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
