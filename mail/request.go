package mail

import (
	"io"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"
)

// requestWord stands before the token in a mail that asks to end something.
const requestWord = "unsubscribe"

// UnsubscribeURI returns the mailto URI (RFC 2369) by which a mail program
// asks a mailbox to end what a token names.
func UnsubscribeURI(mailbox, token string) string {
	return "mailto:" + mailbox + "?subject=" + requestWord + "%20" + token
}

// request finds the word and the token after it. A token is base64url and its
// letter case counts.
var request = regexp.MustCompile(`(?i)\b` + requestWord + `[\s:]+([A-Za-z0-9_-]{20,64})(?:[^A-Za-z0-9_-]|$)`)

// mostRequest is how many octets of a mail's text are searched.
const mostRequest = 64 << 10

// UnsubscribeRequest finds the token in a mail that UnsubscribeURI asked for:
// in its subject, which some mail programs encode or fold, else in the
// beginning of its text, where some people put it. It is "" where there is
// none. The error is that of r, or that it is no mail. Whoever sends such a mail
// has the link, so that its sender matters as little as with the link.
func UnsubscribeRequest(r io.Reader) (string, error) {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return "", err
	}
	subject := m.Header.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(subject); err == nil {
		subject = decoded
	}
	if found := request.FindStringSubmatch(subject); found != nil {
		return found[1], nil
	}
	text, err := io.ReadAll(io.LimitReader(m.Body, mostRequest))
	if err != nil {
		return "", err
	}
	// A soft line break of quoted-printable may stand in the token.
	joined := strings.NewReplacer("=\r\n", "", "=\n", "").Replace(string(text))
	if found := request.FindStringSubmatch(joined); found != nil {
		return found[1], nil
	}
	return "", nil
}
