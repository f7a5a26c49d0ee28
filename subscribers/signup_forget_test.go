package subscribers_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/subscribers"
)

const day = 24 * time.Hour

// forget forgets all who did not confirm, two at a time, and returns how many.
func (k *desk) forget() int {
	k.t.Helper()
	all := 0
	for {
		n, err := k.PruneUnconfirmed(k.t.Context(), 2)
		k.must(err)
		if all += n; n < 2 {
			return all
		}
	}
}

// traces counts the rows in which an id stands.
func (k *desk) traces(id int64) int {
	k.t.Helper()
	n := 0
	for _, table := range []string{"subscribers", "subscriptions", "system_mails", "consents", "asked_apart"} {
		column := "subscriber_id"
		if table == "subscribers" {
			column = "id"
		}
		n += k.count(`SELECT count(*) FROM `+table+` WHERE `+column+` = $1`, id)
	}
	return n
}

func TestWhoDoesNotConfirmIsForgotten(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		var ids []int64
		for i := range 5 {
			k.signUp(form(fmt.Sprintf("new%d@example.com", i)))
			ids = append(ids, k.detail(fmt.Sprintf("new%d@example.com", i)).ID)
		}
		active := k.activate("active@example.com")
		k.wait(29 * day)
		k.signUp(form("new1@example.com")) // again
		k.must(k.ConfirmAgain(t.Context(), ids[2], subscribers.Form{}))
		k.wait(day)
		if got := k.forget(); got != 0 {
			t.Errorf("%d were forgotten after 30 days, want nobody", got)
		}
		k.wait(time.Second)
		if got := k.forget(); got != 3 {
			t.Errorf("%d were forgotten after more than 30 days, want 3", got)
		}
		for i, id := range ids {
			if kept, want := k.traces(id) > 0, i == 1 || i == 2; kept != want {
				t.Errorf("new%d: kept is %v, want %v", i, kept, want)
			}
		}
		k.wait(30 * day)
		if got := k.forget(); got != 2 || k.traces(active) == 0 || k.detail("active@example.com").State != subscribers.StateActive {
			t.Errorf("%d were forgotten later, want the 2 who were asked again, and the active one kept", got)
		}
	})
}

// TestImportedReadersAreForgottenByWhenTheyCame: the file of another tool says
// that readers signed up years ago.
func TestImportedReadersAreForgottenByWhenTheyCame(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		file := "Email Address,First Name,Last Name,OPTIN_TIME,CONFIRM_TIME,MEMBER_RATING,LEID,EUID\nann@example.com,Ann,,2019-04-01 10:00:00,2019-04-01 10:00:00,2,1,a\n"
		report, err := k.Import(t.Context(), k.catalog, strings.NewReader(file), subscribers.ImportOptions{From: "mailchimp", Origin: "command"}, nil, nil)
		k.must(err)
		d := k.detail("ann@example.com")
		if report.Added != 1 || d.State != subscribers.StatePending || d.CreatedAt.Year() != 2019 {
			t.Fatalf("report = %+v, reader = %+v, want one who is pending since 2019", report, d.Subscriber)
		}
		k.wait(30 * day)
		if got := k.forget(); got != 0 {
			t.Errorf("%d were forgotten 30 days after the import, want nobody", got)
		}
		k.wait(time.Second)
		if got := k.forget(); got != 1 || k.traces(d.ID) != 0 {
			t.Errorf("%d were forgotten, want the imported one with all traces", got)
		}
	})
}

func TestWhoHadLeftIsNotForgotten(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("left@example.com")
		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		left := k.detail("left@example.com").EndedAt
		k.wait(day)
		k.signUp(form("left@example.com"))
		k.wait(31 * day)
		if got := k.forget(); got != 1 {
			t.Errorf("dealt with %d readers, want 1", got)
		}
		d := k.detail("left@example.com")
		last := d.Consents[len(d.Consents)-1]
		if d.State != subscribers.StateUnsubscribed || !d.EndedAt.Equal(left) || last.Event != subscribers.EventLapsed {
			t.Errorf("state %s, ended at %v, last entry %s; want unsubscribed, %v, lapsed", d.State, d.EndedAt, last.Event, left)
		}
		if n := k.count(`SELECT count(*) FROM subscriptions WHERE subscriber_id = $1 AND state <> 'ended'`, id); n != 0 || d.Asked != nil {
			t.Errorf("%d choices have not ended, and asked for is %+v", n, d.Asked)
		}
		k.wait(31 * day)
		if got := k.forget(); got != 0 {
			t.Errorf("dealt with %d readers once more, want none", got)
		}
	})
}

// TestForgottenButStillBarred: what bars an address outlives its reader.
func TestForgottenButStillBarred(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("bounced@example.com"))
		k.must(k.Suppress(t.Context(), "bounced@example.com", subscribers.ReasonManual, "", "command"))
		erased := k.activate("erased@example.com")
		_, err := k.Erase(t.Context(), "erased@example.com", "command")
		k.must(err)
		k.signUp(form("erased@example.com"))
		again := k.detail("erased@example.com").ID
		k.wait(31 * day)
		if got := k.forget(); got != 2 || k.traces(again) != 0 || k.traces(erased) == 0 {
			t.Errorf("dealt with %d readers, want 2, and nothing left of who signed up after an erasure but that", got)
		}
		for _, address := range []string{"bounced@example.com", "erased@example.com"} {
			_, err := k.Import(t.Context(), k.catalog, strings.NewReader("email\n"+address+"\n"), subscribers.ImportOptions{Origin: "command"}, nil, nil)
			k.must(err)
		}
		if n := k.count(`SELECT count(*) FROM subscribers`); n != 0 {
			t.Errorf("an import brought %d readers back", n)
		}
	})
}

func TestPostmanForgets(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		p := k.postman(new(relay), nil)
		k.signUp(form("ann@example.com"))
		k.deliver(p, 1)
		k.wait(31 * day)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var running sync.WaitGroup
		running.Go(func() { k.must(p.Run(ctx)) })
		for ctx.Err() == nil && k.count(`SELECT count(*) FROM subscribers`) > 0 {
		}
		if ctx.Err() != nil {
			t.Error("a service has not forgotten who did not confirm after 20 seconds")
		}
		cancel()
		running.Wait()
	})
}

// What an erased reader agreed to after coming back is proof of consent.
func TestWhoCameBackAfterErasureIsKept(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("ann@example.com")
		_, err := k.Erase(t.Context(), "ann@example.com", "command")
		k.must(err)
		k.wait(time.Hour)
		id := k.activate("ann@example.com")
		k.wait(40 * day)
		k.leave(id, 0, subscribers.OriginOneClick)
		k.wait(time.Hour)
		k.signUp(form("ann@example.com")) // by a stranger
		k.wait(31 * day)
		k.forget()
		if d := k.detail("ann@example.com"); d.ID != id || d.State != subscribers.StateUnsubscribed {
			t.Errorf("the reader is %s with the id %d, want unsubscribed with %d", d.State, d.ID, id)
		}
	})
}
