package subscribers_test

import (
	"slices"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

// The watches of processes that have looked each minute for that long.
func (k *desk) watched(d time.Duration) subscribers.HookWatch {
	k.t.Helper()
	var clock time.Time
	k.must(k.db.View(k.t.Context(), func(tx *db.Tx) (err error) {
		clock, err = tx.Now(k.t.Context())
		return err
	}))
	return subscribers.HookWatch{Since: clock.Add(-d), Last: clock.Add(-min(d, time.Minute))}
}

// name is a look of a process with these systems, and returns what it retires.
func (k *desk) name(w subscribers.HookWatch, hooks ...subscribers.Hook) (gone []string) {
	k.t.Helper()
	_, retired, err := k.NameHooks(k.t.Context(), hooks, w)
	k.must(err)
	for _, h := range retired {
		gone = append(gone, h.Slug)
	}
	return gone
}

// unnamed has all that was named so far be of that long ago.
func (k *desk) unnamed(d time.Duration) {
	k.t.Helper()
	k.exec(`UPDATE outgoing_webhook_events SET named_at = named_at - $1`, d.Milliseconds())
}

func (k *desk) wantWaiting(when string, want map[string]int) {
	k.t.Helper()
	for hook, n := range want {
		if events, err := k.Events(k.t.Context(), hook, 100); err != nil || len(events) != n {
			k.t.Errorf("%s: %s has %d events, %v, want %d", when, hook, len(events), err, n)
		}
	}
}

// TestHooksThatNoProcessNames are retired, with what they were to be told, and no
// others.
func TestHooksThatNoProcessNames(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		all := subscribers.HookEvents()
		crm, shop := subscribers.Hook{Slug: "crm", Events: all}, subscribers.Hook{Slug: "shop", Events: all[:1]}
		k.name(subscribers.HookWatch{}, crm, shop)
		k.must(k.Unsubscribe(t.Context(), k.activate("ann@example.com"), 0, "page", ""))
		k.wantWaiting("named", map[string]int{"crm": 2, "shop": 1})

		long := k.watched(2 * time.Hour)
		if gone := k.name(long, shop); len(gone) > 0 {
			t.Errorf("%q retired just after another process named it", gone)
		}
		k.unnamed(2 * time.Hour)
		if gone := k.name(subscribers.HookWatch{}, shop); len(gone) > 0 {
			t.Errorf("%q retired by a process that has just begun", gone)
		}
		if gone := k.name(k.watched(59*time.Minute), shop); len(gone) > 0 {
			t.Errorf("%q retired by a process that has not watched for an hour", gone)
		}
		gap := k.watched(2 * time.Hour)
		gap.Last = gap.Last.Add(-5 * time.Minute)
		if gone := k.name(gap, shop); len(gone) > 0 {
			t.Errorf("%q retired after the database was away", gone)
		}
		k.wantWaiting("after the careful ones", map[string]int{"crm": 2, "shop": 1})
		if gone := k.name(long, shop); !slices.Equal(gone, []string{"crm"}) {
			t.Errorf("%q retired, want crm", gone)
		}
		k.wantWaiting("retired", map[string]int{"crm": 0, "shop": 1})
		states, err := k.HookStates(t.Context())
		k.must(err)
		if len(states) != 1 || states[0].Slug != "shop" || states[0].Waiting != 1 {
			t.Errorf("states %+v", states)
		}
		k.name(subscribers.HookWatch{}, crm)
		k.activate("bob@example.com")
		k.wantWaiting("named again", map[string]int{"crm": 1, "shop": 2})
	})
}

// TestEventsOfTwoConfigurations: a system is told of what either wants, and of
// what is in one alone until that has been gone for an hour.
func TestEventsOfTwoConfigurations(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		of := func(events ...subscribers.HookEvent) subscribers.Hook {
			return subscribers.Hook{Slug: "crm", Events: events}
		}
		newer, older := of(subscribers.HookErased, subscribers.HookConfirmed), of(subscribers.HookConfirmed, subscribers.HookSuppressed)
		want := func(when string, events ...subscribers.HookEvent) {
			t.Helper()
			states, err := k.HookStates(t.Context())
			k.must(err)
			if len(states) != 1 || !slices.Equal(states[0].Events, events) {
				t.Errorf("%s: %+v, want %q", when, states, events)
			}
		}
		k.name(subscribers.HookWatch{}, newer)
		want("one", "confirmed", "erased")
		k.name(k.watched(2*time.Hour), older)
		want("both", "confirmed", "erased", "suppressed")
		k.unnamed(2 * time.Hour)
		if gone := k.name(k.watched(2*time.Hour), newer); len(gone) > 0 {
			t.Errorf("%q retired", gone)
		}
		want("the older is gone", "confirmed", "erased")
	})
}

// TestHookWatchBegins where it has not looked, and after a gap.
func TestHookWatchBegins(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		first, _, err := k.NameHooks(t.Context(), nil, subscribers.HookWatch{})
		k.must(err)
		if first.Since.IsZero() || !first.Since.Equal(first.Last) {
			t.Errorf("the first look gives %+v", first)
		}
		second, _, err := k.NameHooks(t.Context(), nil, first)
		k.must(err)
		if !second.Since.Equal(first.Since) || second.Last.Before(first.Last) {
			t.Errorf("the second look gives %+v after %+v", second, first)
		}
		second.Since, second.Last = second.Since.Add(-time.Hour), second.Last.Add(-4*time.Minute)
		if third, _, err := k.NameHooks(t.Context(), nil, second); err != nil || !third.Since.Equal(third.Last) {
			t.Errorf("a look after a gap gives %+v, %v", third, err)
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
		k.wantWaiting("commands", map[string]int{"crm": 3, "shop": 1})
		k.name(k.watched(2*time.Hour), subscribers.Hook{Slug: "mine", Events: all})
		k.activate("dan@example.com")
		k.wantWaiting("a service", map[string]int{"crm": 4, "shop": 2, "mine": 1})
	})
}
