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
)

const (
	keySize   = 32
	keyIDSize = 2
)

// Keys are the secrets that sign links, newest first: the first one signs and
// all of them verify, so that a link outlives the rotation of its key. It is
// safe for concurrent use.
type Keys struct{ keys []key }

type key struct {
	id     [keyIDSize]byte
	secret []byte
	tokens *sync.Pool // of hash.Hash, MACs with what signs tokens, derived from secret
}

// ParseKeys reads a key file: one "id:secret" a line, newest first, where id
// is four hexadecimal digits and secret is 32 bytes in standard base64. Empty
// lines and lines that begin with # are left out. Errors name the line and
// never show a secret.
func ParseKeys(text []byte) (*Keys, error) {
	k := new(Keys)
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
	id, secret, ok := strings.Cut(line, ":")
	if !ok {
		return key{}, errors.New("want id:secret")
	}
	var k key
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

// Derive returns 32 bytes for the use that label names, derived from the
// newest key: what signs now.
func (k *Keys) Derive(label string) []byte { return k.keys[0].derive(label) }

// DeriveAll returns what Derive does for every key, newest first. What must be
// understood after a rotation, such as envelope senders in late bounces, is
// signed with the first and verified with all.
func (k *Keys) DeriveAll(label string) [][]byte {
	all := make([][]byte, len(k.keys))
	for i := range k.keys {
		all[i] = k.keys[i].derive(label)
	}
	return all
}

func (k *key) derive(label string) []byte {
	h := hmac.New(sha256.New, k.secret)
	h.Write([]byte("broadsheet derived key\x00"))
	h.Write([]byte(label))
	return h.Sum(nil)
}
