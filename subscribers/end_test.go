package subscribers_test

import (
	"errors"
	"slices"
	"testing"
	"time"

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
		"no such topic":         {in: subscribers.Endings{Topics: []string{"nothing"}, Digests: []string{"daily"}}, left: []string{"daily"}, state: "ended active ,1,2,"},
		"no such digest":        {in: subscribers.Endings{Topics: []string{"sport"}, Digests: []string{"nothing"}}, state: "active active ,1,"},
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

// TestEndAndReturn: a topic that ended, together with a digest or later, has ended
// for the digest that comes back, too.
func TestEndAndReturn(t *testing.T) {
	for name, c := range map[string]struct {
		digest string
		then   bool // the topic ends after the digest
	}{"the first": {"daily", false}, "the second": {"weekly", false}, "then a topic": {"daily", true}} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.both("ann@example.com")
				in := subscribers.Endings{Topics: []string{"sport"}, Digests: []string{c.digest}}
				if c.then {
					in.Topics = nil
				}
				left, err := k.End(t.Context(), k.catalog, id, in, subscribers.OriginPage, "192.0.2.1")
				k.must(err)
				if c.then {
					k.wait(time.Minute)
					k.must(k.DropTopic(t.Context(), k.catalog, id, "sport", subscribers.OriginPage, "192.0.2.1"))
				}
				if back, err := k.Return(t.Context(), k.catalog, returnToken(id, left), "192.0.2.1"); err != nil || !slices.Equal(back, []string{c.digest}) {
					t.Fatalf("back is %v, %v", back, err)
				}
				for _, s := range k.detail("ann@example.com").Subscriptions {
					if s.State != subscribers.SubscriptionActive || s.Topics != ",1," {
						t.Errorf("%s is %s with topics %s, want active and ,1,", s.Digest, s.State, s.Topics)
					}
				}
			})
		})
	}
}

// TestEndWhatIsConfiguredNoMore: a digest that was taken out of the configuration,
// and may come back into it, ends as well.
func TestEndWhatIsConfiguredNoMore(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.both("ann@example.com")
		k.catalog.Digests = k.catalog.Digests[:1]
		left, err := k.End(t.Context(), k.catalog, id, subscribers.Endings{Digests: []string{"weekly"}}, subscribers.OriginPage, "")
		if err != nil || !slices.Equal(left.Digests, []string{"weekly"}) {
			t.Errorf("left %v, %v", left, err)
		}
	})
}

// TestReturnToAnotherZone: a digest comes back in the zone where the reader is by
// now.
func TestReturnToAnotherZone(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.both("ann@example.com")
		left := k.leave(id, 1, subscribers.OriginPage)
		k.must(k.prefers(id, subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"world"}, Digests: []string{"weekly"}}, "form", ""))
		if _, err := k.Return(t.Context(), k.catalog, returnToken(id, left), ""); err != nil {
			t.Fatal(err)
		}
		if s := k.detail("ann@example.com").Subscriptions[0]; s.Zone != "Asia/Tokyo" || s.CohortID == 0 {
			t.Errorf("back in %s, cohort %d", s.Zone, s.CohortID)
		}
	})
}

// TestReturnKeepsAnOwnTopic: a digest comes back with its topics where those that
// the reader has by now would leave it empty.
func TestReturnKeepsAnOwnTopic(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.both("ann@example.com")
		left := k.leave(id, 2, subscribers.OriginPage)
		k.must(k.prefers(id, subscribers.Preferences{Topics: []string{"arts"}, Digests: []string{"daily"}}, "form", ""))
		if _, err := k.Return(t.Context(), k.catalog, returnToken(id, left), ""); err != nil {
			t.Fatal(err)
		}
		if got := k.detail("ann@example.com").Subscriptions; got[0].Topics != ",3," || got[1].Topics != ",2,1," {
			t.Errorf("topics are %s and %s", got[0].Topics, got[1].Topics)
		}
	})
}
