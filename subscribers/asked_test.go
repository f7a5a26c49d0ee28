package subscribers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// row is everything that stands in a reader's own rows.
func (k *desk) row(address string) string {
	k.t.Helper()
	d := k.detail(address)
	d.Consents, d.Asked = nil, nil
	return fmt.Sprintf("%+v", d)
}

// stranger fills in the form with somebody's address.
func stranger(address string) subscribers.SignUp {
	in := form(address)
	in.Name, in.Zone, in.Language, in.Site = "Mallory", "Asia/Tokyo", "de", "https://shop.example"
	in.Topics, in.Digests, in.Client = []string{"arts", "sport"}, []string{"daily", "weekly"}, "203.0.113.66"
	return in
}

// gone is a reader with a name and a language who has left by the page.
func (k *desk) gone(address string) (id int64, left subscribers.Left) {
	k.t.Helper()
	in := form(address)
	in.Name, in.Language = "Ann", "fr"
	k.signUp(in)
	id = k.confirm(address)
	k.wait(time.Minute)
	left = k.leave(id, 0, subscribers.OriginPage)
	k.wait(time.Minute)
	return id, left
}

// ann is the address of the tests with one reader.
const ann = "ann@example.com"

// TestStrangersAskApart: whoever types the address of somebody who has left into
// the form changes nothing of theirs.
func TestStrangersAskApart(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id, left := k.gone(ann)
		before := k.row(ann)
		k.signUp(stranger(ann))
		if after := k.row(ann); after != before {
			t.Errorf("the reader became\n%s, was\n%s", after, before)
		}
		if a := k.detail(ann).Asked; a == nil || a.Name != "Mallory" || a.Language != "de" || a.On != "https://shop.example" || !a.At.Equal(k.now()) {
			t.Errorf("asked is %+v", a)
		}
		if last := k.last(ann); last.Event != subscribers.EventSignedUp || last.Client != "203.0.113.66" || last.Text != "I want this." {
			t.Errorf("on record is %+v", last)
		}
		k.wait(time.Minute)
		v, err := k.Asked(t.Context(), k.catalog, k.token(id))
		if err != nil || v.State != subscribers.StatePending || v.Name != "Mallory" || v.Zone != "Asia/Tokyo" || v.AskedOn != "https://shop.example" ||
			!v.Topics[1].Checked || !v.Topics[2].Checked || v.Topics[0].Checked || !v.Digests[1].Checked {
			t.Errorf("the page shows %+v, %v", v, err)
		}
		k.checkStates()
		back, err := k.Return(t.Context(), k.catalog, returnToken(id, left), "")
		if err != nil || len(back) != 1 {
			t.Fatalf("the undo = %v, %v", back, err)
		}
		k.wantPicture(ann, "active | daily=active Europe/Paris ,1,")
		if d := k.detail(ann); d.Name != "Ann" || d.Language != "fr" {
			t.Errorf("undone: %+v", d.Subscriber)
		}
		// The link of the mail has nothing to confirm any more.
		before = k.row(ann)
		if v, err := k.press(k.token(id), ""); err != nil || v.State != subscribers.StateActive || k.row(ann) != before {
			t.Errorf("confirmed after the undo: %+v, %v, %s", v, err, k.row(ann))
		}
		k.checkStates()
	})
}

func TestConfirmTakesWhatWasAskedLast(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id, left := k.gone(ann)
		k.signUp(form(ann))
		token := k.token(id)
		k.wait(time.Hour)
		k.signUp(stranger(ann))
		k.wait(time.Hour)
		if _, err := k.press(token, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		k.wantPicture(ann, "active | daily=active Asia/Tokyo ,3,2, | weekly=active Europe/Berlin ,3,2,")
		if d := k.detail(ann); d.Name != "Mallory" || d.Language != "de" || d.HasLeft() {
			t.Errorf("confirmed: %+v", d.Subscriber)
		}
		k.wantEvents(ann, subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventUnsubscribed,
			subscribers.EventSignedUp, subscribers.EventSignedUp, subscribers.EventConfirmed)
		if _, err := k.Return(t.Context(), k.catalog, returnToken(id, left), ""); !errors.Is(err, subscribers.ErrNotReturnable) {
			t.Errorf("the undo after confirming = %v", err)
		}
		k.checkStates()
	})
}

