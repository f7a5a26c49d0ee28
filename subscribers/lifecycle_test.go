package subscribers_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestConfirm(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		id := k.detail("ann@example.com").ID
		token := k.token(id)
		k.wait(time.Hour)
		for range 2 {
			v, err := k.press(token, "192.0.2.1")
			k.must(err)
			if v.State != subscribers.StateActive || v.Masked != "a•••@e•••.com" || v.ID != id || !v.Digests[0].Checked || v.Digests[1].Checked {
				t.Errorf("Confirm shows %+v", v)
			}
			k.wait(time.Hour)
		}
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed)
		if s := k.detail("ann@example.com").Subscriptions[0]; s.JoinedSeq != -1 {
			t.Errorf("a new subscription starts at %d, want -1", s.JoinedSeq)
		}

		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		if _, err := k.Confirm(t.Context(), k.catalog, token, subscribers.Confirmation{}); !errors.Is(err, subscribers.ErrExpired) {
			t.Errorf("Confirm with a link from before leaving = %v, want ErrExpired", err)
		}
		k.wait(time.Hour)
		k.signUp(form("ann@example.com"))
		if _, err := k.Confirm(t.Context(), k.catalog, token, subscribers.Confirmation{}); !errors.Is(err, subscribers.ErrExpired) {
			t.Errorf("Confirm of a new sign-up with an old link = %v, want ErrExpired", err)
		}
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1, | asked daily Europe/Paris ,1,")
		k.confirm("ann@example.com")
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1,")

		if _, err := k.Confirm(t.Context(), k.catalog, k.token(999), subscribers.Confirmation{}); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("Confirm of nobody = %v, want ErrUnknown", err)
		}
		wrong := subscribers.Token{Purpose: subscribers.PurposePreferences, Subscriber: id}
		if _, err := k.Confirm(t.Context(), k.catalog, wrong, subscribers.Confirmation{}); !errors.Is(err, subscribers.ErrBadToken) {
			t.Errorf("Confirm with a preferences token = %v, want ErrBadToken", err)
		}
		k.checkStates()
	})
}

func TestConfirmSuppressed(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonComplaint, "", "report"))
		k.confirm("ann@example.com")
		k.wantPicture("ann@example.com", "pending+suppressed | daily=pending Europe/Paris ,1,")
		k.checkStates()
	})
}

// TestConfirmSuppressedAnew: who had left and is suppressed between asking and
// confirming finds the settings behind the link, as others do.
func TestConfirmSuppressedAnew(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id, _ := k.gone(ann)
		k.signUp(stranger(ann))
		k.must(k.Suppress(t.Context(), ann, subscribers.ReasonComplaint, "", "report"))
		k.confirm(ann)
		k.checkStates()
		p, err := k.Personal(t.Context(), k.catalog, subscribers.FreshToken(id, ann, k.now()))
		if k.must(err); p.Left || p.Zone != "Asia/Tokyo" {
			t.Errorf("behind the link is %+v, want the settings that were asked for", p)
		}
		if d := k.detail(ann); !d.Suppressed() || d.State == subscribers.StateActive {
			t.Errorf("the reader is %s, want nothing sent", d.Shown())
		}
		k.wait(31 * 24 * time.Hour)
		k.forget()
		if d := k.detail(ann); d.State != subscribers.StateUnsubscribed || !d.Suppressed() {
			t.Errorf("after a month the reader is %s", d.Shown())
		}
	})
}

