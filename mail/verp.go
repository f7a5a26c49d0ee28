package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"math"
	"strings"
)

const (
	verpPrefix = "b+"
	verpMAC    = 5 // octets: 40 bits, enough against guessing through a mail queue
)

// VERP makes and reads envelope senders that name the delivery, so that a bounce finds it however mangled it returns.
// It is safe for concurrent use.
type VERP struct {
	key    []byte
	domain string
}

// NewVERP returns a VERP for a bounce domain. The key should serve nothing else; it is copied.
func NewVERP(key []byte, domain string) *VERP {
	return &VERP{key: append([]byte(nil), key...), domain: strings.ToLower(domain)}
}

// Sender returns the envelope sender b+TOKEN@domain of one delivery. Its local part has at most 39 octets and is lower
// case; ids are not negative.
func (v *VERP) Sender(edition, subscriber int64) string {
	payload := binary.AppendUvarint(nil, uint64(edition))
	payload = binary.AppendUvarint(payload, uint64(subscriber))
	token := append(payload, v.mac(payload)...)
	return verpPrefix + strings.ToLower(verpEncoding().EncodeToString(token)) + "@" + v.domain
}

// Parse reads back an address that Sender made, in any letter case and with or without angle brackets. It answers
// false for addresses that are of another domain, malformed or forged.
func (v *VERP) Parse(addr string) (edition, subscriber int64, ok bool) {
	addr = strings.ToLower(strings.Trim(strings.TrimSpace(addr), "<>"))
	token, found := strings.CutPrefix(addr, verpPrefix)
	token, domain, cut := strings.Cut(token, "@")
	if !found || !cut || domain != v.domain {
		return 0, 0, false
	}
	raw, err := verpEncoding().DecodeString(strings.ToUpper(token))
	if err != nil || len(raw) <= verpMAC {
		return 0, 0, false
	}
	payload := raw[:len(raw)-verpMAC]
	if !hmac.Equal(raw[len(payload):], v.mac(payload)) {
		return 0, 0, false
	}
	first, n := binary.Uvarint(payload)
	if n <= 0 || first > math.MaxInt64 {
		return 0, 0, false
	}
	second, m := binary.Uvarint(payload[n:])
	if m <= 0 || n+m != len(payload) || second > math.MaxInt64 {
		return 0, 0, false
	}
	return int64(first), int64(second), true
}

func (v *VERP) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte("envelope sender\x00"))
	h.Write(payload)
	return h.Sum(nil)[:verpMAC]
}

func verpEncoding() *base32.Encoding {
	return base32.StdEncoding.WithPadding(base32.NoPadding)
}
