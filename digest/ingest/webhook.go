package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"broadsheet/digest"
)

// Hook is what a newsroom's system told by a webhook.
type Hook struct {
	Story   digest.Incoming // checked as by Check; of what is gone only URL and GUID count
	Gone    bool            // it is no longer published
	At      time.Time       // when the system says that it changed, zero if it does not
	Ignored string          // why it says nothing to us, "" if it does
}

// HookKinds are the systems whose webhooks are understood.
func HookKinds() []string { return []string{"wordpress", "ghost"} }

// ErrSignature says that a webhook is not signed with the secret that both
// sides share, or not lately.
var ErrSignature = errors.New("the signature is missing, wrong or old")

// VerifyHook checks the signature of a webhook: HMAC-SHA256 of the body with
// the shared secret. Ghost has it in X-Ghost-Signature as "sha256=HEX, t=MS",
// of the body followed by the time since 5.x and of the body alone before; for
// WordPress it is X-Hub-Signature-256, or the header of a plugin, in
// hexadecimal or base64.
//
// A time that is signed may be an hour off at most, so that a request that
// somebody kept cannot be sent again later.
func VerifyHook(kind string, header http.Header, body, secret []byte, now time.Time) error {
	if len(secret) == 0 {
		return ErrSignature
	}
	if kind == "ghost" {
		return verifyGhost(header.Get("X-Ghost-Signature"), body, secret, now)
	}
	for _, name := range []string{"X-Hub-Signature-256", "X-WP-Webhook-Signature", "X-Webhook-Signature"} {
		if given := header.Get(name); given != "" {
			if isSignature(given, sign(secret, body)) {
				return nil
			}
			return ErrSignature
		}
	}
	return ErrSignature
}

// hookAge is how far the time of a webhook may be off.
const hookAge = time.Hour

func verifyGhost(given string, body, secret []byte, now time.Time) error {
	signature, at, _ := strings.Cut(given, ",")
	_, at, _ = strings.Cut(at, "t=")
	at = strings.TrimSpace(at)
	if isSignature(signature, sign(secret, body)) { // of a version that signs no time
		return nil
	}
	millis, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !isSignature(signature, sign(secret, body, []byte(at))) || now.Sub(time.UnixMilli(millis)).Abs() > hookAge {
		return ErrSignature
	}
	return nil
}

func sign(secret []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, secret)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// isSignature compares a signature as it is written, in a time that says nothing.
func isSignature(given string, want []byte) bool {
	given = strings.TrimPrefix(strings.TrimSpace(given), "sha256=")
	if raw, err := hex.DecodeString(given); err == nil && hmac.Equal(raw, want) {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(given)
	return err == nil && hmac.Equal(raw, want)
}

// ReadHook reads the body of a webhook of one of the kinds. name makes the ids
// of its system those of this webhook alone, and base is the site's address,
// which relative links are completed with. The error says what is wrong with the
// body, in text that can be printed as it is.
func ReadHook(kind, name string, body []byte, base string) (Hook, error) {
	var hook Hook
	var err error
	switch kind {
	case "ghost":
		hook, err = readGhost(body, base)
	case "wordpress":
		hook, err = readWordPress(body)
	default:
		err = errors.New("webhooks of this kind are not understood")
	}
	if err != nil {
		return Hook{}, printableError{err}
	}
	if hook.Ignored != "" {
		return hook, nil
	}
	if hook.Story.GUID != "" {
		hook.Story.GUID = kind + ":" + name + ":" + hook.Story.GUID
	}
	if hook.Gone {
		return hook, hook.known()
	}
	if err := Check(&hook.Story); err != nil {
		return Hook{}, err
	}
	return hook, nil
}

// known makes sure that what is gone can be told from other stories.
func (h *Hook) known() error {
	if h.Story.URL != "" {
		canonical, err := CanonicalURL(h.Story.URL)
		if err != nil {
			return printableError{err}
		}
		h.Story.URL = canonical
	}
	if h.Story.URL == "" && h.Story.GUID == "" {
		return errors.New("it names neither the address nor the id of what is gone")
	}
	return nil
}

// lastChange is when a published story last changed, zero if its system does not
// say: one whose time to be published has come need not have been changed then.
func lastChange(in *digest.Incoming) time.Time {
	if !in.ModifiedAt.IsZero() && in.PublishedAt.After(in.ModifiedAt) {
		return in.PublishedAt
	}
	return in.ModifiedAt
}
