package mail

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrHeader is in the chain of every error about a value that cannot stand in a header field, such as one with a line
// break in it.
var ErrHeader = errors.New("header value refused")

// dateLayout is how Date is written (RFC 5322 section 3.3).
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"

// maxUnfolded is the longest line that SMTP carries (RFC 5322 section 2.1.1), for fields that are never folded.
const maxUnfolded = 998

// Header is what a message says about itself. From, To, Date and MessageID are needed; what is zero is left out.
type Header struct {
	From    Address
	ReplyTo *Address // nil for none
	To      Address
	Subject string    // plain UTF-8
	Date    time.Time // written in its own zone; keep it, and MessageID, on a retry
	// MessageID is the whole msg-id with its angle brackets, as <TOKEN.edition@courier.example>.
	MessageID string
	// ListID is "Name <slug.lists.example>" or "<slug.lists.example>" (RFC 2919).
	ListID string
	// ListUnsubscribe holds URIs without angle brackets (RFC 2369).
	ListUnsubscribe []string
	// OneClick adds List-Unsubscribe-Post (RFC 8058); the first URI must then be https.
	OneClick   bool
	FeedbackID string
	// Bulk adds Precedence: bulk and asks automatic responders to keep silent.
	Bulk bool
	// AutoSubmitted marks confirmations and other system mail (RFC 3834).
	AutoSubmitted bool
}

const tooLong = "it is longer than a line of mail can be"

// headerWriter appends fields to a message and keeps the first error.
type headerWriter struct {
	dst []byte
	err error
}

// appendHeader appends the shared fields and between them those of h that name the reader.
func appendHeader(dst []byte, h *Header, shared *sharedFields) ([]byte, error) {
	w := headerWriter{dst: append(dst, shared.lead...)}
	w.address("To", h.To)
	w.messageID(h.MessageID)
	w.unsubscribe(h)
	return append(w.dst, shared.rest...), w.err
}

