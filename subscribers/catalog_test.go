package subscribers_test

import (
	"testing"

	"broadsheet/subscribers"
)

func TestCatalogInALanguage(t *testing.T) {
	c := &subscribers.Catalog{
		Topics:  []subscribers.Topic{{Slug: "world", Name: "World", Names: map[string]string{"de": "Welt", "pt-BR": "Mundo"}}, {Slug: "sport", Name: "Sport"}},
		Digests: []subscribers.Digest{{Slug: "daily", Name: "The Daily", Names: map[string]string{"de": "Der Tag"}}},
	}
	for language, want := range map[string][3]string{
		"": {"World", "Sport", "The Daily"}, "en": {"World", "Sport", "The Daily"}, "de": {"Welt", "Sport", "Der Tag"}, "de-AT": {"Welt", "Sport", "Der Tag"},
		"pt-br": {"Mundo", "Sport", "The Daily"}, "pt": {"World", "Sport", "The Daily"},
	} {
		for from, in := range map[string]*subscribers.Catalog{"the catalog": c, "another language": c.In("de")} {
			got := in.In(language)
			if names := [3]string{got.Topics[0].Name, got.Topics[1].Name, got.Digests[0].Name}; names != want {
				t.Errorf("%q from %s: got %q, want %q", language, from, names, want)
			}
		}
	}
	if c.Topics[0].Name != "World" {
		t.Error("the catalog itself has changed")
	}
	plain := &subscribers.Catalog{Topics: []subscribers.Topic{{Slug: "sport", Name: "Sport"}}}
	if plain.In("de") != plain {
		t.Error("a catalog without other names was copied")
	}
}
