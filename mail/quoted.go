package mail

import (
	"bytes"
	"unicode/utf8"
)

const (
	softBreak = "=\r\n"
	maxQuoted = 75 // octets on a line before the = of a soft break: RFC 2045 section 6.7 allows 76 in all
)

// appendQuoted appends s in quoted-printable, as if a line began at its first octet. A line feed in s becomes a hard
// line break; nothing is added at the end. What it writes never needs dot-stuffing and reads the same under simple and
// relaxed canonicalisation (RFC 6376 section 3.4): a dot that begins a line, tabs, the second of two spaces and white
// space before a line end are encoded. Characters are not cut apart by a soft break.
func appendQuoted(dst, s []byte) []byte {
	col := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case col > 0 && isLiteral(c):
			n := literalRun(s[i:min(len(s), i+maxQuoted-col)])
			if n == 0 {
				dst, col = append(dst, softBreak...), 0
				continue
			}
			dst = append(dst, s[i:i+n]...)
			col += n
			i += n
		case c == '\n':
			dst = append(dst, '\r', '\n')
			col = 0
			i++
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRune(s[i:])
			dst, col = breakBefore(dst, col, 3*size)
			for _, c := range s[i : i+size] {
				dst = appendHex(dst, c)
			}
			col += 3 * size
			i += size
		default:
			dst, col = appendQuotedByte(dst, s, i, col)
			i++
		}
	}
	return dst
}

// isLiteral tells whether c stands for itself anywhere but at the beginning of a line.
func isLiteral(c byte) bool { return c > ' ' && c <= '~' && c != '=' }

// literalRun returns how many octets at the head of s stand for themselves.
func literalRun(s []byte) int {
	for i, c := range s {
		if !isLiteral(c) {
			return i
		}
	}
	return len(s)
}

// appendQuotedByte appends the ASCII octet s[i] and returns the new column.
func appendQuotedByte(dst, s []byte, i, col int) ([]byte, int) {
	c := s[i]
	if isLiteral(c) {
		dst, col = breakBefore(dst, col, 1)
		if col > 0 || c != '.' && !bytes.HasPrefix(s[i:], []byte("From ")) {
			return append(dst, c), col + 1
		}
		return appendHex(dst, c), col + 3
	}
	if c == ' ' {
		afterSpace := col > 0 && dst[len(dst)-1] == ' '
		beforeEnd := i+1 < len(s) && (s[i+1] == '\n' || s[i+1] == '\r')
		if !afterSpace && !beforeEnd {
			dst, col = breakBefore(dst, col, 1)
			return append(dst, c), col + 1
		}
	}
	dst, col = breakBefore(dst, col, 3)
	return appendHex(dst, c), col + 3
}

func breakBefore(dst []byte, col, width int) ([]byte, int) {
	if col+width <= maxQuoted {
		return dst, col
	}
	return append(dst, softBreak...), 0
}

func appendHex(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '=', digits[c>>4], digits[c&15])
}
