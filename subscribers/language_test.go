package subscribers_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// TestLanguageOfSystemMails: they are in the reader's language as far as the site
// offers it.
func TestLanguageOfSystemMails(t *testing.T) {
	for _, test := range []struct {
		offered         []string
		language        string
		confirm, signed string
	}{
		{[]string{"en", "de", "ja"}, "de-AT", "Bitte bestätigen Sie Ihre Anmeldung bei City Courier", "Sie sind bei City Courier schon angemeldet"},
		{[]string{"en", "de", "ja"}, "ja", "City Courier：購読のお申し込みをご確認ください", "City Courier：すでに購読中です"},
		{[]string{"en", "de"}, "ja", "Confirm your sign-up at City Courier", "You are already signed up at City Courier"},
		{nil, "de", "Confirm your sign-up at City Courier", "You are already signed up at City Courier"},
		{[]string{"en", "de"}, "", "Confirm your sign-up at City Courier", "You are already signed up at City Courier"},
	} {
		eachDesk(t, func(t *testing.T, k *desk) {
			r := new(relay)
			p := k.postman(r, func(o *subscribers.PostmanOptions) { o.Site.Languages = test.offered })
			in := form("ann@example.com")
			in.Language = test.language
			k.signUp(in)
			k.wait(time.Second)
			k.deliver(p, 1)
			k.confirm("ann@example.com")
			k.signUp(in)
			k.wait(time.Second)
			k.deliver(p, 1)
			if len(r.sent) != 2 {
				t.Fatalf("%d mails, want 2", len(r.sent))
			}
			for i, want := range []string{test.confirm, test.signed} {
				parsed, err := sink.Parse(r.sent[i].data)
				k.must(err)
				if got := parsed.Decode("Subject"); got != want {
					t.Errorf("%q of %q: got %q, want %q", test.language, test.offered, got, want)
				}
			}
		})
	}
}

func TestLanguageOfPreferences(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		set := func(language *string) error {
			return k.prefers(id, subscribers.Preferences{
				Zone: "Europe/Paris", Topics: []string{"world"}, Digests: []string{"daily"}, Language: language,
			}, "page", "")
		}
		k.must(set(new("pt-BR")))
		k.wait(time.Second)
		k.must(set(nil))
		if got := k.detail("ann@example.com").Language; got != "pt-BR" {
			t.Errorf("the language is %q, want that which was set and then left alone", got)
		}
		history := k.detail("ann@example.com").Consents
		last := history[len(history)-1]
		if last.Event != subscribers.EventPreferences || !strings.HasSuffix(last.Detail, " language=pt-BR") {
			t.Errorf("the last record is %+v, want the language", last)
		}
		var fields subscribers.FieldErrors
		if err := set(new("no tag")); !errors.As(err, &fields) || fields.Problems()["language"] != templates.ProblemLanguageUnknown {
			t.Errorf("got %v, want a problem with the language", err)
		}
	})
}
