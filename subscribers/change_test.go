package subscribers_test

import (
	"errors"
	"testing"

	"broadsheet/subscribers"
)

// TestChange changes a reader by an operator's hand: what is named, nothing else,
// with what a move owes, and on record.
func TestChange(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		zone, language := "Asia/Tokyo", "ja"
		k.wait(1)
		before := k.picture("ann@example.com")
		change := subscribers.Change{Zone: &zone, Language: &language, Format: new(subscribers.FormatText), Hours: []string{"daily=06:30"}, Attributes: []string{"tier=paid"}, Origin: "command"}
		want := "timezone=Asia/Tokyo language=ja format=text attributes=tier=paid hours=daily=06:30"
		if got, err := k.RehearseChange(t.Context(), k.catalog, id, change); got != want || err != nil {
			t.Errorf("rehearsed: got %q, %v, want %q", got, err, want)
		}
		if after := k.picture("ann@example.com"); after != before {
			t.Errorf("a rehearsal changed %q to %q", before, after)
		}
		for _, want := range []string{want, ""} {
			if got, err := k.Change(t.Context(), k.catalog, id, change); got != want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
		d := k.detail("ann@example.com")
		if d.Zone != zone || d.Language != language || d.Format != subscribers.FormatText || d.Attributes.Value("tier") != "paid" || d.Subscriptions[0].Hour != "06:30" {
			t.Errorf("the reader is %+v", d)
		}
		last := d.Consents[len(d.Consents)-1]
		if last.Event != subscribers.EventChanged || last.Detail != want || last.Origin != "command" || len(d.Consents) < 2 || d.Consents[len(d.Consents)-2].Event == subscribers.EventChanged {
			t.Errorf("on record is %+v, want one change", d.Consents)
		}
		if owed := k.owed("ann@example.com"); owed == "" {
			t.Error("who moved is owed nothing")
		}
		mars := "Mars"
		for name, bad := range map[string]subscribers.Change{
			"zone": {Zone: &mars}, "hour": {Hours: []string{"03:00"}}, "attribute": {Attributes: []string{"tier=gold"}}, "language": {Language: new("no tag")},
		} {
			var fields subscribers.FieldErrors
			if _, err := k.Change(t.Context(), k.catalog, id, bad); !errors.As(err, &fields) || len(fields) != 1 {
				t.Errorf("%s: got %v, want one wrong field", name, err)
			}
		}
		if _, err := k.Change(t.Context(), k.catalog, 99, change); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("got %v, want ErrUnknown", err)
		}
		k.must(k.Unsubscribe(t.Context(), id, 0, "form", ""))
		if _, err := k.Change(t.Context(), k.catalog, id, change); !errors.Is(err, subscribers.ErrUnsubscribed) {
			t.Errorf("got %v, want ErrUnsubscribed", err)
		}
	})
}
