package mail

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	netmail "net/mail"
	"strconv"
	"strings"
)

// minKeyBits is the shortest RSA key that RFC 8301 lets a verifier accept; check and doctor may ask for more.
const minKeyBits = 1024

// signedFields is the h= list: each name stands as often as the field may occur, and once more where adding another
// instance must break the signature. RFC 8058 section 4 wants both List-Unsubscribe fields in it.
const signedFields = "From:From:Reply-To:Reply-To:Subject:Subject:Date:To:To:Message-ID:MIME-Version:" +
	"Content-Type:Content-Type:Content-Transfer-Encoding:List-Id:List-Unsubscribe:List-Unsubscribe:" +
	"List-Unsubscribe-Post:List-Unsubscribe-Post:Feedback-ID"

// Signer makes DKIM signatures (RFC 6376) with rsa-sha256, relaxed/relaxed. It is safe for concurrent use.
type Signer struct {
	domain, selector string
	key              *rsa.PrivateKey
	fields           []string
}

// NewSigner returns a signer for the record at selector._domainkey.domain. pemKey is an RSA private key in PKCS #8 or
// PKCS #1.
func NewSigner(domain, selector string, pemKey []byte) (*Signer, error) {
	domain, err := normalizeDomain(domain)
	if err != nil {
		return nil, fmt.Errorf("DKIM domain: %w", err)
	}
	for label := range strings.SplitSeq(selector, ".") {
		if !isLabel(label) {
			return nil, fmt.Errorf("DKIM selector %q: it must be letters, digits and hyphens", selector)
		}
	}
	key, err := parseRSAKey(pemKey)
	if err != nil {
		return nil, fmt.Errorf("DKIM key: %w", err)
	}
	return &Signer{
		domain: domain, selector: strings.ToLower(selector), key: key, fields: strings.Split(signedFields, ":"),
	}, nil
}

// Sign returns the DKIM-Signature field of a message with CRLF line ends, CRLF included, to be put before its first
// field. The time of signing is the message's Date, so that a retry has the same octets. msg is not changed.
func (s *Signer) Sign(msg []byte) ([]byte, error) {
	head, body, ok := bytes.Cut(msg, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("sign message: no empty line ends its header")
	}
	fields := splitFields(head)
	signedAt, err := dateOf(fields)
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	unsigned := s.field(signedAt, sha256.Sum256(relaxBody(body)))
	hash := sha256.New()
	for _, f := range pickFields(fields, s.fields) {
		hash.Write(relaxField(f))
		hash.Write([]byte("\r\n"))
	}
	hash.Write(relaxField(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, hash.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	return appendFolded(unsigned, base64.StdEncoding.EncodeToString(signature)), nil
}

// field returns the DKIM-Signature field up to the empty b= tag, folded, without a line end.
func (s *Signer) field(signedAt int64, bodyHash [sha256.Size]byte) []byte {
	b := []byte("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=")
	b = append(b, s.domain...)
	b = append(b, ";\r\n s="...)
	b = append(b, s.selector...)
	b = append(b, "; t="...)
	b = strconv.AppendInt(b, signedAt, 10)
	b = append(b, ";\r\n h="...)
	col := len(" h=")
	for i, name := range s.fields {
		if i > 0 {
			b = append(b, ':')
			if col++; col+len(name) > maxLine-2 {
				b = append(b, "\r\n  "...)
				col = 2
			}
		}
		b = append(b, name...)
		col += len(name)
	}
	b = append(b, ";\r\n bh="...)
	b = append(b, base64.StdEncoding.EncodeToString(bodyHash[:])...)
	return append(b, ";\r\n b="...)
}

// appendFolded appends a base64 value in lines and the line end of the field.
func appendFolded(dst []byte, value string) []byte {
	for room := 72; len(value) > room; {
		dst = append(append(dst, value[:room]...), "\r\n  "...)
		value = value[room:]
	}
	return append(append(dst, value...), "\r\n"...)
}

func parseRSAKey(pemKey []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(pemKey)
	if block == nil {
		return nil, errors.New("no PEM block found")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %q is not a private key: %w", block.Type, err)
		}
		var ok bool
		if key, ok = parsed.(*rsa.PrivateKey); !ok {
			return nil, fmt.Errorf("key of type %T, want RSA", parsed)
		}
	}
	if key.N.BitLen() < minKeyBits {
		return nil, fmt.Errorf("RSA key of %d bits, want 2048", key.N.BitLen())
	}
	return key, nil
}

// splitFields cuts a header into its fields, folded as they are and without the last line end.
func splitFields(head []byte) [][]byte {
	var fields [][]byte
	for begin := 0; begin < len(head); {
		end := begin
		for {
			n := bytes.Index(head[end:], []byte("\r\n"))
			if n < 0 {
				return append(fields, head[begin:])
			}
			end += n
			if next := end + 2; next == len(head) || head[next] != ' ' && head[next] != '\t' {
				break
			}
			end += 2
		}
		fields = append(fields, head[begin:end])
		begin = end + 2
	}
	return fields
}

// pickFields returns the fields that names stand for, from the bottom up (RFC 6376 section 5.4.2); names without a
// field left are passed over.
func pickFields(fields [][]byte, names []string) [][]byte {
	var picked [][]byte
	used := make([]bool, len(fields))
	for _, name := range names {
		for i := len(fields) - 1; i >= 0; i-- {
			if !used[i] && isField(fields[i], name) {
				used[i] = true
				picked = append(picked, fields[i])
				break
			}
		}
	}
	return picked
}

func isField(field []byte, name string) bool {
	return len(field) > len(name) && field[len(name)] == ':' && strings.EqualFold(string(field[:len(name)]), name)
}

func dateOf(fields [][]byte) (int64, error) {
	for _, f := range fields {
		if isField(f, "Date") {
			at, err := netmail.ParseDate(strings.TrimSpace(string(f[len("Date:"):])))
			if err != nil {
				return 0, fmt.Errorf("read its Date: %w", err)
			}
			return at.Unix(), nil
		}
	}
	return 0, errors.New("it has no Date")
}

// relaxField canonicalises a field without its line end (RFC 6376 section 3.4.2).
func relaxField(field []byte) []byte {
	name, value, _ := bytes.Cut(field, []byte(":"))
	out := append(bytes.ToLower(bytes.TrimRight(name, " \t")), ':')
	for i, word := range bytes.FieldsFunc(value, isFoldingSpace) {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, word...)
	}
	return out
}

func isFoldingSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// relaxBody canonicalises a body (RFC 6376 section 3.4.4).
func relaxBody(body []byte) []byte {
	out := make([]byte, 0, len(body)+2)
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		space := false
		for _, c := range line {
			if c == ' ' || c == '\t' {
				space = true
				continue
			}
			if space {
				out = append(out, ' ')
				space = false
			}
			out = append(out, c)
		}
		out = append(out, "\r\n"...)
	}
	for bytes.HasSuffix(out, []byte("\r\n\r\n")) {
		out = out[:len(out)-2]
	}
	if string(out) == "\r\n" {
		return nil
	}
	return out
}
