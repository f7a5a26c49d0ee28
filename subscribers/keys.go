package subscribers

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keySize   = 32
	keyIDSize = 2
	fromMark  = " from "
)

// Keys are the secrets that sign links, newest first: the first one whose time
// has come signs and all of them verify, so that a link outlives the rotation of
// its key. It is safe for concurrent use.
type Keys struct {
	ring  atomic.Pointer[ring]
	clock func() time.Time
	file  *keyFile // nil: they stay what they are
}

// ring is the keys as one reading of their file gave them.
type ring struct {
	keys    []key
	derived sync.Map // [][]byte of all keys, by label
}

type key struct {
	id     [keyIDSize]byte
	from   time.Time // before which it signs nothing; zero for always
	secret []byte
	tokens *sync.Pool // of hash.Hash, MACs with what signs tokens, derived from secret
}

// ParseKeys reads a key file: one "id:secret" a line, newest first, where id
// is four hexadecimal digits and secret is 32 bytes in standard base64. After it
// "from" and a time of RFC 3339 may stand: until then the key signs nothing.
// Empty lines and lines that begin with # are left out. Errors name the line and
// never show a secret.
func ParseKeys(text []byte) (*Keys, error) {
	r, err := parseRing(text)
	if err != nil {
		return nil, err
	}
	k := &Keys{clock: time.Now}
	k.ring.Store(r)
	return k, nil
}

func parseRing(text []byte) (*ring, error) {
	k := new(ring)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		one, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("keys, line %d: %w", n, err)
		}
		for _, other := range k.keys {
			if other.id == one.id {
				return nil, fmt.Errorf("keys, line %d: a key with the id %x stands above already", n, one.id)
			}
		}
		k.keys = append(k.keys, one)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if len(k.keys) == 0 {
		return nil, errors.New("keys: there is no key, want at least one line id:secret")
	}
	return k, nil
}

func parseKey(line string) (key, error) {
	var k key
	if before, from, ok := strings.Cut(line, fromMark); ok {
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(from))
		if err != nil {
			return key{}, errors.New("want a time such as 2026-11-23T09:00:00Z after from")
		}
		line, k.from = before, at.UTC()
	}
	id, secret, ok := strings.Cut(line, ":")
	if !ok {
		return key{}, errors.New("want id:secret")
	}
	raw, err := hex.DecodeString(strings.TrimSpace(id))
	if err != nil || len(raw) != keyIDSize {
		return key{}, errors.New("want an id of four hexadecimal digits before the colon")
	}
	copy(k.id[:], raw)
	k.secret, err = base64.StdEncoding.DecodeString(strings.TrimSpace(secret))
	if err != nil || len(k.secret) != keySize {
		return key{}, fmt.Errorf("want %d bytes in base64 after the colon", keySize)
	}
	token := k.derive("token")
	k.tokens = &sync.Pool{New: func() any { return hmac.New(sha256.New, token) }}
	return k, nil
}

// NewKey returns a fresh line for a key file, without a line end. To rotate,
// put it above the others and keep them: links in old mails need theirs.
func NewKey() (line string) {
	raw := make([]byte, keyIDSize+keySize)
	rand.Read(raw) // never fails
	return hex.EncodeToString(raw[:keyIDSize]) + ":" + base64.StdEncoding.EncodeToString(raw[keyIDSize:])
}

// KeyInfo is what may be shown of a key.
type KeyInfo struct {
	ID    string    // four hexadecimal digits
	From  time.Time // since when it signs, or will; zero for always
	Signs bool      // what is signed now; every other key only verifies
}

// List returns the keys, newest first.
func (k *Keys) List() []KeyInfo {
	r := k.ring.Load()
	signs := r.signing(k.clock())
	out := make([]KeyInfo, len(r.keys))
	for i := range r.keys {
		one := &r.keys[i]
		out[i] = KeyInfo{ID: hex.EncodeToString(one.id[:]), From: one.from, Signs: i == signs}
	}
	return out
}

// signing is the place of the key that signs at a time: the newest whose time has
// come, or the oldest one.
func (r *ring) signing(at time.Time) int {
	for i := range r.keys {
		if !r.keys[i].from.After(at) {
			return i
		}
	}
	return len(r.keys) - 1
}

// Derive returns 32 bytes for the use that label names, derived from the key
// that signs now.
func (k *Keys) Derive(label string) []byte { return k.DeriveAsOf(label, k.clock()) }

// DeriveAsOf returns what Derive returned, or will return, at a time.
func (k *Keys) DeriveAsOf(label string, at time.Time) []byte {
	r := k.ring.Load()
	return r.deriveAll(label)[r.signing(at)]
}

// DeriveAll returns 32 bytes for the use that label names for every key, newest
// first. What must be understood after a rotation, such as envelope senders in
// late bounces, is signed with those of Derive and verified with all. Callers
// must not change them.
func (k *Keys) DeriveAll(label string) [][]byte { return k.ring.Load().deriveAll(label) }

func (r *ring) deriveAll(label string) [][]byte {
	if all, ok := r.derived.Load(label); ok {
		return all.([][]byte)
	}
	all := make([][]byte, len(r.keys))
	for i := range r.keys {
		all[i] = r.keys[i].derive(label)
	}
	r.derived.Store(label, all)
	return all
}

func (k *key) derive(label string) []byte {
	h := hmac.New(sha256.New, k.secret)
	h.Write([]byte("broadsheet derived key\x00"))
	h.Write([]byte(label))
	return h.Sum(nil)
}