func TestPreferences(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		set := func(in subscribers.Preferences, want error) {
			t.Helper()
			if err := k.prefers(id, in, "page", "192.0.2.1"); !errors.Is(err, want) {
				t.Fatalf("SetPreferences(%+v) = %v, want %v", in, err, want)
			}
			k.checkStates()
		}
		both := subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"sport", "arts"}, Digests: []string{"daily", "weekly"}}
		set(both, nil)
		set(both, nil)
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,2,3, | weekly=active Europe/Berlin ,2,3,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventPreferences)

		inText := both
		inText.Format = new(subscribers.FormatText)
		set(inText, nil)
		if d := k.detail("ann@example.com"); d.Format != subscribers.FormatText || !strings.HasSuffix(d.Consents[len(d.Consents)-1].Detail, " format=text") {
			t.Errorf("how mails come is %q, on record as %+v", d.Format, d.Consents[len(d.Consents)-1])
		}
		set(both, nil) // which says nothing of it
		if got := k.detail("ann@example.com").Format; got != subscribers.FormatText {
			t.Errorf("how mails come became %q", got)
		}

		set(subscribers.Preferences{Topics: []string{"*"}, Digests: []string{"weekly"}}, nil)
		k.wantPicture("ann@example.com", "active | daily=ended Asia/Tokyo ,2,3, | weekly=active Europe/Berlin *")
		set(subscribers.Preferences{Topics: []string{"world", "sport", "arts"}, Digests: []string{"weekly"}}, nil)
		if v, err := k.View(t.Context(), k.catalog, id); err != nil || !v.AllTopics {
			t.Errorf("with every topic ticked again AllTopics = %v, %v, want that it stays", v.AllTopics, err)
		}
		set(subscribers.Preferences{Topics: []string{"world"}, Digests: []string{"daily"}}, nil)
		k.wantPicture("ann@example.com", "active | daily=active America/New_York ,1, | weekly=ended Europe/Berlin *")

		var fields subscribers.FieldErrors
		err := k.prefers(id, subscribers.Preferences{Zone: "x", Digests: []string{"daily"}}, "page", "")
		if !errors.As(err, &fields) || fields["zone"].Problem != templates.ProblemZoneUnknown || fields["topics"].Problem != templates.ProblemTopicsMissing {
			t.Errorf("wrong preferences = %v, want errors for zone and topics", err)
		}
		set(subscribers.Preferences{}, nil)
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended America/New_York ,1, | weekly=ended Europe/Berlin *")
		set(both, subscribers.ErrUnsubscribed)
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended America/New_York ,1, | weekly=ended Europe/Berlin *")
		id = 999
		set(both, subscribers.ErrUnknown)
	})
}

func TestPreferencesKeepDigestsThatAreNotConfigured(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form("ann@example.com")
		in.Digests = []string{"*"}
		k.signUp(in)
		id := k.confirm("ann@example.com")
		k.catalog.Digests = k.catalog.Digests[:1]
		k.must(k.prefers(id, subscribers.Preferences{Zone: "Europe/Paris", Topics: []string{"arts"}, Digests: []string{"daily"}}, "page", ""))
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,3, | weekly=active Europe/Berlin ,1,")
		k.must(k.Unsubscribe(t.Context(), id, 2, "one-click", ""))
		k.must(k.Unsubscribe(t.Context(), id, 1, "one-click", ""))
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,3, | weekly=ended Europe/Berlin ,1,")
	})
}

// TestUnsubscribe holds promises 8 and 9: who leaves is not active any more in
// either table, with no row needed but their own.
func TestUnsubscribe(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form("ann@example.com")
		in.Digests = []string{"*"}
		k.signUp(in)
		id := k.confirm("ann@example.com")
		leave := func(digest int64, want string) {
			t.Helper()
			for range 2 {
				k.must(k.Unsubscribe(t.Context(), id, digest, "one-click", "192.0.2.1"))
				k.wait(time.Minute)
			}
			k.wantPicture("ann@example.com", want)
			k.checkStates()
		}
		leave(77, "active | daily=active Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
		leave(1, "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin ,1,")
		leave(2, "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
		leave(0, "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventUnsubscribed, subscribers.EventUnsubscribed)
		if c := k.detail("ann@example.com").Consents[2]; c.Origin != "one-click" || c.Client != "192.0.2.1" || c.Detail != "digests=daily" {
			t.Errorf("record of leaving = %+v", c)
		}

		k.signUp(form("bob@example.com"))
		k.must(k.Unsubscribe(t.Context(), k.detail("bob@example.com").ID, 1, "one-click", ""))
		k.wantPicture("bob@example.com", "unsubscribed | daily=ended Europe/Paris ,1,")
		k.activate("eve@example.com")
		k.must(k.Suppress(t.Context(), "eve@example.com", subscribers.ReasonHardBounce, "", "report"))
		k.must(k.UnsubscribeAddress(t.Context(), "EVE@example.com", "command"))
		k.wantPicture("eve@example.com", "unsubscribed+suppressed | daily=ended Europe/Paris ,1,")
		k.must(k.Unsuppress(t.Context(), "eve@example.com", "command"))
		k.wantPicture("eve@example.com", "unsubscribed | daily=ended Europe/Paris ,1,")
		if err := k.Unsubscribe(t.Context(), 999, 0, "one-click", ""); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("Unsubscribe of nobody = %v, want ErrUnknown", err)
		}
		k.checkStates()
	})
}

func TestUnsubscribeConcurrently(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form("ann@example.com")
		in.Digests = []string{"*"}
		k.signUp(in)
		id := k.confirm("ann@example.com")
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				if err := k.Unsubscribe(t.Context(), id, int64(i%3), "one-click", ""); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1, | weekly=ended Europe/Berlin ,1,")
		if n := len(k.events("ann@example.com")); n < 3 || n > 4 {
			t.Errorf("%d entries of consent, want one for each change", n)
		}
		k.checkStates()
	})
}

