package subscribers_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestSignUp(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form(" Ann@Example.COM ")
		in.Name, in.Language = "Ann\r\n  B.", "de"
		in.Topics, in.Digests = []string{"sport", "world"}, []string{"daily", "weekly"}
		k.signUp(in)
		k.wantPicture("ann@example.com", "pending | daily=pending Europe/Paris ,2,1, | weekly=pending Europe/Berlin ,2,1,")
		d := k.detail("ANN@example.com")
		if d.Name != "Ann B." || d.Language != "de" || d.Zone != "Europe/Paris" || !d.CreatedAt.Equal(k.now()) || !d.ConfirmedAt.IsZero() {
			t.Errorf("subscriber = %+v", d.Subscriber)
		}
		want := subscribers.Consent{At: k.now(), Event: subscribers.EventSignedUp, Origin: "form", Client: "192.0.2.1", Text: "I want this.",
			Detail:   "digests=daily;weekly topics=sport;world timezone=Europe/Paris",
			TextHash: "e80add24734f8ee76ea054a562a11f054deb10e8fce534a2b5442718cd4b7660", TextLanguage: "de", TextVersion: 1, TextSince: k.now()}
		if len(d.Consents) != 1 || d.Consents[0] != want {
			t.Errorf("consents = %+v, want %+v", d.Consents, want)
		}
		if n := k.mails(subscribers.MailConfirm); n != 1 {
			t.Errorf("%d confirmation mails, want 1", n)
		}
		if n := k.count(`SELECT count(*) FROM cohorts WHERE next_due_at = 0 AND last_seq = -2`); n != 2 {
			t.Errorf("%d new cohorts that begin with what arrives, want 2", n)
		}
		k.checkStates()
	})
}

// TestNamesKeepTheirDirection has names that would turn what stands beside them
// on a page or in a list.
func TestNamesKeepTheirDirection(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	for i, c := range []struct{ name, want string }{
		{"Ann\u202Egro.live\u202C B.", "Anngro.live B."},
		{"\u2066Ann\u2069", "Ann"},
		{"\u2067\u2068A\u202A\u202B\u202Dnn", "Ann"},
		{"A\u200En\u200Fn\u061C", "Ann"},
		{"\u202E", ""},
		{"دانا \u200Fאנה", "دانا אנה"}, // letters keep theirs without marks
		{"نر\u200Cم", "نر\u200Cم"},     // a joiner is part of a word
	} {
		in := form(fmt.Sprintf("r%d@example.com", i))
		in.Name = c.name
		k.signUp(in)
		if got := k.detail(in.Address).Name; got != c.want {
			t.Errorf("%q became %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSignUpByState(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		other := form("ann@example.com")
		other.Topics, other.Digests, other.Zone = []string{"*"}, []string{"weekly"}, ""

		k.signUp(form("ann@example.com"))
		k.wait(time.Minute)
		k.signUp(other)
		k.wantPicture("ann@example.com", "pending | daily=ended Europe/Paris ,1, | weekly=pending Europe/Berlin *")

		id := k.confirm("ann@example.com")
		k.wantPicture("ann@example.com", "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin *")
		k.signUp(form("ann@example.com"))
		k.wantPicture("ann@example.com", "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin *")
		if c, a := k.mails(subscribers.MailConfirm), k.mails(subscribers.MailAlreadySubscribed); c != 2 || a != 1 {
			t.Errorf("%d confirmations and %d mails to a known reader, want 2 and 1", c, a)
		}

		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		k.wait(25 * time.Hour)
		k.signUp(form("ann@example.com"))
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin * | asked daily Europe/Paris ,1,")
		if n := k.mails(subscribers.MailConfirm); n != 3 {
			t.Errorf("%d confirmations after a reader came back, want 3", n)
		}

		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonManual, "", "command"))
		before := k.events("ann@example.com")
		k.signUp(other)
		k.wantPicture("ann@example.com", "unsubscribed+suppressed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin * | asked daily Europe/Paris ,1,")
		k.wantEvents("ann@example.com", before...)
		k.must(k.Suppress(t.Context(), "never@example.com", subscribers.ReasonManual, "", "command"))
		k.signUp(form("never@example.com"))
		if d := k.detail("never@example.com"); d.ID != 0 || d.Suppression == nil {
			t.Errorf("a suppressed address became %+v", d)
		}
		if n := k.count(`SELECT count(*) FROM system_mails`); n != 4 {
			t.Errorf("%d mails, want 4: none for a suppressed address", n)
		}
		k.checkStates()
	})
}

