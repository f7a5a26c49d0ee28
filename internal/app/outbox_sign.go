package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Secret is a key that we share with a system that is told. Its text is either
// whsec_ and the key in base64, as the Standard Webhooks specification writes
// it, or the key as it stands.
type Secret []byte

// ParseSecret reads the text of a secret.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	if !ok {
		return Secret(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return nil, errors.New("after whsec_ there must be a key in base64")
	}
	return key, nil
}

// Sign returns the value of webhook-signature for a message: one signature for
// each secret, so that a system may know either while they change.
func Sign(secrets []Secret, id string, at time.Time, body []byte) string {
	var all []string
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}