// TestConfirmOnlyWhatWasSeen: a stranger must not have another choice confirmed
// than the one that the reader looks at.
func TestConfirmOnlyWhatWasSeen(t *testing.T) {
	for name, prepare := range map[string]func(k *desk) int64{
		"pending": func(k *desk) int64 {
			k.signUp(form(ann))
			return k.detail(ann).ID
		},
		"left": func(k *desk) int64 {
			id, _ := k.gone(ann)
			k.signUp(form(ann))
			return id
		},
	} {
		for what, change := range map[string]func(in *subscribers.SignUp){
			"topics":   func(in *subscribers.SignUp) { in.Topics = []string{"arts"} },
			"digests":  func(in *subscribers.SignUp) { in.Digests = []string{"weekly"} },
			"name":     func(in *subscribers.SignUp) { in.Name = "Rude" },
			"zone":     func(in *subscribers.SignUp) { in.Zone = "Asia/Tokyo" },
			"language": func(in *subscribers.SignUp) { in.Language = "ja" },
			"hour":     func(in *subscribers.SignUp) { in.Hours = map[string]string{"daily": "06:30"} },
			"nothing":  func(*subscribers.SignUp) {},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				eachDesk(t, func(t *testing.T, k *desk) {
					k.catalog.Digests[0].Hours = []string{"06:30"}
					id := prepare(k)
					seen, err := k.Asked(t.Context(), k.catalog, k.token(id))
					k.must(err)
					k.wait(time.Second)
					in := form(ann)
					change(&in)
					k.signUp(in)
					before := k.row(ann)
					v, err := k.Confirm(t.Context(), k.catalog, k.token(id), subscribers.Confirmation{Seen: seen.Mark})
					if what == "nothing" {
						if err != nil || v.State != subscribers.StateActive {
							t.Errorf("the same once more: %+v, %v", v, err)
						}
						return
					}
					if !errors.Is(err, subscribers.ErrAskedAnew) || k.row(ann) != before {
						t.Fatalf("Confirm = %v, the reader is %s", err, k.row(ann))
					}
					if v.Mark == seen.Mark || v.Mark == "" {
						t.Errorf("the page to show has the mark %q", v.Mark)
					}
					if v, err = k.Confirm(t.Context(), k.catalog, k.token(id), subscribers.Confirmation{Seen: v.Mark}); err != nil || v.State != subscribers.StateActive {
						t.Errorf("what was shown then: %+v, %v", v, err)
					}
					k.checkStates()
				})
			})
		}
	}
}

