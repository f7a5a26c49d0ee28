package subscribers_test

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

const (
	oldKey = "00a1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	newKey = "00a2:HxwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEAHh0="
)

func keys(t testing.TB, lines ...string) *subscribers.Keys {
	t.Helper()
	k, err := subscribers.ParseKeys([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var issued = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func tokens() []subscribers.Token {
	return []subscribers.Token{
		{Purpose: subscribers.PurposeUnsubscribe, Subscriber: 1, Digest: 1},
		{Purpose: subscribers.PurposeUnsubscribe, Subscriber: math.MaxInt64, Digest: math.MaxInt64},
		{Purpose: subscribers.PurposeUnsubscribe, Subscriber: 12345678},
		{Purpose: subscribers.PurposePreferences, Subscriber: 7},
		{Purpose: subscribers.PurposeConfirm, Subscriber: 300, Change: 99, IssuedAt: issued},
		{Purpose: subscribers.PurposeConfirm, Subscriber: 12345678, Change: math.MaxUint32, IssuedAt: issued},
		{Purpose: subscribers.PurposeReturn, Subscriber: 7, Change: 1795423200123, IssuedAt: issued},
		{Purpose: subscribers.PurposeFresh, Subscriber: 300, Change: 99, IssuedAt: issued},
		{Purpose: subscribers.PurposeOldAddress, Subscriber: 300, Change: 12, IssuedAt: issued},
		{Purpose: subscribers.PurposeNewAddress, Subscriber: 300, Change: 12, IssuedAt: issued},
	}
}

func TestTokens(t *testing.T) {
	before, after := keys(t, oldKey), keys(t, "# rotated", "", newKey, oldKey)
	for _, want := range tokens() {
		s := before.Sign(want)
		if len(s) >= 45 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("Sign(%+v) = %q, want fewer than 45 characters of base64url", want, s)
		}
		if s != before.Sign(want) {
			t.Errorf("Sign(%+v) differs from call to call", want)
		}
		for name, k := range map[string]*subscribers.Keys{"the same key": before, "a rotated key": after} {
			if got, err := k.Verify(want.Purpose, s, issued); err != nil || got != want {
				t.Errorf("Verify of %+v with %s = %+v, %v", want, name, got, err)
			}
		}
		if _, err := before.Verify(want.Purpose, after.Sign(want), issued); !errors.Is(err, subscribers.ErrBadToken) {
			t.Errorf("Verify with a key that is not ours = %v, want ErrBadToken", err)
		}
	}
}

func TestTokensExpire(t *testing.T) {
	k := keys(t, oldKey)
	for _, token := range tokens() {
		s := k.Sign(token)
		life := map[subscribers.Purpose]time.Duration{
			subscribers.PurposeConfirm: 7 * 24 * time.Hour, subscribers.PurposeFresh: time.Hour, subscribers.PurposeReturn: time.Hour,
			subscribers.PurposeOldAddress: 7 * 24 * time.Hour, subscribers.PurposeNewAddress: 7 * 24 * time.Hour,
		}[token.Purpose]
		for after, expires := range map[time.Duration]bool{0: false, life: false, life + time.Second: true, 30 * 365 * 24 * time.Hour: true} {
			got, err := k.Verify(token.Purpose, s, issued.Add(after))
			want := error(nil)
			if expires && life > 0 {
				want = subscribers.ErrExpired
			}
			if !errors.Is(err, want) || got != token {
				t.Errorf("Verify of a %c token after %v = %+v, %v, want the token and %v", token.Purpose, after, got, err, want)
			}
		}
	}
}

// A link from before the address was in it leads to where a new one is asked for.
func TestTokenWithoutAddress(t *testing.T) {
	k := keys(t, oldKey)
	token, err := k.Verify(subscribers.PurposeConfirm, "AQChrAKQgZDYBmjvUkEoa1ri-spg1Q", issued)
	if want := (subscribers.Token{Purpose: subscribers.PurposeConfirm, Subscriber: 300, IssuedAt: issued}); err != nil || token != want {
		t.Errorf("Verify = %+v, %v, want %+v", token, err, want)
	}
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		token := subscribers.Token{Purpose: subscribers.PurposeConfirm, Subscriber: k.detail("ann@example.com").ID, IssuedAt: k.now()}
		if _, err := k.Confirm(t.Context(), k.catalog, token, subscribers.Confirmation{}); !errors.Is(err, subscribers.ErrExpired) {
			t.Errorf("Confirm = %v, want ErrExpired", err)
		}
	})
}

