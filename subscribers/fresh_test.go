package subscribers_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// linkIn is the token of the link for a purpose in a mail that went to an
// address.
func (k *desk) linkIn(l letter, p subscribers.Purpose, address string) subscribers.Token {
	k.t.Helper()
	parsed, err := sink.Parse(l.data)
	k.must(err)
	_, text, ok := strings.Cut(parsed.Text, "https://courier.example/mail/"+string(rune(p))+"/")
	text, _, _ = strings.Cut(text, "\r\n")
	if !ok || l.To != address {
		k.t.Fatalf("the mail to %s, want one to %s with a link for %c:\n%s", l.To, address, p, parsed.Text)
	}
	token, err := keys(k.t, oldKey).Verify(p, text, k.now())
	k.must(err)
	return token
}

// fresh mails a reader a link to what is personal, and returns its token.
func (k *desk) fresh(id int64) subscribers.Token {
	k.t.Helper()
	k.must(k.AskFresh(k.t.Context(), id))
	r := new(relay)
	_, err := k.postman(r, nil).Deliver(k.t.Context())
	k.must(err)
	i := slices.IndexFunc(r.sent, func(l letter) bool { return bytes.Contains(l.data, []byte("courier.example/mail/f/")) })
	if i < 0 {
		k.t.Fatalf("of %d mails none has a fresh link", len(r.sent))
	}
	return k.linkIn(r.sent[i], subscribers.PurposeFresh, r.sent[i].To)
}

func TestFreshLink(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		r := new(relay)
		p := k.postman(r, nil)
		k.deliver(p, 0) // the confirmation is no longer wanted
		k.must(k.AskFresh(t.Context(), id))
		k.deliver(p, 1)
		for _, finding := range mailtest.LintSystem(r.sent[0].data) {
			t.Error(finding)
		}
		token := k.linkIn(r.sent[0], subscribers.PurposeFresh, "ann@example.com")
		got, err := k.Personal(t.Context(), k.catalog, token)
		if err != nil || got.ID != id || got.Masked != "a•••@e•••.com" || got.Change != nil {
			t.Errorf("the link shows %+v, %v", got, err)
		}
		k.exec(`UPDATE subscribers SET format = 'text'`)
		k.must(k.AskFresh(t.Context(), id))
		k.deliver(p, 1)
		if parsed, err := sink.Parse(r.sent[1].data); err != nil || parsed.HTML != "" || parsed.Text == "" {
			t.Errorf("who wants text gets %+v, %v", parsed, err)
		}
		for range 2 * subscribers.FreshADay {
			k.must(k.AskFresh(t.Context(), id))
		}
		if n := k.mails(subscribers.MailFresh); n != subscribers.FreshADay {
			t.Errorf("%d mails in a day, want %d", n, subscribers.FreshADay)
		}
		k.wait(subscribers.FreshFor + time.Second)
		k.deliver(p, 0) // whose links have expired
		k.wait(48 * time.Hour)
		k.must(k.AskFresh(t.Context(), id))
		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonManual, "", "command"))
		k.must(k.AskFresh(t.Context(), id))
		k.deliver(p, 0)
		if err := k.AskFresh(t.Context(), 999); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("of nobody: %v", err)
		}
	})
}

// TestFreshLinkIsForTheReader: nothing else opens what is personal.
func TestFreshLinkIsForTheReader(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		token := k.fresh(id)
		other, old := token, token
		other.Subscriber, old.Change = k.activate("bob@example.com"), token.Change+1
		gone := token
		gone.Subscriber = 999
		for name, c := range map[string]struct {
			token subscribers.Token
			want  error
		}{
			"preferences":     {subscribers.Token{Purpose: subscribers.PurposePreferences, Subscriber: id, Change: token.Change}, subscribers.ErrBadToken},
			"another reader":  {other, subscribers.ErrExpired},
			"another address": {old, subscribers.ErrExpired},
			"nobody":          {gone, subscribers.ErrUnknown},
		} {
			_, err := k.Personal(t.Context(), k.catalog, c.token)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: see: got %v, want %v", name, err, c.want)
			}
			if _, err := k.SetPreferences(t.Context(), k.catalog, c.token, k.named("Eve"), "form", ""); !errors.Is(err, c.want) {
				t.Errorf("%s: settings: got %v, want %v", name, err, c.want)
			}
			if err := k.AskAddress(t.Context(), c.token, "eve@example.com", "form", ""); !errors.Is(err, c.want) {
				t.Errorf("%s: address: got %v, want %v", name, err, c.want)
			}
			if _, err := k.EraseReader(t.Context(), c.token, "form"); !errors.Is(err, c.want) {
				t.Errorf("%s: erase: got %v, want %v", name, err, c.want)
			}
		}
	})
}