func TestSignUpFields(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for name, c := range map[string]struct {
			change func(in *subscribers.SignUp)
			fields map[string]templates.Problem
		}{
			"no address":         {func(in *subscribers.SignUp) { in.Address = "" }, map[string]templates.Problem{"address": templates.ProblemAddressMissing}},
			"not an address":     {func(in *subscribers.SignUp) { in.Address = "ann" }, map[string]templates.Problem{"address": templates.ProblemAddressInvalid}},
			"injection":          {func(in *subscribers.SignUp) { in.Address = "a@b.example\r\nBcc: c@d.example" }, map[string]templates.Problem{"address": templates.ProblemAddressInvalid}},
			"NUL":                {func(in *subscribers.SignUp) { in.Address = "a\x00@b.example" }, map[string]templates.Problem{"address": templates.ProblemAddressInvalid}},
			"long name":          {func(in *subscribers.SignUp) { in.Name = strings.Repeat("é", 101) }, map[string]templates.Problem{"name": templates.ProblemNameTooLong}},
			"broken name":        {func(in *subscribers.SignUp) { in.Name = "a\xff" }, map[string]templates.Problem{"name": templates.ProblemNameInvalid}},
			"no topic":           {func(in *subscribers.SignUp) { in.Topics = nil }, map[string]templates.Problem{"topics": templates.ProblemTopicsMissing}},
			"unknown topic":      {func(in *subscribers.SignUp) { in.Topics = []string{"wrold"} }, map[string]templates.Problem{"topics": templates.ProblemTopicUnknown}},
			"no digest of two":   {func(in *subscribers.SignUp) { in.Digests = nil }, map[string]templates.Problem{"digests": templates.ProblemDigestsMissing}},
			"unknown digest":     {func(in *subscribers.SignUp) { in.Digests = []string{"dayly"} }, map[string]templates.Problem{"digests": templates.ProblemDigestUnknown}},
			"nothing in it":      {func(in *subscribers.SignUp) { in.Topics, in.Digests = []string{"arts"}, []string{"weekly"} }, map[string]templates.Problem{"topics": templates.ProblemDigestWithoutTopics}},
			"unknown zone":       {func(in *subscribers.SignUp) { in.Zone = "Mars/Olympus" }, map[string]templates.Problem{"zone": templates.ProblemZoneUnknown}},
			"the machine's zone": {func(in *subscribers.SignUp) { in.Zone = "Local" }, map[string]templates.Problem{"zone": templates.ProblemZoneUnknown}},
			"a path as zone":     {func(in *subscribers.SignUp) { in.Zone = "../../etc/passwd" }, map[string]templates.Problem{"zone": templates.ProblemZoneUnknown}},
			"language":           {func(in *subscribers.SignUp) { in.Language = "e" }, map[string]templates.Problem{"language": templates.ProblemLanguageUnknown}},
			"everything at once": {func(in *subscribers.SignUp) { *in = subscribers.SignUp{Zone: "x", Language: "?"} }, map[string]templates.Problem{
				"address": templates.ProblemAddressMissing, "digests": templates.ProblemDigestsMissing, "language": templates.ProblemLanguageUnknown,
				"topics": templates.ProblemTopicsMissing, "zone": templates.ProblemZoneUnknown,
			}},
		} {
			in := form("field@example.com")
			c.change(&in)
			err := k.SignUp(t.Context(), k.catalog, in)
			var fields subscribers.FieldErrors
			if !errors.As(err, &fields) {
				t.Errorf("%s: SignUp = %v, want FieldErrors", name, err)
				continue
			}
			for field, wrong := range fields {
				if wrong.Text == "" {
					t.Errorf("%s: no words for %s", name, field)
				}
			}
			if got := fields.Problems(); !maps.Equal(got, c.fields) {
				t.Errorf("%s: got %v, want %v", name, got, c.fields)
			}
		}
		if n := k.count(`SELECT count(*) FROM subscribers`); n != 0 {
			t.Errorf("%d subscribers from wrong forms", n)
		}
	})
}

