package subscribers_test

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/mail/mailtest"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

const (
	annOld = "ann@example.com"
	annNew = "ann@elsewhere.example"
)

// askMove has a reader ask for another address and returns what was mailed, by
// recipient.
func (k *desk) askMove(id int64, address string) map[string]letter {
	k.t.Helper()
	k.must(k.AskAddress(k.t.Context(), k.fresh(id), address, "form", "192.0.2.1"))
	r := new(relay)
	_, err := k.postman(r, nil).Deliver(k.t.Context())
	k.must(err)
	mails := map[string]letter{}
	for _, l := range r.sent {
		mails[l.To] = l
	}
	if len(mails) != len(r.sent) {
		k.t.Errorf("somebody got two mails")
	}
	return mails
}

// move has a reader ask for another address and returns the tokens of both mails.
func (k *desk) move(id int64, from, to string) (agree, confirm subscribers.Token) {
	k.t.Helper()
	mails := k.askMove(id, to)
	return k.linkIn(mails[from], subscribers.PurposeOldAddress, from), k.linkIn(mails[to], subscribers.PurposeNewAddress, to)
}

func (k *desk) accept(token subscribers.Token) subscribers.ChangeView {
	k.t.Helper()
	v, err := k.AcceptAddress(k.t.Context(), token, "page", "192.0.2.1")
	k.must(err)
	return v
}

func TestAddressChange(t *testing.T) {
	for _, oldFirst := range []bool{true, false} {
		eachDesk(t, func(t *testing.T, k *desk) {
			id := k.activate(annOld)
			k.exec(`UPDATE subscribers SET hard_bounced_at = 5, soft_bounces = 3`)
			agree, confirm := k.move(id, annOld, annNew)
			fresh := k.fresh(id)
			first, second := agree, confirm
			if !oldFirst {
				first, second = confirm, agree
			}
			for range 2 {
				if v := k.accept(first); v.Done || v.Agreed != oldFirst || v.Confirmed == oldFirst || v.Old != "a•••@e•••.com" || v.New != annNew {
					t.Errorf("after the first: %+v", v)
				}
			}
			if got := k.detail(annOld).ID; got != id {
				t.Errorf("one side was enough")
			}
			if got, err := k.NewAddressOf(t.Context(), id); err != nil || got != annNew {
				t.Errorf("asked for is %q, %v", got, err)
			}
			if p, err := k.Personal(t.Context(), k.catalog, fresh); err != nil || p.Change == nil || p.Change.Agreed != oldFirst {
				t.Errorf("the page shows %+v, %v", p, err)
			}
			if v := k.accept(second); !v.Done {
				t.Errorf("after both: %+v", v)
			}
			if got, err := k.NewAddressOf(t.Context(), id); err != nil || got != "" {
				t.Errorf("after it is done asked for is %q, %v", got, err)
			}
			d := k.detail(annNew)
			if d.ID != id || d.State != subscribers.StateActive || !d.HardBouncedAt.IsZero() || d.SoftBounces != 0 {
				t.Errorf("the reader is %+v", d.Subscriber)
			}
			k.checkStates()
			want := []subscribers.Event{subscribers.EventAddressAgreed, subscribers.EventAddressConfirmed}
			if !oldFirst {
				slices.Reverse(want)
			}
			events := slices.DeleteFunc(k.events(annNew), func(e subscribers.Event) bool { return !strings.HasPrefix(string(e), "address-") })
			if want = append(append([]subscribers.Event{subscribers.EventAddressAsked}, want...), subscribers.EventAddressChanged); !slices.Equal(events, want) {
				t.Errorf("on record is %v, want %v", events, want)
			}
			if last := d.Consents[len(d.Consents)-1]; last.Detail != "from=a•••@e•••.com to=a•••@e•••.example" || last.Client != "192.0.2.1" {
				t.Errorf("on record is %+v", last)
			}
			for name, token := range map[string]subscribers.Token{"agree": agree, "confirm": confirm} {
				if _, err := k.AcceptAddress(t.Context(), token, "page", ""); !errors.Is(err, subscribers.ErrExpired) {
					t.Errorf("%s again: got %v, want ErrExpired", name, err)
				}
			}
			if _, err := k.Personal(t.Context(), k.catalog, fresh); !errors.Is(err, subscribers.ErrExpired) {
				t.Errorf("a link mailed to the old address: got %v, want ErrExpired", err)
			}
		})
	}
}

// TestAddressChangeWhileTimePasses: the clock goes on while the change is stored,
// and both mails are still about it.
func TestAddressChangeWhileTimePasses(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		token := k.fresh(k.activate(annOld))
		ticking := subscribers.NewStore(k.db, func() time.Time {
			k.wait(time.Millisecond)
			return k.now()
		})
		k.must(ticking.AskAddress(t.Context(), token, annNew, "form", ""))
		k.deliver(k.postman(new(relay), nil), 2)
	})
}