// TestAskedApartEnds: what comes between asking and confirming.
func TestAskedApartEnds(t *testing.T) {
	const asked = " | asked daily;weekly Asia/Tokyo ,3,2,"
	const left = "unsubscribed | daily=ended Europe/Paris ,1,"
	for name, c := range map[string]struct {
		then    func(k *desk, id int64) error
		want    string
		outdate bool // the link of the mail, which is older, is worth nothing
	}{
		"one-click for all":      {func(k *desk, id int64) error { k.leave(id, 0, subscribers.OriginOneClick); return nil }, left, true},
		"one-click for a digest": {func(k *desk, id int64) error { k.leave(id, 1, subscribers.OriginOneClick); return nil }, left + " | asked weekly Asia/Tokyo ,3,2,", false},
		"one-click for a digest that never came": {func(k *desk, id int64) error {
			k.leave(id, 2, subscribers.OriginOneClick)
			if detail := k.last(ann).Detail; detail != "digests=weekly" {
				return fmt.Errorf("on record is %q", detail)
			}
			return nil
		}, left + " | asked daily Asia/Tokyo ,3,2,", false},
		"one-click for a third":   {func(k *desk, id int64) error { k.leave(id, 3, subscribers.OriginOneClick); return nil }, left + asked, false},
		"an operator's word":      {func(k *desk, id int64) error { return k.UnsubscribeAddress(k.t.Context(), ann, "command") }, left, true},
		"a file of who left":      {func(k *desk, id int64) error { return k.importText("email,status\n" + ann + ",unsubscribed\n") }, left, true},
		"a file of who is active": {func(k *desk, id int64) error { return k.importText("email,topics\n" + ann + ",world\n") }, left + asked, false},
		"a PUT that ends": {func(k *desk, id int64) error {
			_, err := k.told("p-1", ann, func(in *subscribers.External) { in.Ended = true })
			return err
		}, left, true},
		"a PUT with evidence": {func(k *desk, id int64) error {
			_, err := k.told("p-1", ann, func(in *subscribers.External) { in.Evidence, in.Digests = k.evidence(k.now()), []string{"weekly"} })
			return err
		}, "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin *", false},
		"a suppression": {func(k *desk, id int64) error {
			return k.Suppress(k.t.Context(), ann, subscribers.ReasonComplaint, "", "relay")
		}, "unsubscribed+suppressed | daily=ended Europe/Paris ,1," + asked, false},
		"a month": {func(k *desk, id int64) error { k.wait(31 * day); k.forget(); return nil }, left, false},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id, _ := k.gone(ann)
				k.signUp(stranger(ann))
				token := k.token(id)
				k.wait(time.Minute)
				k.must(c.then(k, id))
				k.wantPicture(ann, c.want)
				k.checkStates()
				if c.outdate {
					k.wait(time.Minute)
					k.signUp(stranger(ann))
					if _, err := k.press(token, ""); !errors.Is(err, subscribers.ErrExpired) {
						t.Errorf("a link from before that = %v, want ErrExpired", err)
					}
				}
			})
		})
	}
}

// TestDeltaLeavesWhatWasAskedSince: the old tool says again each night that a
// reader left it.
func TestDeltaLeavesWhatWasAskedSince(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.gone(ann)
		k.signUp(stranger(ann))
		asked := k.picture(ann)
		delta := func(ended time.Time) {
			file := "Email Address,First Name,Last Name,UNSUB_TIME,LEID,EUID\n" + ann + ",Ann,," + ended.Format(time.DateTime) + ",1,a\n"
			_, err := k.imports(file, subscribers.ImportOptions{Delta: true, Origin: "import"})
			k.must(err)
		}
		delta(k.now().Add(-time.Hour))
		k.wantPicture(ann, asked)
		k.wait(time.Hour)
		delta(k.now().Add(-time.Minute))
		k.wantPicture(ann, "unsubscribed | daily=ended Europe/Paris ,1,")
	})
}

// TestAskedApartIsErased: it is personal, whoever asked.
func TestAskedApartIsErased(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.gone(ann)
		k.signUp(stranger(ann))
		_, err := k.Erase(t.Context(), ann, "command")
		k.must(err)
		if n := k.count(`SELECT count(*) FROM asked_apart`); n != 0 {
			t.Errorf("%d rows are left of what was asked for", n)
		}
	})
}

// TestMailOfWhatIsAskedApart: the mail tells of it, and a new link of it as well.
func TestMailOfWhatIsAskedApart(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.gone(ann)
		r := new(relay)
		k.deliver(k.postman(r, nil), 0) // that of the first sign-up is wanted no more
		k.signUp(stranger(ann))
		k.deliver(k.postman(r, nil), 1)
		text := string(r.sent[len(r.sent)-1].data)
		for _, want := range []string{"shop.example", "The Weekly", "Sport", "Arts"} {
			if !strings.Contains(text, want) {
				t.Errorf("the mail lacks %q", want)
			}
		}
		if strings.Contains(text, "Mallory") {
			t.Error("the mail has words of the visitor's")
		}
		id := k.detail(ann).ID
		k.wait(29 * day)
		k.must(k.ConfirmAgain(t.Context(), id, subscribers.Form{}))
		k.deliver(k.postman(r, nil), 1)
		k.wait(29 * day)
		if n := k.forget(); n != 0 || k.detail(ann).Asked == nil {
			t.Errorf("what was asked for again is forgotten")
		}
	})
}