func TestSuppress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("ann@example.com")
		for _, reason := range []string{subscribers.ReasonComplaint, subscribers.ReasonManual} {
			k.must(k.Suppress(t.Context(), "Ann@Example.com", reason, "abuse report", "report"))
		}
		k.wantPicture("ann@example.com", "active+suppressed | daily=suppressed Europe/Paris ,1,")
		if d := k.detail("ann@example.com"); d.Suppression == nil || d.Suppression.Reason != subscribers.ReasonComplaint || d.Shown() != subscribers.StateSuppressed {
			t.Errorf("suppression = %+v, want the first reason", d.Suppression)
		}
		k.checkStates()
		for range 2 {
			k.must(k.Unsuppress(t.Context(), "ann@example.com", "command"))
		}
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventSuppressed, subscribers.EventUnsuppressed)
		k.must(k.Suppress(t.Context(), "later@example.com", subscribers.ReasonManual, "", "command"))
		k.must(k.Unsuppress(t.Context(), "later@example.com", "command"))
		k.signUp(form("later@example.com"))
		k.wantPicture("later@example.com", "pending | daily=pending Europe/Paris ,1,")
		if err := k.Unsuppress(t.Context(), "nobody@example.com", "command"); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("Unsuppress of nobody = %v, want ErrUnknown", err)
		}
		if err := k.Suppress(t.Context(), "nonsense", "manual", "", "command"); err == nil {
			t.Error("Suppress of nonsense gave no error")
		}
		k.checkStates()
	})
}

func TestAdd(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		add := func(in subscribers.Add, want error) {
			t.Helper()
			if err := k.Add(t.Context(), k.catalog, in); !errors.Is(err, want) {
				t.Errorf("Add(%+v) = %v, want %v", in, err, want)
			}
			k.checkStates()
		}
		add(subscribers.Add{Address: "ann@example.com", Origin: "command"}, nil)
		k.wantPicture("ann@example.com", "pending | daily=pending America/New_York * | weekly=pending Europe/Berlin *")
		add(subscribers.Add{Address: "ann@example.com", Topics: []string{"arts"}, Confirmed: true}, subscribers.ErrNoConsent)
		add(subscribers.Add{Address: "ann@example.com", Topics: []string{"arts"}, Confirmed: true, Consent: "on paper"}, nil)
		k.wantPicture("ann@example.com", "active | daily=active America/New_York ,3, | weekly=ended Europe/Berlin *")
		if n := k.mails(subscribers.MailConfirm); n != 1 {
			t.Errorf("%d mails, want 1", n)
		}
		add(subscribers.Add{Address: "ann@example.com"}, subscribers.ErrExists)
		k.must(k.UnsubscribeAddress(t.Context(), "ann@example.com", "command"))
		add(subscribers.Add{Address: "ann@example.com", Confirmed: true, Consent: "on paper"}, subscribers.ErrUnsubscribed)
		add(subscribers.Add{Address: "ann@example.com"}, nil)
		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonManual, "", "command"))
		add(subscribers.Add{Address: "ann@example.com"}, subscribers.ErrSuppressed)
		k.must(k.Suppress(t.Context(), "new@example.com", subscribers.ReasonManual, "", "command"))
		add(subscribers.Add{Address: "new@example.com", Confirmed: true, Consent: "x"}, subscribers.ErrSuppressed)
		var fields subscribers.FieldErrors
		if err := k.Add(t.Context(), k.catalog, subscribers.Add{Address: "x", Topics: []string{"wrold"}}); !errors.As(err, &fields) || fields["topics"].Text != `unknown topic "wrold", did you mean "world"?` {
			t.Errorf("Add with a wrong topic = %v", err)
		}
	})
}

// TestOnlyAConfirmationBringsBack holds promise 8: whoever types the address of
// a reader who has left into the form must not open the door to a list of the
// operator's, in which that reader may still stand.
func TestOnlyAConfirmationBringsBack(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		k.must(k.Unsubscribe(t.Context(), id, 0, "one-click", ""))
		k.wait(time.Hour)
		k.signUp(form("ann@example.com"))
		const asked = "unsubscribed | daily=ended Europe/Paris ,1, | asked daily Europe/Paris ,1,"
		before := k.events("ann@example.com")
		k.wantImport("email,topics,name\nann@example.com,arts,A\n", confirmed, "+0 ~0 =1 -0")
		k.wantPicture("ann@example.com", asked)
		err := k.Add(t.Context(), k.catalog, subscribers.Add{Address: "ann@example.com", Confirmed: true, Consent: "on paper"})
		if !errors.Is(err, subscribers.ErrUnsubscribed) {
			t.Errorf("Add of a reader who left and signed up again = %v, want ErrUnsubscribed", err)
		}
		k.wantPicture("ann@example.com", asked)
		k.wantEvents("ann@example.com", before...)

		k.confirm("ann@example.com")
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1,")
		k.wantImport("email,topics\nann@example.com,arts\n", confirmed, "+0 ~1 =0 -0")
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,3,")
	})
}