func TestAddressChangeMails(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate(annOld)
		mails := k.askMove(id, annNew)
		for address, other := range map[string]string{annOld: annNew, annNew: annOld} {
			l, ok := mails[address]
			if !ok {
				t.Fatalf("no mail to %s", address)
			}
			for _, finding := range mailtest.LintSystem(l.data) {
				t.Error(finding)
			}
			if bytes.Contains(l.data, []byte(other)) {
				t.Errorf("the mail to %s has the other address", address)
			}
		}
		if _, err := k.AddressChange(t.Context(), k.linkIn(mails[annOld], subscribers.PurposeOldAddress, annOld)); err != nil {
			t.Error(err)
		}
		// A change that is accepted, stopped or replaced asks nobody any more.
		k.must(k.AskAddress(t.Context(), k.fresh(id), "third@example.com", "form", ""))
		r := new(relay)
		agree := k.linkIn(mails[annOld], subscribers.PurposeOldAddress, annOld)
		if _, err := k.StopAddress(t.Context(), agree, "page", ""); !errors.Is(err, subscribers.ErrExpired) {
			t.Errorf("stop a change that was replaced: %v", err)
		}
		agree.Change++
		if v, err := k.StopAddress(t.Context(), agree, "page", ""); err != nil || v.New != "third@example.com" {
			t.Errorf("stop: %+v, %v", v, err)
		}
		k.deliver(k.postman(r, nil), 0)
		if got := k.events(annOld); got[len(got)-1] != subscribers.EventAddressStopped {
			t.Errorf("on record is %v", got)
		}
	})
}

// TestAddressChangeMailsThatAreLate: who has accepted is not asked any more.
func TestAddressChangeMailsThatAreLate(t *testing.T) {
	for p, asked := range map[subscribers.Purpose]string{subscribers.PurposeOldAddress: annNew, subscribers.PurposeNewAddress: annOld} {
		eachDesk(t, func(t *testing.T, k *desk) {
			id := k.activate(annOld)
			k.must(k.AskAddress(t.Context(), k.fresh(id), annNew, "form", ""))
			change := k.count(`SELECT id FROM address_changes`)
			k.accept(subscribers.Token{Purpose: p, Subscriber: id, Change: int64(change), IssuedAt: k.now()})
			r := new(relay)
			k.deliver(k.postman(r, nil), 1)
			if len(r.sent) != 1 || r.sent[0].To != asked {
				t.Errorf("mailed are %+v, want %s alone", r.sent, asked)
			}
		})
	}
}

// TestAddressChangeReveals: whatever is known of the new address, who asks sees
// the same; only its owner is told, and who must not be mailed is not.
func TestAddressChangeReveals(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("active@example.com")
		k.signUp(form("pending@example.com"))
		k.must(k.Unsubscribe(t.Context(), k.activate("left@example.com"), 0, "form", ""))
		k.activate("suppressed@example.com")
		k.must(k.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonManual, "", "command"))
		k.must(k.Suppress(t.Context(), "stranger@example.com", subscribers.ReasonManual, "", "command"))
		k.activate("erased@example.com")
		k.must(k.Suppress(t.Context(), "erased@example.com", subscribers.ReasonManual, "", "command"))
		_, err := k.Erase(t.Context(), "erased@example.com", "command")
		k.must(err)
		_, err = k.told("crm-1", "crm@example.com", nil)
		k.must(err)
		k.deliver(k.postman(new(relay), nil), 2) // the confirmations that wait

		for address, want := range map[string]string{
			"new@example.com": "n", "pending@example.com": "n", "left@example.com": "n", "active@example.com": "p",
			"suppressed@example.com": "", "stranger@example.com": "", "erased@example.com": "", "crm@example.com": "",
		} {
			asks := "asks-" + address
			id := k.activate(asks)
			mails := k.askMove(id, address)
			agree := k.linkIn(mails[asks], subscribers.PurposeOldAddress, asks)
			got := ""
			if l, ok := mails[address]; ok {
				got = "other"
				for _, p := range []string{"n", "p"} {
					if bytes.Contains(l.data, []byte("courier.example/mail/"+p+"/")) {
						got = p
					}
				}
			}
			if got != want {
				t.Errorf("%s got a mail with a link %q, want %q", address, got, want)
			}
			if p, err := k.Personal(t.Context(), k.catalog, k.fresh(id)); err != nil || p.Change == nil || p.Change.Confirmed {
				t.Errorf("%s: who asks sees %+v, %v", address, p.Change, err)
			}
			if v := k.accept(agree); v.Done || !v.Agreed || v.Confirmed {
				t.Errorf("%s: who agrees sees %+v", address, v)
			}
		}
		k.checkStates()
	})
}

