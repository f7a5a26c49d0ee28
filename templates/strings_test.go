package templates_test

import (
	"bytes"
	"strings"
	"testing"

	"broadsheet/templates"
)

func TestEveryLanguageHasAllWords(t *testing.T) {
	if got := templates.MissingWords(); len(got) > 0 {
		t.Errorf("missing: %s", strings.Join(got, "; "))
	}
}

func TestALanguageWithoutWordsIsServedInEnglish(t *testing.T) {
	for _, language := range []string{"", "en", "en-GB", "EN_us", "tlh", "ar"} {
		d := daily(2)
		d.Language, d.Site.Language = language, ""
		doc := parseHTML(t, drawHTML(t, d))
		root := doc.one(t, "html", "", "")
		if got, want := attr(root, "lang")+" "+attr(root, "dir"), "en ltr"; got != want {
			t.Errorf("language %q: got %q, want %q", language, got, want)
		}
	}
}

func TestEveryProblemHasAText(t *testing.T) {
	for _, problem := range []string{
		templates.ProblemAddressMissing, templates.ProblemAddressInvalid, templates.ProblemNameTooLong,
		templates.ProblemTopicsMissing, templates.ProblemTopicUnknown, templates.ProblemDigestsMissing,
		templates.ProblemDigestUnknown, templates.ProblemZoneUnknown, templates.ProblemFormExpired, templates.ProblemTooMany,
	} {
		page := signUp()
		page.Errors = map[string]string{templates.FieldForm: problem}
		var b bytes.Buffer
		if err := loadPages(t).Subscribe(&b, page); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), ">"+problem+"<") {
			t.Errorf("%s is shown as its name", problem)
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
