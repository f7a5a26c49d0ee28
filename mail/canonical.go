package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding"
)

// hashedPrefix is the head of a body and the state of a hash that has read it.
type hashedPrefix struct {
	text, state []byte
}

func newHashedPrefix(text []byte) hashedPrefix {
	h := sha256.New()
	h.Write(text)
	marshaler, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return hashedPrefix{text: text}
	}
	state, _ := marshaler.MarshalBinary() // nil on an error, and then of no use to resume
	return hashedPrefix{text, state}
}

// resume hashes content, which must begin with the prefix, without reading that again.
func (p *hashedPrefix) resume(content []byte) (sum []byte, ok bool) {
	h := sha256.New()
	unmarshaler, ok := h.(encoding.BinaryUnmarshaler)
	if !ok || !bytes.HasPrefix(content, p.text) || unmarshaler.UnmarshalBinary(p.state) != nil {
		return nil, false
	}
	h.Write(content[len(p.text):])
	return h.Sum(nil), true
}

// hashBody hashes a body in canonical form. What body writes, which may be nil, is that already: see appendQuoted.
func hashBody(content []byte, body *Body) []byte {
	if body != nil {
		if sum, ok := body.prefix.resume(content); ok {
			return sum
		}
	}
	sum := sha256.Sum256(relaxBody(content))
	return sum[:]
}

// appendRelaxed appends a field in canonical form without a line end (RFC 6376 section 3.4.2).
func appendRelaxed(dst, field []byte) []byte {
	name, value, _ := bytes.Cut(field, []byte(":"))
	for _, c := range bytes.TrimRight(name, " \t") {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	dst = append(dst, ':')
	begin, space := len(dst), false
	for _, c := range value {
		if isFoldingSpace(c) {
			space = true
			continue
		}
		if space && len(dst) > begin {
			dst = append(dst, ' ')
		}
		dst, space = append(dst, c), false
	}
	return dst
}

func isFoldingSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// relaxBody canonicalises a body (RFC 6376 section 3.4.4).
func relaxBody(body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		space := false
		for _, c := range line {
			if c == ' ' || c == '\t' {
				space = true
				continue
			}
			if space {
				out = append(out, ' ')
				space = false
			}
			out = append(out, c)
		}
		out = append(out, "\r\n"...)
	}
	for bytes.HasSuffix(out, []byte("\r\n\r\n")) {
		out = out[:len(out)-2]
	}
	if string(out) == "\r\n" {
		return nil
	}
	return out
}
