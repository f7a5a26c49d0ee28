package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"math"
	"strings"
	"sync"
)

const (
	verpPrefix = "b+"
	verpMAC    = 5 // octets: 40 bits, enough against guessing through a mail queue
)

// VERP makes and reads envelope senders that name the delivery, so that a bounce finds it however mangled it returns.
// It is safe for concurrent use.
type VERP struct {
	domain   string
	encoding *base32.Encoding
	stamps   sync.Pool // of *stamp
}

// stamp signs payloads one after the other.
type stamp struct {
	mac hash.Hash
	raw []byte
	out []byte
}

// NewVERP returns a VERP for a bounce domain. The key should serve nothing else; it is copied.
func NewVERP(key []byte, domain string) *VERP {
	key = append([]byte(nil), key...)
	return &VERP{
		domain:   strings.ToLower(domain),
		encoding: base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding),
		stamps:   sync.Pool{New: func() any { return &stamp{mac: hmac.New(sha256.New, key)} }},
	}
}

// Sender returns the envelope sender b+TOKEN@domain of one delivery. Its local part has at most 39 octets and is lower
// case; ids are not negative.
func (v *VERP) Sender(edition, subscriber int64) string {
	s := v.stamps.Get().(*stamp)
	defer v.stamps.Put(s)
	s.raw = binary.AppendUvarint(binary.AppendUvarint(s.raw[:0], uint64(edition)), uint64(subscriber))
	s.raw = append(s.raw, s.sign(s.raw)...)
	s.out = v.encoding.AppendEncode(append(s.out[:0], verpPrefix...), s.raw)
	s.out = append(append(s.out, '@'), v.domain...)
	return string(s.out)
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
	raw, err := v.encoding.DecodeString(token)
	if err != nil || len(raw) <= verpMAC {
		return 0, 0, false
	}
	payload := raw[:len(raw)-verpMAC]
	s := v.stamps.Get().(*stamp)
	defer v.stamps.Put(s)
	if !hmac.Equal(raw[len(payload):], s.sign(payload)) {
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

// sign returns the MAC of a payload, valid until the next call.
func (s *stamp) sign(payload []byte) []byte {
	s.mac.Reset()
	s.out = append(append(s.out[:0], "envelope sender\x00"...), payload...)
	s.mac.Write(s.out)
	s.out = s.mac.Sum(s.out[:0])
	return s.out[:verpMAC]
}
