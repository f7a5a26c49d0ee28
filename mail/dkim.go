package mail

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// minKeyBits is the shortest RSA key that RFC 8301 lets a verifier accept; check and doctor may ask for more.
const minKeyBits = 1024

// signedFields is the h= list: each name stands as often as the field may occur, and once more where adding another
// instance must break the signature. RFC 8058 section 4 wants both List-Unsubscribe fields in it.
const signedFields = "From:From:Reply-To:Reply-To:Subject:Subject:Date:To:To:Message-ID:MIME-Version:" +
	"Content-Type:Content-Type:Content-Transfer-Encoding:List-Id:List-Unsubscribe:List-Unsubscribe:" +
	"List-Unsubscribe-Post:List-Unsubscribe-Post:Feedback-ID"

// Signer makes DKIM signatures (RFC 6376) with rsa-sha256, relaxed/relaxed. It is safe for concurrent use, and nobody
// waits for anybody.
type Signer struct {
	domain, selector string
	key              *rsa.PrivateKey
	fields           []signedField
	head             []byte // the signature's field up to the time
	list             []byte // from there up to the hash of the body
}

// signedField is a name that stands in the h= list so many times.
type signedField struct {
	name  string
	times int
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
	s := &Signer{domain: domain, selector: strings.ToLower(selector), key: key}
	for name := range strings.SplitSeq(signedFields, ":") {
		if n := len(s.fields); n > 0 && s.fields[n-1].name == name {
			s.fields[n-1].times++
		} else {
			s.fields = append(s.fields, signedField{name, 1})
		}
	}
	s.prepare()
	return s, nil
}

// Without returns a signer that leaves fields unsigned, for a relay that replaces them. From stays signed: without it
// there is no signature (RFC 6376 section 5.4).
func (s *Signer) Without(fields ...string) *Signer {
	other := &Signer{domain: s.domain, selector: s.selector, key: s.key}
	for _, f := range s.fields {
		is := func(name string) bool { return strings.EqualFold(name, f.name) }
		if f.name == "From" || !slices.ContainsFunc(fields, is) {
			other.fields = append(other.fields, f)
		}
	}
	other.prepare()
	return other
}

// prepare writes what is the same in all signatures, folded.
func (s *Signer) prepare() {
	s.head = []byte("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + s.domain + ";\r\n s=" + s.selector + "; t=")
	b := []byte(";\r\n h=")
	col := len(" h=")
	for i, f := range s.fields {
		for n := range f.times {
			if i+n > 0 {
				b = append(b, ':')
				if col++; col+len(f.name) > maxLine-2 {
					b = append(b, "\r\n  "...)
					col = 2
				}
			}
			b = append(b, f.name...)
			col += len(f.name)
		}
	}
	s.list = append(b, ";\r\n bh="...)
}

// Sign returns the DKIM-Signature field of a message with CRLF line ends, CRLF included, to be put before its first
// field. The time of signing is the message's Date, so that a retry has the same octets. msg is not changed.
func (s *Signer) Sign(msg []byte) ([]byte, error) { return s.AppendField(nil, msg, nil) }

// AppendField appends to dst what [Signer.Sign] returns. body may be nil; if it wrote msg, with its own boundary, then
// what all its messages have in common is not hashed again. On an error dst is returned as it was.
func (s *Signer) AppendField(dst, msg []byte, body *Body) ([]byte, error) {
	head, content, ok := bytes.Cut(msg, []byte("\r\n\r\n"))
	if !ok {
		return dst, errors.New("sign message: no empty line ends its header")
	}
	var room [32][]byte
	fields := appendFields(room[:0], head)
	signedAt, err := dateOf(fields)
	if err != nil {
		return dst, fmt.Errorf("sign message: %w", err)
	}
	begin := len(dst)
	out := append(strconv.AppendInt(append(dst, s.head...), signedAt, 10), s.list...)
	out = base64.StdEncoding.AppendEncode(out, hashBody(content, body))
	out = append(out, ";\r\n b="...)
	sum, out := s.hashHeader(out, begin, fields)
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return dst, fmt.Errorf("sign message: %w", err)
	}
	return appendFolded(out, signature), nil
}

// hashHeader hashes the signed fields and the signature's own, which begins at begin and ends out. It uses what lies
// behind for the canonical form and returns out as it was, maybe moved.
func (s *Signer) hashHeader(out []byte, begin int, fields [][]byte) ([sha256.Size]byte, []byte) {
	end := len(out)
	for _, f := range s.fields {
		left := f.times
		for i := len(fields) - 1; i >= 0 && left > 0; i-- { // from the bottom up (RFC 6376 section 5.4.2)
			if isField(fields[i], f.name) {
				out = append(appendRelaxed(out, fields[i]), "\r\n"...)
				left--
			}
		}
	}
	out = appendRelaxed(out, out[begin:end])
	return sha256.Sum256(out[end:]), out[:end]
}

// appendFolded appends a signature in lines of base64 and the line end of its field.
func appendFolded(dst, signature []byte) []byte {
	const octets = 54 // 72 characters
	for len(signature) > octets {
		dst = append(base64.StdEncoding.AppendEncode(dst, signature[:octets]), "\r\n  "...)
		signature = signature[octets:]
	}
	return append(base64.StdEncoding.AppendEncode(dst, signature), "\r\n"...)
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

// appendFields appends the fields of a header, folded as they are and without the last line end.
func appendFields(fields [][]byte, head []byte) [][]byte {
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

func isField(field []byte, name string) bool {
	return len(field) > len(name) && field[len(name)] == ':' && bytes.EqualFold(field[:len(name)], []byte(name))
}

func dateOf(fields [][]byte) (int64, error) {
	for _, f := range fields {
		if isField(f, "Date") {
			value := strings.TrimSpace(string(f[len("Date:"):]))
			if at, err := time.Parse(dateLayout, value); err == nil {
				return at.Unix(), nil // as our own messages have it
			}
			at, err := netmail.ParseDate(value)
			if err != nil {
				return 0, fmt.Errorf("read its Date: %w", err)
			}
			return at.Unix(), nil
		}
	}
	return 0, errors.New("it has no Date")
}
