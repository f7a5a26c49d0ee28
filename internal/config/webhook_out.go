package config

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
)

// WebhookOut is a system of the newsroom that is told what becomes of readers.
type WebhookOut struct {
	Slug         string         // required, unique
	URL          string         // required; https, or http where AllowPrivate says so
	Secrets      []string       // one, or two while they change; of at least 20 characters each
	Events       []string       // of which it is told; all unless given
	AllowPrivate []netip.Prefix // private or loopback networks that it may be in; none unless given
}

func hookEvents() []string {
	return []string{"confirmed", "changed", "unsubscribed", "suppressed", "erased"}
}

func readWebhooksOut(tables []*table) []WebhookOut {
	seen := slugs{}
	var out []WebhookOut
	for _, t := range tables {
		w := WebhookOut{Slug: t.slug(seen), AllowPrivate: t.prefixes("allow_private")}
		w.URL = t.needed("url", `"https://crm.courier.example/hooks/newsletter"`, webURL, w.secure)
		w.Secrets = t.hookSecrets()
		if w.Events = t.texts("events", oneOf(hookEvents())); w.Events == nil {
			w.Events = hookEvents()
		}
		t.done()
		out = append(out, w)
	}
	return out
}

// secure keeps addresses of readers from crossing the internet in the clear.
func (w *WebhookOut) secure(address string) error {
	if strings.HasPrefix(address, "https:") || len(w.AllowPrivate) > 0 {
		return nil
	}
	return errors.New("must be an https address, for it gets the addresses of readers; http is for networks of allow_private")
}

// isHookSecret refuses what calls itself base64 and is not.
func isHookSecret(secret string) bool {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return true
	}
	_, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil
}

// hookSecrets reads secret_file and, while secrets change, old_secret_file.
func (t *table) hookSecrets() []string {
	if !given(t.lookup("secret_file")) {
		t.require("secret_file", `"webhook-out.secret"`)
	}
	var out []string
	for _, key := range []string{"secret_file", "old_secret_file"} {
		secret := t.secretFile(key).value
		switch {
		case secret == "":
		case len(secret) < shortestHookSecret:
			t.complain(key, "holds a secret of %d characters: it needs at least %d", len(secret), shortestHookSecret)
		case !isHookSecret(secret):
			t.complain(key, "holds a secret that begins with whsec_: after that there must be a key in base64")
		default:
			out = append(out, secret)
		}
	}
	return out
}
