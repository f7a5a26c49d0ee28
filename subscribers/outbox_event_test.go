package subscribers_test

import (
	"slices"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// TestWhoBecomesActiveIsConfirmed: a system that asks for these two alone knows
// who is active, whatever way a reader came.
func TestWhoBecomesActiveIsConfirmed(t *testing.T) {
	const address = "ann@example.com"
	undo := func(k *desk, id int64, left subscribers.Left) {
		_, err := k.Return(k.t.Context(), k.catalog, returnToken(id, left), "")
		k.must(err)
	}
	tells := confirmed
	tells.Tell = true
	for name, tc := range map[string]struct {
		come func(k *desk)
		want []string
	}{
		"sign-up": {func(k *desk) { k.activate(address) }, []string{"confirmed"}},
		"undo": {func(k *desk) {
			id := k.activate(address)
			undo(k, id, k.leave(id, 0, subscribers.OriginPage))
		}, []string{"confirmed", "unsubscribed", "confirmed"}},
		"undo of one digest": {func(k *desk) {
			id := k.both(address)
			undo(k, id, k.leave(id, 1, subscribers.OriginPage))
		}, []string{"confirmed"}},
		"restore": {func(k *desk) {
			id := k.activate(address)
			left := k.leave(id, 0, subscribers.OriginPage)
			k.must(k.MarkLeaving(k.t.Context(), id, left.At, subscribers.Marks{Links: 9, Machine: true}))
			k.wait(time.Minute)
			found, err := k.Restorables(k.t.Context(), k.now().Add(-time.Hour), k.now())
			k.must(err)
			k.must(k.Restore(k.t.Context(), found[0], "command"))
		}, []string{"confirmed", "unsubscribed", "confirmed"}},
		"sign-up of who left": {func(k *desk) {
			k.gone(address)
			k.signUp(stranger(address))
			k.wait(time.Minute)
			k.confirm(address)
		}, []string{"confirmed", "unsubscribed", "confirmed"}},
		"file": {func(k *desk) {
			_, err := k.imports("email\n"+address+"\n", tells)
			k.must(err)
		}, []string{"confirmed"}},
		"file of one who has not confirmed": {func(k *desk) {
			k.signUp(form(address))
			_, err := k.imports("email\n"+address+"\n", tells)
			k.must(err)
		}, []string{"confirmed"}},
		"operator": {func(k *desk) {
			k.must(k.Add(k.t.Context(), k.catalog, subscribers.Add{Address: address, Confirmed: true, Consent: "asked", Origin: "command"}))
		}, []string{"confirmed"}},
		"API": {func(k *desk) {
			k.leave(k.activate(address), 0, subscribers.OriginPage)
			k.wait(time.Hour)
			_, err := k.told("crm-1", address, func(in *subscribers.External) { in.Evidence = k.evidence(k.now().Add(-time.Minute)) })
			k.must(err)
		}, []string{"confirmed", "unsubscribed", "confirmed"}},
		"lifted": {func(k *desk) {
			k.activate(address)
			k.must(k.Suppress(k.t.Context(), address, subscribers.ReasonManual, "", "command"))
			k.must(k.Unsuppress(k.t.Context(), address, "command"))
		}, []string{"confirmed", "confirmed"}},
		"all lifted": {func(k *desk) {
			k.activate(address)
			k.must(k.Suppress(k.t.Context(), address, subscribers.ReasonHardBounce, "", "relay"))
			_, err := k.UnsuppressAll(k.t.Context(), subscribers.Revert{Reason: subscribers.ReasonHardBounce}, "command", nil)
			k.must(err)
		}, []string{"confirmed", "confirmed"}},
		"undo while suppressed": {func(k *desk) {
			id := k.activate(address)
			left := k.leave(id, 0, subscribers.OriginPage)
			k.must(k.Suppress(k.t.Context(), address, subscribers.ReasonManual, "", "command"))
			undo(k, id, left)
			k.must(k.Unsuppress(k.t.Context(), address, "command"))
		}, []string{"confirmed", "unsubscribed", "confirmed"}},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.hook("crm", subscribers.HookConfirmed, subscribers.HookUnsubscribed)
				tc.come(k)
				if got := k.kinds(); !slices.Equal(got, tc.want) {
					t.Errorf("told %q, want %q", got, tc.want)
				}
				if d := k.detail(address); d.Shown() != subscribers.StateActive {
					t.Errorf("the reader is %s", d.Shown())
				}
			})
		})
	}
}