func TestView(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@mail.example.co.uk")
		v, err := k.View(t.Context(), k.catalog, id)
		k.must(err)
		if v.Masked != "a•••@m•••.uk" || v.Zone != "Europe/Paris" || v.AllTopics || len(v.Topics) != 3 || !v.Topics[0].Checked || v.Topics[1].Checked || v.Digests[0].Name != "The Daily" {
			t.Errorf("View = %+v", v)
		}
		if _, err := k.View(t.Context(), k.catalog, 999); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("View of nobody = %v, want ErrUnknown", err)
		}
		if _, err := k.ByAddress(t.Context(), "nobody@example.com"); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("ByAddress of nobody = %v, want ErrUnknown", err)
		}
	})
}

// TestAnySequence does random things to a few readers and checks after each
// that the states of subscribers and subscriptions are in step and that a
// suppressed or departed reader is not active anywhere.
func TestAnySequence(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		rnd := rand.New(rand.NewPCG(7, 11))
		some := func(of ...string) []string {
			return slices.DeleteFunc(of, func(string) bool { return rnd.IntN(2) == 0 })
		}
		addresses := []string{"a@example.com", "b@example.com", "c@example.com"}
		for _, a := range addresses {
			k.signUp(form(a))
		}
		var history []string
		for range 600 / fewer {
			k.wait(time.Duration(rnd.IntN(3)) * time.Hour)
			a := addresses[rnd.IntN(len(addresses))]
			d := k.detail(a)
			zone := []string{"", "Europe/Paris", "Asia/Tokyo"}[rnd.IntN(3)]
			var what string
			var err error
			switch rnd.IntN(10) {
			case 0, 1:
				what, err = "sign up", k.SignUp(t.Context(), k.catalog, subscribers.SignUp{Address: a, Topics: some("world", "sport"), Digests: some("daily", "weekly"), Zone: zone})
			case 2, 3:
				what = "confirm"
				_, err = k.press(k.token(d.ID), "")
			case 4:
				what, err = "preferences", k.prefers(d.ID, subscribers.Preferences{Topics: some("world", "arts", "*"), Digests: some("daily", "weekly"), Zone: zone}, "page", "")
			case 5:
				what, err = "unsubscribe", k.Unsubscribe(t.Context(), d.ID, int64(rnd.IntN(3)), "page", "")
			case 6:
				what, err = "suppress", k.Suppress(t.Context(), a, subscribers.ReasonManual, "", "command")
			case 7:
				what, err = "unsuppress", k.Unsuppress(t.Context(), a, "command")
			case 8:
				status := []string{"", "pending", "unsubscribed", "suppressed"}[rnd.IntN(4)]
				what, err = "import "+status, k.importText(fmt.Sprintf("email,status,timezone\n%s,%s,%s\n", a, status, zone))
			case 9:
				what, err = "add", k.Add(t.Context(), k.catalog, subscribers.Add{Address: a, Confirmed: rnd.IntN(3) > 0, Consent: "on paper", Zone: zone})
			}
			history = append(history, fmt.Sprintf("%s of %s: %v, was %s", what, a, err, d.Shown()))
			var fields subscribers.FieldErrors
			refused := slices.ContainsFunc([]error{subscribers.ErrUnsubscribed, subscribers.ErrExists, subscribers.ErrSuppressed, subscribers.ErrMailLimit},
				func(one error) bool { return errors.Is(err, one) })
			if err != nil && !refused && !errors.As(err, &fields) {
				t.Fatal(err)
			}
			if !d.EndedAt.IsZero() && what != "confirm" && k.detail(a).State == subscribers.StateActive {
				t.Errorf("%s brought back a reader who had left", what)
			}
			if k.checkStates(); t.Failed() {
				for _, h := range history {
					t.Log(h)
				}
				return
			}
		}
	})
}

// importText imports a file as confirmed.
func (k *desk) importText(text string) error {
	_, err := k.imports(text, subscribers.ImportOptions{Confirmed: true, Consent: "on paper", Origin: "command"})
	return err
}
