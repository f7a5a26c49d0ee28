package subscribers_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// TestGoodbyeMail: who leaves gets one mail if that is wanted, and none that is no
// longer true.
func TestGoodbyeMail(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(k *desk, id int64)
		want    string // in the mail, "" for none
	}{
		"one digest": {func(k *desk, id int64) { k.leave(id, 1, subscribers.OriginOneClick) }, "The Daily"},
		"all":        {func(k *desk, id int64) { k.leave(id, 0, subscribers.OriginPage) }, "City Courier"},
		"one after the other": {func(k *desk, id int64) {
			k.leave(id, 1, subscribers.OriginMail)
			k.leave(id, 1, subscribers.OriginMail)
		}, "The Daily"},
		"an operator": {func(k *desk, id int64) { k.leave(id, 0, "command") }, ""},
		"undone": {func(k *desk, id int64) {
			_, err := k.Return(k.t.Context(), k.catalog, returnToken(id, k.leave(id, 0, subscribers.OriginPage)), "")
			k.must(err)
		}, ""},
		"suppressed since": {func(k *desk, id int64) {
			k.leave(id, 0, subscribers.OriginPage)
			k.must(k.Suppress(k.t.Context(), "ann@example.com", subscribers.ReasonComplaint, "", "report"))
		}, ""},
		"signed up since": {func(k *desk, id int64) {
			k.leave(id, 0, subscribers.OriginPage)
			k.wait(time.Second)
			k.signUp(form("ann@example.com"))
			k.confirm("ann@example.com")
			k.exec(`DELETE FROM system_mails WHERE kind <> 'goodbye'`)
			k.exec(`DELETE FROM subscriptions WHERE digest_id = 2`)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.SayGoodbye(true)
				id := k.both("ann@example.com")
				k.exec(`DELETE FROM system_mails`)
				k.wait(time.Minute)
				c.happens(k, id)
				k.wait(time.Second)
				r, want := new(relay), 1
				if c.want == "" {
					want = 0
				}
				k.deliver(k.postman(r, nil), want)
				if want == 0 || len(r.sent) != 1 {
					return
				}
				if problems := mailtest.LintSystem(r.sent[0].data); len(problems) > 0 {
					t.Errorf("the mail: %s", strings.Join(problems, "; "))
				}
				parsed, err := sink.Parse(r.sent[0].data)
				k.must(err)
				if subject := parsed.Header.Get("Subject"); subject != "You are unsubscribed from "+c.want || !strings.Contains(parsed.Text, "https://courier.example/mail/subscribe") {
					t.Errorf("the mail is %q:\n%s", subject, parsed.Text)
				}
			})
		})
	}
}

// TestNoGoodbyeUnasked: a mail after leaving is one that nobody asked for.
func TestNoGoodbyeUnasked(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		k.exec(`DELETE FROM system_mails`)
		k.leave(id, 0, subscribers.OriginPage)
		if n := k.count(`SELECT COUNT(*) FROM system_mails`); n != 0 {
			t.Errorf("%d mails", n)
		}
	})
}

// TestPruneLeavings forgets after a month, and not before.
func TestPruneLeavings(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.leave(k.activate("ann@example.com"), 0, subscribers.OriginPage)
		for after, want := range []int{1, 0} {
			k.wait(30*24*time.Hour - time.Millisecond + time.Duration(after)*2*time.Millisecond)
			k.must(k.PruneLeavings(t.Context()))
			if n := k.count(`SELECT COUNT(*) FROM leavings`); n != want {
				t.Errorf("%d leavings are kept, want %d", n, want)
			}
		}
	})
}
