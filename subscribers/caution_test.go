package subscribers_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// TestMailLimitsCountMailboxes signs one mailbox up by all its spellings.
func TestMailLimitsCountMailboxes(t *testing.T) {
	for name, c := range map[string]struct {
		spellings []string
		mails     int
	}{
		"plus-tags":         {[]string{"ann@courier.example", "ann+a@courier.example", "ann+b@courier.example", "Ann+C+d@courier.example", "ann+@courier.example"}, 3},
		"dots of Gmail":     {[]string{"annlee@gmail.com", "ann.lee@gmail.com", "a.n.n.l.e.e@gmail.com", "annlee@googlemail.com", "AnnLee+x.y@googlemail.com"}, 3},
		"dots elsewhere":    {[]string{"annlee@courier.example", "ann.lee@courier.example", "a.nn.lee@courier.example", "an.nlee@courier.example"}, 4},
		"nothing but a tag": {[]string{"+a@courier.example", "+b@courier.example", "+c@courier.example", "+d@courier.example"}, 4},
		"two mailboxes":     {[]string{"ann@courier.example", "bob@courier.example", "ann@gmail.com", "ann@paper.example"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				for _, address := range c.spellings {
					k.signUp(form(address))
				}
				if got := k.mails(subscribers.MailConfirm); got != c.mails {
					t.Errorf("%d mails, want %d", got, c.mails)
				}
				if got := k.count(`SELECT count(*) FROM subscribers`); got != len(c.spellings) {
					t.Errorf("%d readers, want %d: an address is kept as it was written", got, len(c.spellings))
				}
			})
		})
	}
}

// TestMailLimitsHoldForEveryWay asks for one mailbox by all ways there are.
func TestMailLimitsHoldForEveryWay(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@courier.example"))
		k.must(k.ConfirmAgain(t.Context(), k.detail("ann@courier.example").ID, subscribers.Form{}))
		k.must(k.Add(t.Context(), k.catalog, subscribers.Add{Address: "ann+added@courier.example"}))
		_, err := k.PutExternal(t.Context(), k.catalog, subscribers.External{ID: "7", Address: "ann+crm@courier.example", Origin: "api:crm"})
		if !errors.Is(err, subscribers.ErrMailLimit) {
			t.Errorf("PutExternal beyond the limit = %v, want ErrMailLimit", err)
		}
		k.must(k.ConfirmAgain(t.Context(), k.detail("ann@courier.example").ID, subscribers.Form{}))
		if got := k.mails(subscribers.MailConfirm); got != subscribers.MailsADay {
			t.Errorf("%d mails, want %d", got, subscribers.MailsADay)
		}
	})
}

// TestManySignUpsOfOneAddress is an attack on a mailbox from everywhere at once.
func TestManySignUpsOfOneAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 1000 / fewer {
			address := "ann@gmail.com"
			if i%4 == 1 {
				address = fmt.Sprintf("an.n+%d@googlemail.com", i%40)
			}
			wg.Go(func() {
				<-start
				if err := k.SignUp(t.Context(), k.catalog, form(address)); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		if got := k.count(`SELECT count(*) FROM system_mails`); got != subscribers.MailsADay {
			t.Errorf("%d mails, want %d", got, subscribers.MailsADay)
		}
		k.checkStates()
	})
}

func TestFormsCountOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		shown := subscribers.Form{ID: "form-1", Until: k.now().Add(24 * time.Hour)}
		send := func(address, id string) error {
			in := form(address)
			in.Form = shown
			in.Form.ID = id
			return k.SignUp(t.Context(), k.catalog, in)
		}
		wrong := form("ann@example.com")
		wrong.Topics, wrong.Form = nil, shown
		var fields subscribers.FieldErrors
		if err := k.SignUp(t.Context(), k.catalog, wrong); !errors.As(err, &fields) {
			t.Fatalf("a wrong form = %v", err)
		}
		k.must(send("ann@example.com", "form-1"))
		k.must(send(" Ann@Example.com", "form-1")) // a second click
		if got := k.mails(subscribers.MailConfirm); got != 1 {
			t.Errorf("%d mails of one form, want 1", got)
		}
		if err := send("bob@example.com", "form-1"); !errors.Is(err, subscribers.ErrFormUsed) {
			t.Errorf("a used form for another address = %v, want ErrFormUsed", err)
		}
		if got := k.count(`SELECT count(*) FROM subscribers`); got != 1 {
			t.Errorf("%d readers, want 1", got)
		}
		k.must(send("bob@example.com", "form-2"))
		id := k.detail("bob@example.com").ID
		k.must(k.ConfirmAgain(t.Context(), id, subscribers.Form{ID: "form-2", Until: shown.Until}))
		if err := k.ConfirmAgain(t.Context(), id, shown); !errors.Is(err, subscribers.ErrFormUsed) {
			t.Errorf("a used form for a fresh confirmation = %v, want ErrFormUsed", err)
		}
		if got := k.mails(subscribers.MailConfirm); got != 2 {
			t.Errorf("%d mails, want 2", got)
		}
	})
}