func TestMailLimits(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for day, want := range []int{3, 5, 5} {
			for range 4 {
				k.signUp(form("ann@example.com"))
				k.wait(time.Minute)
			}
			if got := k.mails(subscribers.MailConfirm); got != want {
				t.Errorf("after %d days of signing up %d mails, want %d", day+1, got, want)
			}
			k.wait(25 * time.Hour)
		}
		if err := k.Add(t.Context(), k.catalog, subscribers.Add{Address: "ann@example.com"}); !errors.Is(err, subscribers.ErrMailLimit) {
			t.Errorf("Add beyond the limit = %v, want ErrMailLimit", err)
		}
		k.signUp(form("bob@example.com"))
		if got := k.mails(subscribers.MailConfirm); got != 6 {
			t.Errorf("%d mails, want 6: the limit is one of the address", got)
		}
	})
}

// TestMailLimitsEnd has a stranger sign an address up on end: its owner gets
// few mails for it, and can sign up again soon.
func TestMailLimitsEnd(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		want := func(when string, kind subscribers.MailKind, more int) {
			t.Helper()
			before := k.mails(kind)
			for range 6 {
				k.signUp(form("ann@example.com"))
			}
			if got := k.mails(kind) - before; got != more {
				t.Errorf("%s: %d mails, want %d", when, got, more)
			}
		}
		const day = 24 * time.Hour
		want("at first", subscribers.MailConfirm, 3)
		k.wait(day)
		want("a day later", subscribers.MailConfirm, 2)
		k.wait(day)
		want("two days later", subscribers.MailConfirm, 0)
		k.wait(29 * day)
		want("while the stranger goes on", subscribers.MailConfirm, 0)
		k.wait(30 * day)
		want("after 30 quiet days", subscribers.MailConfirm, 3)
		k.wait(day)
		want("and another", subscribers.MailConfirm, 2)

		id := k.confirm("ann@example.com")
		want("confirmed", subscribers.MailAlreadySubscribed, 3)
		k.wait(day)
		want("confirmed a day ago", subscribers.MailAlreadySubscribed, 2)
		k.wait(day)
		want("confirmed two days ago", subscribers.MailAlreadySubscribed, 0)
		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		want("having left", subscribers.MailConfirm, 3)
		k.confirm("ann@example.com")
		k.wait(30 * day)
		want("a known reader after 30 quiet days", subscribers.MailAlreadySubscribed, 3)
	})
}

func TestSignUpConcurrently(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		wave := func(wantMails, wantConsents int) {
			t.Helper()
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range 40 {
				wg.Go(func() {
					in := form("ann@example.com")
					in.Name = fmt.Sprint(i)
					<-start
					if err := k.SignUp(t.Context(), k.catalog, in); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			wg.Wait()
			if got := k.count(`SELECT count(*) FROM system_mails`); got != wantMails {
				t.Errorf("%d mails, want %d", got, wantMails)
			}
			if got := len(k.events("ann@example.com")); got != wantConsents {
				t.Errorf("%d entries of consent, want %d", got, wantConsents)
			}
			k.checkStates()
		}
		wave(3, 40) // an unknown address
		k.wait(25 * time.Hour)
		wave(5, 80) // a pending one
		k.wait(25 * time.Hour)
		k.confirm("ann@example.com")
		wave(8, 81) // an active one
	})
}

func TestSuppressWhileSigningUp(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		var wg sync.WaitGroup
		for i := range 30 {
			address := fmt.Sprintf("r%d@example.com", i)
			wg.Go(func() {
				if err := k.Add(t.Context(), k.catalog, subscribers.Add{Address: address, Confirmed: true, Consent: "x"}); err != nil && !errors.Is(err, subscribers.ErrSuppressed) {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := k.Suppress(t.Context(), address, subscribers.ReasonManual, "", "command"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		k.checkStates()
	})
}
