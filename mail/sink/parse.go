package sink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
)

// Parsed is a message taken apart.
type Parsed struct {
	Header netmail.Header // raw values; Decode reads them
	// HTML and Text are the decoded parts, with the line ends they came with; empty where there is none.
	HTML, Text string
}

// Decode returns a field's first value with its encoded words (RFC 2047) decoded, or raw where they are broken.
func (p *Parsed) Decode(field string) string {
	raw := p.Header.Get(field)
	decoded, err := new(mime.WordDecoder).DecodeHeader(raw)
	if err != nil {
		return raw
	}
	return decoded
}

// Parse takes a message of one text part, or of a multipart/alternative, apart. Of each kind it keeps the first part.
func Parse(msg []byte) (*Parsed, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(msg))
	if err != nil {
		return nil, fmt.Errorf("parse message: %w", err)
	}
	p := &Parsed{Header: m.Header}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("parse Content-Type: %w", err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return p, p.add(kind, m.Header.Get("Content-Transfer-Encoding"), m.Body)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse parts: %w", err)
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			return nil, fmt.Errorf("parse Content-Type of a part: %w", err)
		}
		if err := p.add(kind, part.Header.Get("Content-Transfer-Encoding"), part); err != nil {
			return nil, err
		}
	}
}

func (p *Parsed) add(kind, encoding string, body io.Reader) error {
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	switch {
	case kind == "text/plain" && p.Text == "":
		p.Text = string(content)
	case kind == "text/html" && p.HTML == "":
		p.HTML = string(content)
	}
	return nil
}
