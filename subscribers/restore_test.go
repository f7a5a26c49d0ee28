package subscribers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// scanned lets a scanner end a digest of a reader by the page.
func (k *desk) scanned(id, digest int64) {
	k.t.Helper()
	left := k.leave(id, digest, subscribers.OriginPage)
	k.must(k.MarkLeaving(k.t.Context(), id, left.At, subscribers.Marks{Links: 5, Machine: true}))
}

// listed are the addresses and digests that Restorables has for the last hour.
func (k *desk) listed() string {
	k.t.Helper()
	found, err := k.Restorables(k.t.Context(), k.now().Add(-time.Hour), k.now())
	k.must(err)
	var out []string
	for _, one := range found {
		out = append(out, fmt.Sprintf("%s %s %d %v", one.Address, one.Digest, one.Links, one.Machine))
	}
	return strings.Join(out, "\n")
}

// TestRestore tells apart who is to be restored and who is not.
func TestRestore(t *testing.T) {
	for name, c := range map[string]struct {
		leaves func(k *desk, id int64)
		want   string // listed
	}{
		"a scanner": {func(k *desk, id int64) { k.scanned(id, 1) }, ann + " daily 5 true"},
		"a scanner that ended everything": {func(k *desk, id int64) { k.scanned(id, 0) },
			ann + " daily 5 true\n" + ann + " weekly 5 true"},
		"a scanner that came twice": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(30 * time.Second)
			k.leave(id, 1, subscribers.OriginPage)
		}, ann + " daily 5 true"},
		"two mails scanned": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(time.Minute)
			k.scanned(id, 2)
		}, ann + " weekly 5 true\n" + ann + " daily 5 true"},
		"a person": {func(k *desk, id int64) {
			left := k.leave(id, 1, subscribers.OriginPage)
			k.must(k.MarkLeaving(k.t.Context(), id, left.At, subscribers.Marks{Links: 2}))
		}, ""},
		"nobody looked": {func(k *desk, id int64) { k.leave(id, 1, subscribers.OriginPage) }, ""},
		"one-click, marked": {func(k *desk, id int64) {
			left := k.leave(id, 1, subscribers.OriginOneClick)
			k.must(k.MarkLeaving(k.t.Context(), id, left.At, subscribers.Marks{Links: 9, Machine: true}))
		}, ""},
		"then one-click for the same digest": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(time.Second)
			k.leave(id, 1, subscribers.OriginOneClick)
		}, ""},
		"then one-click for another": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(time.Second)
			k.leave(id, 2, subscribers.OriginOneClick)
		}, ""},
		"then the page on another visit": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(2 * time.Minute)
			k.leave(id, 1, subscribers.OriginPage)
		}, ""},
		"then everything by the page": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(2 * time.Minute)
			k.leave(id, 0, subscribers.OriginPage)
		}, ""},
		"then everything by the settings": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(time.Second)
			k.must(k.prefers(id, subscribers.Preferences{}, "form", ""))
		}, ""},
		"then an operator": {func(k *desk, id int64) {
			k.scanned(id, 1)
			k.wait(time.Second)
			k.must(k.UnsubscribeAddress(k.t.Context(), ann, "command"))
		}, ""},
		"came back": {func(k *desk, id int64) {
			k.scanned(id, 0)
			k.wait(time.Second)
			k.signUp(form(ann))
			k.wait(time.Second)
			k.confirm(ann)
		}, ann + " weekly 5 true"},
		"signed up again": {func(k *desk, id int64) {
			k.scanned(id, 0)
			k.wait(time.Second)
			k.signUp(form(ann))
		}, ann + " daily 5 true\n" + ann + " weekly 5 true"},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.both(ann)
				k.wait(time.Minute)
				active := k.rows(ann)
				c.leaves(k, id)
				k.wait(time.Minute)
				if got := k.listed(); got != c.want {
					t.Errorf("listed are\n%s\nwant\n%s", got, c.want)
				}
				before := k.rows(ann)
				found, err := k.Restorables(t.Context(), k.now().Add(-time.Hour), k.now())
				k.must(err)
				for _, one := range found {
					k.must(k.Restore(t.Context(), one, "command"))
				}
				switch got := k.rows(ann); {
				case c.want == "" && got != before:
					t.Errorf("restored to %s", got)
				case c.want != "" && name != "came back" && got != active:
					t.Errorf("restored to\n%s\nwant\n%s", got, active)
				}
				if last := k.last(ann); c.want != "" && (last.Event != subscribers.EventRestored || last.By() != subscribers.ActorOperator || !strings.Contains(last.Detail, "links=5")) {
					t.Errorf("on record is %+v", last)
				}
				if got := k.listed(); got != "" {
					t.Errorf("still listed: %s", got)
				}
			})
		})
	}
}

// TestRestoreHeedsWhatCameSince: between the list and the deed the reader leaves.
func TestRestoreHeedsWhatCameSince(t *testing.T) {
	for name, since := range map[string]func(k *desk, id int64){
		"one-click": func(k *desk, id int64) { k.leave(id, 1, subscribers.OriginOneClick) },
		"erased": func(k *desk, id int64) {
			_, err := k.Erase(k.t.Context(), "ann@example.com", "command")
			k.must(err)
		},
		"undone by the reader": func(k *desk, id int64) {
			_, err := k.Return(k.t.Context(), k.catalog, subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: id, Change: k.now().Add(-time.Minute).UnixMilli()}, "")
			k.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.both("ann@example.com")
				k.wait(time.Minute)
				k.scanned(id, 1)
				k.wait(time.Minute)
				found, err := k.Restorables(t.Context(), k.now().Add(-time.Hour), k.now())
				k.must(err)
				since(k, id)
				active := k.count(`SELECT COUNT(*) FROM subscriptions WHERE state = 'active'`)
				if len(found) != 1 {
					t.Fatalf("listed are %+v", found)
				}
				if err := k.Restore(t.Context(), found[0], "command"); !errors.Is(err, subscribers.ErrNotReturnable) {
					t.Errorf("Restore = %v", err)
				}
				if got := k.count(`SELECT COUNT(*) FROM subscriptions WHERE state = 'active'`); got != active {
					t.Errorf("%d active subscriptions, want %d", got, active)
				}
			})
		})
	}
}

// TestErasureForgetsHowOneLeft.
func TestErasureForgetsHowOneLeft(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.scanned(k.both("ann@example.com"), 0)
		_, err := k.Erase(t.Context(), "ann@example.com", "command")
		k.must(err)
		if n := k.count(`SELECT COUNT(*) FROM leavings`); n != 0 {
			t.Errorf("%d leavings of an erased reader", n)
		}
	})
}