func TestTokensForged(t *testing.T) {
	k := keys(t, oldKey)
	purposes := []subscribers.Purpose{subscribers.PurposeUnsubscribe, subscribers.PurposePreferences, subscribers.PurposeConfirm,
		subscribers.PurposeFresh, subscribers.PurposeOldAddress, subscribers.PurposeNewAddress, subscribers.PurposeReturn, 0, 'x'}
	refuse := func(t *testing.T, p subscribers.Purpose, s, what string) {
		t.Helper()
		if got, err := k.Verify(p, s, issued); !errors.Is(err, subscribers.ErrBadToken) || got != (subscribers.Token{}) {
			t.Errorf("%s: Verify(%c, %q) = %+v, %v, want ErrBadToken", what, p, s, got, err)
		}
	}
	for _, token := range tokens() {
		s := k.Sign(token)
		for _, p := range purposes {
			if p != token.Purpose {
				refuse(t, p, s, "repurposed")
			}
		}
		for n := range len(s) {
			refuse(t, token.Purpose, s[:n], "truncated")
		}
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(raw) {
			raw[bit/8] ^= 1 << (bit % 8)
			refuse(t, token.Purpose, base64.RawURLEncoding.EncodeToString(raw), "bit flipped")
			raw[bit/8] ^= 1 << (bit % 8)
		}
		for _, other := range []string{s + "A", "A" + s, s + "=", s + "\n", s[:5] + "\r\n" + s[5:], " " + s, s + s, strings.Repeat(s, 1000)} {
			refuse(t, token.Purpose, other, "altered")
		}
		if lower := strings.ToLower(s); lower != s {
			refuse(t, token.Purpose, lower, "lower-cased")
		}
	}
	refuse(t, subscribers.PurposeUnsubscribe, "", "empty")
	refuse(t, subscribers.PurposeUnsubscribe, strings.Repeat("A", 44), "zeros")
}

func FuzzVerify(f *testing.F) {
	k := keys(f, newKey, oldKey)
	for _, token := range tokens() {
		f.Add(byte(token.Purpose), k.Sign(token))
	}
	f.Add(byte('u'), "")
	f.Add(byte('c'), "AQCh")
	f.Fuzz(func(t *testing.T, p byte, s string) {
		token, err := k.Verify(subscribers.Purpose(p), s, issued)
		if err == nil && k.Sign(token) != s && keys(t, oldKey).Sign(token) != s {
			t.Errorf("Verify took %q, which we never sign", s)
		}
	})
}

func TestParseKeys(t *testing.T) {
	if a, b := subscribers.NewKey(), subscribers.NewKey(); a == b {
		t.Error("two fresh keys are the same")
	} else {
		keys(t, a, b)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":      {"", "no key"},
		"comments":   {"# nothing\n\n", "no key"},
		"no colon":   {"# x\nabcdef", "line 2: want id:secret"},
		"long id":    {"00a100:" + oldKey[5:], "line 1: want an id"},
		"word as id": {"main:" + oldKey[5:], "line 1: want an id"},
		"short":      {"00a1:AAEC", "line 1: want 32 bytes"},
		"not base64": {"00a1:????", "line 1: want 32 bytes"},
		"no time":    {newKey + " from tomorrow", "line 1: want a time"},
		"twice":      {newKey + "\n" + oldKey + "\n" + newKey, "line 3: a key with the id 00a2"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := subscribers.ParseKeys([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseKeys = %v, want an error with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), oldKey[5:20]) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestDerive(t *testing.T) {
	before, after := keys(t, oldKey), keys(t, newKey, oldKey)
	same := func(a, b []byte) bool { return string(a) == string(b) }
	if len(before.Derive("verp")) != 32 || !same(before.Derive("verp"), before.Derive("verp")) {
		t.Error("Derive does not give the same 32 bytes for a label")
	}
	if same(before.Derive("verp"), before.Derive("form")) || same(before.Derive("verp"), after.Derive("verp")) {
		t.Error("Derive gives the same bytes for another label or key")
	}
	all := after.DeriveAll("verp")
	if len(all) != 2 || !same(all[0], after.Derive("verp")) || !same(all[1], before.Derive("verp")) {
		t.Error("DeriveAll is not what Derive gives for each key, newest first")
	}
}

func TestLinks(t *testing.T) {
	k := keys(t, oldKey)
	links := subscribers.NewLinks("https://courier.example/mail/", k)
	for p, link := range map[subscribers.Purpose]string{
		subscribers.PurposeUnsubscribe: links.Unsubscribe(5, 2),
		subscribers.PurposePreferences: links.Preferences(5),
		subscribers.PurposeConfirm:     links.Confirm(5, "ann@example.com", issued),
	} {
		s, ok := strings.CutPrefix(link, "https://courier.example/mail/"+string(rune(p))+"/")
		if !ok {
			t.Errorf("link %s is not below the public URL", link)
		}
		if token, err := k.Verify(p, s, issued); err != nil || token.Subscriber != 5 {
			t.Errorf("link %s leads to %+v, %v", link, token, err)
		}
		if n := len(link) - len("https://courier.example/mail"); n > 60 {
			t.Errorf("link is %d longer than the public URL, want at most 60", n)
		}
	}
	if got, want := links.SignUp(), "https://courier.example/mail/subscribe"; got != want {
		t.Errorf("SignUp() = %q, want %q", got, want)
	}
}

func BenchmarkSign(b *testing.B) {
	k := keys(b, oldKey)
	for b.Loop() {
		k.Sign(subscribers.Token{Purpose: subscribers.PurposeUnsubscribe, Subscriber: 123456, Digest: 1})
	}
}
