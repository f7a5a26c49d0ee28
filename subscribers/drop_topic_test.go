package subscribers_test

import (
	"errors"
	"testing"

	"broadsheet/subscribers"
)

func TestDropTopic(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		set := func(digests, topics []string) {
			t.Helper()
			k.must(k.prefers(id, subscribers.Preferences{Zone: "Asia/Tokyo", Topics: topics, Digests: digests}, "page", ""))
		}
		drop := func(slug string, want error) {
			t.Helper()
			if err := k.DropTopic(t.Context(), k.catalog, id, slug, "page", "192.0.2.1"); !errors.Is(err, want) {
				t.Fatalf("DropTopic(%s) = %v, want %v", slug, err, want)
			}
			k.checkStates()
		}
		set([]string{"daily"}, []string{"sport", "arts", "world"})
		drop("arts", nil)
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,2,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventPreferences, subscribers.EventPreferences)
		drop("arts", nil) // once more
		drop("sport", nil)
		drop("world", subscribers.ErrLastTopic)
		drop("gardening", subscribers.ErrUnknown)
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventPreferences, subscribers.EventPreferences, subscribers.EventPreferences)

		set([]string{"daily"}, []string{"*"})
		drop("sport", nil)
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,1,3,")

		// The weekly has no arts: it would be empty.
		set([]string{"daily", "weekly"}, []string{"world", "arts"})
		drop("world", subscribers.ErrLastTopic)
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,1,3, | weekly=active Europe/Berlin ,1,3,")

		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		drop("arts", subscribers.ErrUnsubscribed)
		id = 999
		drop("arts", subscribers.ErrUnknown)
	})
}
