package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"broadsheet/digest"
	"broadsheet/mail"
)

// Links makes the addresses in a mail that belong to its reader.
type Links interface {
	Unsubscribe(subscriber, digest int64) string
	Preferences(subscriber int64) string
}

// Sender makes the envelope sender of a delivery, "b+TOKEN@domain".
type Sender interface {
	Sender(edition, subscriber int64) string
}

var (
	// errRecipient says that no mail to this reader can be written.
	errRecipient = errors.New("no mail can be written to this reader")
	// errComposition says that no mail of this selection can be written to anyone.
	errComposition = errors.New("no mail can be written from this edition")
)

// headroom is kept free before a message for its signature.
const headroom = 1536

// writer writes the messages of one lane into a buffer that it reuses.
type writer struct {
	links  Links
	sender Sender
	signer func(r *mail.Relay) *mail.Signer
	domain string
	buf    []byte
}

// write returns the whole message of a delivery, which is valid until the next call. For the same mail and reader it
// is the same to the last octet.
func (w *writer) write(it *item, c *digest.Composed) (*mail.Message, error) {
	envelope := mail.Envelope{From: w.sender.Sender(it.batch.edition, it.subscriber), To: it.address}
	token, _, _ := strings.Cut(strings.TrimPrefix(envelope.From, "b+"), "@")
	id := "<" + token + "." + strconv.FormatInt(it.batch.edition, 10) + "@" + w.domain + ">"
	unsubscribe := w.links.Unsubscribe(it.subscriber, it.batch.digest)
	header := mail.Header{
		From: c.From, ReplyTo: c.ReplyTo, To: mail.Address{Name: it.name, Addr: it.address}, Subject: c.Subject,
		Date: c.Date, MessageID: id, ListID: c.ListID, ListUnsubscribe: []string{unsubscribe}, OneClick: true,
		FeedbackID: c.FeedbackID, Bulk: true,
	}
	personal := mail.Personal{Unsubscribe: unsubscribe, Preferences: w.links.Preferences(it.subscriber), Name: it.name}
	if err := w.append(c, &header, &personal); err != nil {
		if err := w.blame(c, header, personal, err); err != nil {
			return nil, err
		}
	}
	return &mail.Message{Envelope: envelope, Data: w.buf[headroom:], Sign: w.signed}, nil
}

func (w *writer) append(c *digest.Composed, h *mail.Header, p *mail.Personal) error {
	w.buf = slices.Grow(w.buf[:0], headroom+c.Body.Size())[:headroom]
	out, err := c.Body.Append(w.buf, h, mail.Boundary(h.MessageID), p)
	w.buf = out
	return err
}

// blame finds out whose fault it is that a message could not be written. A name that no field can carry is left out,
// and then the message is there and the error nil.
func (w *writer) blame(c *digest.Composed, h mail.Header, p mail.Personal, cause error) error {
	h.To.Name, p.Name = "", ""
	if w.append(c, &h, &p) == nil {
		return nil
	}
	h.To = mail.Address{Addr: c.From.Addr}
	if err := w.append(c, &h, &p); err != nil {
		return fmt.Errorf("%w: %w", errComposition, err) // which names no reader
	}
	return fmt.Errorf("%w: %w", errRecipient, cause)
}

// signed puts the signature for a relay before the message in the buffer.
func (w *writer) signed(r *mail.Relay) ([]byte, error) {
	msg := w.buf[headroom:]
	var signer *mail.Signer
	if w.signer != nil {
		signer = w.signer(r)
	}
	if signer == nil {
		return msg, nil
	}
	signature, err := signer.Sign(msg)
	if err != nil {
		return nil, err
	}
	if len(signature) > headroom {
		return slices.Concat(signature, msg), nil
	}
	begin := headroom - len(signature)
	copy(w.buf[begin:], signature)
	return w.buf[begin:], nil
}

// Addressee is whom a message outside the ledger goes to: a preview or a test.
type Addressee struct {
	Name, Address string
	MessageID     string // with its angle brackets
	Unsubscribe   string // links
	Preferences   string
}

// Message writes a message as it would go out, without a signature.
func Message(c *digest.Composed, to Addressee) ([]byte, error) {
	header := mail.Header{
		From: c.From, ReplyTo: c.ReplyTo, To: mail.Address{Name: to.Name, Addr: to.Address}, Subject: c.Subject,
		Date: c.Date, MessageID: to.MessageID, ListID: c.ListID, ListUnsubscribe: []string{to.Unsubscribe}, OneClick: true,
		FeedbackID: c.FeedbackID, Bulk: true,
	}
	personal := mail.Personal{Unsubscribe: to.Unsubscribe, Preferences: to.Preferences, Name: to.Name}
	return c.Body.Append(nil, &header, mail.Boundary(header.MessageID), &personal)
}