// TestOperatorsAskApart: an operator's word is not the reader's either.
func TestOperatorsAskApart(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id, _ := k.gone(ann)
		before := k.row(ann)
		k.must(k.Add(t.Context(), k.catalog, subscribers.Add{Address: ann, Name: "A", Digests: []string{"weekly"}, Origin: "command"}))
		if k.row(ann) != before {
			t.Errorf("the reader became %s", k.row(ann))
		}
		_, err := k.press(k.token(id), "")
		k.must(err)
		k.wantPicture(ann, "active | daily=ended Europe/Paris ,1, | weekly=active Europe/Berlin *")
	})
}

// TestAskedApartIsNoConfirmation: an attack with the addresses of readers who have
// left is one by what becomes of it.
func TestAskedApartIsNoConfirmation(t *testing.T) {
	eachThrong(t, subscribers.BreakerRules{Least: 20, Confirmed: 0.1}, func(t *testing.T, c *throng) {
		c.come(20)
		c.stay(20)
		for i := range 20 {
			c.must(c.UnsubscribeAddress(t.Context(), fmt.Sprintf("reader%d@courier.example", i), "command"))
		}
		c.wait(40 * day)
		for i := range 20 {
			c.signUp(stranger(fmt.Sprintf("reader%d@courier.example", i)))
		}
		c.wait(70 * time.Minute)
		c.come(1)
		c.want("nobody confirms", subscribers.OpenUnconfirmed, 1)
	})
}

// TestAskedApartTellsNobody: to other systems a reader who has left has left, until
// they confirm.
func TestAskedApartTellsNobody(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm", subscribers.HookEvents()...)
		id, _ := k.gone(ann)
		k.signUp(stranger(ann))
		_, err := k.told("p-1", ann, nil)
		k.must(err)
		k.wait(31 * day)
		k.forget()
		if got := k.kinds(); !slices.Equal(got, []string{"confirmed", "unsubscribed"}) {
			t.Errorf("told %q of what was asked for", got)
		}
		k.signUp(stranger(ann))
		k.leave(id, 0, subscribers.OriginOneClick)
		if got := k.kinds(); !slices.Equal(got, []string{"confirmed", "unsubscribed", "unsubscribed"}) {
			t.Errorf("told %q after one more leaving", got)
		}
	})
}

// TestAskedInParallel: sign-ups, confirmations, undos and leavings of one reader
// at once end in one of the states that they have one after the other.
func TestAskedInParallel(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id, left := k.gone(ann)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		allowed := func(err error) bool {
			for _, is := range []error{nil, subscribers.ErrAskedAnew, subscribers.ErrExpired, subscribers.ErrNotReturnable, subscribers.ErrUnknown} {
				if errors.Is(err, is) {
					return true
				}
			}
			return false
		}
		token := k.token(id)
		doing := map[string]func(n int) error{
			"sign up": func(n int) error {
				in := stranger(ann)
				in.Name = fmt.Sprint("Mallory ", n)
				return k.SignUp(ctx, k.catalog, in)
			},
			"confirm": func(int) error {
				v, err := k.Asked(ctx, k.catalog, token)
				if err != nil {
					return err
				}
				_, err = k.Confirm(ctx, k.catalog, token, subscribers.Confirmation{Seen: v.Mark})
				return err
			},
			"undo":   func(int) error { _, err := k.Return(ctx, k.catalog, returnToken(id, left), ""); return err },
			"leave":  func(n int) error { return k.Unsubscribe(ctx, id, int64(n%3), subscribers.OriginOneClick, "") },
			"forget": func(int) error { _, err := k.PruneUnconfirmed(ctx, 10); return err },
			"prune":  func(int) error { return k.PruneCaution(ctx) },
		}
		var all sync.WaitGroup
		for name, do := range doing {
			for range 2 {
				all.Go(func() {
					for n := range 8 {
						if err := do(n); !allowed(err) {
							t.Errorf("%s: %v", name, err)
						}
					}
				})
			}
		}
		all.Wait()
		k.checkStates()
	})
}