func TestPruneCaution(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.WithBreaker(subscribers.BreakerRules{Surge: 10, Least: 1000})
		rows := func() string {
			return fmt.Sprint(k.count(`SELECT count(*) FROM mail_caps`), k.count(`SELECT count(*) FROM used_forms`), k.count(`SELECT count(*) FROM signup_spans`))
		}
		in := form("ann@example.com")
		in.Form = subscribers.Form{ID: "form-1", Until: k.now().Add(24 * time.Hour)}
		k.signUp(in)
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, "1 1 1"}, {24*time.Hour + time.Second, "1 0 1"}, {14 * 24 * time.Hour, "1 0 0"}, {16 * 24 * time.Hour, "0 0 0"}} {
			k.wait(step.wait)
			k.must(k.PruneCaution(t.Context()))
			if got := rows(); got != step.want {
				t.Errorf("after another %s: rows %s, want %s", step.wait, got, step.want)
			}
		}
	})
}

// TestPruneCautionWaitsForNobody prunes beside a process that has locked some of
// what is old.
func TestPruneCautionWaitsForNobody(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.Postgres))
	k.WithBreaker(subscribers.BreakerRules{Surge: 10, Least: 1000})
	for i := range 2 {
		in := form(fmt.Sprintf("ann%d@example.com", i))
		in.Form = subscribers.Form{ID: fmt.Sprint("form-", i), Until: k.now().Add(time.Hour)}
		k.signUp(in)
		k.wait(time.Hour)
	}
	k.wait(60 * day)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	k.must(k.db.Write(t.Context(), func(tx *db.Tx) error {
		for _, one := range []string{`SELECT folded FROM mail_caps LIMIT 1`, `SELECT id FROM used_forms LIMIT 1`, `SELECT CAST(span AS TEXT) FROM signup_spans LIMIT 1`} {
			if n, err := lockedRows(ctx, tx, one+` {for update}`); err != nil || n != 1 {
				return fmt.Errorf("%d locked by %s: %w", n, one, err)
			}
		}
		return k.PruneCaution(ctx)
	}))
	for _, table := range []string{"mail_caps", "used_forms", "signup_spans"} {
		if n := k.count(`SELECT count(*) FROM ` + table); n != 1 {
			t.Errorf("%s has %d rows, want the one that was locked", table, n)
		}
	}
	k.must(k.PruneCaution(ctx))
	if n := k.count(`SELECT (SELECT count(*) FROM mail_caps) + (SELECT count(*) FROM used_forms) + (SELECT count(*) FROM signup_spans)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestCautionKeepsNoAddress holds that what is counted by names nobody: it is
// kept when a reader is erased.
func TestCautionKeepsNoAddress(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	in := form("ann.lee@example.com")
	in.Form = subscribers.Form{ID: "form-1", Until: k.now().Add(time.Hour)}
	k.signUp(in)
	if n := k.count(`SELECT count(*) FROM mail_caps WHERE folded LIKE '%ann%' OR folded LIKE '%example%'`); n != 0 {
		t.Error("a count of mails has the address in it")
	}
	if n := k.count(`SELECT count(*) FROM used_forms WHERE address LIKE '%ann%' OR address LIKE '%example%'`); n != 0 {
		t.Error("a used form has the address in it")
	}
	if n := k.count(`SELECT count(*) FROM salts WHERE name = 'caution' AND length(value) > 30`); n != 1 {
		t.Errorf("%d salts, want 1", n)
	}
}
