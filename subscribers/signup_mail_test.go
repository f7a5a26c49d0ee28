package subscribers_test

import (
	"errors"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// TestConfirmationSaysWhereItWasAskedFor, and nothing that the visitor wrote.
func TestConfirmationSaysWhereItWasAskedFor(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		r := new(relay)
		p := k.postman(r, nil)
		read := func() string {
			t.Helper()
			k.deliver(p, 1)
			parsed, err := sink.Parse(r.sent[len(r.sent)-1].data)
			k.must(err)
			both := parsed.Header.Get("Subject") + "\n" + parsed.Text + "\n" + parsed.HTML
			links := map[string]bool{}
			for _, after := range strings.Split(parsed.HTML, `href="https://courier.example/mail/`)[1:] {
				link, _, _ := strings.Cut(after, `"`)
				links[link] = true
			}
			if len(links) != 1 {
				t.Errorf("the mail leads to %v, want one page of ours", links)
			}
			if !strings.Contains(parsed.Text, "Review and confirm") || !strings.Contains(parsed.Text, "November 23, 2026 at") {
				t.Errorf("the mail does not say what to press or when it was asked for:\n%s", parsed.Text)
			}
			return both
		}
		in := form("ann@example.com")
		in.Name, in.Site = "Win a car at https://spam.example", "https://partner.example"
		k.signUp(in)
		first := read()
		if !strings.Contains(first, "It was asked for on partner.example.") {
			t.Errorf("the mail does not say whose page asked for it:\n%s", first)
		}
		if strings.Contains(first, "spam.example") || strings.Contains(first, "Win a car") {
			t.Errorf("the mail has words of the visitor's:\n%s", first)
		}
		k.signUp(form("ann@example.com")) // on our own page
		if second := read(); strings.Contains(second, "partner.example") || strings.Contains(second, "asked for on") {
			t.Errorf("the mail names the page of an earlier sign-up:\n%s", second)
		}
	})
}

// TestSignUpChecksWithoutLooking: Check says what is wrong and stores nothing.
func TestSignUpChecksWithoutLooking(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form("ann at example")
		in.Topics = nil
		err := in.Check(k.catalog)
		var found subscribers.FieldErrors
		errors.As(err, &found)
		wrong := found.Problems()
		if wrong[templates.FieldAddress] != templates.ProblemAddressInvalid || wrong[templates.FieldTopics] != templates.ProblemTopicsMissing || len(wrong) != 2 {
			t.Errorf("Check = %v, want an address and a topic", err)
		}
		good := form("ann@example.com")
		if err := good.Check(k.catalog); err != nil {
			t.Errorf("Check of a good form = %v", err)
		}
		if n := k.count(`SELECT count(*) FROM subscribers`); n != 0 {
			t.Errorf("%d readers are stored", n)
		}
	})
}

func TestNarrowCatalog(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	for _, tt := range []struct {
		topics, digests, want string
	}{
		{"", "", "world sport arts / daily weekly"},
		{"", "weekly", "world sport / weekly"},
		{"arts", "", "arts / daily"},
		{"sport", "", "sport / daily weekly"},
		{"sport world", "weekly", "world sport / weekly"},
		{"nothing", "nothing", "world sport arts / daily weekly"},
		{"arts", "weekly", "world sport arts / daily weekly"}, // which do not go together
		{"arts nothing", "daily", "arts / daily"},
	} {
		c := k.catalog.Narrow(strings.Fields(tt.topics), strings.Fields(tt.digests))
		var topics, digests []string
		for _, t := range c.Topics {
			topics = append(topics, t.Slug)
		}
		for _, d := range c.Digests {
			digests = append(digests, d.Slug)
		}
		if got := strings.Join(topics, " ") + " / " + strings.Join(digests, " "); got != tt.want {
			t.Errorf("topics %q and digests %q: got %s, want %s", tt.topics, tt.digests, got, tt.want)
		}
	}
}
