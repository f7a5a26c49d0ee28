package subscribers

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"math"
	"time"
)

// Purpose is what a token allows. A token of one purpose is worth nothing for
// another.
type Purpose byte

// The purposes, which are also the first letter of their links' paths.
const (
	PurposeUnsubscribe Purpose = 'u' // end one digest, or all; never expires
	PurposePreferences Purpose = 'p' // see what comes and end it; never expires
	PurposeConfirm     Purpose = 'c' // confirm a sign-up; for ConfirmFor
	PurposeFresh       Purpose = 'f' // see and change settings and what is personal; for FreshFor
	PurposeOldAddress  Purpose = 'a' // agree to a change of address or stop it, from the old one; for ConfirmFor
	PurposeNewAddress  Purpose = 'n' // confirm a change of address from the new one; for ConfirmFor
	PurposeReturn      Purpose = 'b' // undo one leaving, or say why; for ReturnFor
)

// How long links work.
const (
	ConfirmFor = 7 * 24 * time.Hour // those that confirm an address
	FreshFor   = time.Hour          // those to what is personal
	ReturnFor  = time.Hour          // those that undo a leaving
)

// life is how long tokens of a purpose are good, 0 for always.
func (p Purpose) life() time.Duration {
	switch p {
	case PurposeConfirm, PurposeOldAddress, PurposeNewAddress:
		return ConfirmFor
	case PurposeFresh:
		return FreshFor
	case PurposeReturn:
		return ReturnFor
	}
	return 0
}

var (
	// ErrBadToken says that a token was not made by us for this purpose.
	ErrBadToken = errors.New("bad token")
	// ErrExpired says that a token was ours but is too old.
	ErrExpired = errors.New("token expired")
)

// Token is a capability that stands in a link. It has no address in it and
// refers to no row but the subscriber's.
type Token struct {
	Purpose    Purpose
	Subscriber int64
	Digest     int64     // of unsubscribe tokens: the digest to end, 0 for all
	Change     int64     // of tokens for a change of address: which one; of return tokens: the leaving, as Left has it; of confirm and fresh ones: what stands for the address that they were mailed to
	IssuedAt   time.Time // of tokens that expire, in whole seconds
}

// A token is a version byte, the key's id, unsigned varints (the subscriber,
// then the digest, or the change and the time in seconds) and a MAC over all of
// it and the purpose, in unpadded base64url.
const (
	tokenVersion = 1
	tokenMAC     = 12
	tokenHead    = 1 + keyIDSize
	tokenLongest = tokenHead + 3*binary.MaxVarintLen64 + tokenMAC
)

// Sign returns the text of t in base64url, at most 44 characters of it for what
// stands in digests, signed with the key that signs now. The same token and key
// give the same text.
func (k *Keys) Sign(t Token) string { return k.signAsOf(t, k.clock()) }

// signAsOf returns what Sign returned, or will return, at a time.
func (k *Keys) signAsOf(t Token, at time.Time) string {
	r := k.ring.Load()
	first := &r.keys[r.signing(at)]
	raw := make([]byte, 0, tokenLongest)
	raw = append(raw, tokenVersion)
	raw = append(raw, first.id[:]...)
	raw = binary.AppendUvarint(raw, uint64(t.Subscriber))
	switch t.Purpose {
	case PurposeUnsubscribe:
		raw = binary.AppendUvarint(raw, uint64(t.Digest))
	case PurposeConfirm, PurposeOldAddress, PurposeNewAddress, PurposeReturn, PurposeFresh:
		raw = binary.AppendUvarint(raw, uint64(t.Change))
	}
	if t.Purpose.life() > 0 {
		raw = binary.AppendUvarint(raw, uint64(t.IssuedAt.Unix()))
	}
	raw = append(raw, first.sign(t.Purpose, raw)...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Verify reads the text of a token that is to serve purpose p. It returns
// ErrBadToken for anything that Sign did not make for p with one of the keys,
// and ErrExpired, together with the token, for one that is too old for p. A key
// that is not known is looked for in the file, at most once a second.
func (k *Keys) Verify(p Purpose, s string, now time.Time) (Token, error) {
	if len(s) > base64.RawURLEncoding.EncodedLen(tokenLongest) {
		return Token{}, ErrBadToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks; one token must have one spelling.
	if err != nil || base64.RawURLEncoding.EncodedLen(len(raw)) != len(s) || len(raw) <= tokenHead+tokenMAC || raw[0] != tokenVersion {
		return Token{}, ErrBadToken
	}
	signed, mac := raw[:len(raw)-tokenMAC], raw[len(raw)-tokenMAC:]
	if !k.signed(p, signed, mac) {
		return Token{}, ErrBadToken
	}
	t, ok := parseToken(p, signed[tokenHead:])
	if !ok {
		return Token{}, ErrBadToken
	}
	if life := p.life(); life > 0 && now.Sub(t.IssuedAt) > life {
		return t, ErrExpired
	}
	return t, nil
}

func (k *Keys) signed(p Purpose, signed, mac []byte) bool {
	id := [keyIDSize]byte(signed[1:tokenHead])
	one := k.ring.Load().byID(id)
	if one == nil && k.lookAgain() {
		one = k.ring.Load().byID(id)
	}
	return one != nil && hmac.Equal(mac, one.sign(p, signed))
}

func (r *ring) byID(id [keyIDSize]byte) *key {
	for i := range r.keys {
		if r.keys[i].id == id {
			return &r.keys[i]
		}
	}
	return nil
}

// parseToken reads the fields of a token whose MAC was right.
func parseToken(p Purpose, b []byte) (Token, bool) {
	t := Token{Purpose: p}
	var ok bool
	if t.Subscriber, b, ok = cutVarint(b); !ok {
		return Token{}, false
	}
	switch p {
	case PurposeUnsubscribe:
		t.Digest, b, ok = cutVarint(b)
	case PurposeConfirm, PurposeOldAddress, PurposeNewAddress, PurposeReturn, PurposeFresh:
		t.Change, b, ok = cutVarint(b)
	}
	if ok && p == PurposeConfirm && len(b) == 0 { // of before there was an address in it
		t.Change, t.IssuedAt = 0, time.Unix(t.Change, 0).UTC()
		return t, true
	}
	if ok && p.life() > 0 {
		var seconds int64
		seconds, b, ok = cutVarint(b)
		t.IssuedAt = time.Unix(seconds, 0).UTC()
	}
	return t, ok && len(b) == 0
}

func cutVarint(b []byte) (int64, []byte, bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > math.MaxInt64 {
		return 0, nil, false
	}
	return int64(v), b[n:], true
}

func (k *key) sign(p Purpose, signed []byte) []byte {
	h := k.tokens.Get().(hash.Hash)
	defer k.tokens.Put(h)
	h.Reset()
	h.Write([]byte{byte(p)})
	h.Write(signed)
	return h.Sum(nil)[:tokenMAC]
}
