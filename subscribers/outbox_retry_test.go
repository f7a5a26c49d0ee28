package subscribers_test

import (
	"slices"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// givenUp is a reader whose confirmation was given up, and who has left since.
func (k *desk) givenUp(address string) {
	k.t.Helper()
	k.hook("crm")
	id := k.activate(address)
	k.wait(subscribers.GiveUpTellingAfter + time.Hour)
	_, err := k.SweepEvents(k.t.Context(), "crm")
	k.must(err)
	k.leave(id, 0, subscribers.OriginPage)
}

func (k *desk) retry(want int64) {
	k.t.Helper()
	if n, err := k.RetryEvents(k.t.Context(), "crm"); n != want || err != nil {
		k.t.Errorf("RetryEvents = %d, %v, want %d", n, err, want)
	}
}

// takes has the system take all that is due, and returns it in its order.
func (k *desk) takes() []subscribers.HookEvent {
	k.t.Helper()
	var told []subscribers.HookEvent
	for {
		events := k.claim(10)
		if len(events) == 0 {
			return told
		}
		for _, e := range events {
			told = append(told, e.Event)
		}
		k.record(true, events...)
	}
}

// TestRetryKeepsOrder: what is told again never comes after something later of
// its reader.
func TestRetryKeepsOrder(t *testing.T) {
	both := []subscribers.HookEvent{subscribers.HookConfirmed, subscribers.HookUnsubscribed}
	for name, tc := range map[string]struct {
		retry func(k *desk)
		want  []subscribers.HookEvent // which are told from then on
	}{
		"before what came later": {func(k *desk) { k.retry(2) }, both},
		"after what came later was taken": {func(k *desk) {
			if got := k.takes(); !slices.Equal(got, both[1:]) {
				k.t.Errorf("behind what was given up comes %q, want %q", got, both[1:])
			}
			k.retry(0)
		}, nil},
		"while what came later is on its way, and is taken": {func(k *desk) {
			onItsWay := k.claim(10)
			k.retry(2)
			if early := k.claim(10); len(early) != 0 {
				k.t.Errorf("beside what is on its way %+v is told", early)
			}
			k.record(true, onItsWay...)
		}, nil},
		"while what came later is on its way, and is not taken": {func(k *desk) {
			onItsWay := k.claim(10)
			k.retry(2)
			k.record(false, onItsWay...)
			k.wait(time.Hour)
		}, both},
		"after both were given up": {func(k *desk) {
			k.wait(subscribers.GiveUpTellingAfter + time.Hour)
			_, err := k.SweepEvents(k.t.Context(), "crm")
			k.must(err)
			k.retry(2)
		}, both},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.givenUp("ann@example.com")
				tc.retry(k)
				if got := k.takes(); !slices.Equal(got, tc.want) {
					t.Errorf("told %q, want %q", got, tc.want)
				}
				if left := k.kinds(); len(left) != 0 {
					t.Errorf("left in the outbox: %q", left)
				}
			})
		})
	}
}
