package digest_test

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/subscribers"
)

const (
	oldLinkKey = "00a1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	newLinkKey = "00a2:HxwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEAHh0="
)

func publicLinks(t testing.TB, keys ...string) *digest.PublicLinks {
	t.Helper()
	k, err := subscribers.ParseKeys([]byte(strings.Join(keys, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return digest.NewPublicLinks("https://courier.example/mail/", k)
}

// publicTokens are links of each kind, and what reads them.
func publicTokens() map[string]struct {
	make func(l *digest.PublicLinks) string
	read func(l *digest.PublicLinks, token string) error
} {
	type kind = struct {
		make func(l *digest.PublicLinks) string
		read func(l *digest.PublicLinks, token string) error
	}
	view := func(want digest.Mailing) kind {
		return kind{func(l *digest.PublicLinks) string { return l.View(want) }, func(l *digest.PublicLinks, token string) error {
			got, err := l.ReadView(token)
			return sameLink(got, want, err)
		}}
	}
	click := func(want digest.Click) kind {
		return kind{func(l *digest.PublicLinks) string { return l.Go(want) }, func(l *digest.PublicLinks, token string) error {
			got, err := l.ReadGo(token)
			return sameLink(got, want, err)
		}}
	}
	return map[string]kind{
		"/v/ of a mail":          view(digest.Mailing{EditionID: 7, SelectionID: -3}),
		"/v/ of the last mail":   view(digest.Mailing{EditionID: math.MaxInt64, SelectionID: math.MinInt64}),
		"/r/ of a story":         click(digest.Click{EditionID: 7, ArticleID: 300, Position: 1}),
		"/r/ of the top section": click(digest.ClickIn(digest.Click{EditionID: 7, ArticleID: math.MaxInt64, Position: 20}, digest.SectionTop)),
		"/r/ of a slot":          click(digest.ClickTo(digest.Click{EditionID: 7, Slot: "house-ad", Position: 2}, "https://shop.example/a?b=c&d=%20#e")),
		"/r/ of an introduction": click(digest.ClickTo(digest.Click{EditionID: 7, Place: digest.PlaceIntroduction, Position: 2}, "https://shop.example/a?b=c&d=%20#e")),
		"/o/ of an edition": {func(l *digest.PublicLinks) string { return l.Open(7) }, func(l *digest.PublicLinks, token string) error {
			got, err := l.ReadOpen(token)
			return sameLink(got, 7, err)
		}},
	}
}

var errOther = errors.New("another link was read")

func sameLink[T comparable](got, want T, err error) error {
	if err == nil && got != want {
		return errOther
	}
	return err
}

func TestPublicLinks(t *testing.T) {
	before, after := publicLinks(t, oldLinkKey), publicLinks(t, newLinkKey, oldLinkKey)
	for name, kind := range publicTokens() {
		path, token, ok := cutLink(kind.make(before), name[:3])
		if !ok {
			t.Errorf("%s: got %s", name, path)
			continue
		}
		if again := kind.make(before); again != path {
			t.Errorf("%s: got %s and %s", name, path, again)
		}
		for keys, l := range map[string]*digest.PublicLinks{"the same key": before, "a rotated key": after} {
			if err := kind.read(l, token); err != nil {
				t.Errorf("%s with %s: %v", name, keys, err)
			}
		}
		_, newer, _ := cutLink(kind.make(after), name[:3])
		if err := kind.read(before, newer); !errors.Is(err, digest.ErrBadLink) {
			t.Errorf("%s with a key that is not ours: %v", name, err)
		}
	}
}

func cutLink(link, path string) (whole, token string, ok bool) {
	token, ok = strings.CutPrefix(link, "https://courier.example/mail"+path)
	return link, token, ok
}

func TestPublicLinksForged(t *testing.T) {
	l := publicLinks(t, oldLinkKey)
	kinds := publicTokens()
	for name, kind := range kinds {
		_, token, _ := cutLink(kind.make(l), name[:3])
		refuse := func(token, what string) {
			t.Helper()
			if err := kind.read(l, token); !errors.Is(err, digest.ErrBadLink) {
				t.Errorf("%s, %s: got %v, want ErrBadLink", name, what, err)
			}
		}
		for n := range len(token) {
			refuse(token[:n], "truncated")
		}
		bare, gif := strings.CutSuffix(token, ".gif")
		suffix := token[len(bare):]
		raw, err := base64.RawURLEncoding.DecodeString(bare)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(raw) {
			raw[bit/8] ^= 1 << (bit % 8)
			refuse(base64.RawURLEncoding.EncodeToString(raw)+suffix, "bit flipped")
			raw[bit/8] ^= 1 << (bit % 8)
		}
		for _, other := range []string{bare + "A", "A" + bare, bare + "=", bare + "\n", bare[:5] + "\r\n" + bare[5:], strings.Repeat(bare, 1000)} {
			refuse(other+suffix, "altered")
		}
		for other, foreign := range kinds {
			if other[:3] != name[:3] {
				_, token, _ := cutLink(foreign.make(l), other[:3])
				refuse(strings.TrimSuffix(token, ".gif"), "that is "+other)
				refuse(strings.TrimSuffix(token, ".gif")+".gif", "that is "+other)
			}
		}
		if !gif {
			refuse(bare+".gif", "with a suffix")
		}
	}
}

func FuzzPublicLinks(f *testing.F) {
	l := publicLinks(f, newLinkKey, oldLinkKey)
	known := map[string]bool{}
	for name, kind := range publicTokens() {
		_, token, _ := cutLink(kind.make(l), name[:3])
		known[token] = true
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, viewErr := l.ReadView(token)
		_, goErr := l.ReadGo(token)
		_, openErr := l.ReadOpen(token)
		for _, err := range []error{viewErr, goErr, openErr} {
			if err == nil && !known[token] {
				t.Errorf("%q was taken for ours", token)
			} else if err != nil && !errors.Is(err, digest.ErrBadLink) {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}