// TestFreshLinkOfWhoHasLeft: a copy and erasure are to be had, and nothing else.
func TestFreshLinkOfWhoHasLeft(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		k.must(k.Unsubscribe(t.Context(), id, 0, "form", ""))
		before := k.detail("ann@example.com")
		token := k.fresh(id)
		if p, err := k.Personal(t.Context(), k.catalog, token); err != nil || !p.Left {
			t.Errorf("the page shows %+v, %v, want one who has left", p, err)
		}
		if _, err := k.SetPreferences(t.Context(), k.catalog, token, k.named("Eve"), "form", ""); !errors.Is(err, subscribers.ErrUnsubscribed) {
			t.Errorf("settings: %v", err)
		}
		if err := k.AskAddress(t.Context(), token, "eve@example.com", "form", ""); !errors.Is(err, subscribers.ErrUnsubscribed) {
			t.Errorf("another address: %v", err)
		}
		if after := k.detail("ann@example.com"); !reflect.DeepEqual(after, before) {
			t.Errorf("the reader became %+v", after)
		}
		if e, err := k.EraseReader(t.Context(), token, "page"); err != nil || e.ID != id {
			t.Errorf("erased %+v, %v", e, err)
		}
		if err := k.AskFresh(t.Context(), id); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("of who is erased: %v", err)
		}
	})
}

// TestFreshLinksNeverEnd: who asks day after day gets the link each day.
func TestFreshLinksNeverEnd(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		for day := 1; day <= 40; day++ {
			for range subscribers.FreshADay + 1 {
				k.must(k.AskFresh(t.Context(), id))
			}
			if n := k.mails(subscribers.MailFresh); n != day*subscribers.FreshADay {
				t.Fatalf("%d mails until day %d, want %d", n, day, day*subscribers.FreshADay)
			}
			k.wait(24*time.Hour + time.Second)
		}
	})
}

// named are the choices of a new reader with another name.
func (k *desk) named(name string) subscribers.Preferences {
	return subscribers.Preferences{Name: &name, Topics: []string{"world"}, Digests: []string{"daily"}}
}

func TestPersonalSettings(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		token := k.fresh(k.activate("ann@example.com"))
		for range 2 {
			left, err := k.SetPreferences(t.Context(), k.catalog, token, k.named("  Ann \n Lee "), "form", "192.0.2.1")
			if err != nil || left.At != 0 {
				t.Errorf("left %+v, %v", left, err)
			}
		}
		d := k.detail("ann@example.com")
		if d.Name != "Ann Lee" {
			t.Errorf("the name is %q", d.Name)
		}
		var names int
		for _, c := range d.Consents {
			if strings.HasSuffix(c.Detail, " name") && c.Event == subscribers.EventPreferences && c.Origin == "form" && c.Client == "192.0.2.1" {
				names++
			}
		}
		if names != 1 {
			t.Errorf("on record %d times, want once: %+v", names, d.Consents)
		}
		var fields subscribers.FieldErrors
		if _, err := k.SetPreferences(t.Context(), k.catalog, token, k.named(strings.Repeat("x", 200)), "form", ""); !errors.As(err, &fields) || fields[templates.FieldName].Problem != templates.ProblemNameTooLong {
			t.Errorf("a long name: %v", err)
		}
	})
}

// TestNoDigestIsLeaving: to untick all digests can be undone and counts as any
// other leaving.
func TestNoDigestIsLeaving(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		token := k.fresh(id)
		left, err := k.SetPreferences(t.Context(), k.catalog, token, subscribers.Preferences{Topics: []string{"world"}}, subscribers.OriginForm, "")
		if err != nil || left.At == 0 || !slices.Equal(left.Digests, []string{"daily"}) {
			t.Fatalf("left %+v, %v, want the daily", left, err)
		}
		if n := k.count(`SELECT count(*) FROM leavings WHERE subscriber_id = $1 AND origin = 'form'`, id); n != 1 {
			t.Errorf("%d leavings are kept, want one", n)
		}
		back := subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: id, Change: left.At, IssuedAt: k.now()}
		if l, err := k.Returnable(t.Context(), back); err != nil || !l.All {
			t.Errorf("to be undone is %+v, %v, want all", l, err)
		}
		if slugs, err := k.Return(t.Context(), k.catalog, back, ""); err != nil || !slices.Equal(slugs, []string{"daily"}) {
			t.Errorf("back is %v, %v", slugs, err)
		}
	})
}

func TestEraseReader(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		token := k.fresh(id)
		k.must(k.AskAddress(t.Context(), token, "ann@elsewhere.example", "form", ""))
		e, err := k.EraseReader(t.Context(), token, "page")
		if err != nil || e.ID != id || e.Subscriptions != 1 {
			t.Fatalf("erased %+v, %v", e, err)
		}
		for _, address := range []string{"ann@example", "ann@elsewhere"} {
			if where := k.whereIs(address); len(where) > 0 {
				t.Errorf("%s is still in %v", address, where)
			}
		}
		if n := k.count(`SELECT count(*) FROM consents WHERE subscriber_id = $1 AND event = 'erased' AND origin = 'page'`, id); n != 1 {
			t.Errorf("on record %d times, want once", n)
		}
		if _, err := k.EraseReader(t.Context(), token, "page"); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("again: %v", err)
		}
	})
}