// TestAddressChangeInTheCopy: the mails that readers find in the copy of their data
// are the same whatever is known of the address that they asked for.
func TestAddressChangeInTheCopy(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("known@example.net")
		k.must(k.Suppress(t.Context(), "suppressed@example.net", subscribers.ReasonManual, "", "command"))
		want := []subscribers.MailKind{subscribers.MailConfirm, subscribers.MailFresh, subscribers.MailOldAddress}
		for _, address := range []string{"known@example.net", "suppressed@example.net", "unknown@example.net"} {
			id := k.activate("asks-" + address)
			k.askMove(id, address)
			mails, err := k.Mails(t.Context(), id)
			k.must(err)
			var kinds []subscribers.MailKind
			for _, m := range mails {
				kinds = append(kinds, m.Kind)
			}
			if !slices.Equal(kinds, want) {
				t.Errorf("who asked for %s finds %v, want %v", address, kinds, want)
			}
		}
		if n := k.mails(subscribers.MailNewAddress); n != 1 {
			t.Errorf("%d mails to new addresses, want that to the unknown one", n)
		}
	})
}

// TestAddressChangeTakesOver: who holds the new address without getting anything
// is the same person, and goes.
func TestAddressChangeTakesOver(t *testing.T) {
	for name, hold := range map[string]func(k *desk){
		"one who left": func(k *desk) { k.must(k.Unsubscribe(k.t.Context(), k.activate(annNew), 0, "form", "")) },
		"one who did not confirm": func(k *desk) {
			k.signUp(form(annNew))
			k.deliver(k.postman(new(relay), nil), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				hold(k)
				former := k.detail(annNew).ID
				id := k.activate(annOld)
				agree, confirm := k.move(id, annOld, annNew)
				k.accept(agree)
				if v := k.accept(confirm); !v.Done {
					t.Fatalf("after both: %+v", v)
				}
				if got := k.detail(annNew); got.ID != id || got.State != subscribers.StateActive {
					t.Errorf("the address is that of %+v", got.Subscriber)
				}
				if n := k.count(`SELECT count(*) FROM subscribers WHERE id = $1`, former); n != 0 {
					t.Error("the former reader is still there")
				}
				k.checkStates()
			})
		})
	}
}

// TestAddressChangeInVain: what became of either address since stops it.
func TestAddressChangeInVain(t *testing.T) {
	for name, c := range map[string]struct {
		since func(k *desk, id int64)
		want  error
	}{
		"the new one is another reader's": {func(k *desk, _ int64) { k.activate(annNew) }, nil},
		"the new one is suppressed": {func(k *desk, _ int64) {
			k.must(k.Suppress(k.t.Context(), annNew, subscribers.ReasonManual, "", "command"))
		}, nil},
		"the old one is suppressed": {func(k *desk, _ int64) {
			k.must(k.Suppress(k.t.Context(), annOld, subscribers.ReasonComplaint, "", "report"))
		}, nil},
		"the reader left": {func(k *desk, id int64) { k.must(k.Unsubscribe(k.t.Context(), id, 0, "form", "")) }, subscribers.ErrUnsubscribed},
		"a week went by":  {func(k *desk, _ int64) { k.wait(subscribers.ConfirmFor + time.Second) }, subscribers.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.activate(annOld)
				agree, confirm := k.move(id, annOld, annNew)
				k.accept(agree)
				c.since(k, id)
				v, err := k.AcceptAddress(t.Context(), confirm, "page", "")
				if v.Done || !errors.Is(err, c.want) {
					t.Errorf("got %+v, %v, want %v", v, err, c.want)
				}
				if got := k.detail(annOld).ID; got != id {
					t.Errorf("the old address is that of %d, want %d", got, id)
				}
				k.checkStates()
				k.must(k.PruneAddressChanges(t.Context()))
				kept := k.count(`SELECT count(*) FROM address_changes`)
				if want := 1; name == "a week went by" && kept != 0 || name != "a week went by" && kept != want {
					t.Errorf("%d changes are kept", kept)
				}
			})
		})
	}
}

// TestAddressChangeIsTold: other systems hear of the change once it is done.
func TestAddressChangeIsTold(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate(annOld)
		k.hook("crm")
		agree, confirm := k.move(id, annOld, annNew)
		k.accept(agree)
		if got := k.kinds(); len(got) != 0 {
			t.Errorf("before it is done the outbox has %q", got)
		}
		k.accept(confirm)
		events := k.claim(10)
		if len(events) != 1 || events[0].Event != subscribers.HookChanged || !strings.Contains(events[0].Body, annNew) || strings.Contains(events[0].Body, annOld) {
			t.Errorf("told is %+v, want one change with the new address alone", events)
		}
	})
}

