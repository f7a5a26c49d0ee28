package web_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// TestEventsAreAsDescribed holds what other systems are told to the description,
// and the other way round: every kind that it has is told.
func TestEventsAreAsDescribed(t *testing.T) {
	s := newSite(t, nil)
	ctx := t.Context()
	s.must(s.store.AddHooks(ctx, []subscribers.Hook{{Slug: "crm", Events: subscribers.HookEvents()}}))
	doc := s.description()
	described := doc["webhooks"].(node)
	told := map[string]bool{}
	look := func() {
		t.Helper()
		events, err := s.store.Events(ctx, "crm", 1000)
		s.must(err)
		for _, e := range events {
			var body any
			s.must(json.Unmarshal([]byte(e.Body), &body))
			kind := body.(node)["type"].(string)
			told[kind] = true
			post, ok := described[kind].(node)["post"].(node)
			if !ok {
				t.Errorf("%s is not described", kind)
				continue
			}
			content := resolve(doc, post["requestBody"].(node)["$ref"].(string))["content"].(node)["application/json"].(node)
			if wrong := conform(doc, content["schema"].(node), body, "event"); wrong != "" {
				t.Errorf("%s in %s", wrong, e.Body)
			}
		}
	}
	id := s.active("ann@example.com")
	s.must(s.store.Pause(ctx, id, 0, s.now().Add(time.Hour), "form", ""))
	language := "de"
	_, err := s.store.Change(ctx, s.catalog, id, subscribers.Change{Language: &language, Origin: "command"})
	s.must(err)
	s.must(s.store.Suppress(ctx, "ann@example.com", subscribers.ReasonManual, "", "command"))
	s.must(s.store.Unsubscribe(ctx, id, 0, "one-click", ""))
	look()
	_, err = s.store.Erase(ctx, "ann@example.com", "command")
	s.must(err)
	look()
	if got, want := slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(described)); !slices.Equal(got, want) {
		t.Errorf("told %q, described %q", got, want)
	}
}
