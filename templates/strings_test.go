package templates_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"broadsheet/templates"
)

// TestEveryLanguageHasAllWords: what English says every language says, with the
// same values.
func TestEveryLanguageHasAllWords(t *testing.T) {
	english := templates.Texts("en")
	for _, language := range templates.Languages() {
		texts := templates.Texts(language)
		for name := range english {
			if optional(name) || strings.Contains(name, ".") {
				continue
			}
			if texts[name] == "" {
				t.Errorf("%s: no text for %s", language, name)
			}
		}
		for name, text := range texts {
			of, form, plural := strings.Cut(name, ".")
			if plural {
				name = of + ".other"
			}
			want, got := templates.Verbs(english[name]), templates.Verbs(text)
			if plural && slices.Contains([]string{"zero", "one", "two"}, form) && !slices.Contains(got, "%[1]s") {
				want = want[1:] // in words
			}
			if of != "spanMonth" && of != "spanMonths" && !slices.Equal(got, want) {
				t.Errorf("%s: %s takes %q, want %q: %s", language, name, got, want, text)
			}
			if _, ok := english[name]; !ok {
				t.Errorf("%s: English does not have %s", language, name)
			}
		}
	}
}

// optional reports whether a language may do without a text.
func optional(name string) bool { return name == "first" || name == "timeLayout" }

// TestPluralForms: a language has a text for each plural form that CLDR gives
// it, and none that would never be shown.
func TestPluralForms(t *testing.T) {
	for _, language := range templates.Languages() {
		texts := templates.Texts(language)
		for name := range templates.Texts("en") {
			plural, form, ok := strings.Cut(name, ".")
			if !ok || form != "other" {
				continue
			}
			var got []string
			for _, form := range []string{"zero", "one", "two", "few", "many", "other"} {
				if texts[plural+"."+form] != "" {
					got = append(got, form)
				}
			}
			if want := templates.PluralForms(language); !slices.Equal(got, want) {
				t.Errorf("%s: %s has %q, want %q", language, plural, got, want)
			}
		}
	}
}

func TestALanguageWithoutWordsIsServedInEnglish(t *testing.T) {
	for _, language := range []string{"", "en", "EN_us", "tlh"} {
		d := daily(2)
		d.Language, d.Site.Language = language, ""
		doc := parseHTML(t, drawHTML(t, d))
		root := doc.one(t, "html", "", "")
		if got, want := attr(root, "lang")+" "+attr(root, "dir"), "en ltr"; got != want {
			t.Errorf("language %q: got %q, want %q", language, got, want)
		}
	}
}

func TestMessagesHaveWordsOfTheirOwn(t *testing.T) {
	for _, status := range []int{404, 410, 422, 429, 500, 503, 418} {
		var b bytes.Buffer
		if err := loadPages(t).Message(&b, &templates.MessagePage{Site: courier, Status: status}); err != nil {
			t.Fatal(err)
		}
		doc := parseHTML(t, b.String())
		if text(doc.one(t, "h1", "", "")) == "" {
			t.Errorf("status %d has no title", status)
		}
		checkPage(t, b.String())
	}
}
