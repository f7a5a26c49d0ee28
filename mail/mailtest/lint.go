// Package mailtest checks mail in tests: what every message on the wire must be, and certificates for trying TLS.
package mailtest

import (
	"bytes"
	"fmt"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"

	"broadsheet/mail/sink"
)

// Lint returns what is wrong with a digest as it goes over the wire, one sentence each, nothing when all is well.
// Unsubscribe links are looked for in the parts as List-Unsubscribe has them.
func Lint(msg []byte) []string { return lint(msg, expected{unsubscribe: true, html: true}) }

// LintText is Lint for a digest to a reader who wants text alone.
func LintText(msg []byte) []string { return lint(msg, expected{unsubscribe: true}) }

// LintSystem is Lint for confirmations and other mail that is no digest: it asks for no List-Unsubscribe and for
// Auto-Submitted.
func LintSystem(msg []byte) []string { return lint(msg, expected{html: true}) }

// expected is what a mail must have.
type expected struct{ unsubscribe, html bool }

// report gathers findings.
type report []string

func (r *report) add(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

func lint(msg []byte, want expected) []string {
	var r report
	head, body, ok := bytes.Cut(msg, []byte("\r\n\r\n"))
	if !ok {
		return []string{"no empty line ends the header"}
	}
	r.lines(msg, head, body)
	r.fields(string(head))
	parsed, err := sink.Parse(msg)
	if err != nil {
		r.add("%v", err)
		return r
	}
	r.header(parsed.Header, want)
	r.parts(body, parsed, want)
	if want.unsubscribe {
		r.unsubscribe(parsed, want)
	} else if parsed.Header.Get("Auto-Submitted") != "auto-generated" {
		r.add("Auto-Submitted is %q, want auto-generated", parsed.Header.Get("Auto-Submitted"))
	}
	return r
}

func (r *report) lines(msg, head, body []byte) {
	if bytes.Count(msg, []byte("\r\n")) != bytes.Count(msg, []byte("\n")) ||
		bytes.Count(msg, []byte("\r\n")) != bytes.Count(msg, []byte("\r")) {
		r.add("there is a bare CR or LF")
	}
	if !bytes.HasSuffix(msg, []byte("\r\n")) {
		r.add("the last line has no end")
	}
	for i, c := range msg {
		if c >= 0x80 || c == 0 {
			r.add("octet %d is %#x, want ASCII", i, c)
			break
		}
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(line) > 998 {
			r.add("a header line has %d octets: %.40q", len(line), line)
		}
	}
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		if len(line) > 76 {
			r.add("a body line has %d octets: %.40q", len(line), line)
		}
		if bytes.HasPrefix(line, []byte(".")) {
			r.add("a body line begins with a dot: %.40q", line)
		}
		if bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t")) {
			r.add("a body line ends in white space: %.40q", line)
		}
	}
}

// fields counts fields and looks at folding, on the raw header.
func (r *report) fields(head string) {
	count := make(map[string]int)
	last := ""
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			if last == "message-id" || last == "list-unsubscribe" {
				r.add("%s is folded", last)
			}
			continue
		}
		name, _, ok := strings.Cut(line, ":")
		if !ok {
			r.add("a header line is no field: %.40q", line)
			continue
		}
		last = strings.ToLower(name)
		count[last]++
	}
	for _, name := range []string{"date", "from", "to", "subject", "message-id", "mime-version", "content-type"} {
		if count[name] != 1 {
			r.add("%s stands %d times, want once", name, count[name])
		}
	}
	for name, n := range count {
		if n > 1 && name != "dkim-signature" && name != "received" {
			r.add("%s stands %d times", name, n)
		}
	}
}

func (r *report) header(h netmail.Header, want expected) {
	if _, err := h.Date(); err != nil {
		r.add("Date: %v", err)
	}
	for _, name := range []string{"From", "To"} {
		if list, err := h.AddressList(name); err != nil || len(list) != 1 {
			r.add("%s is not one address: %q", name, h.Get(name))
		}
	}
	if _, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject")); err != nil {
		r.add("Subject: %v", err)
	}
	if id := h.Get("Message-ID"); len(id) < 20 || !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, ">") {
		r.add("Message-ID %q is no id of 20 characters or more", id)
	}
	if h.Get("MIME-Version") != "1.0" {
		r.add("MIME-Version is %q", h.Get("MIME-Version"))
	}
	whole := "text/plain"
	if want.html {
		whole = "multipart/alternative"
	}
	if kind, _, _ := mime.ParseMediaType(h.Get("Content-Type")); kind != whole {
		r.add("Content-Type is %q, want %s", kind, whole)
	}
}

func (r *report) parts(body []byte, p *sink.Parsed, want expected) {
	if strings.TrimSpace(p.Text) == "" {
		r.add("the text part is missing or empty")
	}
	if want.html && strings.TrimSpace(p.HTML) == "" {
		r.add("the HTML part is missing or empty")
	}
	text, html := bytes.Index(body, []byte("text/plain")), bytes.Index(body, []byte("text/html"))
	if want.html && text > html {
		r.add("the HTML part stands before the text part")
	}
	if slotMarker.MatchString(p.Text + p.HTML) {
		r.add("a slot was not filled in")
	}
}

// slotMarker has the form of the markers of package mail.
var slotMarker = regexp.MustCompile(`x[A-Z2-7]{26}(Unsubscribe|Preferences|Name)x`)

func (r *report) unsubscribe(p *sink.Parsed, want expected) {
	field := p.Header.Get("List-Unsubscribe")
	uri, _, ok := strings.Cut(strings.TrimPrefix(field, "<"), ">")
	if !ok || !strings.HasPrefix(uri, "https://") && !strings.HasPrefix(uri, "http://127.0.0.1:") {
		r.add("List-Unsubscribe has no https URI first: %q", field)
		return
	}
	if got := p.Header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
		r.add("List-Unsubscribe-Post is %q", got)
	}
	if p.Header.Get("List-Id") == "" {
		r.add("List-Id is missing")
	}
	for name, part := range map[string]string{"text": p.Text, "HTML": strings.ReplaceAll(p.HTML, "&amp;", "&")} {
		if (want.html || name == "text") && !strings.Contains(part, uri) {
			r.add("the %s part has no unsubscribe link", name)
		}
	}
}
