package mail

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
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
// between them. What a caller sees of it never changes; it is safe for concurrent use.
type Body struct {
	text, html []segment
	htmlSize   int
	size       int
	boundary   string
	prefix     hashedPrefix                 // what all bodies with that boundary begin with
	shared     atomic.Pointer[sharedFields] // of the header that Append was given last; nil at first
	plain      atomic.Pointer[sharedFields] // the same for AppendText
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
	b := new(Body)
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
	b.boundary = b.contentBoundary()
	b.prefix = newHashedPrefix(appendPart(nil, b.boundary, "text/plain", b.text[:1], nil)[len("\r\n"):])
	return b, nil
}

// HTMLSize returns the octets of the decoded HTML part without the slots' values, line ends counted as two.
func (b *Body) HTMLSize() int { return b.htmlSize }

// Append appends the whole message for one reader: the fields of h, then a multipart/alternative with the text first
// (RFC 2046 section 5.1.4). Lines end in CRLF, are at most 76 octets in the body and never begin with a dot, so that no
// dot-stuffing is needed. The boundary is that of [Body.Boundary] or of [Boundary]. The same arguments give the same
// octets. Fields that name no reader are encoded anew only where they differ from those of the call before. On an error
// dst is returned as it was; errors wrap [ErrHeader] or [ErrBody].
func (b *Body) Append(dst []byte, h *Header, boundary string, p *Personal) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	if boundary == "" {
		return dst, checkBoundary(boundary)
	}
	shared, err := sharedFieldsOf(&b.shared, h, boundary)
	if err != nil {
		return dst, err
	}
	begin := len(dst)
	out, err := appendHeader(dst, h, shared)
	if err != nil {
		return dst[:begin], err
	}
	out = appendPart(out, boundary, "text/plain", b.text, p)
	out = appendPart(out, boundary, "text/html", b.html, p)
	return append(append(append(out, "\r\n--"...), boundary...), "--\r\n"...), nil
}

// AppendText appends the whole message for one reader who wants no HTML: the fields of h, then the text alone, not in
// parts. It is like [Body.Append] in all else.
func (b *Body) AppendText(dst []byte, h *Header, p *Personal) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	shared, err := sharedFieldsOf(&b.plain, h, "")
	if err != nil {
		return dst, err
	}
	begin := len(dst)
	out, err := appendHeader(dst, h, shared)
	if err != nil {
		return dst[:begin], err
	}
	return appendSegments(append(out, "\r\n"...), "text/plain", b.text, p), nil
}

// sharedFieldsOf returns the fields of h that name no reader, encoded: those of last if they are the same.
func sharedFieldsOf(last *atomic.Pointer[sharedFields], h *Header, boundary string) (*sharedFields, error) {
	values := sharedValuesOf(h, boundary)
	if s := last.Load(); s != nil && s.values == values {
		return s, nil
	}
	s, err := newSharedFields(values)
	if err != nil {
		return nil, err
	}
	last.Store(s)
	return s, nil
}

func (p *Personal) check() error {
	for s := range slotCount {
		if v := p.value(s); !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("personal value %d: %w: it is not valid text", s, ErrBody)
		}
	}
	return nil
}

// Size returns about how many octets a message with this body has, for sizing a buffer.
func (b *Body) Size() int { return b.size + 2048 }

// Boundary returns the boundary for messages to many readers: it follows from the content, so that all of them begin
// alike, and is the same whenever the same parts are compiled.
func (b *Body) Boundary() string { return b.boundary }

func (b *Body) contentBoundary() string {
	content := sha256.New()
	for _, part := range [][]segment{b.text, b.html} {
		for _, s := range part {
			content.Write(s.encoded)
			content.Write([]byte{0, byte(s.slot)})
		}
	}
	return makeBoundary(content.Sum(nil))
}

// Boundary returns the boundary of a single message with that id.
func Boundary(messageID string) string {
	sum := sha256.Sum256([]byte("boundary " + messageID))
	return makeBoundary(sum[:])
}

// makeBoundary returns a boundary with "=_" in it, which quoted-printable cannot have.
func makeBoundary(sum []byte) string {
	return "=_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

// appendPart appends a part with the line end before it.
func appendPart(dst []byte, boundary, contentType string, segments []segment, p *Personal) []byte {
	dst = append(append(dst, "\r\n--"...), boundary...)
	dst = append(append(dst, "\r\nContent-Type: "...), contentType...)
	dst = append(dst, "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"...)
	return appendSegments(dst, contentType, segments, p)
}

// appendSegments appends segments, which end where there is no value for their slot, p being nil.
func appendSegments(dst []byte, contentType string, segments []segment, p *Personal) []byte {
	for _, s := range segments {
		dst = append(dst, s.encoded...)
		if s.slot == slotCount || p == nil {
			break
		}
		dst = append(dst, softBreak...)
		if value := p.value(s.slot); value != "" {
			dst = append(appendValue(dst, value, contentType == "text/html"), softBreak...)
		}
	}
	return dst
}

// appendValue appends a personal value, which must not start a line of its own.
func appendValue(dst []byte, value string, isHTML bool) []byte {
	var room [512]byte
	plain := room[:0]
	for i := range len(value) {
		switch c := value[i]; {
		case c == '\n' && i > 0 && value[i-1] == '\r': // one line end, one space
		case c == '\n' || c == '\r':
			plain = append(plain, ' ')
		case isHTML && c == '&':
			plain = append(plain, "&amp;"...)
		case isHTML && c == '<':
			plain = append(plain, "&lt;"...)
		case isHTML && c == '>':
			plain = append(plain, "&gt;"...)
		case isHTML && c == '"':
			plain = append(plain, "&#34;"...)
		case isHTML && c == '\'':
			plain = append(plain, "&#39;"...)
		default:
			plain = append(plain, c)
		}
	}
	return appendQuoted(dst, plain)
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
			return append(segments, segment{encoded: appendQuoted(nil, []byte(s)), slot: slotCount})
		}
		segments = append(segments, segment{encoded: appendQuoted(nil, []byte(s[:at])), slot: slot})
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
