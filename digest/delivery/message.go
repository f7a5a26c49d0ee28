package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// Links makes the addresses in a mail that belong to its reader. For the time at
// which the mail was composed they stay the same, whatever key signs now.
type Links interface {
	UnsubscribeAsOf(at time.Time, subscriber, digest int64) string
	PreferencesAsOf(at time.Time, subscriber int64) string
}

// Sender makes the envelope sender of a delivery, "b+TOKEN@domain", as Links makes
// addresses.
type Sender interface {
	SenderAsOf(at time.Time, edition, subscriber int64) string
}

var (
	// errRecipient says that no mail to this reader can be written.
	errRecipient = errors.New("no mail can be written to this reader")
	// errComposition says that no mail of this selection can be written to anyone.
	errComposition = errors.New("no mail can be written from this edition")
)

// headroom is kept free before a message for its signature.
const headroom = 1536

// writer writes the messages of one lane, one at a time, into what it reuses.
type writer struct {
	links  Links
	sender Sender
	signer func(r *mail.Relay) *mail.Signer
	domain string
	// mailbox also takes requests to unsubscribe, "" for none.
	mailbox string

	composed *digest.Composed // of the message in buf
	format   subscribers.Format
	header   mail.Header
	uris     []string // of the header
	personal mail.Personal
	message  mail.Message
	sign     func(r *mail.Relay) ([]byte, error) // signed
	id       []byte
	buf      []byte
	field    []byte       // the signature that stands before the message in buf
	signedBy *mail.Signer // who made it; nil for none yet
}

// write returns the whole message of a delivery, which is valid until the next call. For the same mail and reader it
// is the same to the last octet, as long as the reader wants the same format.
func (w *writer) write(it *item, c *digest.Composed) (*mail.Message, error) {
	w.composed, w.format, w.signedBy = c, it.format, nil
	sender := w.sender.SenderAsOf(c.ComposedAt, it.batch.edition, it.subscriber)
	unsubscribe := w.links.UnsubscribeAsOf(c.ComposedAt, it.subscriber, it.batch.digest)
	w.uris = appendWays(w.uris[:0], unsubscribe, w.mailbox)
	w.header = mail.Header{
		From: c.From, ReplyTo: c.ReplyTo, To: mail.Address{Name: it.name, Addr: it.address}, Subject: c.Subject,
		Date: c.Date, MessageID: w.messageID(sender, it.batch.edition), ListID: c.ListID, ListUnsubscribe: w.uris,
		OneClick: true, FeedbackID: c.FeedbackID, Bulk: true,
	}
	w.personal = mail.Personal{Unsubscribe: unsubscribe, Preferences: w.links.PreferencesAsOf(c.ComposedAt, it.subscriber), Name: it.name}
	if err := w.append(); err != nil {
		if err := w.blame(err); err != nil {
			return nil, err
		}
	}
	if w.sign == nil {
		w.sign = w.signed
	}
	w.message = mail.Message{
		Envelope: mail.Envelope{From: sender, To: it.address, Clean: true}, Data: w.buf[headroom:], Sign: w.sign,
	}
	return &w.message, nil
}

// appendWays appends the ways to unsubscribe: the link, which ends in its token,
// and a mail with that.
func appendWays(dst []string, link, mailbox string) []string {
	dst = append(dst, link)
	if mailbox != "" {
		dst = append(dst, mail.UnsubscribeURI(mailbox, link[strings.LastIndexByte(link, '/')+1:]))
	}
	return dst
}

// messageID has the token of the envelope sender in it.
func (w *writer) messageID(sender string, edition int64) string {
	token, _, _ := strings.Cut(strings.TrimPrefix(sender, "b+"), "@")
	w.id = append(append(append(w.id[:0], '<'), token...), '.')
	w.id = append(strconv.AppendInt(w.id, edition, 10), '@')
	w.id = append(append(w.id, w.domain...), '>')
	return string(w.id)
}

func (w *writer) append() error {
	body := w.composed.Body
	w.buf = slices.Grow(w.buf[:0], headroom+body.Size())[:headroom]
	out, err := appendMessage(w.buf, body, w.format, &w.header, &w.personal)
	w.buf = out
	return err
}

// appendMessage appends a message as its reader wants it.
func appendMessage(dst []byte, body *mail.Body, f subscribers.Format, h *mail.Header, p *mail.Personal) ([]byte, error) {
	if f == subscribers.FormatText {
		return body.AppendText(dst, h, p)
	}
	return body.Append(dst, h, body.Boundary(), p)
}

// blame finds out whose fault it is that a message could not be written. A name that no field can carry is left out,
// and then the message is there and the error nil.
func (w *writer) blame(cause error) error {
	w.header.To.Name, w.personal.Name = "", ""
	if w.append() == nil {
		return nil
	}
	w.header.To = mail.Address{Addr: w.composed.From.Addr}
	if err := w.append(); err != nil {
		return fmt.Errorf("%w: %w", errComposition, err) // which names no reader
	}
	return fmt.Errorf("%w: %w", errRecipient, cause)
}

// signed puts the signature for a relay before the message in the buffer. A signer signs a message once.
func (w *writer) signed(r *mail.Relay) ([]byte, error) {
	msg := w.buf[headroom:]
	var signer *mail.Signer
	if w.signer != nil {
		signer = w.signer(r)
	}
	if signer == nil {
		return msg, nil
	}
	if signer != w.signedBy {
		w.signedBy = nil
		var err error
		if w.field, err = signer.AppendField(w.field[:0], msg, w.composed.Body); err != nil {
			return nil, err
		}
		if len(w.field) <= headroom {
			copy(w.buf[headroom-len(w.field):], w.field)
		}
		w.signedBy = signer
	}
	if len(w.field) > headroom {
		return slices.Concat(w.field, msg), nil
	}
	return w.buf[headroom-len(w.field):], nil
}

// Addressee is whom a message outside the ledger goes to: a preview or a test.
type Addressee struct {
	Name, Address string
	MessageID     string // with its angle brackets
	Unsubscribe   string // links
	Preferences   string
	Mailbox       string // that takes requests to unsubscribe, "" for none
	Format        subscribers.Format
}

// Message writes a message as it would go out, without a signature.
func Message(c *digest.Composed, to Addressee) ([]byte, error) {
	header := mail.Header{
		From: c.From, ReplyTo: c.ReplyTo, To: mail.Address{Name: to.Name, Addr: to.Address}, Subject: c.Subject,
		Date: c.Date, MessageID: to.MessageID, ListID: c.ListID, ListUnsubscribe: appendWays(nil, to.Unsubscribe, to.Mailbox), OneClick: true,
		FeedbackID: c.FeedbackID, Bulk: true,
	}
	personal := mail.Personal{Unsubscribe: to.Unsubscribe, Preferences: to.Preferences, Name: to.Name}
	return appendMessage(nil, c.Body, to.Format, &header, &personal)
}
