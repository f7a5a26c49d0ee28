package subscribers_test

import (
	"testing"

	"broadsheet/subscribers"
)

// TestHooksOfTheConfiguration: what is no longer configured is told no more.
func TestHooksOfTheConfiguration(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		all := subscribers.HookEvents()
		k.must(k.SyncHooks(t.Context(), []subscribers.Hook{{Slug: "crm", Events: all}, {Slug: "shop", Events: all[:1]}}))
		id := k.activate("ann@example.com")
		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		for hook, want := range map[string]int{"crm": 2, "shop": 1} {
			if events, err := k.Events(t.Context(), hook, 10); err != nil || len(events) != want {
				t.Errorf("%s has %d events, want %d", hook, len(events), want)
			}
		}
		k.must(k.SyncHooks(t.Context(), []subscribers.Hook{{Slug: "shop", Events: all}}))
		if n := k.count(`SELECT count(*) FROM outbox WHERE hook = 'crm'`); n != 0 {
			t.Errorf("%d events of a system that is gone", n)
		}
		states, err := k.HookStates(t.Context())
		k.must(err)
		if len(states) != 1 || states[0].Slug != "shop" || len(states[0].Events) != len(all) || states[0].Waiting != 1 {
			t.Errorf("states %+v", states)
		}
	})
}

// TestOtherConfigurationTakesNothingAway: a command on a host whose file has no
// such system, or other events of it, changes nothing of what is told.
func TestOtherConfigurationTakesNothingAway(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		all := subscribers.HookEvents()
		k.must(k.AddHooks(t.Context(), []subscribers.Hook{{Slug: "crm", Events: all}}))
		k.activate("ann@example.com")
		k.must(k.AddHooks(t.Context(), nil))
		k.activate("bob@example.com")
		k.must(k.AddHooks(t.Context(), []subscribers.Hook{{Slug: "crm", Events: all[2:]}, {Slug: "shop", Events: all}}))
		k.activate("cyd@example.com")
		for hook, want := range map[string]int{"crm": 3, "shop": 1} {
			if events, err := k.Events(t.Context(), hook, 10); err != nil || len(events) != want {
				t.Errorf("%s has %d events, %v, want %d", hook, len(events), err, want)
			}
		}
	})
}
