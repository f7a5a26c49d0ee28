package subscribers_test

import (
	"errors"
	"slices"
	"testing"

	"broadsheet/subscribers"
)

// TestEnd: what is ticked ends, together or not at all, and nothing else changes.
func TestEnd(t *testing.T) {
	for name, c := range map[string]struct {
		in    subscribers.Endings
		err   error
		left  []string // digests that ended
		state string   // of the daily, the weekly, and their topics
		all   bool     // nothing is left
	}{
		"nothing":               {state: "active active ,1,2,"},
		"a topic":               {in: subscribers.Endings{Topics: []string{"sport"}}, state: "active active ,1,"},
		"a topic not wanted":    {in: subscribers.Endings{Topics: []string{"arts"}}, state: "active active ,1,2,"},
		"the last topics":       {in: subscribers.Endings{Topics: []string{"world", "sport"}}, err: subscribers.ErrLastTopic, state: "active active ,1,2,"},
		"a digest":              {in: subscribers.Endings{Digests: []string{"weekly"}}, left: []string{"weekly"}, state: "active ended ,1,2,"},
		"a digest and a topic":  {in: subscribers.Endings{Digests: []string{"weekly"}, Topics: []string{"world"}}, left: []string{"weekly"}, state: "active ended ,2,"},
		"too much":              {in: subscribers.Endings{Digests: []string{"weekly"}, Topics: []string{"world", "sport"}}, err: subscribers.ErrLastTopic, state: "active active ,1,2,"},
		"all digests":           {in: subscribers.Endings{Digests: []string{"daily", "weekly"}, Topics: []string{"world", "sport"}}, left: []string{"daily", "weekly"}, state: "ended ended ,1,2,", all: true},
		"no such topic":         {in: subscribers.Endings{Topics: []string{"nothing"}, Digests: []string{"daily"}}, err: subscribers.ErrUnknown, state: "active active ,1,2,"},
		"no such digest":        {in: subscribers.Endings{Topics: []string{"sport"}, Digests: []string{"nothing"}}, err: subscribers.ErrUnknown, state: "active active ,1,2,"},
		"the same digest twice": {in: subscribers.Endings{Digests: []string{"daily", "daily"}}, left: []string{"daily"}, state: "ended active ,1,2,"},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.activate("ann@example.com")
				k.must(k.prefers(id, subscribers.Preferences{Topics: []string{"world", "sport"}, Digests: []string{"daily", "weekly"}}, "page", ""))
				left, err := k.End(t.Context(), k.catalog, id, c.in, subscribers.OriginPage, "192.0.2.1")
				if !errors.Is(err, c.err) || !slices.Equal(left.Digests, c.left) || (left.At != 0) != (len(c.left) > 0) {
					t.Fatalf("left %+v, %v; want %v, %v", left, err, c.left, c.err)
				}
				d := k.detail("ann@example.com")
				daily, weekly := d.Subscriptions[0], d.Subscriptions[1]
				live := daily
				if daily.State == subscribers.SubscriptionEnded {
					live = weekly
				}
				if got := string(daily.State) + " " + string(weekly.State) + " " + string(live.Topics); got != c.state {
					t.Errorf("got %s, want %s", got, c.state)
				}
				if len(c.left) == 0 {
					return
				}
				back := subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: id, Change: left.At, IssuedAt: k.now()}
				if l, err := k.Returnable(t.Context(), back); err != nil || l.All != c.all || !slices.Equal(l.Digests, c.left) {
					t.Errorf("to be undone is %+v, %v", l, err)
				}
			})
		})
	}
}

func TestEndOfWhoHasLeft(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		k.must(k.Unsubscribe(t.Context(), id, 0, "form", ""))
		if _, err := k.End(t.Context(), k.catalog, id, subscribers.Endings{Topics: []string{"world"}}, "page", ""); !errors.Is(err, subscribers.ErrUnsubscribed) {
			t.Errorf("got %v", err)
		}
		if _, err := k.End(t.Context(), k.catalog, 999, subscribers.Endings{Topics: []string{"world"}}, "page", ""); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("of nobody: %v", err)
		}
	})
}