func (w *headerWriter) unsubscribe(h *Header) {
	if h.OneClick && (len(h.ListUnsubscribe) == 0 ||
		!strings.HasPrefix(h.ListUnsubscribe[0], "https://") && !isLoopbackURL(h.ListUnsubscribe[0])) {
		w.fail("List-Unsubscribe-Post", "one-click needs an https URI in List-Unsubscribe")
		return
	}
	if len(h.ListUnsubscribe) == 0 {
		return
	}
	begin := len(w.dst)
	w.dst = append(w.dst, "List-Unsubscribe: "...)
	for i, uri := range h.ListUnsubscribe {
		if !isPrintable(uri) || strings.ContainsAny(uri, "<>, ") || !strings.Contains(uri, ":") {
			w.fail("List-Unsubscribe", "it holds something that is not a URI")
			return
		}
		if i > 0 {
			w.dst = append(w.dst, ", "...)
		}
		w.dst = append(append(append(w.dst, '<'), uri...), '>')
	}
	if len(w.dst)-begin > maxUnfolded {
		w.fail("List-Unsubscribe", tooLong)
	}
	w.dst = append(w.dst, "\r\n"...)
	if h.OneClick {
		w.dst = append(w.dst, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
}

// isLoopbackURL lets the demo, which has no certificate, show one-click on the machine it runs on.
func isLoopbackURL(uri string) bool {
	return strings.HasPrefix(uri, "http://127.0.0.1:") || strings.HasPrefix(uri, "http://localhost:") ||
		strings.HasPrefix(uri, "http://[::1]:")
}

func (w *headerWriter) messageID(id string) {
	body, ok := strings.CutPrefix(id, "<")
	body, closed := strings.CutSuffix(body, ">")
	at := strings.LastIndexByte(body, '@')
	if !ok || !closed || at < 1 || at == len(body)-1 || strings.ContainsAny(body, " <>\"(),;:\\[]") {
		w.fail("Message-ID", "it is not of the form <left@right>")
		return
	}
	w.literal("Message-ID", id)
}

func (w *headerWriter) listID(id string) {
	open := strings.LastIndexByte(id, '<')
	if open < 0 || !strings.HasSuffix(id, ">") || strings.ContainsAny(id[open+1:], " \"@") {
		w.fail("List-Id", "it is not of the form Name <label.domain>")
		return
	}
	name, err := plainText(strings.TrimSpace(id[:open]))
	if err != nil || !isPrintable(id[open:]) {
		w.fail("List-Id", "it holds a control character")
		return
	}
	const field = "List-Id"
	var words []string
	if name != "" {
		words = phrase(name, encodedLine-len(field)-2)
	}
	w.fold(field, append(words, id[open:]))
}

func (w *headerWriter) address(field string, a Address) {
	if isPlainMailbox(a, maxLine-len(field)-2) {
		w.dst = append(append(w.dst, field...), ": "...)
		if a.Name == "" {
			w.dst = append(append(w.dst, a.Addr...), "\r\n"...)
			return
		}
		w.dst = append(append(append(append(w.dst, a.Name...), " <"...), a.Addr...), ">\r\n"...)
		return
	}
	addr, err := normalize(a.Addr)
	if err != nil {
		w.failWith(field, err)
		return
	}
	name, err := plainText(a.Name)
	if err != nil {
		w.failWith(field, err)
		return
	}
	if name == "" {
		w.literal(field, addr)
		return
	}
	w.fold(field, append(phrase(name, encodedLine-len(field)-2), "<"+addr+">"))
}

// isPlainMailbox tells of the common mailbox, as far as that takes no allocation, that it stands in a header field as it
// is: its address normal already, its name nothing but atoms, on one line of room octets.
func isPlainMailbox(a Address, room int) bool {
	if !isNormal(a.Addr) {
		return false
	}
	return a.Name == "" || len(a.Name)+len(a.Addr)+len(" <>") <= room && isAtoms(a.Name) && !strings.Contains(a.Name, "=?")
}

// isNormal tells that normalize would return addr as it is. It may say no to a rare address.
func isNormal(addr string) bool {
	local, domain, _ := strings.Cut(addr, "@")
	if len(addr) > maxAddress || len(domain) > maxDomain || checkLocal(local) != nil {
		return false
	}
	labels := 0
	for label := ""; domain != ""; labels++ {
		label, domain, _ = strings.Cut(domain, ".")
		if !isLabel(label) || strings.ToLower(label) != label || domain == "" && isDigit(label[0]) {
			return false
		}
	}
	return labels > 1 && addr[len(addr)-1] != '.'
}

func (w *headerWriter) text(field, value string) {
	value, err := plainText(value)
	if err != nil {
		w.failWith(field, err)
		return
	}
	w.fold(field, unstructured(value, encodedLine-len(field)-2))
}

// literal writes a value of printable ASCII on one line.
func (w *headerWriter) literal(field, value string) {
	switch {
	case !isPrintable(value):
		w.fail(field, "it holds a line break, another control character or a letter that is not ASCII")
	case len(field)+2+len(value) > maxUnfolded:
		w.fail(field, tooLong)
	}
	w.dst = append(w.dst, field...)
	w.dst = append(w.dst, ": "...)
	w.dst = append(w.dst, value...)
	w.dst = append(w.dst, "\r\n"...)
}

// fold writes words separated by spaces, breaking lines between them.
func (w *headerWriter) fold(field string, words []string) {
	w.dst = append(append(w.dst, field...), ':')
	col := len(field) + 1
	for i, word := range words {
		limit := maxLine
		if strings.HasPrefix(word, "=?") {
			limit = encodedLine
		}
		if i > 0 && col+1+len(word) > limit {
			w.dst = append(w.dst, "\r\n"...)
			col = 0
		}
		w.dst = append(append(w.dst, ' '), word...)
		col += 1 + len(word)
	}
	w.dst = append(w.dst, "\r\n"...)
}

func (w *headerWriter) fail(field, reason string) {
	if w.err == nil {
		w.err = fmt.Errorf("field %s: %w: %s", field, ErrHeader, reason)
	}
}

func (w *headerWriter) failWith(field string, err error) {
	if w.err == nil {
		w.err = fmt.Errorf("field %s: %w: %w", field, ErrHeader, err)
	}
}

var (
	errLineBreak = errors.New("it holds a line break or a NUL")
	errNotUTF8   = errors.New("it is not valid UTF-8")
)

// plainText refuses what could end a field or break a reader.
func plainText(s string) (string, error) {
	if strings.ContainsAny(s, "\r\n\x00") {
		return "", errLineBreak
	}
	if !utf8.ValidString(s) {
		return "", errNotUTF8
	}
	return s, nil
}
