package delivery

import (
	"broadsheet/digest"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// TestWriter writes the messages of an edition to readers named by number.
type TestWriter struct{ w writer }

// NewTestWriter returns the writer of a lane.
func NewTestWriter(l Links, s Sender, signer func(r *mail.Relay) *mail.Signer, domain string) *TestWriter {
	return &TestWriter{writer{links: l, sender: s, signer: signer, domain: domain}}
}

// Reader is whom a message goes to.
func (t *TestWriter) Reader(subscriber int64, name, address string) *TestReader {
	return &TestReader{item{batch: &batch{edition: 1, digest: 7}, subscriber: subscriber, name: name, address: address}}
}

// InText is the same reader, who wants text alone.
func (r *TestReader) InText() *TestReader {
	in := *r
	in.it.format = subscribers.FormatText
	return &in
}

// TestReader is a delivery to one reader.
type TestReader struct{ it item }

// Write writes the message of a delivery.
func (t *TestWriter) Write(r *TestReader, c *digest.Composed) (*mail.Message, error) {
	return t.w.write(&r.it, c)
}
