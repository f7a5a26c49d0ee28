package mail

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// Slot is a place in a shared body that is filled in for each reader.
type Slot int

// The slots of a body.
const (
	SlotUnsubscribe Slot = iota // the URL that ends this digest
	SlotPreferences             // the URL of the reader's preferences
	SlotName                    // the reader's display name, maybe empty
	slotCount
)

// Markers are the texts that a template emits where slots belong. Each composition has markers of its own that nobody
// can guess: with known ones the text of a story could ask for a reader's links. The zero value has none.
type Markers struct{ nonce string }

// NewMarkers returns fresh markers. They do not show in the composed body.
func NewMarkers() Markers { return Markers{nonce: rand.Text()} }

// Of returns the marker of a slot: letters and digits only, which no escaping of HTML, URLs or text changes.
func (m Markers) Of(s Slot) string {
	return "x" + m.nonce + [...]string{"Unsubscribe", "Preferences", "Name"}[s] + "x"
}

// Personal holds the values of the slots for one reader, plain: Append escapes them in the HTML part.
type Personal struct {
	Unsubscribe, Preferences, Name string
}

func (p *Personal) value(s Slot) string {
	switch s {
	case SlotUnsubscribe:
		return p.Unsubscribe
	case SlotPreferences:
		return p.Preferences
	default:
		return p.Name
	}
}

// Body is the text and HTML of a message, compiled once for many readers: segments in quoted-printable with slots
// between them. It is immutable and safe for concurrent use.
type Body struct {
	text, html []segment
	htmlSize   int
	size       int
}

// segment is encoded text that ends either a part (slot is slotCount) or where the value of slot goes in.
type segment struct {
	encoded []byte
	slot    Slot
}

// ErrBody is in the chain of errors of [Compile], and of [Body.Append] about personal values.
var ErrBody = errors.New("body refused")

// Compile splits both parts at markers and encodes what lies between. Line ends may be CRLF, LF or CR,
// and are added at the end of a part that has none. It refuses an empty part, invalid UTF-8 and NUL.
func Compile(html, text string, markers Markers) (*Body, error) {
	var b Body
	for _, part := range []struct {
		name, source string
		segments     *[]segment
	}{{"HTML", html, &b.html}, {"text", text, &b.text}} {
		source, err := cleanPart(part.source)
		if err != nil {
			return nil, fmt.Errorf("%s part: %w: %w", part.name, ErrBody, err)
		}
		*part.segments = markers.split(source)
		for _, s := range *part.segments {
			b.size += len(s.encoded)
		}
	}
	b.htmlSize = markers.decodedSize(html)
	return &b, nil
}

// HTMLSize returns the octets of the decoded HTML part without the slots' values, line ends counted as two.
func (b *Body) HTMLSize() int { return b.htmlSize }

// Append appends the whole message for one reader: the fields of h, then a multipart/alternative with the text first
// (RFC 2046 section 5.1.4). Lines end in CRLF, are at most 76 octets in the body and never begin with a dot, so that no
// dot-stuffing is needed. The boundary is that of [Boundary]. The same arguments give the same octets. On an error dst
// is returned as it was; errors wrap [ErrHeader] or [ErrBody].
func (b *Body) Append(dst []byte, h *Header, boundary string, p *Personal) ([]byte, error) {
	if err := checkBoundary(boundary); err != nil {
		return dst, err
	}
	for s := range slotCount {
		if v := p.value(s); !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return dst, fmt.Errorf("personal value %d: %w: it is not valid text", s, ErrBody)
		}
	}
	begin := len(dst)
	out, err := appendHeader(dst, h)
	if err != nil {
		return dst[:begin], err
	}
	out = append(out, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\""...)
	out = append(out, boundary...)
	out = append(out, "\"\r\nContent-Transfer-Encoding: 7bit\r\n"...)
	out = appendPart(out, boundary, "text/plain", b.text, p)
	out = appendPart(out, boundary, "text/html", b.html, p)
	out = append(append(append(out, "\r\n--"...), boundary...), "--\r\n"...)
	return out, nil
}

// Size returns about how many octets a message with this body has, for sizing a buffer.
func (b *Body) Size() int { return b.size + 2048 }

// Boundary returns the boundary of the message with that id. It contains "=_", which quoted-printable cannot.
func Boundary(messageID string) string {
	sum := sha256.Sum256([]byte("boundary " + messageID))
	return "=_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

func checkBoundary(s string) error {
	rest, ok := strings.CutPrefix(s, "=_")
	for i := range len(rest) {
		ok = ok && isAlphanumeric(rest[i])
	}
	if !ok || rest == "" || len(s) > 38 {
		return fmt.Errorf("boundary %q: %w: use that of mail.Boundary", s, ErrHeader)
	}
	return nil
}

func appendPart(dst []byte, boundary, contentType string, segments []segment, p *Personal) []byte {
	dst = append(append(dst, "\r\n--"...), boundary...)
	dst = append(append(dst, "\r\nContent-Type: "...), contentType...)
	dst = append(dst, "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"...)
	for _, s := range segments {
		dst = append(dst, s.encoded...)
		if s.slot == slotCount {
			break
		}
		dst = append(dst, softBreak...)
		value := p.value(s.slot)
		if value == "" {
			continue
		}
		if contentType == "text/html" {
			value = html.EscapeString(value)
		}
		dst = appendQuoted(dst, oneLine(value))
		dst = append(dst, softBreak...)
	}
	return dst
}

// oneLine keeps a personal value from starting a line of its own.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(s)
}

// cleanPart checks a part and gives it LF line ends, one of them last.
func cleanPart(s string) (string, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return "", errors.New("it is empty")
	case !utf8.ValidString(s):
		return "", errNotUTF8
	case strings.IndexByte(s, 0) >= 0:
		return "", errors.New("it holds a NUL")
	}
	s = unixLines(s)
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return s, nil
}

func unixLines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}

// split cuts a part at its markers; each segment begins at the start of a line, after the soft break of the slot.
func (m Markers) split(s string) []segment {
	var segments []segment
	for {
		at, slot := m.next(s)
		if slot == slotCount {
			return append(segments, segment{encoded: appendQuoted(nil, s), slot: slotCount})
		}
		segments = append(segments, segment{encoded: appendQuoted(nil, s[:at]), slot: slot})
		s = s[at+len(m.Of(slot)):]
	}
}

// next finds the first marker in s; slotCount means none.
func (m Markers) next(s string) (at int, slot Slot) {
	at, slot = len(s), slotCount
	if m.nonce == "" {
		return at, slot
	}
	for candidate := range slotCount {
		if i := strings.Index(s[:at], m.Of(candidate)); i >= 0 {
			at, slot = i, candidate
		}
	}
	return at, slot
}

func (m Markers) decodedSize(source string) int {
	s := unixLines(source)
	size := len(s) + strings.Count(s, "\n")
	if !strings.HasSuffix(s, "\n") {
		size += 2
	}
	for slot := range slotCount {
		if m.nonce != "" {
			size -= strings.Count(s, m.Of(slot)) * len(m.Of(slot))
		}
	}
	return size
}