func TestAskAddressWrongly(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.WithDomains(subscribers.Domains{Disposable: subscribers.NewDisposable("", slog.New(slog.DiscardHandler), k.now)})
		token := k.fresh(k.activate(annOld))
		for address, want := range map[string]templates.Problem{
			"ann@mailinator.com": templates.ProblemDomainFleeting,
			"":                   templates.ProblemAddressMissing, "ann": templates.ProblemAddressInvalid, " ANN@example.com ": templates.ProblemAddressSame,
		} {
			var fields subscribers.FieldErrors
			if err := k.AskAddress(t.Context(), token, address, "form", ""); !errors.As(err, &fields) || fields[templates.FieldAddress].Problem != want {
				t.Errorf("%q: got %v, want %s", address, err, want)
			}
		}
		if n := k.count(`SELECT count(*) FROM address_changes`) + k.mails(subscribers.MailOldAddress); n != 0 {
			t.Errorf("%d rows were stored", n)
		}
	})
}

// TestAddressChangeLimits: neither address gets more mails than by sign-ups, also
// where several readers name the same new one.
func TestAddressChangeLimits(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		token := k.fresh(k.activate(annOld))
		for range 6 {
			k.must(k.AskAddress(t.Context(), token, annNew, "form", ""))
		}
		if n := k.mails(subscribers.MailOldAddress); n != subscribers.MailsADay {
			t.Errorf("%d mails to the old address, want %d", n, subscribers.MailsADay)
		}
		for _, address := range []string{"bob@example.com", "cat@example.com"} {
			k.must(k.AskAddress(t.Context(), k.fresh(k.activate(address)), "ann+x@elsewhere.example", "form", ""))
		}
		if n := k.mails(subscribers.MailNewAddress); n != subscribers.MailsADay {
			t.Errorf("%d mails to the new address, want %d", n, subscribers.MailsADay)
		}
	})
}

// TestAddressThatWasLeft: nobody but its owner brings the old address back, and
// another system that still knows it does not change the reader back.
func TestAddressThatWasLeft(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate(annOld)
		_, err := k.told("crm-1", annOld, nil)
		k.must(err)
		agree, confirm := k.move(id, annOld, annNew)
		k.accept(agree)
		k.accept(confirm)
		row, err := k.told("crm-1", annOld, func(in *subscribers.External) { in.Name = new("Ann") })
		if err != nil || row.Address != annNew || row.Name != "Ann" {
			t.Errorf("the other system changes the reader to %+v, %v", row, err)
		}
		k.wantImport("email\n"+annOld+"\n", confirmed, "+0 ~0 =1 -0")
		if h, err := k.History(t.Context(), annOld); err != nil || h.ID != id || h.Erased || h.Entries[len(h.Entries)-2].Event != subscribers.EventAddressChanged {
			t.Errorf("the history of the old address is %+v, %v", h, err)
		}
		if where := k.whereIs(annOld); len(where) > 0 {
			t.Errorf("the old address is in %v", where)
		}
		k.signUp(form(annOld)) // by its owner
		if other := k.confirm(annOld); other == id {
			t.Error("the same reader has two addresses")
		}
		// And back again, once the old one is free.
		k.must(k.Unsubscribe(t.Context(), k.detail(annOld).ID, 0, "form", ""))
		k.wait(48 * time.Hour)
		agree, confirm = k.move(id, annNew, annOld)
		k.accept(agree)
		if v := k.accept(confirm); !v.Done || k.detail(annOld).ID != id {
			t.Errorf("back again: %+v", v)
		}
		k.checkStates()
	})
}

// TestAddressChangesAtOnce: two readers who change to the same address, and to
// each other's, end with an address each.
func TestAddressChangesAtOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		ann, bob := k.activate(annOld), k.activate("bob@example.com")
		a1, a2 := k.move(ann, annOld, annNew)
		b1, b2 := k.move(bob, "bob@example.com", annNew)
		var wg sync.WaitGroup
		done := make([]bool, 4)
		for i, token := range []subscribers.Token{a1, a2, b1, b2} {
			wg.Go(func() {
				v, err := k.AcceptAddress(t.Context(), token, "page", "")
				if done[i] = v.Done; err != nil {
					t.Errorf("token %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, d := range done {
			if d {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d changes are done, want one: %v", n, done)
		}
		k.checkStates()
	})
}
